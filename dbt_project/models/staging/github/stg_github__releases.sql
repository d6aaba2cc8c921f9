-- Grain: one row a release that existed in the night of as_of, drafts too; one that was taken back is gone.
with releases as (
    {{ stage_as_of(raw('github', 'releases'), [
        ('url', 'address', 'text'),
        ('tag_name', 'tag_name', 'text'),
        ('draft', 'is_draft', 'boolean'),
        ('prerelease', 'is_prerelease', 'boolean'),
        ('created_at', 'created_at', 'timestamp'),
        ('published_at', 'published_at', 'timestamp'),
    ]) }}
)

select
    record_id as release_id,
    {{ github_repository('address') }} as repository,
    tag_name,
    coalesce(is_draft, false) or coalesce(published_at >= {{ as_of_at() }}, true) as is_draft,
    coalesce(is_prerelease, false) as is_prerelease,
    created_at,
    {{ if_before_as_of('published_at') }} as published_at
from releases
where
    not is_deleted
    and created_at < {{ as_of_at() }}
