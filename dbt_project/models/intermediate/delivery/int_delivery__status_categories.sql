-- Grain: one row a key of a status, `id:<status id>` or `name:<lower-case name>`, with the category (new,
-- indeterminate, done) the tracker puts it in. The tracker's list of statuses comes first; statuses that it no
-- longer lists are taken from the issues that hold them. A name with several categories takes the one of its
-- smallest id.
with known as (
    select
        status_id,
        status_name,
        status_category,
        1 as preference
    from {{ ref('stg_jira__statuses') }}
    union all
    select
        status_id,
        lower(trim(status_original)) as status_name,
        status_category,
        2 as preference
    from {{ ref('stg_jira__issues') }}
    union all
    -- The code host's two.
    select cast(null as {{ dbt.type_string() }}) as status_id, 'open' as status_name, 'new' as status_category, 3 as preference
    union all
    select cast(null as {{ dbt.type_string() }}) as status_id, 'closed' as status_name, 'done' as status_category, 3 as preference
),

keys as (
    select
        'id:' || status_id as status_key,
        status_category,
        preference,
        status_id
    from known
    where
        status_id is not null
        and status_category is not null
    union all
    select
        'name:' || status_name as status_key,
        status_category,
        preference,
        status_id
    from known
    where
        status_name is not null
        and status_category is not null
),

ranked as (
    select
        status_key,
        status_category,
        row_number() over (
            partition by status_key
            order by preference asc, length(status_id) asc nulls last, status_id asc nulls last, status_category asc
        ) as key_rank
    from keys
)

select
    status_key,
    status_category
from ranked
where key_rank = 1
