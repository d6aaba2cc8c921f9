-- Grain: one row a support tool and kind of flaw: how many records of how many lack what a number needs, or say what nobody
-- knows. A flaw that no record has has no row.
with flaws as (
    select
        'zendesk' as source,
        'tickets' as subject,
        'tickets_without_time_of_creation' as check_name,
        sum(case when created_at is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_zendesk__tickets') }}
    union all
    select
        'intercom' as source,
        'tickets' as subject,
        'tickets_without_time_of_creation' as check_name,
        sum(case when created_at is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_intercom__conversations') }}
    union all
    select
        'zendesk' as source,
        'tickets' as subject,
        'tickets_with_unknown_status' as check_name,
        sum(case when status is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_zendesk__tickets') }}
    union all
    select
        'intercom' as source,
        'tickets' as subject,
        'tickets_with_unknown_status' as check_name,
        sum(case when state is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_intercom__conversations') }}
    union all
    select
        'zendesk' as source,
        'ticket_events' as subject,
        'ticket_events_without_ticket_or_time' as check_name,
        sum(case when ticket_id is null or occurred_at is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_zendesk__ticket_events') }}
    union all
    select
        'intercom' as source,
        'ticket_events' as subject,
        'ticket_events_without_ticket_or_time' as check_name,
        sum(case when occurred_at is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_intercom__conversation_parts') }}
    union all
    select
        'zendesk' as source,
        'ratings' as subject,
        'ratings_without_time' as check_name,
        sum(case when created_at is null then 1 else 0 end) as counted,
        count(*) as total
    from {{ ref('stg_zendesk__satisfaction_ratings') }}
)

select
    source,
    subject,
    check_name,
    cast(counted as bigint) as counted,
    cast(total as bigint) as total,
    case check_name
        when 'tickets_without_time_of_creation' then 'Tickets that do not say when they were created: in no metric.'
        when 'tickets_with_unknown_status' then 'Tickets whose record has a status that nobody knows.'
        when 'ticket_events_without_ticket_or_time'
            then 'Events that name no ticket or no time: left out of the history of tickets.'
        when 'ratings_without_time' then 'Ratings that do not say when they were asked for: in no metric.'
    end as explanation
from flaws
where counted > 0
