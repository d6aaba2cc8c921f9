{# What models of the CRM share. #}

{# Place of a CRM in the declared order (`crm_order` in dbt_project.yml), 1 being the one that wins. #}
{% macro crm_rank(source) -%}
    case {{ source }}
        {%- for name in var('crm_order') %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
        else {{ var('crm_order') | length + 1 }}
    end
{%- endmacro %}

{# Domain of a website as people write it: without scheme, www, port and path, in lower case. #}
{% macro domain_of(website) -%}
    {%- set bare = "replace(replace(lower(trim(" ~ website ~ ")), 'https://', ''), 'http://', '')" -%}
    {%- set host = text_part(text_part(text_part(bare, "'/'", 1), "'?'", 1), "':'", 1) -%}
    nullif(case when {{ host }} like 'www.%' then substr({{ host }}, 5) else {{ host }} end, '')
{%- endmacro %}

{# A label of a list of choices as the mart writes it: `Mid-Market` is mid_market. #}
{% macro slug_of(label) -%}
    nullif(replace(replace(lower(trim({{ label }})), '-', '_'), ' ', '_'), '')
{%- endmacro %}

{# A select of `key`, `winner_key`: the last winner of every chain of merges. `steps` is a CTE with the same columns, one
   row a `key`. #}
{% macro followed_merges(steps, longest_chain=4) -%}
    select
        {{ steps }}.key,
        coalesce(
            {%- for step in range(longest_chain, 1, -1) %}
            step_{{ step }}.winner_key,
            {%- endfor %}
            {{ steps }}.winner_key
        ) as winner_key
    from {{ steps }}
    {%- for step in range(2, longest_chain + 1) %}
    left join {{ steps }} as step_{{ step }}
        on {{ steps if step == 2 else 'step_' ~ (step - 1) }}.winner_key = step_{{ step }}.key
    {%- endfor %}
{%- endmacro %}

{# Code of a currency (ISO 4217) as a CRM writes it, in capitals; null for what is no three letters. #}
{% macro currency_code(text) -%}
    {{ text_capture("upper(trim(" ~ text ~ "))", '^([A-Z]{3})$') }}
{%- endmacro %}
