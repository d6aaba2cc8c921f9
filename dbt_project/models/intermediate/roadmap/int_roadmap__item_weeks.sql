-- Grain: one row a roadmap item of the level of features and a complete week at whose end it existed: its state, and that
-- of the issues it was linked with, at the end of the week. Of several issues the one that is least far gives the
-- stage, the latest promise gives the date. A promise is the first due date that was set by then; else the release
-- date of the issue's versions, which keep no history: the one known as of as_of.
with weeks as (
    select distinct
        week_start,
        week_end,
        {{ reporting_midnight(add_days('week_start', 7)) }} as ended_at
    from {{ ref('int_calendar__days') }}
    where week_end < {{ as_of_date() }}
),

items as (
    select
        weeks.week_start,
        weeks.ended_at,
        versions.roadmap_item_id,
        versions.product_id,
        versions.feature_id,
        versions.status_original,
        versions.stage,
        versions.agreeing_stages,
        versions.ends_on,
        versions.is_active
    from {{ ref('int_roadmap__item_versions') }} as versions
    inner join weeks
        on
            versions.valid_from < weeks.ended_at
            and versions.valid_to >= weeks.ended_at
    where
        versions.item_type = 'feature'
        and not versions.is_deleted
),

first_due_changes as (
    select
        issue_id,
        max(case when change_number = 1 and from_value is null then 1 else 0 end) = 1 as is_without_at_first,
        min(case when to_value is not null then changed_at end) as first_set_at
    from {{ ref('int_delivery__changes') }}
    where field = 'duedate'
    group by issue_id
),

release_dates as (
    select
        issue_id,
        max(release_date) as release_date
    from {{ ref('int_delivery__fix_versions') }}
    group by issue_id
),

promises as (
    select
        issues.issue_id,
        issues.created_at,
        issues.first_due_date,
        case when due_changes.is_without_at_first then due_changes.first_set_at else issues.created_at end as due_set_at,
        release_dates.release_date
    from {{ ref('int_delivery__issues') }} as issues
    left join first_due_changes as due_changes
        on issues.issue_id = due_changes.issue_id
    left join release_dates
        on issues.issue_id = release_dates.issue_id
),

linked as (
    select
        items.week_start,
        items.roadmap_item_id,
        links.issue_id,
        min(stages.stage_number) as stage_number,
        max(
            case when promises.due_set_at < items.ended_at then promises.first_due_date end
        ) as due_date,
        max(promises.release_date) as release_date
    from items
    inner join {{ ref('int_roadmap__issue_links') }} as links
        on
            items.roadmap_item_id = links.roadmap_item_id
            and items.ended_at > links.valid_from
            and items.ended_at <= links.valid_to
    inner join promises
        on
            links.issue_id = promises.issue_id
            and items.ended_at > promises.created_at
    left join {{ ref('int_delivery__status_intervals') }} as stays
        on
            links.issue_id = stays.issue_id
            and items.ended_at > stays.started_at
            and (stays.ended_at is null or items.ended_at <= stays.ended_at)
    left join {{ ref('stg_registry__stages') }} as stages
        on stays.stage = stages.stage
    group by items.week_start, items.roadmap_item_id, links.issue_id
),

delivery as (
    select
        week_start,
        roadmap_item_id,
        cast(count(*) as bigint) as linked_issue_count,
        min(stage_number) as stage_number,
        max(coalesce(due_date, release_date)) as commitment_date
    from linked
    group by week_start, roadmap_item_id
),

compared as (
    select
        items.week_start,
        items.roadmap_item_id,
        items.product_id,
        items.feature_id,
        items.status_original,
        items.stage,
        stages.stage as delivery_stage,
        items.agreeing_stages,
        items.ends_on,
        delivery.commitment_date,
        coalesce(delivery.linked_issue_count, 0) as linked_issue_count,
        items.is_active
    from items
    left join delivery
        on
            items.week_start = delivery.week_start
            and items.roadmap_item_id = delivery.roadmap_item_id
    left join {{ ref('stg_registry__stages') }} as stages
        on delivery.stage_number = stages.stage_number
)

select
    week_start,
    roadmap_item_id,
    product_id,
    feature_id,
    status_original,
    stage,
    delivery_stage,
    ends_on,
    commitment_date,
    linked_issue_count,
    is_active,
    is_active and linked_issue_count > 0 as is_linked,
    is_active and stage is not null and delivery_stage is not null as is_comparable,
    coalesce(
        is_active and stage is not null and {{ json_array_contains('agreeing_stages', 'delivery_stage') }}, false
    ) as is_agreed,
    case when is_active then abs({{ days_between('commitment_date', 'ends_on') }}) end as date_gap_days
from compared
