{# Each row is there once by its key, and lacks none of the columns that every row must have: one test a model, since
   every test costs a night a twentieth of a second. `required` columns are ours: one row without is a mistake. `expected`
   ones are as the vendor gave them, so that a strange record may lack them: they fail where more rows do than
   `beyond_strange_records` allows. #}
{% test whole_rows(model, key, required=[], expected=[]) %}
with rows_without_a_column as (
    select
        case
            {% for column in key + required -%}
            when {{ column }} is null then 'no {{ column }}'
            {% endfor -%}
        end as problem,
        count(*) as row_count
    from {{ model }}
    where {% for column in key + required %}{{ column }} is null{% if not loop.last %} or {% endif %}{% endfor %}
    group by 1
),

keys_of_several_rows as (
    select
        {{ key | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ key | join(', ') }}
    having count(*) > 1
)

select problem, row_count from rows_without_a_column
{%- for column in expected %}
union all
select
    'no {{ column }}' as problem,
    row_count
from (
    select
        sum(case when {{ column }} is null then 1 else 0 end) as row_count,
        count(*) as total
    from {{ model }}
) as rows_without_{{ column }}
where {{ beyond_strange_records('row_count', 'total') }}
{%- endfor %}
union all
select
    {% set parts = ["'twice: '"] -%}
    {% for column in key -%}
        {% if not loop.first %}{% do parts.append("' / '") %}{% endif -%}
        {% do parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '')") -%}
    {% endfor -%}
    {{ dbt.concat(parts) }} as problem,
    row_count
from keys_of_several_rows
{% endtest %}
