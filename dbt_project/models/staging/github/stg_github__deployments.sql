-- Grain: one row a deployment that was created by as_of.
with deployments as (
    {{ stage_as_of(raw('github', 'deployments'), [
        ('url', 'address', 'text'),
        ('environment', 'environment_original', 'text'),
        ('sha', 'commit_sha', 'text'),
        ('ref', 'ref', 'text'),
        ('created_at', 'created_at', 'timestamp'),
        ('updated_at', 'updated_at', 'timestamp'),
    ], 'updated_at') }}
)

select
    record_id as deployment_id,
    {{ github_repository('address') }} as repository,
    environment_original,
    commit_sha,
    ref,
    created_at
from deployments
where
    not is_deleted
    and created_at < {{ as_of_at() }}
