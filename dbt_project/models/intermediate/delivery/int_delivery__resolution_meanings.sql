-- Grain: one row a resolution whose meaning is known, by its letters and digits in lower case: was the work delivered? The
-- registry's `issue_resolutions` come before what the usual names mean.
with meanings as (
    select
        {{ text_key('value') }} as resolution_key,
        false as is_delivery,
        1 as preference
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'issue_resolutions'
    {% for key in undelivered_resolutions() -%}
    union all
    select '{{ key }}' as resolution_key, false as is_delivery, 2 as preference
    {% endfor -%}
    {% for key in delivered_resolutions() -%}
    union all
    select '{{ key }}' as resolution_key, true as is_delivery, 2 as preference
    {% endfor %}
),

ranked as (
    select
        resolution_key,
        is_delivery,
        row_number() over (
            partition by resolution_key
            order by preference asc, case when is_delivery then 1 else 0 end asc
        ) as place
    from meanings
    where resolution_key is not null
)

select
    resolution_key,
    is_delivery
from ranked
where place = 1
