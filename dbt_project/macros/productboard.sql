{# The fields that all types of Productboard's entities share. #}
{% macro productboard_entity_fields() -%}
    {{ return([
        ('type', 'entity_type', 'text'),
        ('fields.name', 'entity_name', 'text'),
        ('fields.status.name', 'status_original', 'text'),
        ('fields.owner.id', 'owner_id', 'text'),
        ('fields.timeframe.startDate', 'starts_on', 'date'),
        ('fields.timeframe.endDate', 'ends_on', 'date'),
        ('fields.timeframe.granularity', 'timeframe_granularity', 'text'),
        ('fields.archived', 'is_archived', 'boolean'),
        ('relationships.data', 'relationships', 'json'),
        ('metadata.source.system', 'source_system', 'text'),
        ('metadata.source.recordId', 'source_record_id', 'text'),
        ('createdAt', 'created_at', 'timestamp'),
        ('updatedAt', 'updated_at', 'timestamp'),
    ]) }}
{%- endmacro %}

{# Every version of a stream of Productboard's entities, with the fields that all types share. Names of items stay; texts
   and addresses do not. #}
{% macro productboard_entity_versions(stream) -%}
    {%- set types = {'features': ['feature', 'subfeature'], 'initiatives': ['initiative']} -%}
    select
        record_id as entity_id,
        record_id || ':' || record_hash || ':' || load_id as version_id,
        {% if stream in types -%}
        -- What the list holds, where the record itself says something else.
        case when entity_type in ('{{ types[stream] | join("', '") }}') then entity_type else '{{ types[stream][0] }}' end
            as entity_type,
        {%- else -%}
        entity_type,
        {%- endif %}
        nullif(trim(entity_name), '') as entity_name,
        nullif(trim(status_original), '') as status_original,
        timeframe_granularity,
        source_system,
        source_record_id,
        {{ pseudonym("nullif(owner_id, '')") }} as owner_hash,
        coalesce(relationships, '[]') as relationships,
        starts_on,
        ends_on,
        coalesce(is_archived, false) as is_archived,
        is_deleted,
        created_at,
        updated_at,
        extracted_at,
        load_id,
        record_hash
    from (
        {{ stage_records(
            raw('productboard', stream), productboard_entity_fields(), ['load_id', 'record_hash']
        ) }}
    ) as versions
{%- endmacro %}

{# The relationships in a column `relationships` of a relation: one row each, with `relationship_type`, `target_type`
   and `target_id` beside the relation's `columns`. `own_id`: the record's own id as staging has it. #}
{% macro productboard_relationships(relation, columns, own_id=none) -%}
    {%- set shape = {'type': text_type(), 'target': {'id': text_type(), 'type': text_type()}} -%}
    select
        {{ columns | join(', ') }},
        item_number,
        {{ struct_field('parsed', ['type']) }} as relationship_type,
        {{ struct_field('parsed', ['target', 'type']) }} as target_type,
        {{ qualified(struct_field('parsed', ['target', 'id']), own_id or columns[0]) }} as target_id
    from (
        select
            {{ columns | join(', ') }},
            item_number,
            {{ parse_json('item', shape) }} as parsed
        from ({{ json_object_rows(relation, columns, 'relationships') }}) as relationship_rows
    ) as parsed_relationships
{%- endmacro %}
