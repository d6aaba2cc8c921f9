-- Grain: one row an issue that another one blocks, as both stood by as_of. Jira writes the link on both: it is read where it says
-- who is blocked.
with issues as (
    {{ stage_as_of(raw('jira', 'issues'), [
        ('fields.issuelinks', 'issue_links', 'json'),
        ('fields.updated', 'updated_original', 'text'),
    ], jira_timestamp('updated_original')) }}
),

links as (
    {{ json_object_rows('issues', ['record_id', 'is_deleted'], 'issue_links') }}
),

parsed_links as (
    select
        record_id,
        is_deleted,
        lower(coalesce({{ json_property(json_member('item', "'type'"), "'name'") }}, '')) as link_type,
        lower(coalesce({{ json_property(json_member('item', "'type'"), "'inward'") }}, '')) as inward_words,
        {{ json_property(json_member('item', "'inwardIssue'"), "'id'") }} as blocking_id
    from links
)

select distinct
    record_id as issue_id,
    {{ qualified('blocking_id', 'record_id') }} as blocking_issue_id
from parsed_links
where
    not is_deleted
    and blocking_id is not null
    and (link_type = 'blocks' or inward_words like '%blocked by%')
