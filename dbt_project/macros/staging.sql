{# Staging of a raw stream: each record is parsed once, whatever the number of its fields.
   `fields` is a list of (JSON path with dots or as a list, none for no field, column name, type), type one of
   text, id (of a record of the same vendor: macros/instances.sql), json (kept as text), integer, double, boolean,
   timestamp (UTC), date. A value that does not fit is null. A path of `mapped_field` may be one
   for each instance. #}

{# A select of the latest version of every record: `record_id`, `record_version`, `extracted_at` (UTC), `is_deleted`
   and the fields. `relation` is what `raw` gives. #}
{% macro stage_latest(relation, fields) -%}
    {{ stage_records(
        "(select * from (select *, row_number() over ("
        ~ "partition by record_id order by extracted_at desc, record_version desc nulls last, load_id desc, record_hash desc"
        ~ ") as version_rank from " ~ relation ~ ") as ranked where version_rank = 1)",
        fields
    ) }}
{%- endmacro %}

{# The same of every version that was ever seen. #}
{% macro stage_versions(relation, fields) -%}
    {{ stage_records(relation, fields) }}
{%- endmacro %}

{% macro stage_records(relation, fields, further_columns=[]) -%}
    select
        record_id,
        record_version,
        cast(extracted_at as timestamp) as extracted_at,
        is_deleted
        {%- for column in further_columns %},
        {{ column }}
        {%- endfor %}
        {%- for path, name, type in fields %},
        {{ cast_field(staged_field(path), type) }} as {{ name }}
        {%- endfor %}
    from (
        select
            record_id,
            record_version,
            extracted_at,
            is_deleted
            {%- for column in further_columns %},
            {{ column }}
            {%- endfor %},
            {{ parse_json('record', record_shape(fields)) }} as parsed
        from {{ relation }} as records
    ) as parsed_records
{%- endmacro %}

{# The parsed text at a path; null for none. #}
{% macro staged_field(path) -%}
    {%- if path is none -%} cast(null as {{ dbt.type_string() }})
    {%- elif path is mapping -%}
        {%- set fields = [] -%}
        {%- for each in path.paths -%} {%- do fields.append(staged_field(each)) -%} {%- endfor -%}
        {{ by_instance(path.vendor, fields) }}
    {%- else -%} {{ struct_field('parsed', steps_of(path)) }}
    {%- endif -%}
{%- endmacro %}

{% macro steps_of(path) -%}
    {{ return(path.split('.') if path is string else path) }}
{%- endmacro %}

{# Nested mapping of the fields' paths to the types with which JSON is parsed. #}
{% macro record_shape(fields) -%}
    {%- set shape = {} -%}
    {%- for path, type in paths_of(fields) -%}
        {%- set names = steps_of(path) -%}
        {%- set place = namespace(level=shape) -%}
        {%- for part in names[:-1] -%}
            {%- do place.level.setdefault(part, {}) -%}
            {%- set place.level = place.level[part] -%}
        {%- endfor -%}
        {%- do place.level.update({names[-1]: json_type() if type == 'json' else text_type()}) -%}
    {%- endfor -%}
    {{ return(shape) }}
{%- endmacro %}

{# (path, type) of each field, and of each instance of those that have other paths in others. #}
{% macro paths_of(fields) -%}
    {%- set found = [] -%}
    {%- for path, name, type in fields if path is not none -%}
        {%- for each in (path.paths if path is mapping else [path]) if each is not none -%}
            {%- do found.append((each, type)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro cast_field(field, type) -%}
    {%- if type == 'text' -%} {{ field }}
    {%- elif type == 'id' -%} {{ qualified(field) }}
    {%- elif type == 'json' -%} {{ json_text(field) }}
    {%- elif type == 'timestamp' -%} {{ parse_timestamp(field) }}
    {%- elif type in ('integer', 'double', 'boolean', 'date') -%}
        {{ try_cast(field, {'integer': 'bigint'}.get(type, type)) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error("Field type " ~ type ~ " is unknown: see macros/staging.sql.") }}
    {%- endif -%}
{%- endmacro %}
