-- Grain: one row a check of the tracker's data: how many of how many are as its name says.
with issues as (
    select
        count(*) as issue_count,
        sum(case when is_standard then 1 else 0 end) as standard_count,
        sum(case when is_standard and commitment_date is not null then 1 else 0 end) as committed_count,
        sum(case when is_standard and feature_id <> '(unmapped)' then 1 else 0 end) as feature_count,
        sum(case when is_standard and team_id <> '(unknown)' then 1 else 0 end) as team_count,
        sum(case when is_standard and is_delivered then 1 else 0 end) as delivered_count,
        sum(case when is_standard and is_delivered and is_resolution_inferred then 1 else 0 end) as inferred_count,
        sum(case when is_standard and is_delivered and cycle_time_seconds is not null then 1 else 0 end)
            as cycle_time_count,
        sum(case when is_standard and is_resolved and not is_delivered then 1 else 0 end) as undelivered_count,
        sum(case when is_standard and is_resolved then 1 else 0 end) as resolved_count,
        sum(case when is_history_missing then 0 else 1 end) as history_count
    from {{ ref('int_delivery__issues') }}
    where source = 'jira'
),

statuses as (
    select
        lower(trim(status_original)) as status_name,
        min(status_category) as status_category,
        min(stage) as stage
    from {{ ref('int_delivery__status_intervals') }}
    group by lower(trim(status_original))
),

status_totals as (
    select
        count(*) as status_count,
        sum(case when stage <> 'other' then 1 else 0 end) as staged_count,
        sum(case when status_category <> '(unknown)' then 1 else 0 end) as categorised_count
    from statuses
),

stays as (
    select
        count(*) as stay_count,
        sum(case when stage <> 'other' then 1 else 0 end) as staged_count
    from {{ ref('int_delivery__status_intervals') }}
),

epics as (
    select
        count(*) as epic_count,
        sum(case when feature_id <> '(unmapped)' then 1 else 0 end) as feature_count,
        sum(case when launched_date < {{ as_of_date() }} then 1 else 0 end) as launched_count,
        sum(case when is_launched_before_accepted then 1 else 0 end) as launched_before_count
    from {{ ref('int_delivery__epics') }}
),

epic_stages as (
    select
        count(*) as stage_count,
        sum(case when is_order_violation then 1 else 0 end) as violation_count
    from {{ ref('int_delivery__epic_stages') }}
),

stage_epics as (
    select
        stages.stage,
        count(epic_stages.epic_id) as epic_count
    from {{ ref('stg_registry__stages') }} as stages
    left join {{ ref('int_delivery__epic_stages') }} as epic_stages
        on stages.stage = epic_stages.stage
    group by stages.stage
)

select
    'issues' as subject,
    'jira' as source,
    'issues_with_commitment' as check_name,
    cast(coalesce(committed_count, 0) as bigint) as counted,
    cast(coalesce(standard_count, 0) as bigint) as total,
    {{ text_literal("Standard issues with a due date or a fix version's release date; the others are outside the on-time rate.") }}
        as explanation
from issues
union all
select
    'issues' as subject,
    'jira' as source,
    'issues_with_feature' as check_name,
    cast(coalesce(feature_count, 0) as bigint) as counted,
    cast(coalesce(standard_count, 0) as bigint) as total,
    'Standard issues under an epic that some feature of the registry lists.' as explanation
from issues
union all
select
    'issues' as subject,
    'jira' as source,
    'issues_with_team' as check_name,
    cast(coalesce(team_count, 0) as bigint) as counted,
    cast(coalesce(standard_count, 0) as bigint) as total,
    'Standard issues of a project that some team of the registry owns.' as explanation
from issues
union all
select
    'issues' as subject,
    'jira' as source,
    'issues_with_status_history' as check_name,
    cast(coalesce(history_count, 0) as bigint) as counted,
    cast(issue_count as bigint) as total,
    'Issues whose status is explained by their history; that of the others is taken from their record.' as explanation
from issues
union all
select
    'issues' as subject,
    'jira' as source,
    'issues_with_cycle_time' as check_name,
    cast(coalesce(cycle_time_count, 0) as bigint) as counted,
    cast(coalesce(delivered_count, 0) as bigint) as total,
    'Delivered issues that were in progress before they were done; the others have no cycle time.' as explanation
