-- One row: the first day of the event history, which is the day of the first upload that was extracted.
-- (Events that happened earlier and were uploaded late do not move it.)
select
    {{ reporting_date('min(uploaded_at)') }} as starts_on,
    {{ add_days(reporting_date('min(uploaded_at)'), var('pre_existing_days')) }} as new_from
from {{ ref('int_usage__events') }}
