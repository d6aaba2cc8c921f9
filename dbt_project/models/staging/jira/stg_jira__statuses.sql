-- Grain: one row a status. Names may be in any language and repeat between projects; the category is the
-- tracker's.
with statuses as (
    {{ stage_as_of(raw('jira', 'statuses'), [
        ('name', 'status_name', 'text'),
        ('statusCategory.key', 'status_category', 'text'),
    ]) }}
)

select
    record_id as status_id,
    lower(trim(status_name)) as status_name,
    status_name as status_name_original,
    {{ jira_status_category("status_category") }} as status_category
from statuses
