-- Grain: one row an epic that was not closed without delivery. What time to market is made of: its median counts epics
-- that are not launched yet as such (Kaplan and Meier), so it is above the median of `days_to_launch`.
select
    epic_id,
    epic_key,
    team_id,
    feature_id,
    product_id,
    accepted_date,
    released_date,
    launched_date,
    launched_date is not null as is_launched,
    case
        when launched_date >= accepted_date then cast({{ days_between('accepted_date', 'launched_date') }} as bigint)
    end as days_to_launch,
    coalesce(is_launched_before_accepted, false) as is_launched_before_accepted,
    is_history_whole
from {{ ref('int_delivery__epics') }}
