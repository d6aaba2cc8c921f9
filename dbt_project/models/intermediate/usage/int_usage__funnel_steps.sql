-- One row a funnel, person, week of entry and step. Every first step is an attempt; each further step is the earliest
-- event of its type at or after the one before it, within the funnel's window from the entry (inclusive). Of a
-- person's attempts in a week the one that got farthest counts, the earliest of equals. Only weeks whose attempts
-- have all run out of time. Segment of the home account as of the first day of the entry week.
{% set most_steps = var('funnel_most_steps') %}

with steps as (
    select
        steps.funnel_id,
        steps.step_number,
        steps.event_type,
        funnels.product_id,
        funnels.window_days
    from {{ ref('stg_registry__funnel_steps') }} as steps
    inner join {{ ref('stg_registry__funnels') }} as funnels on steps.funnel_id = funnels.funnel_id
),

events as (
    select distinct
        steps.funnel_id,
        steps.product_id,
        steps.window_days,
        steps.step_number,
        events.person_id,
        events.account_id,
        events.occurred_at,
        events.event_date
    from {{ ref('int_usage__funnel_events') }} as events
    inner join steps on events.event_type = steps.event_type
),

reached_1 as (
    select
        funnel_id,
        product_id,
        window_days,
        person_id,
        account_id,
        occurred_at as entry_at,
        event_date as entry_date,
        {{ add_time('day', 'window_days', 'occurred_at') }} as window_ends_at,
        occurred_at as step_1_at
    from events
    where step_number = 1
),
{% for step in range(2, most_steps + 1) %}
reached_{{ step }} as (
    select
        attempts.funnel_id,
        attempts.product_id,
        attempts.window_days,
        attempts.person_id,
        attempts.account_id,
        attempts.entry_at,
        attempts.entry_date,
        attempts.window_ends_at,
        {%- for earlier in range(1, step) %}
        attempts.step_{{ earlier }}_at,
        {%- endfor %}
        min(events.occurred_at) as step_{{ step }}_at
    from reached_{{ step - 1 }} as attempts
    left join events
        on
            events.step_number = {{ step }}
            and attempts.funnel_id = events.funnel_id
            and attempts.person_id = events.person_id
            and attempts.step_{{ step - 1 }}_at <= events.occurred_at
            and attempts.window_ends_at >= events.occurred_at
    group by
        attempts.funnel_id, attempts.product_id, attempts.window_days, attempts.person_id, attempts.account_id,
        attempts.entry_at, attempts.entry_date, attempts.window_ends_at
        {%- for earlier in range(1, step) %}, attempts.step_{{ earlier }}_at{% endfor %}
),
{% endfor %}
attempts as (
    select
        *,
        {{ week_start('entry_date') }} as entry_week,
        {% for step in range(1, most_steps + 1) -%}
        {{ '+ ' if not loop.first }}case when step_{{ step }}_at is null then 0 else 1 end
        {% endfor -%}
        as steps_reached
    from reached_{{ most_steps }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by funnel_id, person_id, entry_week
            order by steps_reached desc, entry_at asc
        ) as attempt_rank
    from attempts
    where {{ add_days('entry_week', '6 + window_days') }} < {{ as_of_date() }}
),

by_step as (
    {% for step in range(1, most_steps + 1) -%}
    select
        funnel_id,
        product_id,
        person_id,
        account_id,
        entry_at,
        entry_date,
        entry_week,
        {{ step }} as step_number,
        {{ 'step_' ~ (step - 1) ~ '_at' if step > 1 else 'cast(null as timestamp)' }} as previous_at,
        step_{{ step }}_at as reached_at
    from ranked
    where attempt_rank = 1
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    by_step.funnel_id,
    by_step.product_id,
    by_step.person_id,
    by_step.entry_at,
    by_step.entry_date,
    by_step.entry_week,
    coalesce(segments.segment, '(unknown)') as segment,
    by_step.step_number,
    steps.event_type as step,
    by_step.step_number = 1 or by_step.previous_at is not null as is_previous_reached,
    by_step.reached_at is not null as is_reached,
    {{ seconds_between('by_step.previous_at', 'by_step.reached_at') }} as seconds_from_previous
from by_step
inner join steps on by_step.funnel_id = steps.funnel_id and by_step.step_number = steps.step_number
left join {{ ref('int_usage__account_week_segments') }} as segments
    on by_step.account_id = segments.account_id and by_step.entry_week = segments.week_start
