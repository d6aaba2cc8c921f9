-- Grain: one row a promise of a time for a ticket: in Zendesk one a metric and instance, in Intercom one a conversation,
-- which says whether all of its targets together were hit and has no times. `not_counted_reason` says why one is in no
-- metric; it has a due time unless nobody knows it.
with promises as (
    select
        'zendesk' as source,
        sla_instance_id,
        ticket_id,
        metric as sla_metric,
        instance_number,
        policy_id,
        policy_name,
        target_seconds,
        is_in_business_hours,
        sla_status,
        is_history_whole,
        is_due_later,
        started_at,
        fulfilled_at,
        breached_at,
        due_at
    from {{ ref('int_support__sla_clocks') }}
    union all
    select
        'intercom' as source,
        'intercom:conversation:' || conversation_id || ':sla' as sla_instance_id,
        'intercom:conversation:' || conversation_id as ticket_id,
        '(unknown)' as sla_metric,
        1 as instance_number,
        cast(null as {{ dbt.type_string() }}) as policy_id,
        sla_name as policy_name,
        cast(null as bigint) as target_seconds,
        cast(null as boolean) as is_in_business_hours,
        sla_status,
        true as is_history_whole,
        false as is_due_later,
        cast(null as timestamp) as started_at,
        cast(null as timestamp) as fulfilled_at,
        cast(null as timestamp) as breached_at,
        cast(null as timestamp) as due_at
    from {{ ref('stg_intercom__conversations') }}
    where sla_status is not null
),

-- The last priority that the ticket was given before the promise was decided, and the first one after.
priority_changes as (
    select
        promises.sla_instance_id,
        events.priority,
        events.previous_priority,
        events.occurred_at <= coalesce(promises.breached_at, promises.fulfilled_at, {{ as_of_at() }}) as is_before,
        row_number() over (
            partition by
                promises.sla_instance_id,
                events.occurred_at <= coalesce(promises.breached_at, promises.fulfilled_at, {{ as_of_at() }})
            order by events.occurred_at asc, length(events.event_id) asc, events.event_id asc, events.child_number asc
        ) as number_from_first,
        row_number() over (
            partition by
                promises.sla_instance_id,
                events.occurred_at <= coalesce(promises.breached_at, promises.fulfilled_at, {{ as_of_at() }})
            order by events.occurred_at desc, length(events.event_id) desc, events.event_id desc, events.child_number desc
        ) as number_from_last
    from promises
    inner join {{ ref('stg_zendesk__ticket_events') }} as events
        on
            promises.ticket_id = 'zendesk:ticket:' || events.ticket_id
            and events.priority is not null
            and events.occurred_at < {{ as_of_at() }}
),

joined as (
    select
        promises.*,
        lower(trim(coalesce(before_it.priority, after_it.previous_priority, tickets.priority))) as priority_original,
        tickets.account_id,
        tickets.feature_id,
        tickets.product_id,
        tickets.segment,
        tickets.priority as ticket_priority,
        case
            when not tickets.is_counted then 'ticket_not_counted'
            when promises.sla_status = 'open' then 'open'
            when promises.sla_status = 'cancelled' then 'cancelled'
            when promises.sla_status = '(unknown)' then 'unknown_status'
            when not promises.is_history_whole then 'beginning_not_read'
            when promises.is_due_later or promises.due_at >= {{ as_of_at() }} then 'due_later'
            when promises.due_at is null then 'without_due_time'
        end as not_counted_reason
    from promises
    inner join {{ ref('int_support__tickets') }} as tickets
        on promises.ticket_id = tickets.ticket_id
    left join priority_changes as before_it
        on
            promises.sla_instance_id = before_it.sla_instance_id
            and before_it.is_before
            and before_it.number_from_last = 1
    left join priority_changes as after_it
        on
            promises.sla_instance_id = after_it.sla_instance_id
            and not after_it.is_before
            and after_it.number_from_first = 1
)

select
    sla_instance_id,
    ticket_id,
    source,
    account_id,
    feature_id,
    product_id,
    segment,
    ticket_priority,
    case
        when priority_original in ('low', 'normal', 'high', 'urgent') then priority_original
        else '(unknown)'
    end as priority,
    sla_metric,
    instance_number,
    coalesce(policy_id, '(unknown)') as policy_id,
    policy_name,
    target_seconds,
    is_in_business_hours,
    sla_status,
    case sla_status when 'met' then true when 'breached' then false end as is_met,
    is_history_whole,
    not_counted_reason is null as is_counted,
    not_counted_reason,
    {{ reporting_date('due_at') }} as due_date,
    started_at,
    fulfilled_at,
    breached_at,
    due_at
from joined
