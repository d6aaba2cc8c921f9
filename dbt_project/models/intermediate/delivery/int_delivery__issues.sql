-- Grain: one row an issue created before as_of and not deleted, in its state of as_of. What is measured (lead
-- time, cycle time, on time) is null where an issue does not count: delivery metrics count standard issues only, and a
-- resolution that means no delivery is none. What is taken from the history is null where the history is not whole; the
-- cycle time also where it may have been in progress in a status whose category nobody knows. Its team is that of the day of
-- its resolution, or of now while it is open; that of a promise is the team of the promised day.
{# Handed on as the tracker has them. #}
{% set carried = [
    'source', 'issue_id', 'issue_key', 'project_key', 'issue_type', 'hierarchy_level', 'created_at',
] %}
{# Days of which metrics ask for the team of that day. #}
{% set days = ['commitment', 'commitment_last', 'first_done'] %}

-- Done is done, by whatever resolution. Left done and not done again: not resolved. A tracker that resolves issues
-- outside its done statuses is believed.
with outcomes as (
    select
        progress.issue_id,
        resolutions.resolution,
        not resolutions.is_delivery as is_resolution_excluded,
        case
            when progress.status_category = 'done' then true
            when progress.first_done_at is not null then false
            else resolutions.resolved_at is not null
        end as is_resolved,
        coalesce(resolutions.resolved_at, progress.first_done_at) as resolved_at,
        coalesce(resolutions.first_resolved_at, progress.first_done_at, resolutions.resolved_at) as first_resolved_at,
        progress.is_status_inferred
        or (progress.status_category = 'done' and resolutions.resolved_at is null) as is_resolution_inferred
    from {{ ref('int_delivery__progress') }} as progress
    inner join {{ ref('int_delivery__resolutions') }} as resolutions
        on progress.issue_id = resolutions.issue_id
),

classified as (
    select
        {%- for column in carried %}
        issues.{{ column }},
        {%- endfor %}
        features.feature_id,
        features.product_id,
        features.epic_id,
        issues.hierarchy_level = 0 as is_standard,
        progress.status_original,
        progress.status_category,
        progress.stage,
        outcomes.resolution,
        outcomes.is_resolved,
        outcomes.is_resolved and outcomes.is_resolution_excluded as is_resolved_as_excluded,
        issues.hierarchy_level = 0 and outcomes.is_resolved and not outcomes.is_resolution_excluded as is_delivered,
        outcomes.is_resolved and outcomes.is_resolution_inferred as is_resolution_inferred,
        histories.is_history_whole,
        progress.is_beginning_unknown,
        histories.is_creation_late,
        progress.reopen_count,
        progress.done_in_between_seconds,
        progress.first_in_progress_at,
        progress.first_done_at,
        progress.first_reopened_at,
        {{ add_time('day', 30, 'progress.first_done_at') }} as reopen_known_at,
        progress.done_at,
        commitments.first_due_date,
        commitments.last_due_date,
        commitments.commitment_date,
        commitments.commitment_last_date,
        commitments.due_move_count,
        case when outcomes.is_resolved then outcomes.resolved_at end as resolved_at,
        outcomes.first_resolved_at
    from {{ ref('int_delivery__tracker_issues') }} as issues
    inner join {{ ref('int_delivery__progress') }} as progress
        on issues.issue_id = progress.issue_id
    inner join outcomes
        on issues.issue_id = outcomes.issue_id
    inner join {{ ref('int_delivery__issue_histories') }} as histories
        on issues.issue_id = histories.issue_id
    inner join {{ ref('int_delivery__commitments') }} as commitments
        on issues.issue_id = commitments.issue_id
    inner join {{ ref('int_delivery__issue_features') }} as features
        on issues.issue_id = features.issue_id
),

dated as (
    select
        *,
        {{ reporting_date('resolved_at') }} as resolved_date,
        case when is_history_whole then {{ reporting_date('first_done_at') }} end as first_done_date
    from classified
),

owned as (
    select
        dated.*,
        coalesce(owners.team_id, '(unknown)') as team_id,
        {%- for day in days %}
        case when dated.{{ day }}_date is not null then coalesce({{ day }}_owners.team_id, '(unknown)') end as {{ day }}_team_id{{ ',' if not loop.last }}
        {%- endfor %}
    from dated
    left join {{ ref('int_delivery__issue_teams') }} as owners
        on
            dated.issue_id = owners.issue_id
            and coalesce(dated.resolved_date, {{ add_days(as_of_date(), -1) }}) between owners.owned_from and owners.owned_to
    {%- for day in days %}
    left join {{ ref('int_delivery__issue_teams') }} as {{ day }}_owners
        on
            dated.issue_id = {{ day }}_owners.issue_id
            and dated.{{ day }}_date between {{ day }}_owners.owned_from and {{ day }}_owners.owned_to
    {%- endfor %}
)

select
    {%- for column in carried %}
    {{ column }},
    {%- endfor %}
    team_id,
    {%- for day in days %}
    {{ day }}_team_id,
    {%- endfor %}
    feature_id,
    product_id,
    epic_id,
    status_original,
    status_category,
    stage,
    resolution,
    case
        when is_delivered and not is_creation_late and created_at <= resolved_at
            then {{ seconds_between('created_at', 'resolved_at') }}
    end as lead_time_seconds,
    case
        when is_beginning_unknown then null
        when is_delivered and is_history_whole and first_in_progress_at <= done_at
            then {{ seconds_between('first_in_progress_at', 'done_at') }} - done_in_between_seconds
    end as cycle_time_seconds,
    case when is_history_whole then due_move_count end as due_move_count,
    cast(case when is_history_whole then {{ days_between('first_due_date', 'last_due_date') }} end as bigint)
        as due_slip_days,
    case when is_history_whole then reopen_count end as reopen_count,
    case
        when not is_standard or not is_history_whole or reopen_known_at >= {{ as_of_at() }} then null
        when first_reopened_at < reopen_known_at then true
        when reopen_known_at is not null then false
    end as is_reopened,
    -- Open issues count as late once their date is past.
    case
        when not is_standard or not is_history_whole or is_resolved_as_excluded or commitment_date is null then null
        when resolved_date <= commitment_date then true
        when is_resolved or commitment_date < {{ as_of_date() }} then false
    end as is_on_time,
    case
        when not is_standard or is_resolved_as_excluded or commitment_last_date is null then null
        when resolved_date <= commitment_last_date then true
        when is_resolved or commitment_last_date < {{ as_of_date() }} then false
    end as is_on_time_last_due,
    is_standard,
    is_resolved,
    is_delivered,
    is_resolved_as_excluded as is_refused,
    is_delivered and commitment_date is not null as is_committed,
    is_resolution_inferred,
    is_history_whole,
    is_beginning_unknown,
    is_creation_late,
    {{ reporting_date('created_at') }} as created_date,
    resolved_date,
    {{ reporting_date('done_at') }} as done_date,
    first_done_date,
    first_due_date,
    last_due_date,
    commitment_date,
    commitment_last_date,
    resolved_at,
    first_resolved_at,
    first_in_progress_at,
    done_at
from owned
