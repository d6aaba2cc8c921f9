-- Grain: one row a support tool and kind of flaw: how many records of how many lack what a number needs, or say what nobody
-- knows. A flaw that no record has has no row.
with zendesk_tickets as (
    select
        ticket_id,
        tags
    from {{ ref('stg_zendesk__tickets') }}
),

zendesk_tags as (
    {{ json_array_rows('zendesk_tickets', ['ticket_id'], 'tags') }}
),

flaws as (
    {% for source, tickets, status, events, event_lacks_something in [
        ('zendesk', 'stg_zendesk__tickets', 'status', 'stg_zendesk__ticket_events', 'ticket_id is null or occurred_at is null'),
        ('intercom', 'stg_intercom__conversations', 'state', 'stg_intercom__conversation_parts', 'occurred_at is null'),
    ] -%}
    {{ coverage_rows(ref(tickets), 'tickets', source=text_literal(source), checks=[
        ('tickets_without_time_of_creation', 'created_at is null', 'true',
         'Tickets that do not say when they were created: in no metric.'),
        ('tickets_with_unknown_status', status ~ ' is null', 'true', 'Tickets whose record has a status that nobody knows.'),
    ]) }}
    union all
    {{ coverage_rows(ref(events), 'ticket_events', source=text_literal(source), checks=[
        ('ticket_events_without_ticket_or_time', event_lacks_something, 'true',
         'Events that name no ticket or no time: left out of the history of tickets.'),
    ]) }}
    union all
    {% endfor -%}
    {{ coverage_rows(ref('stg_zendesk__satisfaction_ratings'), 'ratings', source="'zendesk'", checks=[
        ('ratings_without_time', 'created_at is null', 'true',
         'Ratings that do not say when they were asked for: in no metric.'),
        ('ratings_out_of_scale', zendesk_rating('score') ~ " is null and score not in ('offered', 'unoffered')", 'score is not null',
         'Ratings that are none of the scale: taken as asked for, and not answered.'),
    ]) }}
    union all
    {{ coverage_rows(ref('stg_intercom__conversation_ratings'), 'ratings', source="'intercom'", checks=[
        ('ratings_out_of_scale', 'is_out_of_scale', 'rating is not null or is_out_of_scale',
         'Ratings that are none of the scale: taken as asked for, and not answered.'),
    ]) }}
    union all
    {{ coverage_rows('zendesk_tags', 'ticket_tags', source="'zendesk'", checks=[
        ('ticket_tags_unreadable', ticket_tag('item') ~ ' is null', 'true',
         'Tags of tickets that are no text or have no name: they are left out.'),
    ]) }}
    union all
    {{ coverage_rows(ref('stg_intercom__conversation_tags'), 'ticket_tags', source="'intercom'", checks=[
        ('ticket_tags_unreadable', 'tag is null', 'true',
         'Tags of tickets that are no text or have no name: they are left out.'),
    ]) }}
    union all
    {{ coverage_rows(ref('stg_zendesk__ticket_metric_events'), 'promises', source="'zendesk'", checks=[
        ('promise_events_without_clock_or_time',
         'ticket_id is null or metric is null or instance_number is null or occurred_at is null', 'true',
         'Events of SLA clocks that name no ticket, clock or time: left out.'),
    ]) }}
)

select
    source,
    subject,
    check_name,
    counted,
    total,
    explanation
from flaws
where counted > 0
