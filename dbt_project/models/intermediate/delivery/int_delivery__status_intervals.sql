-- Grain: one row a stay of an issue in a status, from its creation to as_of, without gaps; the last stay is open
-- (`ended_at` null, its duration runs to as_of). The first status is what the first change says it changed from;
-- changes from a status to itself are no change. An issue without any change has its record's status: when that is
-- not a starting status, the history is missing, and the stay is inferred from the record.
with issues as (
    select
        issue_id,
        issue_key,
        status_id,
        status_original,
        status_category,
        created_at,
        coalesce(status_category_changed_at, resolved_at) as status_reached_at
    from {{ ref('int_delivery__tracker_issues') }}
),

changes as (
    select
        issue_id,
        from_value,
        from_text,
        to_value,
        to_text,
        change_number,
        changed_at,
        is_after_as_of
    from {{ ref('int_delivery__changes') }}
    where field = 'status'
),

first_changes as (
    select
        issue_id,
        from_value,
        from_text
    from changes
    where change_number = 1
),

starts as (
    select
        issues.issue_id,
        0 as change_number,
        issues.created_at as started_at,
        first_changes.issue_id is null and issues.status_category <> 'new' as is_inferred,
        case
            when first_changes.issue_id is not null then first_changes.from_value
            when issues.status_category = 'new' or issues.status_reached_at is null then issues.status_id
        end as status_id,
        case
            when first_changes.issue_id is not null then coalesce(first_changes.from_text, first_changes.from_value)
            when issues.status_category = 'new' or issues.status_reached_at is null then issues.status_original
            else '(unknown)'
        end as status_original
    from issues
    left join first_changes
        on issues.issue_id = first_changes.issue_id
),

reached_by_record as (
    select
        issues.issue_id,
        1 as change_number,
        issues.status_reached_at as started_at,
        true as is_inferred,
        issues.status_id,
        issues.status_original
    from issues
    left join first_changes
        on issues.issue_id = first_changes.issue_id
    where
        first_changes.issue_id is null
        and issues.status_category <> 'new'
        and issues.status_reached_at < {{ as_of_at() }}
),

reached_by_change as (
    select
        changes.issue_id,
        changes.change_number,
        -- A history can be a moment older than the creation of its issue (imports): the stay begins with the issue.
        greatest(changes.changed_at, issues.created_at) as started_at,
        false as is_inferred,
        changes.to_value as status_id,
        coalesce(changes.to_text, changes.to_value) as status_original
    from changes
    inner join issues
        on changes.issue_id = issues.issue_id
    where not changes.is_after_as_of
),

entries as (
    select issue_id, change_number, started_at, is_inferred, status_id, status_original from starts
    union all
    select issue_id, change_number, started_at, is_inferred, status_id, status_original from reached_by_record
    union all
    select issue_id, change_number, started_at, is_inferred, status_id, status_original from reached_by_change
),

compared as (
    select
        issue_id,
        change_number,
        started_at,
        is_inferred,
        status_id,
        coalesce(status_original, '(unknown)') as status_original,
        lag(lower(coalesce(status_original, '(unknown)')))
            over (partition by issue_id order by change_number asc) as previous_status
    from entries
),

stays as (
    select
        issue_id,
        started_at,
        is_inferred,
        status_id,
        status_original,
        row_number() over (partition by issue_id order by change_number asc) as stay_number,
        lead(started_at) over (partition by issue_id order by change_number asc) as ended_at
    from compared
    where
        previous_status is null
        or previous_status <> lower(status_original)
)

select
    stays.issue_id,
    issues.issue_key,
    stays.status_original,
    coalesce(by_id.status_category, by_name.status_category, '(unknown)') as status_category,
    coalesce(stages.stage, 'other') as stage,
    stays.stay_number,
    stays.is_inferred,
    stays.started_at,
    stays.ended_at,
    {{ seconds_between('stays.started_at', 'coalesce(stays.ended_at, ' ~ as_of_at() ~ ')') }} as duration_seconds
from stays
inner join issues
    on stays.issue_id = issues.issue_id
left join {{ ref('int_delivery__status_categories') }} as by_id
    on 'id:' || stays.status_id = by_id.status_key
left join {{ ref('int_delivery__status_categories') }} as by_name
    on 'name:' || lower(trim(stays.status_original)) = by_name.status_key
left join {{ ref('stg_registry__stage_statuses') }} as stages
    on lower(trim(stays.status_original)) = stages.status_name
