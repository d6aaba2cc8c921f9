-- Grain: one row a clock of a ticket (metric and instance) for which the tool promised a time, with how it stands as of
-- as_of: the target that held when it was decided, how long it ran until it was fulfilled, and when the target was or would
-- have been up. A clock that is paused does not run. Whether a promise was kept is the tool's word; of a kept one the due
-- time is ours: the tool gives none.
with events as (
    select
        'zendesk:ticket:' || ticket_id as ticket_id,
        metric,
        instance_number,
        'zendesk:ticket:' || ticket_id || ':sla:' || metric || ':'
        || cast(instance_number as {{ dbt.type_string() }}) as sla_instance_id,
        event_id,
        event_type,
        target_seconds,
        is_in_business_hours,
        policy_id,
        policy_name,
        occurred_at
    from {{ ref('stg_zendesk__ticket_metric_events') }}
    where
        ticket_id is not null
        and metric is not null
        and instance_number >= 1
        and occurred_at is not null
),

ticks as (
    select
        sla_instance_id,
        ticket_id,
        event_type,
        occurred_at,
        lead(occurred_at) over (
            partition by sla_instance_id
            -- Ids are numbers in text: shorter means smaller.
            order by occurred_at asc, length(event_id) asc, event_id asc
        ) as next_at,
        row_number() over (
            partition by sla_instance_id
            order by occurred_at asc, length(event_id) asc, event_id asc
        ) as tick_number
    from events
    where event_type in ('activate', 'pause', 'fulfill')
),

breaches as (
    select
        sla_instance_id,
        min(occurred_at) as breached_at
    from events
    where event_type = 'breach'
    group by sla_instance_id
),

clocks as (
    select
        sla_instance_id,
        min(occurred_at) as started_at,
        max(case when tick_number = 1 and event_type = 'activate' then 1 else 0 end) = 1 as is_beginning_held,
        max(case when next_at is null and event_type = 'fulfill' then occurred_at end) as fulfilled_at
    from ticks
    group by sla_instance_id
),

instances as (
    select
        sla_instance_id,
        ticket_id,
        metric,
        instance_number
    from events
    where event_type in ('apply_sla', 'breach')
    group by sla_instance_id, ticket_id, metric, instance_number
),

decided as (
    select
        instances.sla_instance_id,
        instances.ticket_id,
        instances.metric,
        instances.instance_number,
        clocks.started_at,
        clocks.fulfilled_at,
        coalesce(clocks.is_beginning_held, false) as is_beginning_held,
        -- A breach that was foreseen for a time after the clock was fulfilled is none.
        case
            when clocks.fulfilled_at is null or breaches.breached_at <= clocks.fulfilled_at then breaches.breached_at
        end as breached_at
    from instances
    left join clocks
        on instances.sla_instance_id = clocks.sla_instance_id
    left join breaches
        on instances.sla_instance_id = breaches.sla_instance_id
),

-- A change of priority applies another target, and none where the policy has none for it.
promises as (
    select
        decided.sla_instance_id,
        events.target_seconds,
        events.is_in_business_hours,
        events.policy_id,
        events.policy_name,
        row_number() over (
            partition by decided.sla_instance_id
            order by events.occurred_at desc, length(events.event_id) desc, events.event_id desc
        ) as promise_number
    from decided
    inner join events
        on
            decided.sla_instance_id = events.sla_instance_id
            and events.event_type = 'apply_sla'
            and events.occurred_at <= coalesce(decided.breached_at, decided.fulfilled_at, events.occurred_at)
),

promised as (
    select
        decided.sla_instance_id,
        decided.ticket_id,
        decided.metric,
        decided.instance_number,
        decided.started_at,
        decided.fulfilled_at,
        decided.breached_at,
        promises.policy_id,
        promises.policy_name,
        promises.target_seconds,
        promises.is_in_business_hours,
        decided.is_beginning_held and promises.target_seconds is not null as is_history_whole
    from decided
    left join promises
        on
            decided.sla_instance_id = promises.sla_instance_id
            and promises.promise_number = 1
    where promises.target_seconds is not null or decided.breached_at is not null
),

spans as (
    select
        ticks.sla_instance_id,
        ticks.ticket_id,
        ticks.occurred_at as started_at,
        ticks.next_at as ended_at
    from ticks
    inner join promised
        on ticks.sla_instance_id = promised.sla_instance_id
    where
        ticks.event_type = 'activate'
        and ticks.next_at is not null
        and promised.is_history_whole
        and promised.fulfilled_at is not null
        and promised.breached_at is null
),

