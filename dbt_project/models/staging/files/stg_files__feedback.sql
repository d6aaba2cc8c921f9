-- Grain: one row an item of feedback made before as_of. Texts and addresses end here.
with file_rows as (
    {{ stage_as_of(source('files', 'feedback'), [
        ('_mapping', 'mapping_id', 'text'),
        ('_key', 'row_key', 'text'),
        ('feedback_id', 'feedback_id', 'text'),
        ('kind', 'kind', 'text'),
        ('source', 'source', 'text'),
        ('email', 'email', 'text'),
        ('account_key', 'account_key', 'text'),
        ('feature_id', 'feature_id', 'text'),
        ('theme', 'theme', 'text'),
        ('created_at', 'created_at', 'timestamp'),
    ]) }}
),

ranked as (
    select
        *,
        {{ newest_file_rank() }} as file_rank
    from file_rows
    where not is_deleted
)

select
    mapping_id || ':' || coalesce(feedback_id, {{ pseudonym('row_key') }}) as feedback_id,
    case when lower(trim(kind)) in ('web', 'product', 'experience', 'voice') then lower(trim(kind)) end as kind,
    source,
    {{ email_hash('email') }} as email_hash,
    account_key,
    feature_id,
    theme,
    created_at
from ranked
where
    file_rank = 1
    and created_at < {{ as_of_at() }}
