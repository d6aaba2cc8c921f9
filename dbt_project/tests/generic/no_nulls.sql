{# No row lacks one of the columns. One test a model, since every test costs a night a twentieth of a second. #}
{% test no_nulls(model, columns) %}
select
    case
        {% for column in columns -%}
        when {{ column }} is null then '{{ column }}'
        {% endfor -%}
    end as empty_column,
    count(*) as row_count
from {{ model }}
where {% for column in columns %}{{ column }} is null{% if not loop.last %} or {% endif %}{% endfor %}
group by 1
{% endtest %}
