-- Grain: one row a stay of an issue in a status, from its creation to as_of, without gaps; the last stay is open
-- (`ended_at` null, its duration runs to as_of). A status is known by its id, whatever it was called when; without ids by
-- its name. The first status is what the first change says it changed from; changes from a status to itself are no
-- change. An issue without any change has its record's status: when that is not a starting status, the history is
-- missing, and the stay is inferred from the record. So it is when the record is younger than the last change and says
-- otherwise. Of a status whose category the tracker does not tell (any more), the resolution tells whether it was done: an issue
-- that entered it resolved was.
with issues as (
    select
        issue_id,
        issue_key,
        status_id,
        status_original,
        status_category,
        created_at,
        updated_at,
        status_category_changed_at,
        coalesce(status_category_changed_at, resolved_at) as status_reached_at
    from {{ ref('int_delivery__tracker_issues') }}
),

changes as (
    select
        issue_id,
        to_value,
        to_text,
        change_number,
        changed_at
    from {{ ref('int_delivery__changes') }}
    where
        field = 'status'
        and not is_after_as_of
),

states as (
    select
        issue_id,
        first_value,
        first_text,
        last_value,
        last_text,
        is_record_newer,
        last_changed_at
    from {{ ref('int_delivery__field_states') }}
    where field = 'status'
),

starts as (
    select
        issues.issue_id,
        0 as change_number,
        issues.created_at as started_at,
        states.issue_id is null and coalesce(issues.status_category, '') <> 'new' as is_inferred,
        case
            when states.issue_id is not null then states.first_value
            when issues.status_category = 'new' or issues.status_reached_at is null then issues.status_id
        end as status_id,
        case
            when states.issue_id is not null then coalesce(states.first_text, states.first_value)
            when issues.status_category = 'new' or issues.status_reached_at is null then issues.status_original
            else '(unknown)'
        end as status_text
    from issues
    left join states
        on issues.issue_id = states.issue_id
),

reached_by_record as (
    select
        issues.issue_id,
        1 as change_number,
        {{ greatest() }}(issues.status_reached_at, issues.created_at) as started_at,
        true as is_inferred,
        issues.status_id,
        issues.status_original as status_text
    from issues
    left join states
        on issues.issue_id = states.issue_id
    where
        states.issue_id is null
        and coalesce(issues.status_category, '') <> 'new'
        and issues.status_reached_at < {{ as_of_at() }}
),

reached_by_change as (
    select
        changes.issue_id,
        changes.change_number,
        -- A history can be a moment older than the creation of its issue (imports): the stay begins with the issue.
        {{ greatest() }}(changes.changed_at, issues.created_at) as started_at,
        false as is_inferred,
        changes.to_value as status_id,
        coalesce(changes.to_text, changes.to_value) as status_text
    from changes
    inner join issues
        on changes.issue_id = issues.issue_id
),

reached_unseen as (
    select
        issues.issue_id,
        -- After every change.
        1000000 as change_number,
        {{ greatest() }}(
            case
                when
                    issues.status_category_changed_at > states.last_changed_at
                    and issues.status_category_changed_at < {{ as_of_at() }}
                    then issues.status_category_changed_at
                else issues.updated_at
            end,
            issues.created_at
        ) as started_at,
        true as is_inferred,
        issues.status_id,
        issues.status_original as status_text
    from issues
    inner join states
        on issues.issue_id = states.issue_id
    where
        states.is_record_newer
        and states.last_changed_at is not null
        and coalesce(issues.status_id, issues.status_original) is not null
        and case
            when issues.status_id is not null and states.last_value is not null
                then issues.status_id <> states.last_value
            else lower(issues.status_original) <> lower(states.last_text)
        end
),

entries as (
    select issue_id, change_number, started_at, is_inferred, status_id, status_text from starts
    union all
    select issue_id, change_number, started_at, is_inferred, status_id, status_text from reached_by_record
    union all
    select issue_id, change_number, started_at, is_inferred, status_id, status_text from reached_by_change
    union all
    select issue_id, change_number, started_at, is_inferred, status_id, status_text from reached_unseen
),

named as (
    select
        entries.issue_id,
        entries.change_number,
        entries.started_at,
        entries.is_inferred,
        entries.status_id,
        entries.status_text,
        coalesce(by_id.status_name, entries.status_text, '(unknown)') as status_original,
        coalesce(by_id.status_category, by_name.status_category, '(unknown)') as status_category
    from entries
    left join {{ ref('int_delivery__statuses') }} as by_id
        on 'id:' || entries.status_id = by_id.status_key
    left join {{ ref('int_delivery__statuses') }} as by_name
        on 'name:' || lower(trim(coalesce(by_id.status_name, entries.status_text))) = by_name.status_key
),

compared as (
    select
        issue_id,
        change_number,
        started_at,
        is_inferred,
        status_id,
        status_text,
        status_original,
        status_category,
        lag(status_id) over (partition by issue_id order by change_number asc) as previous_id,
        lag(lower(status_original)) over (partition by issue_id order by change_number asc) as previous_status
    from named
),

stays as (
    select
        issue_id,
        started_at,
        is_inferred,
        status_text,
        status_original,
        status_category,
        cast(row_number() over (partition by issue_id order by change_number asc) as bigint) as stay_number,
        lead(started_at) over (partition by issue_id order by change_number asc) as ended_at
    from compared
    where
        previous_status is null
        or case
            when status_id is not null and previous_id is not null then status_id <> previous_id
            else lower(status_original) <> previous_status
        end
),

resolutions as (
    select
        stays.issue_id,
        stays.stay_number,
        coalesce(changes.to_text, changes.to_value) is not null as is_resolved,
        row_number() over (
            partition by stays.issue_id, stays.stay_number
            order by changes.change_number desc
        ) as recency
    from stays
    inner join {{ ref('int_delivery__changes') }} as changes
        on
            stays.issue_id = changes.issue_id
            and changes.field = 'resolution'
            and not changes.is_after_as_of
            and stays.started_at >= changes.changed_at
    where stays.status_category = '(unknown)'
)

select
    stays.issue_id,
    issues.issue_key,
    stays.status_original,
    case when resolutions.is_resolved then 'done' else stays.status_category end as status_category,
    -- A registry that lists the name of before still means the status.
    coalesce(stages.stage, stages_before.stage, 'other') as stage,
    stays.stay_number,
    stays.is_inferred,
    stays.started_at,
    stays.ended_at,
    {{ seconds_between('stays.started_at', 'coalesce(stays.ended_at, ' ~ as_of_at() ~ ')') }} as duration_seconds
from stays
inner join issues
    on stays.issue_id = issues.issue_id
left join resolutions
    on
        stays.issue_id = resolutions.issue_id
        and stays.stay_number = resolutions.stay_number
        and resolutions.recency = 1
left join {{ ref('stg_registry__stage_statuses') }} as stages
    on lower(trim(stays.status_original)) = stages.status_name
left join {{ ref('stg_registry__stage_statuses') }} as stages_before
    on lower(trim(stays.status_text)) = stages_before.status_name
