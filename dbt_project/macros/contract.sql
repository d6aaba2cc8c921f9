{# A mart that is another model's rows, with the columns of its own contract (its .yml) and in that order: a column is
   added where it is described, and nowhere else. #}
{% macro select_contract(relation) -%}
    select
        {{ model.columns.keys() | join(',\n        ') }}
    from {{ relation }}
{%- endmacro %}