from issues
union all
select
    'issues' as subject,
    'jira' as source,
    'issues_with_inferred_resolution' as check_name,
    cast(coalesce(inferred_count, 0) as bigint) as counted,
    cast(coalesce(delivered_count, 0) as bigint) as total,
    'Delivered issues without a resolution date: resolved when they first entered a done status.' as explanation
from issues
union all
select
    'issues' as subject,
    'jira' as source,
    'issues_excluded_by_resolution' as check_name,
    cast(coalesce(undelivered_count, 0) as bigint) as counted,
    cast(coalesce(resolved_count, 0) as bigint) as total,
    'Resolved standard issues whose resolution means that nothing was delivered.' as explanation
from issues
union all
select
    'statuses' as subject,
    'jira' as source,
    'statuses_mapped_to_stage' as check_name,
    cast(coalesce(staged_count, 0) as bigint) as counted,
    cast(status_count as bigint) as total,
    'Status names in use that the registry maps to a stage; the others are in stage other.' as explanation
from status_totals
union all
select
    'statuses' as subject,
    'jira' as source,
    'statuses_with_category' as check_name,
    cast(coalesce(categorised_count, 0) as bigint) as counted,
    cast(status_count as bigint) as total,
    'Status names in use whose category the tracker tells; the others never count as in progress or done.'
        as explanation
from status_totals
union all
select
    'statuses' as subject,
    'jira' as source,
    'stays_mapped_to_stage' as check_name,
    cast(coalesce(staged_count, 0) as bigint) as counted,
    cast(stay_count as bigint) as total,
    'Stays of issues in statuses that the registry maps to a stage.' as explanation
from stays
union all
select
    statuses.status_name as subject,
    'jira' as source,
    'stays_in_unmapped_status' as check_name,
    cast(count(*) as bigint) as counted,
    cast(max(stays.stay_count) as bigint) as total,
    'Stays of issues in this status, which no stage of the registry lists.' as explanation
from {{ ref('int_delivery__status_intervals') }} as intervals
inner join statuses
    on lower(trim(intervals.status_original)) = statuses.status_name
cross join stays
where statuses.stage = 'other'
group by statuses.status_name
union all
select
    'epics' as subject,
    'jira' as source,
    'epics_with_feature' as check_name,
    cast(coalesce(feature_count, 0) as bigint) as counted,
    cast(epic_count as bigint) as total,
    'Epics that some feature of the registry lists; the launch of the others is their release.' as explanation
from epics
union all
select
    'epics' as subject,
    'jira' as source,
    'epics_launched_before_accepted' as check_name,
    cast(coalesce(launched_before_count, 0) as bigint) as counted,
    cast(epic_count as bigint) as total,
    'Epics whose launch is older than their acceptance: their time to market counts as 0 days.' as explanation
from epics
union all
select
    'epics' as subject,
    'jira' as source,
    'epic_stages_out_of_order' as check_name,
    cast(coalesce(violation_count, 0) as bigint) as counted,
    cast(stage_count as bigint) as total,
    'Stages of epics followed by a stage that began earlier: their days are unknown.' as explanation
from epic_stages
union all
select
    'epics' as subject,
    'jira' as source,
    'epics_launched' as check_name,
    cast(coalesce(launched_count, 0) as bigint) as counted,
    cast(epic_count as bigint) as total,
    'Epics that are launched: by the day of their feature in the registry, else by a released version; the time to market of the others still runs.'
        as explanation
from epics
union all
select
    'stages' as subject,
    'jira' as source,
    'stages_reached_by_epics' as check_name,
    cast(sum(case when epic_count > 0 then 1 else 0 end) as bigint) as counted,
    cast(count(*) as bigint) as total,
    'Stages of the registry that some epic reached; the others have no time to market: see their `epic_entry` and statuses in stages.yml.'
        as explanation
from stage_epics
union all
select
    stage_epics.stage as subject,
    'jira' as source,
    'epics_reaching_stage' as check_name,
    cast(stage_epics.epic_count as bigint) as counted,
    cast(epics.epic_count as bigint) as total,
    'Epics that reached this stage of the registry; the others skipped it or are not there yet.' as explanation
from stage_epics
cross join epics
