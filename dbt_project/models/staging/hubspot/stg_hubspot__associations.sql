-- Grain: one row a link between two records, in its latest state. A link that was taken away stays, as deleted. It is
-- primary by the id of its type: labels are in the language of the account, and people make up their own. Where HubSpot
-- gives a type of its own without an id, its label tells.
with associations as (
    {{ stage_as_of(raw('hubspot', 'associations'), [
        ('from_type', 'from_type', 'text'),
        ('from_id', 'from_id', 'id'),
        ('to_type', 'to_type', 'text'),
        ('to_id', 'to_id', 'id'),
        ('types', 'association_types', 'json'),
    ]) }}
),

type_rows as (
    {{ json_object_rows('associations', ['record_id', 'from_type'], 'association_types') }}
),

types as (
    select
        record_id,
        from_type,
        {{ json_property('item', "'typeId'") }} as type_id,
        lower(trim({{ json_property('item', "'label'") }})) as label
    from type_rows
    where {{ json_property('item', "'category'") }} = 'HUBSPOT_DEFINED'
),

primary_links as (
    select distinct record_id
    from types
    where
        (from_type = 'contacts' and type_id = '1')
        or (from_type = 'deals' and type_id = '5')
        or (type_id is null and label = 'primary')
)

select
    associations.record_id as association_id,
    associations.from_type,
    associations.from_id,
    associations.to_type,
    associations.to_id,
    primary_links.record_id is not null as is_primary,
    associations.is_deleted
from associations
left join primary_links
    on associations.record_id = primary_links.record_id
