-- Grain: one row a tool, person and day before as_of on which the person used the tool. Addresses end here.
with file_rows as (
    {{ stage_as_of(source('files', 'tool_activity'), [
        ('_mapping', 'mapping_id', 'text'),
        ('_key', 'row_key', 'text'),
        ('tool_id', 'tool_id', 'text'),
        ('email', 'email', 'text'),
        ('app_user_id', 'app_user_id', 'text'),
        ('active_on', 'active_on', 'date'),
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
    mapping_id || ':' || {{ pseudonym('row_key') }} as activity_id,
    tool_id,
    {{ email_hash('email') }} as email_hash,
    {{ pseudonym('app_user_id') }} as app_user_hash,
    active_on
from ranked
where
    file_rank = 1
    and active_on < {{ as_of_date() }}
