-- A page is compared without case and without the stroke at its end; * is any text of it.
with features as (
    select
        feature_id,
        pages
    from {{ ref('stg_registry__features') }}
),

item_rows as (
    {{ json_array_rows('features', ['feature_id'], 'pages') }}
),

named as (
    select
        feature_id,
        lower(case when item like '_%/' then substr(item, 1, length(item) - 1) else item end) as page
    from item_rows
)

select
    feature_id,
    page,
    replace(replace(replace(replace(page, '!', '!!'), '%', '!%'), '_', '!_'), '*', '%') as page_pattern
from named
