-- Grain: one row an entry in the sprint field of an issue's record as of as_of, whatever its shape: an object, the text
-- that Jira Server makes of one, or an id. `sprint_id` is null where the entry is no sprint. What the record says of
-- an issue counts only where its sprints never changed, and of a sprint only where the tracker shows none.
with entries as (
    select
        issue_id,
        field_id,
        {{ json_as_list('field_value') }} as sprints
    from {{ ref('stg_jira__issue_fields') }}
    where role = 'sprint'
),

entry_rows as (
    {{ json_array_rows('entries', ['issue_id', 'field_id'], 'sprints') }}
),

parsed as (
    select
        issue_id,
        field_id,
        item_number,
        item,
        {{ parse_json('item', {
            'id': text_type(),
            'name': text_type(),
            'state': text_type(),
            'startDate': text_type(),
            'endDate': text_type(),
            'completeDate': text_type(),
        }) }} as parsed
    from entry_rows
),

-- `com.atlassian.greenhopper.service.sprint.Sprint@1f[id=503,rapidViewId=8,state=CLOSED,name=..,startDate=..,..]`
texts as (
    select
        issue_id,
        field_id,
        item_number,
        coalesce(
            {{ struct_field('parsed', ['id']) }},
            {{ text_capture('item', '[,\\[]id=([0-9]+)') }},
            item
        ) as id_text,
        coalesce(
            {{ struct_field('parsed', ['name']) }},
            {{ text_capture('item', '[,\\[]name=(.*?)(?:,(?:startDate|endDate|completeDate|sequence|goal|activatedDate)=.*)?\\]?$') }}
        ) as sprint_name,
        coalesce({{ struct_field('parsed', ['state']) }}, {{ text_capture('item', '[,\\[]state=([A-Za-z]+)') }}) as state,
        coalesce(
            {{ struct_field('parsed', ['startDate']) }}, {{ text_capture('item', ',startDate=([^,\\]]+)') }}
        ) as start_date,
        coalesce({{ struct_field('parsed', ['endDate']) }}, {{ text_capture('item', ',endDate=([^,\\]]+)') }}) as end_date,
        coalesce(
            {{ struct_field('parsed', ['completeDate']) }}, {{ text_capture('item', ',completeDate=([^,\\]]+)') }}
        ) as complete_date
    from parsed
)

select
    issue_id,
    field_id,
    cast(item_number as bigint) as entry_number,
    {{ qualified(jira_sprint_id('id_text'), 'issue_id') }} as sprint_id,
    sprint_name,
    lower(state) as state,
    {{ parse_timestamp('start_date') }} as started_at,
    {{ parse_timestamp('end_date') }} as planned_end_at,
    {{ parse_timestamp('complete_date') }} as completed_at
from texts
