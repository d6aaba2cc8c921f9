-- Grain: one row a note of the roadmap tool that was not deleted by as_of: who said it, and about which feature. Of
-- several features the first one of the registry counts; the theme is the note's first tag.
with notes as (
    select *
    from {{ ref('stg_productboard__notes') }}
    where not is_deleted
),

relationship_rows as (
    {{ productboard_relationships('notes', ['note_id']) }}
),

customers as (
    select
        relationship_rows.note_id,
        min(customers.customer_id) as customer_id,
        min(customers.account_id) as account_id,
        min(customers.person_id) as person_id,
        min(customers.rule) as rule
    from relationship_rows
    inner join {{ ref('int_feedback__customers') }} as customers
        on relationship_rows.target_id = customers.customer_id
    where relationship_rows.relationship_type = 'customer'
    group by relationship_rows.note_id
),

note_features as (
    select
        relationship_rows.note_id,
        min(features.ordinal) as ordinal
    from relationship_rows
    inner join {{ ref('int_roadmap__hierarchy') }} as hierarchy
        on relationship_rows.target_id = hierarchy.node_id
    inner join {{ ref('stg_registry__features') }} as features
        on hierarchy.feature_id = features.feature_id
    where relationship_rows.relationship_type = 'link'
    group by relationship_rows.note_id
),

tag_rows as (
    {{ json_object_rows('notes', ['note_id'], 'tags') }}
),

themes as (
    select
        note_id,
        {{ json_property('item', "'name'") }} as theme
    from tag_rows
    where item_number = 1
)

select
    'productboard:note:' || notes.note_id as feedback_id,
    'productboard' as source,
    notes.source_original as channel,
    cast(null as {{ dbt.type_string() }}) as kind,
    customers.account_id,
    case
        when customers.note_id is null then 'no_customer'
        else coalesce(customers.rule, 'customer_of_no_account')
    end as account_rule,
    customers.person_id,
    features.feature_id,
    features.product_id,
    lower(trim(themes.theme)) as theme,
    cast(null as {{ dbt.type_string() }}) as survey_id,
    cast(null as {{ dbt.type_string() }}) as sentiment,
    cast(null as double) as score,
    notes.created_at
from notes
left join customers
    on notes.note_id = customers.note_id
left join note_features
    on notes.note_id = note_features.note_id
left join {{ ref('stg_registry__features') }} as features
    on note_features.ordinal = features.ordinal
left join themes
    on notes.note_id = themes.note_id
