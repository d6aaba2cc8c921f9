-- Grain: one row a rage click of the 28 days to as_of and the feature on whose page it fell, the page that says most if several do;
-- (unknown) where no feature names the page. Copies, bots' and excluded people's clicks are left out.
{% set places = rage_click_events() %}

with clicks as (
    select
        *,
        case event_type
            {%- for event_type, properties in places.items() %}
            when {{ text_literal(event_type) }} then coalesce(
                {%- for name in properties %}
                nullif({{ json_property('event_properties', text_literal(name)) }}, ''){{ ',' if not loop.last }}
                {%- endfor %}
            )
            {%- endfor %}
        end as address
    from {{ ref('int_usage__events') }}
    where
        event_type in (
            {%- for event_type in places -%}
            {{ text_literal(event_type) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        )
        -- Those before, of which a click may be a copy, too.
        and event_date >= {{ add_days(as_of_date(), -28 - var('copy_days')) }}
        and event_date < {{ as_of_date() }}
),

counted as (
    {{ counted_events('clicks', [
        'event_id', 'device_hash', 'user_hash', 'user_agent', 'address', 'occurred_at', 'event_date'
    ]) }}
),

recent as (
    select
        *,
        {{ page_of('address') }} as page
    from counted
    where event_date >= {{ add_days(as_of_date(), -28) }}
),

by_people as (
    {{ events_of_people('recent', ['event_id', 'page']) }}
),

-- What lies below a page is of it, where no feature names it more exactly.
named as (
    select
        by_people.event_id,
        by_people.person_id,
        pages.feature_id,
        row_number() over (
            partition by by_people.event_id
            order by length(pages.page) desc, pages.page asc
        ) as place
    from by_people
    left join {{ ref('stg_registry__feature_pages') }} as pages
        on
            by_people.page like pages.page_pattern escape '!'
            or by_people.page like pages.page_pattern || '/%' escape '!'
)

select
    event_id,
    person_id,
    coalesce(feature_id, '(unknown)') as feature_id
from named
where place = 1