calendar as (
    select
        sla_instance_id,
        sum({{ seconds_between('started_at', 'ended_at') }}) as calendar_seconds
    from spans
    group by sla_instance_id
),

business as (
    {{ business_seconds_by('spans', ['sla_instance_id']) }}
),

measured as (
    select
        promised.sla_instance_id,
        promised.ticket_id,
        promised.fulfilled_at,
        promised.is_in_business_hours,
        promised.target_seconds
        - case when promised.is_in_business_hours then business.business_seconds else calendar.calendar_seconds end
            as seconds_left
    from promised
    inner join calendar
        on promised.sla_instance_id = calendar.sla_instance_id
    left join business
        on promised.sla_instance_id = business.sla_instance_id
),

-- By its own hours the tool may have found time where we find none left: then it was due when it was fulfilled.
kept as (
    select
        sla_instance_id,
        ticket_id,
        fulfilled_at,
        is_in_business_hours,
        case when seconds_left < 0 then 0 else seconds_left end as seconds_left
    from measured
),

-- The schedule that holds when the clock is fulfilled tells when the rest of the target would have been up.
fulfilments as (
    select
        kept.sla_instance_id,
        kept.seconds_left,
        schedules.schedule_id,
        kept.fulfilled_at as moment
    from kept
    inner join {{ ref('int_support__ticket_schedules') }} as schedules
        on
            kept.ticket_id = schedules.ticket_id
            and kept.fulfilled_at >= schedules.valid_from
            and (schedules.valid_to is null or kept.fulfilled_at < schedules.valid_to)
    where
        kept.is_in_business_hours
        and kept.seconds_left > 0
        and schedules.schedule_id is not null
),

moments as (
    select distinct
        schedule_id,
        moment
    from fulfilments
),

until_moments as (
    {{ business_clocks('moments') }}
),

shifts as (
    select
        schedule_id,
        opens_at,
        {{ seconds_between('opens_at', 'closes_at') }} as shift_seconds,
        seconds_before + sum({{ seconds_between('opens_at', 'closes_at') }}) over (
            partition by schedule_id, date_day
            order by opens_at asc
            rows between unbounded preceding and current row
        ) - {{ seconds_between('opens_at', 'closes_at') }} as shift_seconds_before
    from {{ ref('int_calendar__business_days') }}
    where opens_at is not null
),

due_in_hours as (
    select
        fulfilments.sla_instance_id,
        min({{ add_time(
            'second',
            'until_moments.seconds_until + fulfilments.seconds_left - shifts.shift_seconds_before',
            'shifts.opens_at'
        ) }}) as due_at
    from fulfilments
    inner join until_moments
        on
            fulfilments.schedule_id = until_moments.schedule_id
            and fulfilments.moment = until_moments.moment
    inner join shifts
        on
            fulfilments.schedule_id = shifts.schedule_id
            and until_moments.seconds_until + fulfilments.seconds_left > shifts.shift_seconds_before
            and until_moments.seconds_until + fulfilments.seconds_left
            <= shifts.shift_seconds_before + shifts.shift_seconds
    group by fulfilments.sla_instance_id
)

select
    promised.sla_instance_id,
    promised.ticket_id,
    promised.metric,
    promised.instance_number,
    promised.policy_id,
    promised.policy_name,
    promised.target_seconds,
    promised.is_in_business_hours,
    promised.is_history_whole,
    case
        when promised.breached_at is not null then 'breached'
        when promised.fulfilled_at is not null then 'met'
        else 'open'
    end as sla_status,
    promised.started_at,
    promised.fulfilled_at,
    promised.breached_at,
    case
        when promised.breached_at is not null then promised.breached_at
        when kept.seconds_left = 0 then promised.fulfilled_at
        when kept.is_in_business_hours then due_in_hours.due_at
        else {{ add_time('second', 'kept.seconds_left', 'promised.fulfilled_at') }}
    end as due_at,
    -- Its hours are known, but the calendar ends before the target is up.
    due_in_hours.due_at is null and fulfilments.schedule_id is not null as is_due_later
from promised
left join kept
    on promised.sla_instance_id = kept.sla_instance_id
left join fulfilments
    on promised.sla_instance_id = fulfilments.sla_instance_id
left join due_in_hours
    on promised.sla_instance_id = due_in_hours.sla_instance_id
