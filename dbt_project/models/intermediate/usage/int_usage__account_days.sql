-- One row an account (that the events name), feature and day of active use, without excluded persons: the content of
-- fct_account_usage_daily. A person who works in two accounts on a day counts in each.
with active as (
    select
        days.account_id,
        days.feature_id,
        days.event_date,
        cast(count(distinct days.person_id) as bigint) as user_count,
        cast(sum(days.event_count) as bigint) as event_count
    from {{ ref('int_usage__person_days') }} as days
    inner join {{ ref('int_identity__persons') }} as persons
        on days.person_id = persons.person_id and not persons.is_excluded
    where not days.is_bot and not days.is_passive
    group by days.account_id, days.feature_id, days.event_date
)

select
    active.account_id,
    active.feature_id,
    active.event_date,
    {{ week_start('active.event_date') }} as week_start,
    coalesce(features.product_id, '(unmapped)') as product_id,
    coalesce(segments.segment, '(unknown)') as segment,
    active.user_count,
    active.event_count
from active
left join {{ ref('stg_registry__features') }} as features on active.feature_id = features.feature_id
left join {{ ref('int_usage__account_day_segments') }} as segments
    on active.account_id = segments.account_id and active.event_date = segments.event_date
