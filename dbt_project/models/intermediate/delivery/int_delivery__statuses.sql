-- Grain: one row a key of a status, `id:<status id>` or `name:<lower-case name>`: what it is called now, and the category
-- (new, indeterminate, done) that the tracker puts it in. The tracker's list of statuses comes first; of a status that it
-- no longer lists, the last that issues said of it, and then the last name in their histories. A name with several
-- categories takes the one of its smallest id.
with changes as (
    select from_value as status_id, from_text as status_name, changed_at
    from {{ ref('int_delivery__changes') }}
    where field = 'status'
    union all
    select to_value as status_id, to_text as status_name, changed_at
    from {{ ref('int_delivery__changes') }}
    where field = 'status'
),

known as (
    select
        status_id,
        status_name_original as status_name,
        status_category,
        1 as preference,
        cast(null as timestamp) as last_seen_at
    from {{ ref('stg_jira__statuses') }}
    union all
    select
        status_id,
        status_name,
        status_category,
        2 as preference,
        max(last_seen_at) as last_seen_at
    from {{ ref('stg_jira__issue_versions') }}
    group by status_id, status_name, status_category
    union all
    select
        status_id,
        status_name,
        cast(null as {{ dbt.type_string() }}) as status_category,
        3 as preference,
        max(changed_at) as last_seen_at
    from changes
    group by status_id, status_name
    {% for name, category in [('Open', 'new'), ('Closed', 'done')] -%}
    union all
    -- The code host's two.
    select
        cast(null as {{ dbt.type_string() }}) as status_id,
        '{{ name }}' as status_name,
        '{{ category }}' as status_category,
        4 as preference,
        cast(null as timestamp) as last_seen_at
    {% endfor %}
),

keys as (
    select
        'id:' || status_id as status_key,
        status_id,
        status_name,
        status_category,
        preference,
        last_seen_at
    from known
    where status_id is not null
    union all
    select
        'name:' || lower(trim(status_name)) as status_key,
        status_id,
        status_name,
        status_category,
        preference,
        last_seen_at
    from known
    where status_name is not null
),

ranked as (
    select
        status_key,
        status_name,
        status_category,
        row_number() over (
            partition by status_key
            order by
                case when status_name is null then 1 else 0 end asc,
                preference asc,
                last_seen_at desc nulls last,
                status_name asc nulls last
        ) as name_rank,
        row_number() over (
            partition by status_key
            order by
                case when status_category is null then 1 else 0 end asc,
                preference asc,
                length(status_id) asc nulls last,
                status_id asc nulls last,
                last_seen_at desc nulls last,
                status_category asc nulls last
        ) as category_rank
    from keys
)

select
    status_key,
    max(case when name_rank = 1 then trim(status_name) end) as status_name,
    max(case when category_rank = 1 then status_category end) as status_category
from ranked
group by status_key
