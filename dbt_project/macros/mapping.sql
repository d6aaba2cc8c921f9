{# The names that vendors leave to their customers, as this organisation has them: the variable `sources` that a night hands
   over from the registry's sources.yml (connectors/registry/mapping.py), by source and setting. #}

{# What the registry says of a setting of a source: a name, a list, a mapping; none where it says nothing. #}
{% macro mapped(source, setting) -%}
    {{ return(var('sources').get(source, {}).get(setting)) }}
{%- endmacro %}

{# For a list of staged fields: the path of the field that a setting (or its `property`) names, in the object `within` (a path
   with dots) of the record; none, a column without values, where it names none. #}
{% macro mapped_field(source, setting, within='') -%}
    {%- set named = mapped(source, setting) -%}
    {{ return(field_within(named.property if named is mapping else named, within)) }}
{%- endmacro %}

{# A name is one step of the path, whatever signs it has. #}
{% macro field_within(name, within='') -%}
    {{ return(none if not name else (within.split('.') if within else []) + [name]) }}
{%- endmacro %}

{# The names of all places that some settings name, each once. #}
{% macro mapped_names(source, settings) -%}
    {%- set found = [] -%}
    {%- for setting in settings -%}
        {%- for place in mapped(source, setting) or [] -%}
            {%- for name in place.values() if name not in found -%} {%- do found.append(name) -%} {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# What an event has at the first of the places of a setting, as text. `properties`: columns of JSON objects, by the kind of
   place. #}
{% macro mapped_property(source, setting, properties) -%}
    {%- set found = [] -%}
    {%- for place in mapped(source, setting) or [] -%}
        {%- for kind, name in place.items() -%}
            {%- do found.append(first_value(json_member(properties[kind], text_literal(name)))) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ first_known(found) }}
{%- endmacro %}

{# The same, of events whose properties are columns: `columns` is their names by the property, `mapped_` ones holding JSON. #}
{% macro mapped_column(source, setting, columns) -%}
    {%- set found = [] -%}
    {%- for place in mapped(source, setting) or [] -%}
        {%- for name in place.values() -%}
            {%- set column = columns[name] -%}
            {%- do found.append(first_value(column) if column.startswith('mapped_') else "nullif(trim(" ~ column ~ "), '')") -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ first_known(found) }}
{%- endmacro %}

{# The first of whatever a JSON value is: a text, a number, a list of them, or one of these as a text of JSON. #}
{% macro first_value(json_text) -%}
    nullif(trim({{ json_first_item(json_as_list(json_unwrapped(json_text))) }}), '')
{%- endmacro %}

{# The first of some SQL expressions of texts that is not null; null without any. #}
{% macro first_known(expressions) -%}
    {%- if expressions | length > 1 -%} coalesce({{ expressions | join(', ') }})
    {%- elif expressions -%} {{ expressions[0] }}
    {%- else -%} cast(null as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}

{# The revenue of a year in `column`, which holds what the property of sources.yml says. #}
{% macro yearly_revenue(source, column) -%}
    {%- set times = (mapped(source, 'revenue') or {}).get('times', 1) -%}
    {{ column }}{{ ' * ' ~ times if times != 1 }}
{%- endmacro %}

{# The currency of that revenue: what the record says, else the one of sources.yml, else the home currency. #}
{% macro revenue_currency(source, column) -%}
    {%- set currency = (mapped(source, 'revenue') or {}).get('currency') -%}
    case
        when nullif(trim({{ column }}), '') is null then {{ text_literal(currency) if currency else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
        else {{ currency_code(column) }}
    end
{%- endmacro %}

{# Is a tag of `source` (a column) one that a setting names? Compared without case. #}
{% macro is_mapped_tag(setting, source, tag) -%}
    (false
    {%- for name, settings in var('sources').items() if settings.get(setting) %}
    or ({{ source }} = '{{ name }}' and lower({{ tag }}) in (
        {%- for each in settings[setting] %}{{ text_literal(each | lower) }}{{ ', ' if not loop.last }}{% endfor -%}
    ))
    {%- endfor %})
{%- endmacro %}
