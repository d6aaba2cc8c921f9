-- Grain: one row a ticket created before as_of, in its state of as_of. Deleted, spam and merged tickets, and those
-- of colleagues and test accounts, stay as rows that are not counted; what is measured is null for them, for tickets
-- whose history is not whole, and for tickets that are not (yet) solved where it is about solving.
{% set own_id = text_part('tickets.ticket_id', "':'", 3) %}
with tickets as (
    select
        ticket_id,
        source,
        requester_key,
        organization_key,
        priority,
        channel,
        status,
        status_original,
        vendor_reply_clock_at,
        vendor_first_reply_at,
        created_at,
        deleted_at
    from {{ ref('int_support__source_tickets') }}
),

tags as (
    select
        tickets.ticket_id,
        max(case when {{ is_mapped_tag('spam_tags', 'tickets.source', 'tags.tag', own_id) }} then 1 else 0 end) = 1 as is_spam,
        max(case when {{ is_mapped_tag('merge_tags', 'tickets.source', 'tags.tag', own_id) }} then 1 else 0 end) = 1 as is_merged
    from {{ ref('int_support__source_tags') }} as tags
    inner join tickets
        on tags.ticket_id = tickets.ticket_id
    group by tickets.ticket_id
),

first_replies as (
    select
        tickets.ticket_id,
        histories.is_history_whole,
        histories.history_gap_reason,
        case
            when histories.is_history_whole then replies.reply_clock_at
            else tickets.vendor_reply_clock_at
        end as reply_clock_at,
        case
            when histories.is_history_whole then replies.first_reply_at
            -- What the tool remembers is of now: it may have come after as_of.
            when
                histories.history_gap_reason = 'parts_cut_off'
                and tickets.vendor_first_reply_at >= tickets.vendor_reply_clock_at
                and tickets.vendor_first_reply_at < {{ as_of_at() }}
                and {{ seconds_between('tickets.vendor_reply_clock_at', 'tickets.vendor_first_reply_at') }}
                <= {{ 86400 * var('longest_ticket_days') }}
                then tickets.vendor_first_reply_at
        end as first_reply_at
    from tickets
    inner join {{ ref('int_support__histories') }} as histories
        on tickets.ticket_id = histories.ticket_id
    left join {{ ref('int_support__replies') }} as replies
        on tickets.ticket_id = replies.ticket_id
),

persons as (
    select
        source || ':' || identity_type || ':' || identity_key as requester_key,
        person_id
    from {{ ref('int_identity__person_keys') }}
),

accounts as (
    select
        identities.account_key,
        identities.account_id,
        identities.rule,
        identities.unmatched_reason,
        accounts.is_test_account
    from {{ ref('int_identity__accounts') }} as identities
    left join {{ ref('int_crm__accounts') }} as accounts
        on identities.account_id = accounts.account_id
),

