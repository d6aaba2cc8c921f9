with features as (
    select
        feature_id,
        teams
    from {{ ref('stg_registry__features') }}
),

team_rows as (
    {{ json_array_rows('features', ['feature_id'], 'teams') }}
)

select
    feature_id,
    coalesce({{ json_property('item', "'name'") }}, item) as team_id,
    coalesce({{ try_cast(json_property('item', "'from'"), 'date') }}, cast('0001-01-01' as date)) as owned_from,
    coalesce({{ try_cast(json_property('item', "'to'"), 'date') }}, cast('9999-12-31' as date)) as owned_to
from team_rows
