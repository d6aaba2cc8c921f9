-- Grain: one row a check of what the tracker's records say: values that could not be read, by field; histories that were not
-- read whole, by reason; and, one row each, the resolutions in use, by what they are taken to mean.
with points as (
    select coalesce(number_value >= 0, false) as is_readable
    from {{ ref('stg_jira__issue_fields') }}
    where role = 'points'
),

changed_points as (
    select coalesce({{ try_cast('coalesce(to_text, to_value)', 'double') }} >= 0, false) as is_readable
    from {{ ref('int_delivery__changes') }}
    where
        field = 'points'
        and coalesce(to_text, to_value) is not null
),

sprint_changes as (
    select
        issue_id,
        {{ json_text_list('coalesce(to_value, to_text)', ',') }} as sprints
    from {{ ref('int_delivery__changes') }}
    where
        field = 'sprint'
        and coalesce(to_value, to_text) is not null
),

changed_sprints as (
    {{ json_array_rows('sprint_changes', ['issue_id'], 'sprints') }}
),

histories as (
    select histories.history_gap
    from {{ ref('int_delivery__issue_histories') }} as histories
    inner join {{ ref('int_delivery__tracker_issues') }} as issues
        on histories.issue_id = issues.issue_id
    where issues.source = 'jira'
),

resolved as (
    select
        lower(trim(issues.resolution)) as resolution,
        meanings.resolution_key is null as is_unmapped,
        case
            when meanings.resolution_key is null then 'resolution_unmapped'
            when meanings.is_delivery then 'resolution_is_delivery'
            else 'resolution_is_no_delivery'
        end as meaning
    from {{ ref('int_delivery__issues') }} as issues
    left join {{ ref('int_delivery__resolution_meanings') }} as meanings
        on {{ text_key('issues.resolution') }} = meanings.resolution_key
    where
        issues.source = 'jira'
        and issues.resolution is not null
)

{{ coverage_rows(ref('stg_jira__issues'), 'issues', source="'jira'", checks=[
    ('due_dates_unreadable', contains_text('unreadable_fields', "'|duedate|'"), 'true',
     'Issues whose due date is no date.'),
    ('creations_unreadable', contains_text('unreadable_fields', "'|created|'"), 'true',
     'Issues whose creation is no time.'),
    ('updates_unreadable', contains_text('unreadable_fields', "'|updated|'"), 'true',
     'Issues whose last update is no time.'),
    ('resolution_dates_unreadable', contains_text('unreadable_fields', "'|resolutiondate|'"), 'true',
     'Issues whose resolution date is no time.'),
    ('status_dates_unreadable', contains_text('unreadable_fields', "'|statuscategorychangedate|'"), 'true',
     'Issues for which the time of the last change of their status category is no time.'),
]) }}
union all
{{ coverage_rows('points', 'issues', source="'jira'", checks=[
    ('points_unreadable', 'not is_readable', 'true', 'Estimates of issues that are no number of points.'),
]) }}
union all
{{ coverage_rows('changed_points', 'issues', source="'jira'", checks=[
    ('changed_points_unreadable', 'not is_readable', 'true',
     'Changes of an estimate to something that is no number of points.'),
]) }}
union all
{{ coverage_rows(ref('stg_jira__issue_sprints'), 'issues', source="'jira'", checks=[
    ('sprints_unreadable', 'sprint_id is null', 'true', 'Entries in the sprint field of issues that are no sprint.'),
]) }}
union all
{{ coverage_rows('changed_sprints', 'issues', source="'jira'", checks=[
    ('changed_sprints_unreadable', jira_sprint_id('item') ~ ' is null', 'true',
     'Sprints in the histories of issues that are no id of one.'),
]) }}
union all
{{ coverage_rows(ref('int_delivery__due_date_changes'), 'issues', source="'jira'", checks=[
    ('changed_due_dates_unreadable', 'to_original is not null and to_date is null', 'true',
     'Changes of a due date to something that is no date.'),
]) }}
union all
{{ coverage_rows(ref('stg_jira__histories'), 'issues', source="'jira'", checks=[
    ('histories_without_time', 'changed_at is null', 'true',
     'Change histories whose time cannot be read: what they tell is left out.'),
]) }}
union all
{{ coverage_rows('histories', 'issues', source="'jira'", checks=[
    ('history_creation_unknown', "history_gap = 'creation_unknown'", 'true',
     'Issues whose creation cannot be read: they have neither lead nor cycle time.'),
    ('history_older_than_creation', "history_gap = 'older_than_creation'", 'true',
     'Issues with changes older than their creation, as imports leave them: they have neither lead nor cycle time.'),
    ('history_cut_off', "history_gap = 'cut_off'", 'true',
     'Issues of which the vendor tells more change histories than were read.'),
    ('history_without_time', "history_gap = 'without_time'", 'true',
     'Issues with a change history whose time cannot be read.'),
    ('history_no_changes', "history_gap = 'no_changes'", 'true',
     'Issues outside a starting status without any change that explains it.'),
    ('history_contradicts_record', "history_gap = 'contradicts_record'", 'true',
     'Issues whose record says another status than their last change, and is younger.'),
]) }}
union all
{{ coverage_rows('resolved', 'issues', source="'jira'", checks=[
    ('issues_with_unmapped_resolution', 'is_unmapped', 'true',
     'Issues whose resolution nobody gave a meaning: they count as delivered.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'resolved', 'resolution', 'meaning', 'meaning',
    'Issues with this resolution; an unmapped one counts as delivered.',
    source="'jira'"
) }}
