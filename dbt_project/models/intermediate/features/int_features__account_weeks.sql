-- One row an account, feature and complete week, for accounts whose users were active on a day of the week on which
-- the feature was live and whose plan includes it; `is_used` when one of them used it on such a day. ARR is today's.
with weeks as (
    {{ complete_weeks() }}
),

account_weeks as (
    select
        active.account_id,
        active.week_start,
        min(active.event_date) as first_date,
        max(active.event_date) as last_date
    from {{ ref('int_usage__account_days') }} as active
    inner join weeks on active.week_start = weeks.week_start
    where active.account_id <> '(unknown)'
    group by active.account_id, active.week_start
),

account_plans as (
    select
        account_weeks.*,
        coalesce(accounts.plan, '(unknown)') as plan,
        accounts.last_arr_home as arr_home,
        coalesce(segments.segment, '(unknown)') as segment
    from account_weeks
    inner join {{ ref('int_crm__accounts') }} as accounts on account_weeks.account_id = accounts.account_id
    left join {{ ref('int_usage__account_week_segments') }} as segments
        on account_weeks.account_id = segments.account_id and account_weeks.week_start = segments.week_start
),

used as (
    select distinct active.account_id, active.feature_id, active.week_start
    from {{ ref('int_usage__account_days') }} as active
    inner join {{ ref('int_features__features') }} as features
        on
            active.feature_id = features.feature_id
            and active.event_date >= features.live_from
            and (features.live_until is null or active.event_date <= features.live_until)
)

select
    accounts.account_id,
    features.feature_id,
    features.product_id,
    coalesce(owners.team_id, '(unknown)') as team_id,
    accounts.week_start,
    accounts.segment,
    used.account_id is not null as is_used,
    accounts.arr_home
from account_plans as accounts
inner join {{ ref('int_features__eligible_plans') }} as features
    on
        accounts.plan = features.plan
        and accounts.last_date >= features.live_from
        and accounts.first_date <= features.live_until
left join used
    on
        accounts.account_id = used.account_id
        and features.feature_id = used.feature_id
        and accounts.week_start = used.week_start
left join {{ ref('stg_registry__feature_teams') }} as owners
    on
        features.feature_id = owners.feature_id
        and {{ add_days('accounts.week_start', 6) }} between owners.owned_from and owners.owned_to
