-- Grain: one row a declared launch and an event that is to be seen before it, and one each property that the event is to have. Of a
-- launch that names no events those of its features, with the property that tells them.
with declared as (
    select
        launch_id,
        planned_events,
        launched_on
    from {{ ref('int_launches__declared') }}
),

event_rows as (
    {{ json_object_rows('declared', ['launch_id', 'launched_on'], 'planned_events') }}
),

named_events as (
    select
        launch_id,
        launched_on,
        {{ json_property('item', "'event'") }} as event_type,
        coalesce({{ json_member('item', "'properties'") }}, '[]') as properties
    from event_rows
),

property_rows as (
    {{ json_array_rows('named_events', ['launch_id', 'launched_on', 'event_type'], 'properties') }}
),

planned as (
    select launch_id, launched_on, event_type, cast(null as {{ dbt.type_string() }}) as property_name from named_events
    union distinct
    select launch_id, launched_on, event_type, item as property_name from property_rows
    union distinct
    select
        declared.launch_id,
        declared.launched_on,
        rules.event_type,
        rules.property_name
    from declared
    inner join {{ ref('int_launches__features') }} as features
        on declared.launch_id = features.launch_id
    inner join {{ ref('stg_registry__feature_events') }} as rules
        on features.feature_id = rules.feature_id
    where declared.planned_events = '[]'
),

-- Events of the two weeks before a launch, and of the last two weeks.
seen as (
    select
        planned.launch_id,
        planned.event_type,
        planned.property_name,
        events.event_date,
        events.event_date < planned.launched_on as is_before_launch
    from {{ ref('int_usage__events') }} as events
    inner join planned
        on
            events.event_type = planned.event_type
            and (
                (
                    events.event_date >= {{ add_days('planned.launched_on', -14) }}
                    and events.event_date < planned.launched_on
                )
                or events.event_date >= {{ add_days(as_of_date(), -14) }}
            )
    where
        events.quarantine_reason is null
        and events.event_date < {{ as_of_date() }}
        and (
            planned.property_name is null
            or {{ json_property('events.event_properties', 'planned.property_name') }} is not null
        )
),

counted as (
    select
        launch_id,
        event_type,
        coalesce(property_name, '') as property_key,
        sum(case when is_before_launch then 1 else 0 end) as seen_before,
        sum(case when event_date >= {{ add_days(as_of_date(), -14) }} then 1 else 0 end) as seen_lately
    from seen
    group by launch_id, event_type, coalesce(property_name, '')
)

select
    planned.launch_id,
    planned.event_type,
    planned.property_name,
    cast(coalesce(counted.seen_before, 0) as bigint) as seen_before,
    cast(coalesce(counted.seen_lately, 0) as bigint) as seen_lately
from planned
left join counted
    on
        planned.launch_id = counted.launch_id
        and planned.event_type = counted.event_type
        and coalesce(planned.property_name, '') = counted.property_key
