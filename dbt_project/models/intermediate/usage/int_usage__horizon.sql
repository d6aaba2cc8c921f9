-- One row: the first day of the event history, which is the day of the first upload that was extracted.
-- Events that happened earlier and were uploaded late do not move it, nor does an upload that its event contradicts.
with uploads as (
    {% for tool in analytics_tools() -%}
    select case when occurred_at > uploaded_at then occurred_at else uploaded_at end as uploaded_at
    from {{ ref('stg_' ~ tool ~ '__events') }}
    where uploaded_at < {{ as_of_at() }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    {{ reporting_date('min(uploaded_at)') }} as starts_on,
    {{ add_days(reporting_date('min(uploaded_at)'), var('pre_existing_days')) }} as new_from
from uploads
