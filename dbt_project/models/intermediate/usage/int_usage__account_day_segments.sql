-- One row an account and day on which it was used, with the segment the account had at the end of that day.
select
    used.account_id,
    used.event_date,
    segments.segment
from (
    select distinct account_id, event_date
    from {{ ref('int_usage__person_days') }}
    where account_id <> '(unknown)'
) as used
inner join {{ ref('int_crm__account_segments') }} as segments
    on
        used.account_id = segments.account_id
        and used.event_date >= segments.valid_from
        and used.event_date < segments.valid_to
