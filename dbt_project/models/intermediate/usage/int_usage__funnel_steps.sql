-- One row a funnel, person, week of entry and step. Every first step is an attempt; each further step is the earliest
-- event of its type at or after the one before it, within the funnel's window from the entry (inclusive), that is no
-- earlier step of the attempt. Of a person's attempts in a week the one that got farthest counts, the earliest of equals.
-- Only weeks whose attempts have all run out of time. Segment of the home account as of the first day of the entry week.
-- A step is found by its number among the person's events of its type: the next number is a running minimum, so that
-- somebody with very many events costs no more than as many people with few.
{% set most_steps = var('funnel_most_steps') %}

with steps as (
    select
        steps.funnel_id,
        steps.step_number,
        steps.step,
        steps.event_type,
        -- The step before it that takes the same event.
        lag(steps.step_number) over (
            partition by steps.funnel_id, steps.event_type order by steps.step_number
        ) as same_event_step,
        funnels.product_id,
        funnels.window_hours,
        cast(ceil(funnels.window_hours / 24.0) as integer) as window_dates
    from {{ ref('stg_registry__funnel_steps') }} as steps
    inner join {{ ref('stg_registry__funnels') }} as funnels on steps.funnel_id = funnels.funnel_id
),

events as (
    select
        person_id,
        account_id,
        event_type,
        occurred_at,
        event_date,
        row_number() over (partition by person_id, event_type order by occurred_at, event_id) as event_number
    from {{ ref('int_usage__step_events') }}
),

events_of_steps as (
    select
        steps.funnel_id,
        steps.step_number,
        events.person_id,
        events.occurred_at,
        events.event_number
    from events
    inner join steps on events.event_type = steps.event_type
),

reached_1 as (
    select
        steps.funnel_id,
        steps.product_id,
        steps.window_dates,
        events.person_id,
        events.account_id,
        events.event_number as entry_number,
        events.occurred_at as entry_at,
        events.event_date as entry_date,
        {{ add_time('hour', 'steps.window_hours', 'events.occurred_at') }} as window_ends_at,
        events.occurred_at as step_1_at,
        events.event_number as step_1_number
    from events
    inner join steps on events.event_type = steps.event_type and steps.step_number = 1
),
{% for step in range(2, most_steps + 1) %}
next_{{ step }} as (
    select funnel_id, person_id, entry_number, next_number
    from (
        select
            funnel_id,
            person_id,
            entry_number,
            is_event,
            min(event_number) over (
                partition by funnel_id, person_id
                order by moment desc, is_event desc
                rows between unbounded preceding and current row
            ) as next_number
        from (
            select
                funnel_id, person_id, step_{{ step - 1 }}_at as moment, entry_number, cast(null as bigint) as event_number,
                0 as is_event
            from reached_{{ step - 1 }}
            where step_{{ step - 1 }}_at is not null
            union all
            select funnel_id, person_id, occurred_at as moment, cast(null as bigint) as entry_number, event_number,
                1 as is_event
            from events_of_steps
            where step_number = {{ step }}
        ) as moments
    ) as numbered
    where is_event = 0 and next_number is not null
),

reached_{{ step }} as (
    select
        attempts.funnel_id,
        attempts.product_id,
        attempts.window_dates,
        attempts.person_id,
        attempts.account_id,
        attempts.entry_number,
        attempts.entry_at,
        attempts.entry_date,
        attempts.window_ends_at,
        {%- for earlier in range(1, step) %}
        attempts.step_{{ earlier }}_at,
        attempts.step_{{ earlier }}_number,
        {%- endfor %}
        events.occurred_at as step_{{ step }}_at,
        events.event_number as step_{{ step }}_number
    from (
        select
            attempts.*,
            steps.step_number as wanted_step,
            -- Of one event type numbers only rise: the one after the last that was taken is free.
            case
                {%- for earlier in range(1, step) %}
                when
                    steps.same_event_step = {{ earlier }} and attempts.step_{{ earlier }}_number >= next_{{ step }}.next_number
                    then attempts.step_{{ earlier }}_number + 1
                {%- endfor %}
                else next_{{ step }}.next_number
            end as wanted_number
        from reached_{{ step - 1 }} as attempts
        left join steps on attempts.funnel_id = steps.funnel_id and steps.step_number = {{ step }}
        left join next_{{ step }}
            on
                attempts.funnel_id = next_{{ step }}.funnel_id
                and attempts.person_id = next_{{ step }}.person_id
                and attempts.entry_number = next_{{ step }}.entry_number
    ) as attempts
    left join events_of_steps as events
        on
            attempts.funnel_id = events.funnel_id
            and attempts.person_id = events.person_id
            and attempts.wanted_step = events.step_number
            and attempts.wanted_number = events.event_number
            and attempts.window_ends_at >= events.occurred_at
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
            order by steps_reached desc, entry_at asc, entry_number asc
        ) as attempt_rank
    from attempts
    where {{ add_days('entry_week', '6 + window_dates') }} < {{ as_of_date() }}
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
    steps.step,
    by_step.step_number = 1 or by_step.previous_at is not null as is_previous_reached,
    by_step.reached_at is not null as is_reached,
    {{ seconds_between('by_step.previous_at', 'by_step.reached_at') }} as seconds_from_previous
from by_step
inner join steps on by_step.funnel_id = steps.funnel_id and by_step.step_number = steps.step_number
left join {{ ref('int_usage__account_week_segments') }} as segments
    on by_step.account_id = segments.account_id and by_step.entry_week = segments.week_start
