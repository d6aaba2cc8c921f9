{# What stands behind the metrics: rows of mart_metric_coverage (`subject`, `source`, `check_name`, `counted`, `total`,
   `explanation`), as selects to be put together with `union all` in a model int_<domain>__coverage.

   A count more costs a line. "How many values could not be read", "of how many events was the clock wrong": keep it as a
   boolean column of the model that decides it (`is_time_unreadable`), and add to the list of checks over that model

       ('events_with_unreadable_time', 'is_time_unreadable', 'true', 'Events whose time is no time: not counted.')

   where the model keeps a column of reasons instead, `coverage_rows_by_reason` counts every reason, new ones too. A model
   of a new domain is named in mart_metric_coverage. #}

{# One row a source and check, in one scan of `relation`. `checks` is a list of (check_name, counted, total, explanation):
   `total` is the condition of the rows that the check is about, `counted` that of those among them of which it is true.
   `source` is the column that names the tool; as a text literal such as "'crm'" it makes one row a check even where the
   relation has none. `weight` is what each row counts for. #}
{% macro coverage_rows(relation, subject, checks, source='source', weight='1') -%}
    select
        {{ text_literal(subject) }} as subject,
        source,
        check_name,
        cast(coalesce(counted, 0) as bigint) as counted,
        cast(coalesce(total, 0) as bigint) as total,
        explanation
    from (
        with counts as (
            select
                {{ source }} as source
                {%- for check_name, counted, total, explanation in checks %},
                sum(case when ({{ total }}) and ({{ counted }}) then {{ weight }} else 0 end) as counted_{{ loop.index }},
                sum(case when {{ total }} then {{ weight }} else 0 end) as total_{{ loop.index }}
                {%- endfor %}
            from {{ relation }}
            {% if not source.startswith("'") -%} group by {{ source }} {%- endif %}
        )

        {% for check_name, counted, total, explanation in checks -%}
        select
            source,
            {{ text_literal(check_name) }} as check_name,
            counted_{{ loop.index }} as counted,
            total_{{ loop.index }} as total,
            {{ text_literal(explanation) }} as explanation
        from counts
        {% if not loop.last %}union all{% endif %}
        {% endfor -%}
    ) as checks
{%- endmacro %}

{# One row a source and value of `reason`, of the rows that have one. `check_name` and `subject` are SQL and may name
   the reason. `total` is the condition of the rows that the reasons are about, by the columns `total_by`. #}
{% macro coverage_rows_by_reason(
    relation, subject, check_name, reason, explanation, total='true', source='source', total_by=['source'], weight='1'
) -%}
    select
        subject,
        source,
        check_name,
        cast(sum(row_weight) as bigint) as counted,
        cast(max(total) as bigint) as total,
        {{ text_literal(explanation) }} as explanation
    from (
        select
            {{ subject }} as subject,
            {{ source }} as source,
            {{ check_name }} as check_name,
            {{ reason }} as reason,
            {{ weight }} as row_weight,
            sum(case when {{ total }} then {{ weight }} else 0 end) over (
                partition by {{ total_by | join(', ') if not source.startswith("'") else source }}
            ) as total
        from {{ relation }}
    ) as reasons
    where reason is not null
    group by subject, source, check_name
{%- endmacro %}

{# Are rows that a vendor's record alone makes wrong too many to be strange records? More than ten, and more than one in a
   hundred: nobody sees so many by chance, so the vendor, its settings or our reading of them changed, and the numbers of
   the night would be wrong. Fewer are in mart_metric_coverage and hold nobody's numbers back. #}
{% macro beyond_strange_records(counted, total) -%}
    {{ counted }} > 10 and {{ counted }} * 100 > {{ total }}
{%- endmacro %}

{# A week's count: 0 where nothing happened, null where the relation that is counted holds nothing at all, because none of
   its tools was ever read. #}
{% macro count_or_unknown(counted, relation) -%}
    case when (select count(*) from {{ relation }} as counted_rows) > 0 then coalesce({{ counted }}, 0) end
{%- endmacro %}
