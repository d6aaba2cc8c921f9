-- Grain: one row a subject, source and check: how many of all rows are (or are not) behind the metrics, and what that
-- means. Read it beside the numbers: what is not matched, not mapped or left out is counted here.
with coverage as (
    {% for model in [
        'int_quality__families',
        'int_quality__mapped_names',
        'int_quality__unreadable_values',
        'int_usage__coverage',
        'int_crm__coverage',
        'int_support__coverage',
        'int_delivery__coverage',
        'int_delivery__reading_coverage',
        'int_delivery__shipping_coverage',
        'int_roadmap__coverage',
        'int_surveys__coverage',
    ] -%}
    select subject, source, check_name, counted, total, explanation from {{ ref(model) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    subject,
    source,
    check_name,
    cast(counted as bigint) as counted,
    cast(total as bigint) as total,
    cast(counted as double) / nullif(total, 0) as coverage_rate,
    explanation,
    {{ as_of_date() }} as as_of
from coverage
