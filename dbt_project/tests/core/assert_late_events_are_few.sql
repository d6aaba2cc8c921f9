{{ config(severity='warn') }}
-- Events that arrive after the look-back change numbers that were already published: more than one in a hundred means
-- that a sender holds events back.
select counted, total
from {{ ref('int_usage__coverage') }}
where subject = 'events' and check_name = 'events_late' and counted * 100 > total
