{# A mart that is another model's rows, with the columns of its own contract (its .yml) and in that order: a column is
   added where it is described, and nowhere else. `without`: by column, the special member that a row without one is of. #}
{% macro select_contract(relation, without={}) -%}
    select
        {%- for name in model.columns %}
        {% if name in without %}coalesce({{ name }}, {{ text_literal(without[name]) }}) as {{ name }}{% else %}{{ name }}{% endif %}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ relation }}
{%- endmacro %}

{# Rows of a dimension for what is none of its members, such as (unknown): a join finds every row of a fact. `named` are the
   columns that hold the member itself, `values` SQL of others; what is left is null. Columns are those of the contract. #}
{% macro special_members(members, named, values={}) -%}
    {%- for member in members %}
    union all
    select
        {%- for name, column in model.columns.items() %}
        {% if name in named %}{{ text_literal(member) }}
        {%- else %}cast({{ values.get(name, 'null') }} as {{ column.data_type }})
        {%- endif %} as {{ name }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    {%- endfor %}
{%- endmacro %}
