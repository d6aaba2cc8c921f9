-- One row a person, feature and day of active use, without excluded persons: the content of fct_usage_daily.
-- The segment is that of the person's home account as of the day, whatever the events name: so the people of a day's
-- segments are those of the day. The account is the one with most of the row's events (the smallest id of several);
-- its own segment, as of the day, stands beside it.
with active as (
    select
        days.person_id,
        days.feature_id,
        days.event_date,
        case when days.account_id <> '(unknown)' then days.account_id end as account_id,
        days.event_count,
        days.first_event_at,
        days.last_event_at
    from {{ ref('int_usage__person_days') }} as days
    inner join {{ ref('int_identity__persons') }} as persons
        on days.person_id = persons.person_id and not persons.is_excluded
    where not days.is_bot and not days.is_passive
),

person_features as (
    select
        person_id,
        feature_id,
        event_date,
        min(account_id) as first_account_id,
        max(account_id) as last_account_id,
        cast(sum(event_count) as bigint) as event_count,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at
    from active
    group by person_id, feature_id, event_date
),

-- Only the few rows with several accounts need them ranked.
ranked_accounts as (
    select
        active.person_id,
        active.feature_id,
        active.event_date,
        active.account_id,
        row_number() over (
            partition by active.person_id, active.feature_id, active.event_date
            order by sum(active.event_count) desc, active.account_id asc
        ) as account_rank
    from active
    inner join person_features
        on
            active.person_id = person_features.person_id
            and active.feature_id = person_features.feature_id
            and active.event_date = person_features.event_date
            and person_features.first_account_id <> person_features.last_account_id
    where active.account_id is not null
    group by active.person_id, active.feature_id, active.event_date, active.account_id
),

with_account as (
    select
        person_features.person_id,
        person_features.feature_id,
        person_features.event_date,
        coalesce(ranked_accounts.account_id, person_features.first_account_id, '(unknown)') as account_id,
        person_features.event_count,
        person_features.first_event_at,
        person_features.last_event_at
    from person_features
    left join ranked_accounts
        on
            person_features.person_id = ranked_accounts.person_id
            and person_features.feature_id = ranked_accounts.feature_id
            and person_features.event_date = ranked_accounts.event_date
            and ranked_accounts.account_rank = 1
)

select
    with_account.person_id,
    with_account.feature_id,
    with_account.event_date,
    {{ week_start('with_account.event_date') }} as week_start,
    coalesce(features.product_id, '(unmapped)') as product_id,
    with_account.account_id,
    coalesce(home_segments.segment, '(unknown)') as segment,
    coalesce(segments.segment, '(unknown)') as account_segment,
    with_account.event_count,
    with_account.first_event_at,
    with_account.last_event_at
from with_account
left join {{ ref('stg_registry__features') }} as features on with_account.feature_id = features.feature_id
left join {{ ref('int_usage__account_day_segments') }} as segments
    on with_account.account_id = segments.account_id and with_account.event_date = segments.event_date
left join {{ ref('int_identity__persons') }} as persons
    on with_account.person_id = persons.person_id
left join {{ ref('int_crm__account_segments') }} as home_segments
    on
        persons.account_id = home_segments.account_id
        and with_account.event_date >= home_segments.valid_from
        and with_account.event_date < home_segments.valid_to
