-- Grain: one row a tracker and a check of its data: how many of how many are as its name says; for statuses that no stage
-- lists, one row a status. Of epics and sprints the code host has none.
with issues as (
    select *
    from {{ ref('int_delivery__issues') }}
),

stays as (
    select
        issues.source,
        lower(trim(intervals.status_original)) as status_name,
        intervals.status_category,
        intervals.stage
    from {{ ref('int_delivery__status_intervals') }} as intervals
    inner join issues
        on intervals.issue_id = issues.issue_id
),

statuses as (
    select
        source,
        status_name,
        min(status_category) as status_category,
        min(stage) as stage
    from stays
    group by source, status_name
),

flows as (
    select
        issues.source,
        issue_stages.issue_id,
        max(issue_stages.flow_seconds) is not null as was_active
    from {{ ref('int_delivery__issue_stages') }} as issue_stages
    inner join issues
        on issue_stages.issue_id = issues.issue_id
    group by issues.source, issue_stages.issue_id
),

stage_epics as (
    select
        stages.stage,
        count(epic_stages.epic_id) as epic_count
    from {{ ref('stg_registry__stages') }} as stages
    left join {{ ref('int_delivery__epic_stages') }} as epic_stages
        on stages.stage = epic_stages.stage
    -- Without any epic no stage is told as one that they do not reach.
    where exists (select 1 from {{ ref('int_delivery__epics') }})
    group by stages.stage
)

{{ coverage_rows('issues', 'issues', checks=[
    ('issues_with_commitment', 'commitment_date is not null', 'is_standard',
     "Standard issues with a due date or a fix version's release date; the others are outside the on-time rate."),
    ('issues_with_feature', "feature_id <> '(unmapped)'", 'is_standard',
     'Standard issues under an epic that some feature of the registry lists.'),
    ('issues_with_team', "team_id <> '(unknown)'", 'is_standard',
     'Standard issues of a project that some team of the registry owns.'),
    ('issues_with_whole_history', 'is_history_whole', 'true',
     'Issues whose history was read whole; nothing that a history tells is taken from the others.'),
    ('issues_in_progress_with_whole_history', 'is_history_whole', "is_standard and status_category = 'indeterminate'",
     'Standard issues in progress now whose history was read whole; the others are in the work in progress of no week.'),
    ('issues_with_cycle_time', 'cycle_time_seconds is not null', 'is_standard and is_delivered',
     'Delivered issues that a whole history shows in progress before they were done; the others have no cycle time.'),
    ('issues_of_unknown_beginning', 'is_beginning_unknown', 'is_standard and is_delivered',
     'Delivered issues that may have been in progress in a status whose category the tracker does not tell: no cycle time.'),
    ('issues_with_inferred_resolution', 'is_resolution_inferred', 'is_standard and is_delivered',
     'Delivered issues without a resolution date: resolved when they first entered a done status.'),
    ('issues_resolved_before_created', 'resolved_at < created_at', 'is_standard and is_resolved',
     'Resolved standard issues whose resolution is older than their creation; they have no lead time.'),
    ('issues_excluded_by_resolution', 'not is_delivered', 'is_standard and is_resolved',
     'Resolved standard issues whose resolution means that nothing was delivered.'),
]) }}
union all
{{ coverage_rows('statuses', 'statuses', checks=[
    ('statuses_mapped_to_stage', "stage <> 'other'", 'true',
     'Status names in use that the registry maps to a stage; the others are in stage other.'),
    ('statuses_with_category', "status_category <> '(unknown)'", 'true',
     'Status names in use whose category the tracker tells; the others never count as in progress or done.'),
]) }}
union all
{{ coverage_rows('flows', 'issues', checks=[
    ('issues_that_were_active', 'was_active', 'true',
     'Delivered issues with time in stages that were in an active one; the others have no flow efficiency.'),
]) }}
union all
{{ coverage_rows('stays', 'statuses', checks=[
    ('stays_mapped_to_stage', "stage <> 'other'", 'true',
     'Stays of issues in statuses that the registry maps to a stage.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'stays', 'status_name', "'stays_in_unmapped_status'", "case when stage = 'other' then status_name end",
    'Stays of issues in this status, which no stage of the registry lists.'
) }}
union all
{{ coverage_rows(ref('int_delivery__epics'), 'epics', source="'jira'", checks=[
    ('epics_with_feature', "feature_id <> '(unmapped)'", 'true',
     'Epics that some feature of the registry lists; the launch of the others is their release.'),
    ('epics_with_acceptance', 'accepted_date is not null', 'true',
     'Epics whose creation is the one written down; the others, imported or without one, have no time to market.'),
    ('epics_with_whole_history', 'is_history_whole', 'true',
     'Epics that were read whole, they and their standard issues; the others have no days in stages, and enter none by a '
     ~ 'status or by an issue begun.'),
    ('epics_launched', 'launched_date < ' ~ as_of_date(), 'true',
     'Epics that are launched: by the day of their feature in the registry, else by a released version; the time to '
     ~ 'market of the others still runs.'),
    ('epics_launched_before_accepted', 'is_launched_before_accepted', 'true',
     'Epics whose launch is older than their acceptance: they have no time to market.'),
]) }}
union all
{{ coverage_rows(ref('int_delivery__epic_stages'), 'epics', source="'jira'", checks=[
    ('epic_stages_out_of_order', 'is_order_violation', 'true',
     'Stages of epics followed by a stage that began earlier: their days are unknown.'),
]) }}
union all
{{ coverage_rows(ref('int_delivery__sprint_scope'), 'sprint issues', source="'jira'", checks=[
    ('sprint_issues_with_whole_history', 'is_history_whole', 'true',
     'Issues of sprints whose history was read whole; the others are neither committed nor completed.'),
]) }}
union all
{{ coverage_rows('stage_epics', 'stages', source="'jira'", checks=[
    ('stages_reached_by_epics', 'epic_count > 0', 'true',
     'Stages of the registry that some epic reached; the others have no time to market: see their `epic_entry` and '
     ~ 'statuses in stages.yml.'),
]) }}
union all
select
    stage_epics.stage as subject,
    'jira' as source,
    'epics_reaching_stage' as check_name,
    cast(stage_epics.epic_count as bigint) as counted,
    cast(epics.epic_count as bigint) as total,
    'Epics that reached this stage of the registry; the others skipped it or are not there yet.' as explanation
from stage_epics
cross join (select count(*) as epic_count from {{ ref('int_delivery__epics') }}) as epics
