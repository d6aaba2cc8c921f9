-- Deleted, spam and merged tickets have no durations, nor have those whose history is not whole; a solving never comes
-- before creation, the first never after the last.
select ticket_id
from {{ ref('fct_ticket') }}
where
    (not is_counted and (first_reply_seconds is not null or full_resolution_seconds is not null))
    or (is_solved and is_history_whole and (solved_at is null or solved_count < 1))
    or ((not is_solved or not is_history_whole) and solved_at is not null)
    or (not is_history_whole and (solved_count is not null or public_reply_count is not null))
    or (not is_history_whole and first_reply_source <> 'vendor')
    or is_history_whole <> (history_gap_reason is null)
    or first_reply_seconds < 0
    or first_resolution_seconds < 0
    or first_resolution_seconds > full_resolution_seconds
    or requester_wait_seconds + agent_wait_seconds > full_resolution_seconds + solved_count
