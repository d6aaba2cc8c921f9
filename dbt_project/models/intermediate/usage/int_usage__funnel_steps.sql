-- One row a funnel, person, week of entry and step. Every first step is an attempt; each further step is the earliest
-- event of its type at or after the one before it, within the funnel's window from the entry (inclusive), that is no
-- earlier step of the attempt. Of a person's attempts in a week the one that got farthest counts, the earliest of equals.
-- Only weeks whose attempts have all run out of time. Segment of the home account as of the first day of the entry week.
-- A step is found by its number among the person's events of its type: the next number is a running minimum, so that
-- somebody with very many events costs no more than as many people with few.
-- Each step reads the attempts of the one before it once: an engine that writes a CTE out wherever it is read would
-- double the query with each step.
{% set most_steps = var('funnel_most_steps') %}
{% set attempt_columns = {
    'product_id': dbt.type_string(), 'window_dates': 'integer', 'account_id': dbt.type_string(), 'entry_number': 'bigint',
    'entry_at': 'timestamp', 'entry_date': 'date', 'window_ends_at': 'timestamp', 'step_1_at': 'timestamp',
    'step_1_number': 'bigint',
} %}

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
numbered_{{ step }} as (
    select
        *,
        case
            when moment is not null then min(event_number) over (
                partition by funnel_id, person_id
                order by moment desc, is_event desc
                rows between unbounded preceding and current row
            )
        end as next_number
    from (
        select
            funnel_id,
            person_id,
            {{ attempt_columns | join(', ') }},
            step_{{ step - 1 }}_at as moment,
            cast(null as bigint) as event_number,
            0 as is_event
        from reached_{{ step - 1 }}
        union all
        select
            funnel_id,
            person_id,
            {% for name, type in attempt_columns.items() -%}
            cast(null as {{ type }}) as {{ name }},
            {% endfor -%}
            occurred_at as moment,
            event_number,
            1 as is_event
        from events_of_steps
        where step_number = {{ step }}
    ) as moments
),

reached_{{ step }} as (
    select
        attempts.funnel_id,
        attempts.person_id,
        {% for name in attempt_columns -%}
        attempts.{{ name }},
        {% endfor -%}
        events.occurred_at as step_{{ step }}_at,
        events.event_number as step_{{ step }}_number
    from (
        select
            numbered.*,
            steps.step_number as wanted_step,
            -- Of one event type numbers only rise: the one after the last that was taken is free.
            case
                {%- for earlier in range(1, step) %}
                when steps.same_event_step = {{ earlier }} and numbered.step_{{ earlier }}_number >= numbered.next_number
                    then numbered.step_{{ earlier }}_number + 1
                {%- endfor %}
                else numbered.next_number
            end as wanted_number
        from numbered_{{ step }} as numbered
        left join steps on numbered.funnel_id = steps.funnel_id and steps.step_number = {{ step }}
        where numbered.is_event = 0
    ) as attempts
    left join events_of_steps as events
        on
            attempts.funnel_id = events.funnel_id
            and attempts.person_id = events.person_id
            and attempts.wanted_step = events.step_number
            and attempts.wanted_number = events.event_number
            and attempts.window_ends_at >= events.occurred_at
),
{% do attempt_columns.update({'step_' ~ step ~ '_at': 'timestamp', 'step_' ~ step ~ '_number': 'bigint'}) -%}
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
    select
        ranked.funnel_id,
        ranked.product_id,
        ranked.person_id,
        ranked.account_id,
        ranked.entry_at,
        ranked.entry_date,
        ranked.entry_week,
        steps.step_number,
        steps.step,
        case steps.step_number
            {%- for step in range(2, most_steps + 1) %}
            when {{ step }} then ranked.step_{{ step - 1 }}_at
            {%- endfor %}
        end as previous_at,
        case steps.step_number
            {%- for step in range(1, most_steps + 1) %}
            when {{ step }} then ranked.step_{{ step }}_at
            {%- endfor %}
        end as reached_at
    from ranked
    inner join steps on ranked.funnel_id = steps.funnel_id
    where ranked.attempt_rank = 1
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
    by_step.step,
    by_step.step_number = 1 or by_step.previous_at is not null as is_previous_reached,
    by_step.reached_at is not null as is_reached,
    {{ seconds_between('by_step.previous_at', 'by_step.reached_at') }} as seconds_from_previous
from by_step
left join {{ ref('int_usage__account_week_segments') }} as segments
    on by_step.account_id = segments.account_id and by_step.entry_week = segments.week_start
