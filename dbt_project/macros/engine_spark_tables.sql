{# How tables lie on Apache Spark: Parquet below the lake, where what a night needs of them is fetched without the engine. #}

{% macro spark__file_format_clause() -%}
    using parquet
{%- endmacro %}

{% macro spark__location_clause() -%}
    location '{{ lake_url() }}/tables/{{ model.schema }}/{{ model.alias }}'
{%- endmacro %}

{# The lake as Spark calls it; `warehouse/targets.py` has the same words. #}
{% macro lake_url() -%}
    {%- set url = env_var('POPS_LAKE_URL', '') -%}
    {%- set scheme = url.split('://')[0] -%}
    {{ {'s3': 's3a', 'abfs': 'abfss', 'az': 'abfss'}.get(scheme, scheme) ~ url[scheme | length:].rstrip('/') }}
{%- endmacro %}

{# Spark has no catalog that SQL can ask, but tells the type of a row; of our columns no type has names in it. #}
{% macro spark__columns_of_schemas(schemas) -%}
    select relation_name, split_part(described, ':', 1) as column_name
    from (
        {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.schema in schemas %}
        select '{{ node.alias }}' as relation_name, typeof(struct(held.*)) as row_type
        from (select 1 as one) as always left join {{ node.relation_name }} as held on false
        union all
        {%- endfor %}
        select '' as relation_name, 'struct<>' as row_type
    ) as relations
    lateral view explode(split(substring(row_type, 8, length(row_type) - 8), ',')) exploded as described
{%- endmacro %}
