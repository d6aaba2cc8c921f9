-- Grain: one row a stretch of a ticket's life with one team, `valid_from` <= moment < `valid_to` (null: still so), without
-- gaps from its creation on, and the schedule of business hours that holds in it: that of the team, else of the brand, else
-- of the feature's product, else the default one; null where the registry declares none.
with tickets as (
    select
        tickets.ticket_id,
        tickets.team_id,
        tickets.brand_id,
        features.product_id,
        tickets.created_at
    from {{ ref('int_support__source_tickets') }} as tickets
    left join {{ ref('int_support__ticket_features') }} as features
        on tickets.ticket_id = features.ticket_id
),

hours as (
    select
        schedule_id,
        teams,
        brands,
        products
    from {{ ref('stg_registry__calendar') }}
    where kind = 'business_hours'
),

rules as (
    {% for kind in ['team', 'brand', 'product'] -%}
    select
        '{{ kind }}' as kind,
        item as id,
        min(schedule_id) as schedule_id
    from ({{ json_array_rows('hours', ['schedule_id'], kind ~ 's') }}) as {{ kind }}_rows
    group by item
    union all
    {% endfor -%}
    select
        'default' as kind,
        'default' as id,
        min(schedule_id) as schedule_id
    from hours
    where schedule_id = 'default'
    having count(*) > 0
),

team_events as (
    {{ numbered_ticket_events(ref('int_support__source_team_events'), ['events.team_id', 'events.previous_team_id']) }}
    where events.occurred_at < {{ as_of_at() }}
),

entries as (
    select
        tickets.ticket_id,
        0 as change_number,
        case when team_events.ticket_id is null then tickets.team_id else team_events.previous_team_id end as team_id,
        tickets.created_at as started_at
    from tickets
    left join team_events
        on
            tickets.ticket_id = team_events.ticket_id
            and team_events.change_number = 1
    union all
    select
        ticket_id,
        change_number,
        team_id,
        started_at
    from team_events
),

stretches as (
    select
        ticket_id,
        change_number,
        team_id,
        started_at,
        lead(started_at) over (partition by ticket_id order by change_number asc) as ended_at
    from entries
)

select
    stretches.ticket_id,
    cast(stretches.change_number as bigint) as stretch_number,
    coalesce(of_team.schedule_id, of_brand.schedule_id, of_product.schedule_id, of_all.schedule_id) as schedule_id,
    stretches.started_at as valid_from,
    stretches.ended_at as valid_to
from stretches
inner join tickets
    on stretches.ticket_id = tickets.ticket_id
left join rules as of_team
    on
        of_team.kind = 'team'
        and stretches.team_id = of_team.id
left join rules as of_brand
    on
        of_brand.kind = 'brand'
        and tickets.brand_id = of_brand.id
left join rules as of_product
    on
        of_product.kind = 'product'
        and tickets.product_id = of_product.id
left join rules as of_all
    on of_all.kind = 'default'
