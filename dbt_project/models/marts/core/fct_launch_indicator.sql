-- Grain: one row a declared launch and an indicator of it; of tickets also one a theme that they are of.
{% set indicators = [
    ('open_bugs_at_go', 'technical', 'open_bugs_at_go', 'go_on', 'null'),
    ('open_bugs_now', 'technical', 'open_bugs_now', add_days(as_of_date(), -1), 'null'),
    ('escaped_defects', 'technical', 'escaped_defects', 'last_day', 'null'),
    ('incidents', 'technical', 'incidents', 'last_day', 'null'),
    ('acknowledge_seconds', 'technical', 'acknowledge_seconds', 'launched_on', 'null'),
    ('resolve_seconds', 'technical', 'resolve_seconds', 'launched_on', 'null'),
    ('tickets', 'organisation', 'tickets', 'last_day', 'expected_tickets'),
] %}
with facts as (
    select * from {{ ref('int_launches__indicator_facts') }}
),

of_themes as (
    select
        features.launch_id,
        tickets.theme_id,
        count(*) as seen_count
    from {{ ref('int_launches__features') }} as features
    inner join facts
        on features.launch_id = facts.launch_id
    inner join {{ ref('int_support__tickets') }} as tickets
        on
            features.feature_id = tickets.feature_id
            and facts.launched_on <= tickets.created_date
            and facts.last_day >= tickets.created_date
    where tickets.is_counted
    group by features.launch_id, tickets.theme_id
),

told as (
    {%- for id, axis, value, last_day, target in indicators %}
    select
        launch_id,
        '{{ id }}' as indicator_id,
        '{{ axis }}' as axis,
        cast(null as {{ dbt.type_string() }}) as theme_id,
        cast({{ value }} as double) as value,
        cast({{ target }} as double) as expected_value,
        launched_on as first_day,
        {{ last_day }} as last_day
    from facts
    union all
    {%- endfor %}
    select
        of_themes.launch_id,
        'tickets:' || of_themes.theme_id as indicator_id,
        'organisation' as axis,
        of_themes.theme_id,
        cast(of_themes.seen_count as double) as value,
        cast(null as double) as expected_value,
        facts.launched_on as first_day,
        facts.last_day
    from of_themes
    inner join facts
        on of_themes.launch_id = facts.launch_id
)

select
    launch_id,
    indicator_id,
    axis,
    theme_id,
    value,
    expected_value,
    case
        when first_day >= {{ as_of_date() }} and indicator_id not in ('open_bugs_at_go', 'open_bugs_now') then 'not_yet'
        when value is null then 'unknown'
        when last_day >= {{ as_of_date() }} then 'so_far'
        else 'whole'
    end as data_status,
    first_day,
    last_day
from told
