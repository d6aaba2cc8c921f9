{# Several instances of one vendor: two Jira sites, two Zendesks. The variable `instances` has, by vendor, those that the
   registry's sources.yml declares beside the one named like the vendor, whose ids stay as they are. An id of another one
   becomes `<instance>:<id>` wherever it is staged, as a key and as a reference, so that nothing above staging knows of
   instances. Without declared ones all of these macros leave the SQL as it is. #}

{# The sources that are staged together as those of a vendor, the one named like it first. Unit tests hand their own rows to
   the models. #}
{% macro instances_of(vendor) -%}
    {{ return([vendor] + (var('instances').get(vendor, []) if model.resource_type != 'unit_test' else [])) }}
{%- endmacro %}

{# What stands before the ids of each instance: nothing, or its name and a colon. #}
{% macro instance_prefixes(vendor) -%}
    {%- set found = [''] -%}
    {%- for name in instances_of(vendor)[1:] -%} {%- do found.append(name ~ ':') -%} {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The vendor of a source. #}
{% macro vendor_of(source_name) -%}
    {%- for vendor, names in var('instances').items() if source_name in names -%} {{ return(vendor) }} {%- endfor -%}
    {{ return(source_name) }}
{%- endmacro %}

{# The names of all declared instances, of whatever vendor, as a list of SQL texts. #}
{% macro instance_names() -%}
    {%- set found = [] -%}
    {%- for vendor in var('instances') -%}
        {%- for name in instances_of(vendor)[1:] -%} {%- do found.append(text_literal(name)) -%} {%- endfor -%}
    {%- endfor -%}
    {{ return(found | join(', ')) }}
{%- endmacro %}

{# The raw table of a stream, to be read with an alias or without: the source's, or those of all instances together with
   qualified record ids. #}
{% macro raw(vendor, stream) -%}
    {%- set table = source(vendor, stream) -%}
    {%- set names = instances_of(vendor)[1:] -%}
    {%- if not names -%} {{ return(table) }} {%- endif -%}
    (
        {%- for name in [''] + names %}
        select
            {{ text_literal(name ~ ':') ~ ' || ' if name }}record_id as record_id,
            record_version,
            record_hash,
            extracted_at,
            load_id,
            is_deleted,
            record
        from {{ table_of_instance(table, name) if name else table }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# The table of an instance that answers to one of its vendor. #}
{% macro table_of_instance(table, name) -%}
    {{ return(api.Relation.create(
        database=name if table.database else none, schema='raw_' ~ name, identifier=table.identifier
    )) }}
{%- endmacro %}

{# The table of a stream of a source or an instance, by what dbt knows once it has parsed. #}
{% macro raw_table(source_name, stream) -%}
    {%- set table = graph.sources['source.product_ops.' ~ vendor_of(source_name) ~ '.' ~ stream] -%}
    {{ return(table.relation_name if vendor_of(source_name) == source_name else table_of_instance(table, source_name)) }}
{%- endmacro %}

{# The instance that an id is of; an empty text for one that stays as it is. #}
{% macro instance_of(id) -%}
    case when {{ text_part(id, "':'", 1) }} in ({{ instance_names() }}) then {{ text_part(id, "':'", 1) }} else '' end
{%- endmacro %}

{# An id (SQL) that stands in a record whose own id `like` is qualified. #}
{% macro qualified(id, like='record_id') -%}
    {%- if not instance_names() -%} {{ id }}
    {%- else -%}
        case
            when {{ text_part(like, "':'", 1) }} in ({{ instance_names() }}) and {{ id }} <> ''
                then {{ text_part(like, "':'", 1) }} || ':' || {{ id }}
            else {{ id }}
        end
    {%- endif -%}
{%- endmacro %}

{# The same for a text of several ids with a separator between them. #}
{% macro qualified_each(ids, separator, like='record_id') -%}
    {%- if not instance_names() -%} {{ ids }}
    {%- else -%}
        {{ qualified(
            "replace(replace(" ~ ids ~ ", ' ', ''), '" ~ separator ~ "', '" ~ separator ~ "' || case when "
            ~ instance_of(like) ~ " = '' then '' else " ~ instance_of(like) ~ " || ':' end)", like
        ) }}
    {%- endif -%}
{%- endmacro %}

{# The vendor's own id. #}
{% macro unqualified(id) -%}
    {%- if not instance_names() -%} {{ id }}
    {%- else -%}
        case
            when {{ text_part(id, "':'", 1) }} in ({{ instance_names() }})
                then substring({{ id }}, length({{ text_part(id, "':'", 1) }}) + 2)
            else {{ id }}
        end
    {%- endif -%}
{%- endmacro %}

{# Are two ids of one instance? #}
{% macro is_same_instance(one, other) -%}
    {%- if not instance_names() -%} true
    {%- else -%} {{ instance_of(one) }} = {{ instance_of(other) }}
    {%- endif -%}
{%- endmacro %}

{# Is an id of this source? #}
{% macro is_id_of(id, source_name) -%}
    {%- if not instance_names() -%} true
    {%- elif vendor_of(source_name) == source_name -%} {{ instance_of(id) }} = ''
    {%- else -%} {{ text_part(id, "':'", 1) }} = {{ text_literal(source_name) }}
    {%- endif -%}
{%- endmacro %}

{# SQL that is another one for each instance: `expressions` in the order of `instances_of`. #}
{% macro by_instance(vendor, expressions, id='record_id') -%}
    {%- if expressions | unique | list | length == 1 -%} {{ expressions[0] }}
    {%- else -%}
        case {{ text_part(id, "':'", 1) }}
        {%- for name in instances_of(vendor)[1:] %}
            when {{ text_literal(name) }} then {{ expressions[loop.index] }}
        {%- endfor %}
            else {{ expressions[0] }}
        end
    {%- endif -%}
{%- endmacro %}