joined as (
    select
        tickets.ticket_id,
        tickets.source,
        tickets.priority,
        tickets.channel,
        resolutions.status,
        -- The tool's own word is known for the record's state only.
        case when resolutions.status = tickets.status then tickets.status_original else resolutions.status end
            as status_original,
        accounts.account_id,
        case
            when tickets.organization_key is null then 'no_organization'
            when accounts.account_key is null then 'organization_not_found'
            when accounts.account_id is null then accounts.unmatched_reason
            else accounts.rule
        end as account_rule,
        persons.person_id,
        features.feature_id,
        features.product_id,
        themes.theme_id,
        segments.segment,
        case
            -- Deleted, by the history or by a record that was deleted before as_of.
            when resolutions.status = 'deleted' then 'deleted'
            when tickets.deleted_at < {{ as_of_at() }} then 'deleted'
            when tags.is_spam then 'spam'
            -- A merge closes the ticket: the tag on a ticket still open at as_of was put there later.
            when tags.is_merged and resolutions.status in ('solved', 'closed') then 'merged'
            when requesters.is_internal_email then 'internal'
            when accounts.is_test_account then 'test_account'
        end as not_counted_reason,
        resolutions.solved_count,
        resolutions.requester_wait_seconds,
        resolutions.agent_wait_seconds,
        first_replies.is_history_whole,
        first_replies.history_gap_reason,
        coalesce(replies.comment_count, 0) as comment_count,
        coalesce(replies.public_reply_count, 0) as public_reply_count,
        tickets.created_at,
        case when first_replies.first_reply_at is not null then first_replies.reply_clock_at end as reply_clock_at,
        first_replies.first_reply_at,
        resolutions.first_solved_at,
        resolutions.last_solved_at
    from tickets
    inner join {{ ref('int_support__resolutions') }} as resolutions
        on tickets.ticket_id = resolutions.ticket_id
    left join accounts
        on tickets.organization_key = accounts.account_key
    left join {{ ref('int_crm__account_segments') }} as segments
        on
            accounts.account_id = segments.account_id
            and {{ reporting_date('tickets.created_at') }} >= segments.valid_from
            and {{ reporting_date('tickets.created_at') }} < segments.valid_to
    left join {{ ref('int_support__source_requesters') }} as requesters
        on tickets.requester_key = requesters.requester_key
    left join persons
        on tickets.requester_key = persons.requester_key
    left join tags
        on tickets.ticket_id = tags.ticket_id
    left join {{ ref('int_support__ticket_features') }} as features
        on tickets.ticket_id = features.ticket_id
    left join {{ ref('int_support__ticket_themes') }} as themes
        on tickets.ticket_id = themes.ticket_id
    inner join first_replies
        on tickets.ticket_id = first_replies.ticket_id
    left join {{ ref('int_support__replies') }} as replies
        on tickets.ticket_id = replies.ticket_id
),

flagged as (
    select
        ticket_id,
        source,
        priority,
        channel,
        status,
        status_original,
        account_id,
        account_rule,
        person_id,
        feature_id,
        product_id,
        theme_id,
        segment,
        not_counted_reason,
        solved_count,
        requester_wait_seconds,
        agent_wait_seconds,
        comment_count,
        public_reply_count,
        is_history_whole,
        history_gap_reason,
        not_counted_reason is null as is_counted,
        not_counted_reason is null and status in ('solved', 'closed') as is_solved,
        not_counted_reason is null and status in ('solved', 'closed') and is_history_whole as is_solving_known,
        created_at,
        reply_clock_at,
        first_reply_at,
        first_solved_at,
        last_solved_at
    from joined
)

select
    ticket_id,
    source,
    coalesce(account_id, '(unknown)') as account_id,
    account_rule,
    coalesce(person_id, '(unknown)') as person_id,
    coalesce(feature_id, '(untagged)') as feature_id,
    coalesce(product_id, '(untagged)') as product_id,
    coalesce(theme_id, '(no theme)') as theme_id,
    coalesce(segment, '(unknown)') as segment,
    status,
    status_original,
    priority,
    channel,
    not_counted_reason,
    case when is_counted then {{ seconds_between('reply_clock_at', 'first_reply_at') }} end as first_reply_seconds,
    case when is_solving_known then {{ seconds_between('created_at', 'first_solved_at') }} end as first_resolution_seconds,
    case when is_solving_known then {{ seconds_between('created_at', 'last_solved_at') }} end as full_resolution_seconds,
    case when is_solving_known then requester_wait_seconds end as requester_wait_seconds,
    case when is_solving_known then agent_wait_seconds end as agent_wait_seconds,
    case when is_history_whole then solved_count end as solved_count,
    case when is_solving_known then solved_count - 1 end as reopen_count,
    case when is_history_whole then comment_count end as comment_count,
    case when is_history_whole then public_reply_count end as public_reply_count,
    is_counted,
    is_solved,
    is_history_whole,
    history_gap_reason,
    case
        when not is_counted or first_reply_at is null then null
        when is_history_whole then 'history'
        else 'vendor'
    end as first_reply_source,
    {{ reporting_date('created_at') }} as created_date,
    case when is_counted then {{ reporting_date('first_reply_at') }} end as first_reply_date,
    case when is_solving_known then {{ reporting_date('first_solved_at') }} end as first_solved_date,
    case when is_solving_known then {{ reporting_date('last_solved_at') }} end as solved_date,
    created_at,
    case when is_counted then reply_clock_at end as reply_clock_at,
    case when is_counted then first_reply_at end as first_reply_at,
    case when is_solving_known then first_solved_at end as first_solved_at,
    case when is_solving_known then last_solved_at end as solved_at
from flagged
