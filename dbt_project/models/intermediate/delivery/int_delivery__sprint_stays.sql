-- Grain: one row a stay of an issue in a sprint, between two changes of the issue's sprints; stays that follow one
-- another are not joined. Of what a change says, the parts that are ids of sprints count; the others are counted in
-- int_delivery__reading_coverage. The last stay is open (`ended_at` null). The first set of sprints is what the first change
-- says it changed from; an issue whose sprints never changed has those of its record since its creation.
with issues as (
    select
        issue_id,
        created_at
    from {{ ref('stg_jira__issues') }}
    where not is_deleted
),

changes as (
    select
        issue_id,
        change_number,
        from_value,
        to_value,
        changed_at,
        is_after_as_of
    from {{ ref('int_delivery__changes') }}
    where field = 'sprint'
),

sets as (
    select
        issues.issue_id,
        0 as change_number,
        issues.created_at as started_at,
        changes.from_value as sprint_ids
    from issues
    inner join changes
        on
            issues.issue_id = changes.issue_id
            and changes.change_number = 1
    union all
    select
        issues.issue_id,
        changes.change_number,
        {{ greatest() }}(changes.changed_at, issues.created_at) as started_at,
        changes.to_value as sprint_ids
    from issues
    inner join changes
        on issues.issue_id = changes.issue_id
    where not changes.is_after_as_of
),

stays as (
    select
        issue_id,
        change_number,
        {{ json_text_list('sprint_ids', ',') }} as sprint_ids,
        started_at,
        lead(started_at) over (partition by issue_id order by change_number asc) as ended_at
    from sets
),

changed_stays as (
    {{ json_array_rows('stays', ['issue_id', 'change_number', 'started_at', 'ended_at'], 'sprint_ids') }}
),

never_changed as (
    select distinct
        recorded.issue_id,
        recorded.sprint_id,
        issues.created_at as started_at
    from {{ ref('stg_jira__issue_sprints') }} as recorded
    inner join issues
        on recorded.issue_id = issues.issue_id
    left join changes
        on
            recorded.issue_id = changes.issue_id
            and changes.change_number = 1
    where
        changes.issue_id is null
        and recorded.sprint_id is not null
)

select distinct
    issue_id,
    {{ qualified(jira_sprint_id('item'), 'issue_id') }} as sprint_id,
    change_number,
    started_at,
    ended_at
from changed_stays
where {{ jira_sprint_id('item') }} is not null
union all
select
    issue_id,
    sprint_id,
    0 as change_number,
    started_at,
    cast(null as timestamp) as ended_at
from never_changed
