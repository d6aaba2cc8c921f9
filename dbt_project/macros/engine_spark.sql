{# What differs on Apache Spark, from 4.0 on (variants, ordered listagg), in ANSI mode and with UTC as the session's zone; see
   engine.sql, engine_text.sql and engine_time.sql for what each macro does. Patterns stand in raw literals, for a
   backslash in a plain one escapes. #}

{# JSON. Spark's parser takes single quotes unless it is told not to, and reads no further than the end of the first
   value, where others see that the text is none. #}
{% macro spark__from_json(json_text, type) -%}
    from_json(
        case when {{ json_text }} rlike {{ spark__raw('^\\s*\\{.*\\}\\s*$|^\\s*\\[.*\\]\\s*$') }} then {{ json_text }} end,
        '{{ type }}', map('allowSingleQuotes', 'false')
    )
{%- endmacro %}
{% macro spark__ddl(shape) -%}
    {%- if shape is mapping -%}
    struct<{% for name, inner in shape.items() %}`{{ name | replace('`', '``') | replace('\\', '\\\\') | replace("'", "\\'") }}`: {{ spark__ddl(inner) }}{{ ", " if not loop.last }}{% endfor %}>
    {%- else -%} {{ shape }} {%- endif -%}
{%- endmacro %}
{% macro spark__parse_json(json_text, shape) -%}
    {{ spark__from_json(json_text, spark__ddl(shape) | trim) }}
{%- endmacro %}
{% macro spark__struct_field(struct, path) -%}
    {{ struct }}{% for name in path %}[{{ text_literal(name) }}]{% endfor %}
{%- endmacro %}
{% macro spark__text_type() -%}
    {{ return('string') }}
{%- endmacro %}
{% macro spark__json_type() -%}
    {{ return('variant') }}
{%- endmacro %}
{% macro spark__json_text(field) -%}
    nullif(to_json({{ field }}), 'null')
{%- endmacro %}
{% macro spark__json_property(json_text, name) -%}
    try_element_at({{ spark__from_json(json_text, 'map<string, string>') }}, {{ name }})
{%- endmacro %}
{% macro spark__json_member(json_text, name) -%}
    {{ spark__json_text('try_element_at(' ~ spark__from_json(json_text, 'map<string, variant>') ~ ', ' ~ name ~ ')') }}
{%- endmacro %}
{% macro spark__json_unwrapped(json_text) -%}
    case
        when
            {{ json_text }} like '"%'
            and substr(schema_of_variant(try_parse_json(try_variant_get(try_parse_json({{ json_text }}), '$', 'string'))), 1, 5)
            in ('OBJEC', 'ARRAY')
            then try_variant_get(try_parse_json({{ json_text }}), '$', 'string')
        else {{ json_text }}
    end
{%- endmacro %}
{% macro spark__json_first_item(json_text) -%}
    get({{ spark__from_json(json_text, 'array<string>') }}, 0)
{%- endmacro %}
{% macro spark__json_first_item_property(json_text, name) -%}
    {{ spark__json_property(spark__json_text('get(' ~ spark__from_json(json_text, 'array<variant>') ~ ', 0)'), text_literal(name)) }}
{%- endmacro %}
{% macro spark__json_items(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        item_variant,
        item_position + 1 as item_number
    from (
        select {{ columns | join(', ') }}, {{ spark__from_json(json_text, 'array<variant>') }} as item_list
        from {{ relation }}
    ) as item_lists
    lateral view posexplode(item_list) exploded as item_position, item_variant
{%- endmacro %}
{% macro spark__json_array_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        cast(item_variant as string) as item,
        cast(item_number as bigint) as item_number
    from ({{ spark__json_items(relation, columns, json_text) }}) as items
{%- endmacro %}
{% macro spark__json_object_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        to_json(item_variant) as item,
        cast(item_number as bigint) as item_number
    from ({{ spark__json_items(relation, columns, json_text) }}) as items
    where schema_of_variant(item_variant) like 'OBJECT%'
{%- endmacro %}
{% macro spark__json_member_rows(relation, columns, json_text) -%}
    select
        {{ columns | join(', ') }},
        name,
        {{ spark__json_text('member_variant') }} as member
    from (
        select {{ columns | join(', ') }}, {{ spark__from_json(json_text, 'map<string, variant>') }} as members
        from {{ relation }}
    ) as objects
    lateral view explode(members) exploded as name, member_variant
{%- endmacro %}
{% macro spark__json_array_contains(json_text, item) -%}
    array_contains(filter({{ spark__from_json(json_text, 'array<string>') }}, each -> each is not null), {{ item }})
{%- endmacro %}
{% macro spark__json_text_list(text, separator) -%}
    to_json(split(trim({{ text }}), {{ spark__raw('\\s*[' ~ separator ~ ']\\s*') }}))
{%- endmacro %}
{% macro spark__json_first_name(json_text) -%}
    get(map_keys({{ spark__from_json(json_text, 'map<string, string>') }}), 0)
{%- endmacro %}
{% macro spark__json_name_count(json_text) -%}
    cast(coalesce(array_size(map_keys({{ spark__from_json(json_text, 'map<string, string>') }})), 0) as bigint)
{%- endmacro %}
{% macro spark__json_object_without(json_text, object, names) -%}
    to_json(map_filter(
        {{ spark__from_json(spark__json_member(json_text, text_literal(object)), 'map<string, variant>') }},
        (name, member) -> name not in (
            {%- for name in names %}{{ text_literal(name) }}{{ ", " if not loop.last }}{% endfor -%}
        )
    ))
{%- endmacro %}

{# Texts, numbers and casts. #}
{% macro spark__raw(pattern) -%}
    {%- if "'" not in pattern -%} r'{{ pattern }}' {%- else -%} r"{{ pattern }}" {%- endif -%}
{%- endmacro %}
{% macro spark__text_literal(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}
{# Spark alone reads `5d` as a double, `2026` as a day and a time as one of today. #}
{% macro spark__try_cast(value, type) -%}
    {%- set text = 'trim(cast(' ~ value ~ ' as string))' -%}
    {%- set number = spark__raw('^[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?$') -%}
    {%- if type == 'double' -%}
        case
            when {{ text }} rlike {{ number }} and abs(try_cast({{ text }} as double)) < double('infinity')
                then try_cast({{ text }} as double)
        end
    {%- elif type == 'bigint' -%}
        case
            when {{ text }} rlike {{ number }} then coalesce(
                try_cast({{ text }} as bigint), try_cast(round(try_cast({{ text }} as decimal(38, 10))) as bigint)
            )
        end
    {%- elif type == 'date' -%}
        case
            when {{ text }} rlike {{ spark__raw('^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T]|$)') }}
                then try_cast(replace({{ text }}, '/', '-') as date)
        end
    {%- else -%}
        case when {{ value }} not like '% %' then try_cast({{ value }} as boolean) end
    {%- endif -%}
{%- endmacro %}
{% macro spark__text_part(text, separator, number) -%}
    split_part({{ text }}, {{ separator }}, {{ number }})
{%- endmacro %}
{% macro spark__joined_texts(text, separator) -%}
    listagg({{ text }}, {{ separator }}) within group (order by {{ text }})
{%- endmacro %}
{% macro spark__contains_text(text, part) -%}
    contains({{ text }}, {{ part }})
{%- endmacro %}
{% macro spark__text_capture(text, pattern) -%}
    nullif(regexp_extract({{ text }}, {{ spark__raw(pattern) }}, 1), '')
{%- endmacro %}
{% macro spark__text_key(text) -%}
    nullif(regexp_replace(lower({{ text }}), {{ spark__raw('[^\\p{L}\\p{N}]') }}, ''), '')
{%- endmacro %}
{% macro spark__text_match_rows(relation, columns, text, pattern) -%}
    select
        {{ columns | join(', ') }},
        item,
        cast(item_position + 1 as bigint) as item_number
    from (
        select {{ columns | join(', ') }}, regexp_extract_all({{ text }}, {{ spark__raw(pattern) }}, 0) as item_list
        from {{ relation }}
    ) as item_lists
    lateral view posexplode(item_list) exploded as item_position, item
{%- endmacro %}
{# The key is read where a row is hashed: as a literal or a variable of the session it would stand in plans and event logs. #}
{% macro spark__pseudonym(text) -%}
    left(
        sha2(
            coalesce(
                reflect('java.lang.System', 'getenv', 'POPS_PSEUDONYM_KEY'),
                raise_error('POPS_PSEUDONYM_KEY is not in the environment of Spark\'s workers.')
            ) || '|' || cast({{ text }} as string),
            256
        ),
        32
    )
{%- endmacro %}

{# Time. A timestamp is one with the session's zone, which is UTC. #}
{% macro spark__parse_timestamp(text) -%}
    {#- An offset after minutes is not cast. -#}
    {%- set whole = "regexp_replace(replace(" ~ text ~ ", '/', '-'), "
        ~ "'^([0-9-]+[T ][0-9]{1,2}:[0-9]{2})( ?UTC|Z|[+-][0-9:]+)$', '$1:00$2')" -%}
    {%- set moment = "try_cast(" ~ whole ~ " as timestamp)" -%}
    case
        when {{ text }} rlike {{ spark__raw('^' ~ moment_pattern() ~ '$') }}
            and {{ moment }} between timestamp '0001-01-02 00:00:00' and timestamp '9999-12-30 23:59:59.999999'
            then {{ moment }}
    end
{%- endmacro %}
{% macro spark__from_epoch(units) -%}
    {%- set number = spark__try_cast(units, 'double') -%}
    case
        when {{ number }} > -62135510400 and {{ number }} < 100000000000
            then timestamp_millis(cast(floor({{ number }} * 1000) as bigint))
        when {{ number }} >= 100000000000 and {{ number }} < 253402214400000
            then timestamp_millis(cast(floor({{ number }}) as bigint))
    end
{%- endmacro %}
{% macro spark__epoch_seconds(timestamp) -%}
    unix_seconds(cast({{ timestamp }} as timestamp))
{%- endmacro %}
{% macro spark__add_time(part, number, timestamp) -%}
    timestampadd({{ part }}, cast({{ number }} as bigint), {{ timestamp }})
{%- endmacro %}
{% macro spark__days_between(first, second) -%}
    cast(datediff(cast({{ second }} as date), cast({{ first }} as date)) as bigint)
{%- endmacro %}
{% macro spark__reporting_date(timestamp) -%}
    cast(from_utc_timestamp({{ timestamp }}, '{{ var("reporting_time_zone") }}') as date)
{%- endmacro %}
{% macro spark__reporting_midnight(date) -%}
    to_utc_timestamp(cast({{ date }} as timestamp), '{{ var("reporting_time_zone") }}')
{%- endmacro %}
{# Of an hour that comes twice Spark takes the earlier one. Clocks are put back by an hour, and on Lord Howe by half of one. #}
{% macro spark__from_wall_clock(timestamp, zone) -%}
    {%- set moment = 'to_utc_timestamp(' ~ timestamp ~ ', ' ~ zone ~ ')' -%}
    case
        {%- for minutes in (60, 30) %}
        when from_utc_timestamp(timestampadd(minute, {{ minutes }}, {{ moment }}), {{ zone }}) = {{ timestamp }}
            then timestampadd(minute, {{ minutes }}, {{ moment }})
        {%- endfor %}
        else {{ moment }}
    end
{%- endmacro %}
{% macro spark__to_wall_clock(timestamp, zone) -%}
    from_utc_timestamp({{ timestamp }}, {{ zone }})
{%- endmacro %}
