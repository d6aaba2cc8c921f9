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

bot_patterns as (
    select lower(value) as pattern
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'bot_user_agents'
),

bot_agents as (
    select agents.user_agent
    from (select distinct user_agent from counted where user_agent is not null) as agents
    inner join bot_patterns on {{ contains_text('agents.user_agent', 'bot_patterns.pattern') }}
    group by agents.user_agent
),

by_people as (
    select
        counted.event_id,
        {{ page_of('counted.address') }} as page,
        counted.user_hash,
        case when counted.user_hash is null then counted.device_hash end as anonymous_device_hash,
        counted.occurred_at
    from counted
    left join bot_agents on counted.user_agent = bot_agents.user_agent
    where
        bot_agents.user_agent is null
        and counted.event_date >= {{ add_days(as_of_date(), -28) }}
),

owners as (
    select
        by_people.event_id,
        by_people.page,
        case when coalesce(by_people.user_hash, logins.user_hash) is null then 'device' else 'user' end as owner_type,
        coalesce(by_people.user_hash, logins.user_hash, by_people.anonymous_device_hash) as owner_key
    from by_people
    left join {{ ref('int_identity__device_logins') }} as logins
        on
            by_people.anonymous_device_hash = logins.device_hash
            and by_people.occurred_at >= logins.valid_from
            and by_people.occurred_at < logins.valid_to
),

of_persons as (
    select
        owners.event_id,
        owners.page,
        persons.person_id
    from owners
    inner join {{ ref('int_identity__person_keys') }} as keys
        on
            keys.source = 'app'
            and owners.owner_type = keys.identity_type
            and owners.owner_key = keys.identity_key
    inner join {{ ref('int_identity__persons') }} as persons
        on keys.person_id = persons.person_id and not persons.is_excluded
),

-- What lies below a page is of it, where no feature names it more exactly.
named as (
    select
        of_persons.event_id,
        of_persons.person_id,
        pages.feature_id,
        row_number() over (
            partition by of_persons.event_id
            order by length(pages.page) desc, pages.page asc
        ) as place
    from of_persons
    left join {{ ref('stg_registry__feature_pages') }} as pages
        on
            of_persons.page like pages.page_pattern escape '!'
            or of_persons.page like pages.page_pattern || '/%' escape '!'
)

select
    event_id,
    person_id,
    coalesce(feature_id, '(unknown)') as feature_id
from named
where place = 1
