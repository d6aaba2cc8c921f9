{# The names that vendors leave to their customers, as this organisation has them: the variable `sources` that a night hands
   over from the registry's sources.yml (connectors/registry/mapping.py), by source and setting. #}

{# What the registry says of a setting of a source: a name, a list, a mapping; none where it says nothing. #}
{% macro mapped(source, setting) -%}
    {{ return(var('sources').get(source, {}).get(setting)) }}
{%- endmacro %}

{# For a list of staged fields: the path of the field that a setting (or its `member`) names, in the object `within` (a path
   with dots) of the record; where it names none, that of `default`, or none: a column without values. Of several instances
   of `vendor` that differ, a mapping of `vendor` and `paths`. #}
{% macro mapped_field(vendor, setting, within='', member='property', default=none) -%}
    {%- set paths = [] -%}
    {%- for name in instances_of(vendor) -%}
        {%- do paths.append(mapped_path(name, setting, within, member) or default) -%}
    {%- endfor -%}
    {{ return(paths[0] if paths | map('string') | unique | list | length == 1 else {'vendor': vendor, 'paths': paths}) }}
{%- endmacro %}

{# The same of one source. #}
{% macro mapped_path(source, setting, within='', member='property') -%}
    {%- set named = mapped(source, setting) -%}
    {{ return(field_within(named.get(member) if named is mapping else named, within)) }}
{%- endmacro %}

{# A name is one step of the path, whatever signs it has. #}
{% macro field_within(name, within='') -%}
    {{ return(none if not name else (within.split('.') if within else []) + [name]) }}
{%- endmacro %}

{# The names of all places that some settings of a vendor's instances name, each once. #}
{% macro mapped_names(vendor, settings) -%}
    {%- set found = [] -%}
    {%- for source_name in instances_of(vendor) -%}
        {%- for setting in settings -%}
            {%- for name in names_of_places(source_name, setting) if name not in found -%} {%- do found.append(name) -%} {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# The names of the places that a setting of a source names. #}
{% macro names_of_places(source_name, setting) -%}
    {%- set found = [] -%}
    {%- for place in mapped(source_name, setting) or [] -%}
        {%- for name in place.values() if name not in found -%} {%- do found.append(name) -%} {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# What an event has at the first of the places of a setting, as text. `properties`: columns of JSON objects, by the kind of
   place. #}
{% macro mapped_property(vendor, setting, properties) -%}
    {%- set expressions = [] -%}
    {%- for source_name in instances_of(vendor) -%}
        {%- set found = [] -%}
        {%- for place in mapped(source_name, setting) or [] -%}
            {%- for kind, name in place.items() -%}
                {%- do found.append(first_value(json_member(properties[kind], text_literal(name)))) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do expressions.append(first_known(found)) -%}
    {%- endfor -%}
    {{ by_instance(vendor, expressions) }}
{%- endmacro %}

{# The same, of events whose properties are columns: `columns` is their names by the property, `mapped_` ones holding JSON. #}
{% macro mapped_column(vendor, setting, columns) -%}
    {%- set expressions = [] -%}
    {%- for source_name in instances_of(vendor) -%}
        {%- set found = [] -%}
        {%- for place in mapped(source_name, setting) or [] -%}
            {%- for name in place.values() -%}
                {%- set column = columns[name] -%}
                {%- do found.append(first_value(column) if column.startswith('mapped_') else "nullif(trim(" ~ column ~ "), '')") -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do expressions.append(first_known(found)) -%}
    {%- endfor -%}
    {{ by_instance(vendor, expressions) }}
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
{% macro yearly_revenue(vendor, column) -%}
    {%- set expressions = [] -%}
    {%- for source_name in instances_of(vendor) -%}
        {%- set times = (mapped(source_name, 'revenue') or {}).get('times', 1) -%}
        {%- do expressions.append(column ~ (' * ' ~ times if times != 1 else '')) -%}
    {%- endfor -%}
    {{ by_instance(vendor, expressions) }}
{%- endmacro %}

{# The currency of that revenue: what the record says, else the one of sources.yml, else the home currency. #}
{% macro revenue_currency(vendor, column) -%}
    {%- set expressions = [] -%}
    {%- for source_name in instances_of(vendor) -%}
        {%- set currency = (mapped(source_name, 'revenue') or {}).get('currency') -%}
        {%- do expressions.append(text_literal(currency) if currency else 'cast(null as ' ~ dbt.type_string() ~ ')') -%}
    {%- endfor -%}
    case
        when nullif(trim({{ column }}), '') is null then {{ by_instance(vendor, expressions) }}
        else {{ currency_code(column) }}
    end
{%- endmacro %}

{# Is a tag of a ticket of `vendor` (a column) one that a setting names? Compared without case. `ticket_id`: the vendor's,
   qualified. #}
{% macro is_mapped_tag(setting, vendor, tag, ticket_id) -%}
    (false
    {%- for name, settings in var('sources').items() if settings.get(setting) %}
    or ({{ vendor }} = '{{ vendor_of(name) }}'{{ ' and ' ~ is_id_of(ticket_id, name) if instance_names() }} and lower({{ tag }}) in (
        {%- for each in settings[setting] %}{{ text_literal(each | lower) }}{{ ', ' if not loop.last }}{% endfor -%}
    ))
    {%- endfor %})
{%- endmacro %}
