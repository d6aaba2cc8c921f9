{# What of the vendors' records could not be read, and what was set aside before it came to a model. The streams and the types
   of their fields are those of the lists in the staging models, as they stand there: a field that is staged is counted. #}

{# The fields with a type that a value may not fit, of the staging models that are named: (source, stream, path, type), each
   instance a source of its own. Empty while dbt parses. #}
{% macro typed_fields(models) -%}
    {%- set found = [] -%}
    {%- for name in models if execute -%}
        {%- set node = graph.nodes['model.product_ops.' ~ name] -%}
        {%- set of_instances = [] -%}
        {%- set fields = modules.re.findall(
            "\\(\\s*'([^']+)',\\s*'\\w+',\\s*'(integer|double|boolean|timestamp|date)'\\s*\\)", node.raw_code
        ) -%}
        {%- for source, setting, within, type in modules.re.findall(
            "mapped_field\\('(\\w+)', '(\\w+)'(?:, '(\\w*)')?\\), '\\w+', '(integer|double|boolean|timestamp|date)'", node.raw_code
        ) -%}
            {%- do of_instances.append((setting, within, type)) -%}
        {%- endfor -%}
        {%- if 'productboard_entity_versions(' in node.raw_code -%}
            {%- for path, column, type in productboard_entity_fields() if type in ['integer', 'double', 'boolean', 'timestamp', 'date'] -%}
                {%- do fields.append((path, type)) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- for source_name in instances_of(node.sources[0][0]) -%}
            {%- set own = [] -%}
            {%- for setting, within, type in of_instances if mapped(source_name, setting) -%}
                {%- do own.append((mapped_path(source_name, setting, within), type)) -%}
            {%- endfor -%}
            {%- for path, type in fields + own if (source_name, node.sources[0][1], path, type) not in found -%}
                {%- do found.append((source_name, node.sources[0][1], path, type)) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The moment at which a record of each stream begins, by the name that the staging models that are named give it:
   (source, stream, path, type, name). What begins at or after as_of is left out by them. Empty while dbt parses. #}
{% macro beginning_fields(models) -%}
    {%- set found = [] -%}
    {%- for name in models if execute -%}
        {%- set node = graph.nodes['model.product_ops.' ~ name] -%}
        {%- set fields = modules.re.findall(
            "\\(\\s*'([^']+)',\\s*'(created_at|created_seconds|created_original|opened_at|submitted_at|answered_at"
            ~ "|requested_seconds|changed_at|occurred_at|starts_at|active_on)',\\s*'(\\w+)'\\s*\\)", node.raw_code
        ) -%}
        {%- if 'productboard_entity_versions(' in node.raw_code -%}
            {%- for path, column, type in productboard_entity_fields() if column == 'created_at' -%}
                {%- do fields.append((path, column, type)) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- for source_name in instances_of(node.sources[0][0]) -%}
            {%- for path, column, type in fields -%}
                {%- set field = (source_name, node.sources[0][1], path, type, column) -%}
                {%- if field not in found -%} {%- do found.append(field) -%} {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Such a field, as text, as a moment (UTC). #}
{% macro beginning(field, type, name) -%}
    {%- if name == 'created_original' -%} {{ jira_timestamp(field) }}
    {%- elif name.endswith('_seconds') -%} {{ from_epoch(cast_field(field, type)) }}
    {%- else -%} cast({{ cast_field(field, type) }} as timestamp)
    {%- endif -%}
{%- endmacro %}

{# A field's path as the beginning of a check's name. #}
{% macro check_name_of(path) -%}
    {%- set words = modules.re.sub('([a-z])([A-Z])', '\\1_\\2', steps_of(path) | join('.')).lower() -%}
    {{ return(modules.re.sub('[^a-z0-9]+', '_', words).strip('_')) }}
{%- endmacro %}

{# The latest version of each record of a stream that the night had. #}
{% macro records_of_the_night(source_name, stream) -%}
    (select * from (
        select *, row_number() over (
            partition by record_id order by extracted_at desc, load_id desc, record_hash desc
        ) as version_rank
        from {{ raw_table(source_name, stream) }}
        where extracted_at < {{ add_time('day', 1, as_of_at()) }}
    ) as ranked where version_rank = 1)
{%- endmacro %}

{# Coverage rows of one stream: of how many of its records (the latest version of each that the night had) a field holds
   something that is not of its type, and how many begin too late for the night. `fields` is a list of (path, type),
   `beginnings` one of (path, type, name). #}
{% macro unreadable_values(source_name, stream, fields, beginnings) -%}
    {%- set texts = [] -%}
    {%- set checks = [] -%}
    {%- for path, type in fields -%}
        {%- set column = 'text_' ~ loop.index -%}
        {%- do texts.append((path, column, 'text')) -%}
        {%- do checks.append((
            check_name_of(path) ~ '_unreadable',
            cast_field(column, type) ~ ' is null',
            "trim(" ~ column ~ ") <> ''",
            'Values that are there but are not of the type that the field has: they are read as unknown.',
        )) -%}
    {%- endfor -%}
    {%- for path, type, name in beginnings -%}
        {%- set column = 'began_' ~ loop.index -%}
        {%- do texts.append((path, column, 'text')) -%}
        {%- set began_at = beginning(column, type, name) -%}
        {%- do checks.append((
            check_name_of(path) ~ '_after_as_of',
            began_at ~ ' >= ' ~ as_of_at(),
            'true',
            'Records that say that they began at or after as_of: they are in no number until that moment is past.',
        )) -%}
        {%- do checks.append((
            check_name_of(path) ~ '_after_reading',
            began_at ~ ' > ' ~ add_time('hour', 1, 'extracted_at'),
            'true',
            'Records that say that they began more than an hour after they were read: a wrong clock, or a plan.',
        )) -%}
    {%- endfor -%}
    {{ coverage_rows(
        "(select * from (" ~ stage_records(records_of_the_night(source_name, stream), texts) ~ ") as staged) as records",
        stream, checks, source=text_literal(source_name)
    ) }}
{%- endmacro %}

{# Coverage rows of what a source's connector wrote into its books up to the night: records that it could not take, by
   reason, records that it had to mend, and parts that the vendor refused. #}
{% macro raw_books(source_name) -%}
    {%- set tables = graph.sources.values() | selectattr('source_name', 'equalto', vendor_of(source_name)) | list -%}
    {%- set schema = (raw_table(source_name, tables[0].name) | string).rsplit('.', 1)[0] -%}
    select
        fetched.stream || ': ' || quarantine.reason as subject,
        '{{ source_name }}' as source,
        'records_quarantined' as check_name,
        quarantine.row_count as counted,
        fetched.fetched_count as total,
        'Records that could not be taken as they arrived, for this reason: in no number.' as explanation
    from (
        -- The reason of a file's row begins with the place of that row.
        select
            stream,
            coalesce({{ text_capture('reason', 'line [0-9]+: (.*)') }}, reason) as reason,
            cast(count(*) as bigint) as row_count
        from {{ schema }}._pops_quarantine
        where extracted_at < {{ add_time('day', 1, as_of_at()) }}
        group by 1, 2
    ) as quarantine
    inner join (
        select stream, cast(sum(fetched_count) as bigint) as fetched_count
        from {{ schema }}._pops_loads
        where extracted_at < {{ add_time('day', 1, as_of_at()) }}
        group by stream
    ) as fetched
        on quarantine.stream = fetched.stream
    union all
    select
        stream as subject,
        '{{ source_name }}' as source,
        'records_mended' as check_name,
        cast(sum(mended_count) as bigint) as counted,
        cast(sum(fetched_count) as bigint) as total,
        'Records in which half a character was replaced; all else of them counts.' as explanation
    from {{ schema }}._pops_loads
    where extracted_at < {{ add_time('day', 1, as_of_at()) }}
    group by stream
    union all
    select
        loads.stream || ': ' || loads.reason as subject,
        '{{ source_name }}' as source,
        'parts_left_out' as check_name,
        cast(1 as bigint) as counted,
        cast(1 as bigint) as total,
        'A part of the stream that the vendor refused when it was last read: it is as old as its last good reading.' as explanation
    from {{ schema }}._pops_loads as loads
    inner join (
        select stream, max(extracted_at) as extracted_at
        from {{ schema }}._pops_loads
        where extracted_at < {{ add_time('day', 1, as_of_at()) }}
        group by stream
    ) as last_reading
        on loads.stream = last_reading.stream and loads.extracted_at = last_reading.extracted_at
    where loads.outcome = 'left_out'
    group by loads.stream, loads.reason
{%- endmacro %}
