-- Grain: one row a ticket created before as_of, in its state of as_of. Deleted, spam and merged tickets, and those
-- of colleagues and test accounts, stay as rows that are not counted; what is measured is null for them, for tickets
-- whose history is not whole, and for tickets that are not (yet) solved where it is about solving.
with measured as (
    select
        tickets.*,
        business_times.first_reply_business_seconds,
        business_times.first_resolution_business_seconds,
        business_times.full_resolution_business_seconds,
        business_times.requester_wait_business_seconds,
        business_times.agent_wait_business_seconds
    from {{ ref('int_support__tickets') }} as tickets
    left join {{ ref('int_support__business_times') }} as business_times
        on tickets.ticket_id = business_times.ticket_id
)

{{ select_contract('measured') }}
