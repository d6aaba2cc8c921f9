-- Grain: one row a feature and a theme of tickets that somebody wrote about in the 56 days to as_of: how often in the last 28 days and
-- in the 28 before, who wrote, what their accounts pay, and what else the feature lost: people at the steps of its funnels, patience
-- where they click in rage, words.
with tickets as (
    select
        feature_id,
        product_id,
        theme_id,
        nullif(account_id, '(unknown)') as account_id,
        nullif(person_id, '(unknown)') as person_id,
        created_date >= {{ add_days(as_of_date(), -28) }} as is_now
    from {{ ref('fct_ticket') }}
    where
        is_counted
        and created_date >= {{ add_days(as_of_date(), -56) }}
        and created_date < {{ as_of_date() }}
),

-- Of 28 days that began before the desk did, or before it was read back to, nobody knows what was written in them.
history as (
    select min(created_date) <= {{ add_days(as_of_date(), -56) }} as is_whole
    from {{ ref('fct_ticket') }}
    where is_counted
),

counts as (
    select
        tickets.feature_id,
        tickets.theme_id,
        min(tickets.product_id) as product_id,
        sum(case when tickets.is_now then 1 else 0 end) as ticket_count,
        case when history.is_whole then sum(case when tickets.is_now then 0 else 1 end) end as earlier_ticket_count,
        -- Tickets without a known writer were written by somebody.
        case
            when max(case when tickets.is_now then 1 else 0 end) = 0 then 0
            else nullif(count(distinct case when tickets.is_now then tickets.person_id end), 0)
        end as person_count,
        case
            when max(case when tickets.is_now then 1 else 0 end) = 0 then 0
            else nullif(count(distinct case when tickets.is_now then tickets.account_id end), 0)
        end as account_count
    from tickets
    cross join history
    group by tickets.feature_id, tickets.theme_id, history.is_whole
),

writers as (
    select distinct
        feature_id,
        theme_id,
        account_id
    from tickets
    where
        is_now
        and account_id is not null
),

revenue as (
    select
        writers.feature_id,
        writers.theme_id,
        sum(accounts.arr_home) as arr_home
    from writers
    inner join {{ ref('dim_account') }} as accounts
        on writers.account_id = accounts.account_id
    group by writers.feature_id, writers.theme_id
),

-- An event that is a use of several features says nothing of one.
step_features as (
    select
        event_type,
        min(feature_id) as feature_id
    from {{ ref('stg_registry__feature_events') }}
    group by event_type
    having count(distinct feature_id) = 1
),

entries as (
    select
        *,
        max(entry_week) over (partition by funnel_id) as newest_week
    from {{ ref('int_usage__funnel_steps') }}
),

lost as (
    select
        step_features.feature_id,
        entries.funnel_id,
        entries.step,
        count(distinct entries.person_id) as lost_count
    from entries
    inner join {{ ref('dim_funnel_step') }} as steps
        on
            entries.funnel_id = steps.funnel_id
            and entries.step = steps.step
    inner join step_features
        on steps.event_type = step_features.event_type
    where
        entries.is_previous_reached
        and not entries.is_reached
        and entries.entry_week >= {{ add_days('entries.newest_week', -21) }}
    group by step_features.feature_id, entries.funnel_id, entries.step
),

worst_steps as (
    select
        feature_id,
        funnel_id,
        step,
        lost_count,
        row_number() over (
            partition by feature_id
            order by lost_count desc, funnel_id asc, step asc
        ) as place
    from lost
),

said as (
    select
        feature_id,
        count(*) as feedback_count,
        case when count(sentiment) > 0 then sum(case when sentiment = 'negative' then 1 else 0 end) end as negative_count
    from {{ ref('fct_feedback') }}
    where
        created_date >= {{ add_days(as_of_date(), -28) }}
        and created_date < {{ as_of_date() }}
    group by feature_id
),

clicks as (
    select
        feature_id,
        count(*) as rage_click_count,
        count(distinct person_id) as rage_click_person_count
    from {{ ref('int_usage__rage_clicks') }}
    group by feature_id
),

-- Where no rage click ever came, nobody watches clicks.
clicks_seen as (
    select count(*) > 0 as are_watched from clicks
),

-- What is said of a feature is known where something asks about it, or somebody has said it.
voices as (
    select
        counts.feature_id,
        counts.theme_id,
        said.negative_count,
        case
            when features.has_feedback_sources then {{ count_or_unknown('said.feedback_count', ref('fct_feedback')) }}
            else said.feedback_count
        end as feedback_count
    from counts
    left join said on counts.feature_id = said.feature_id
    left join {{ ref('int_features__features') }} as features on counts.feature_id = features.feature_id
),

-- A feature that names no pages may have been clicked on in rage without a trace.
rage as (
    select
        paged.feature_id,
        coalesce(clicks.rage_click_count, 0) as rage_click_count,
        coalesce(clicks.rage_click_person_count, 0) as rage_click_person_count
    from (select distinct feature_id from {{ ref('stg_registry__feature_pages') }}) as paged
    cross join clicks_seen
    left join clicks on paged.feature_id = clicks.feature_id
    where clicks_seen.are_watched
)

select
    counts.feature_id,
    counts.product_id,
    counts.theme_id,
    cast(counts.ticket_count as bigint) as ticket_count,
    cast(counts.earlier_ticket_count as bigint) as ticket_count_before,
    cast(counts.person_count as bigint) as person_count,
    cast(counts.account_count as bigint) as account_count,
    revenue.arr_home,
    worst_steps.funnel_id as lost_funnel_id,
    worst_steps.step as lost_step,
    cast(worst_steps.lost_count as bigint) as lost_people,
    cast(rage.rage_click_count as bigint) as rage_click_count,
    cast(rage.rage_click_person_count as bigint) as rage_click_person_count,
    cast(voices.feedback_count as bigint) as feedback_count,
    cast(case when voices.feedback_count = 0 then 0 else voices.negative_count end as bigint) as negative_count,
    case
        when counts.earlier_ticket_count is null then cast(null as {{ dbt.type_string() }})
        when counts.ticket_count >= 3 and counts.earlier_ticket_count = 0 then 'new'
        when
            power(counts.ticket_count - counts.earlier_ticket_count, 2)
            > 3.84 * (counts.ticket_count + counts.earlier_ticket_count)
            then case when counts.ticket_count > counts.earlier_ticket_count then 'rising' else 'fading' end
        else 'steady'
    end as trend
from counts
left join revenue
    on
        counts.feature_id = revenue.feature_id
        and counts.theme_id = revenue.theme_id
left join worst_steps
    on
        counts.feature_id = worst_steps.feature_id
        and worst_steps.place = 1
left join voices
    on
        counts.feature_id = voices.feature_id
        and counts.theme_id = voices.theme_id
left join rage on counts.feature_id = rage.feature_id
