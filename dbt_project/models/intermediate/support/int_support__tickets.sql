-- Grain: one row a ticket created before as_of, in its state of as_of. Deleted, spam and merged tickets, and those
-- of colleagues and test accounts, stay as rows that are not counted; what is measured is null for them, and for
-- tickets that are not (yet) solved where it is about solving.
with tickets as (
    select
        ticket_id,
        requester_id,
        organization_id,
        priority,
        channel,
        tags,
        is_deleted,
        created_at,
        updated_at,
        generated_at
    from {{ ref('stg_zendesk__tickets') }}
),

replies as (
    select
        ticket_id,
        cast(count(*) as bigint) as comment_count,
        min(case when is_reply then occurred_at end) as first_reply_at
    from {{ ref('int_support__comments') }}
    group by ticket_id
),

persons as (
    select
        identity_key as user_id,
        person_id
    from {{ ref('int_identity__person_keys') }}
    where
        source = 'zendesk'
        and identity_type = 'user'
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
        tickets.priority,
        tickets.channel,
        resolutions.status,
        accounts.account_id,
        case
            when tickets.organization_id is null then 'no_organization'
            when accounts.account_key is null then 'organization_not_found'
            when accounts.account_id is null then accounts.unmatched_reason
            else accounts.rule
        end as account_rule,
        persons.person_id,
        features.feature_id,
        features.product_id,
        segments.segment,
        case
            -- Deleted, by the history or by a record that was deleted before as_of.
            when resolutions.status = 'deleted' then 'deleted'
            when
                tickets.is_deleted
                and coalesce(tickets.generated_at, tickets.updated_at) < {{ as_of_at() }}
                then 'deleted'
            when {{ json_array_contains('tickets.tags', "'spam'") }} then 'spam'
            -- A merge closes the ticket: the tag on a ticket still open at as_of was put there later.
            when
                {{ json_array_contains('tickets.tags', "'closed_by_merge'") }}
                and resolutions.status in ('solved', 'closed')
                then 'merged'
            when requesters.is_internal_email then 'internal'
            when accounts.is_test_account then 'test_account'
        end as not_counted_reason,
        resolutions.solved_count,
        resolutions.requester_wait_seconds,
        resolutions.agent_wait_seconds,
        resolutions.is_history_missing,
        coalesce(replies.comment_count, 0) as comment_count,
        tickets.created_at,
        replies.first_reply_at,
        resolutions.first_solved_at,
        resolutions.last_solved_at
    from tickets
    inner join {{ ref('int_support__resolutions') }} as resolutions
        on tickets.ticket_id = resolutions.ticket_id
    left join accounts
        on 'zendesk:organization:' || tickets.organization_id = accounts.account_key
    left join {{ ref('int_crm__account_segments') }} as segments
        on
            accounts.account_id = segments.account_id
            and {{ reporting_date('tickets.created_at') }} >= segments.valid_from
            and {{ reporting_date('tickets.created_at') }} < segments.valid_to
    left join {{ ref('stg_zendesk__users') }} as requesters
        on tickets.requester_id = requesters.user_id
    left join persons
        on tickets.requester_id = persons.user_id
    left join {{ ref('int_support__ticket_features') }} as features
        on tickets.ticket_id = features.ticket_id
    left join replies
        on tickets.ticket_id = replies.ticket_id
),

flagged as (
    select
        ticket_id,
        priority,
        channel,
        status,
        account_id,
        account_rule,
        person_id,
        feature_id,
        product_id,
        segment,
        not_counted_reason,
        solved_count,
        requester_wait_seconds,
        agent_wait_seconds,
        comment_count,
        is_history_missing,
        not_counted_reason is null as is_counted,
        not_counted_reason is null and status in ('solved', 'closed') as is_solved,
        created_at,
        first_reply_at,
        first_solved_at,
        last_solved_at
    from joined
)

select
    ticket_id,
    coalesce(account_id, '(unknown)') as account_id,
    account_rule,
    coalesce(person_id, '(unknown)') as person_id,
    coalesce(feature_id, '(untagged)') as feature_id,
    coalesce(product_id, '(untagged)') as product_id,
    coalesce(segment, '(unknown)') as segment,
    status,
    status as status_original,
    priority,
    channel,
    not_counted_reason,
    case when is_counted then {{ seconds_between('created_at', 'first_reply_at') }} end as first_reply_seconds,
    case when is_solved then {{ seconds_between('created_at', 'first_solved_at') }} end as first_resolution_seconds,
    case when is_solved then {{ seconds_between('created_at', 'last_solved_at') }} end as full_resolution_seconds,
    case when is_solved then requester_wait_seconds end as requester_wait_seconds,
    case when is_solved then agent_wait_seconds end as agent_wait_seconds,
    solved_count,
    case when is_solved then solved_count - 1 end as reopen_count,
    comment_count,
    is_counted,
    is_solved,
    is_history_missing,
    {{ reporting_date('created_at') }} as created_date,
    case when is_counted then {{ reporting_date('first_reply_at') }} end as first_reply_date,
    case when is_solved then {{ reporting_date('first_solved_at') }} end as first_solved_date,
    case when is_solved then {{ reporting_date('last_solved_at') }} end as solved_date,
    created_at,
    case when is_counted then first_reply_at end as first_reply_at,
    case when is_solved then first_solved_at end as first_solved_at,
    case when is_solved then last_solved_at end as solved_at
from flagged
