-- One row a new person and product with a declared activation that the person used: whether all its steps were taken in time.
-- A person begins in a product on the first day of active use of one of its features, or of a step. Only weeks of beginning
-- whose time is over for everybody. Segment of the home account as of the week's first day.
with rules as (
    select
        product_id,
        max(within_days) as within_days,
        count(*) as step_count
    from {{ ref('stg_registry__activation_steps') }}
    group by product_id
),

step_events as (
    select
        events.person_id,
        steps.product_id,
        steps.step_number,
        steps.times,
        steps.days,
        events.event_id,
        events.occurred_at,
        events.event_date
    from {{ ref('int_usage__step_events') }} as events
    inner join {{ ref('stg_registry__activation_steps') }} as steps on events.event_type = steps.event_type
),

uses as (
    select person_id, product_id, event_date
    from {{ ref('int_usage__active_days') }}
    union all
    select person_id, product_id, event_date
    from step_events
),

beginnings as (
    select
        uses.person_id,
        uses.product_id,
        persons.account_id,
        rules.within_days,
        rules.step_count,
        min(uses.event_date) as start_date
    from uses
    inner join rules on uses.product_id = rules.product_id
    inner join {{ ref('int_usage__cohorts') }} as cohorts on uses.person_id = cohorts.person_id
    inner join {{ ref('int_identity__persons') }} as persons on uses.person_id = persons.person_id
    group by uses.person_id, uses.product_id, persons.account_id, rules.within_days, rules.step_count
),

closed as (
    select
        *,
        {{ week_start('start_date') }} as start_week
    from beginnings
    where {{ add_days(week_start('start_date'), '6 + within_days') }} <= {{ as_of_date() }}
),

taken as (
    select
        step_events.person_id,
        step_events.product_id,
        step_events.step_number,
        step_events.times,
        step_events.days,
        step_events.event_date,
        row_number() over (
            partition by step_events.person_id, step_events.product_id, step_events.step_number
            order by step_events.occurred_at, step_events.event_id
        ) as times_taken,
        dense_rank() over (
            partition by step_events.person_id, step_events.product_id, step_events.step_number
            order by step_events.event_date
        ) as days_taken
    from step_events
    inner join closed
        on
            step_events.person_id = closed.person_id
            and step_events.product_id = closed.product_id
            and step_events.event_date < {{ add_days('closed.start_date', 'closed.within_days') }}
),

reached as (
    select
        person_id,
        product_id,
        step_number,
        min(event_date) as reached_date
    from taken
    where times_taken >= times and days_taken >= days
    group by person_id, product_id, step_number
),

reached_steps as (
    select
        person_id,
        product_id,
        count(*) as step_count,
        max(reached_date) as last_reached_date
    from reached
    group by person_id, product_id
)

select
    closed.person_id,
    closed.product_id,
    closed.start_date,
    closed.start_week,
    coalesce(reached_steps.step_count = closed.step_count, false) as is_activated,
    case
        when reached_steps.step_count = closed.step_count
            then {{ days_between('closed.start_date', 'reached_steps.last_reached_date') }}
    end as days_to_activation,
    coalesce(segments.segment, '(unknown)') as segment
from closed
left join reached_steps
    on closed.person_id = reached_steps.person_id and closed.product_id = reached_steps.product_id
left join {{ ref('int_usage__account_week_segments') }} as segments
    on closed.account_id = segments.account_id and closed.start_week = segments.week_start
