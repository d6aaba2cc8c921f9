-- One row an account and week of the usage history, with the segment the account had at the end of the week's first
-- day: what person-level metrics of that week are grouped by.
select
    segments.account_id,
    days.date_day as week_start,
    segments.segment
from {{ ref('int_calendar__days') }} as days
inner join {{ ref('int_usage__horizon') }} as horizon on days.week_end >= horizon.starts_on
inner join {{ ref('int_crm__account_segments') }} as segments
    on days.date_day >= segments.valid_from and days.date_day < segments.valid_to
where days.date_day = days.week_start
