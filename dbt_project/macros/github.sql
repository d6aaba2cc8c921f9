{# A part of an address below `/repos/`: 1 is the owner, 2 the repository, 3 the list (such as pulls), 4 the number. #}
{% macro github_address_part(address, number) -%}
    nullif({{ text_part(text_part(address, "'/repos/'", 2), "'/'", number) }}, '')
{%- endmacro %}

{# The moment, unless it is not yet over as of the as-of date. #}
{% macro if_before_as_of(moment) -%}
    case when {{ moment }} < {{ as_of_at() }} then {{ moment }} end
{%- endmacro %}

{# The repository that an address of one of its records is of, in lower case. #}
{% macro github_repository(address) -%}
    {{ qualified('lower(' ~ github_address_part(address, 2) ~ ')') }}
{%- endmacro %}
