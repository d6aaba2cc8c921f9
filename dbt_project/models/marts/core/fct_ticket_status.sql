-- Grain: one row a stay of a ticket in a status, from its creation to as_of, without gaps or overlaps. The last
-- stay is open: `ended_at` is null and the duration runs to as_of.
select
    ticket_id,
    status,
    stay_number,
    duration_seconds,
    is_inferred,
    started_at,
    ended_at
from {{ ref('int_support__status_intervals') }}
