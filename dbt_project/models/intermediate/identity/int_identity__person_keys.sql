-- One row an identity of a tool (app user, device, contact, support requester): whose person it is, by which rule and
-- with which confidence, or why it is matched with nobody else's. The app user is the anchor; a merge of two contacts
-- makes the loser's person the winner's. Nothing is guessed: an e-mail address of two persons matches neither.
with aliases as (
    select user_hash, winner_hash from {{ ref('int_identity__user_aliases') }}
),

emails as (
    select
        addresses.user_hash,
        coalesce(aliases.winner_hash, addresses.user_hash) as winner_hash,
        addresses.email_hash,
        addresses.email_domain_hash
    from {{ ref('int_identity__user_emails') }} as addresses
    left join aliases on addresses.user_hash = aliases.user_hash
),

internal_domains as (
    select {{ pseudonym('value') }} as email_domain_hash
    from {{ ref('stg_registry__exclusions') }}
    where exclusion_id = 'internal_email_domains'
),

app_users as (
    select
        emails.user_hash,
        emails.winner_hash,
        max(case when internal_domains.email_domain_hash is not null then 1 else 0 end) = 1 as is_internal
    from emails
    left join internal_domains on emails.email_domain_hash = internal_domains.email_domain_hash
    group by emails.user_hash, emails.winner_hash
),

emails_of_one_user as (
    select email_hash, min(winner_hash) as user_hash, min(winner_hash) <> max(winner_hash) as is_ambiguous
    from emails
    where email_hash is not null
    group by email_hash
),

-- Whom the addresses of a contact lead to: its first one, else one that no other contact has.
contact_users as (
    select
        contact_key,
        coalesce(
            min(case when is_first then user_hash end),
            case when min(own_user_hash) = max(own_user_hash) then min(own_user_hash) end
        ) as user_hash,
        min(own_user_hash) is null and max(user_hash) is not null as is_of_several_contacts
    from (
        select
            emails.contact_key,
            emails.is_first,
            case when not users.is_ambiguous then users.user_hash end as user_hash,
            case
                when not users.is_ambiguous and not emails.is_of_several_contacts then users.user_hash
            end as own_user_hash
        from {{ ref('int_crm__contact_emails') }} as emails
        inner join emails_of_one_user as users on emails.email_hash = users.email_hash
    ) as found
    group by contact_key
),

contacts_with_email as (
    select distinct contact_key from {{ ref('int_crm__contact_emails') }}
),

contacts_on_their_own as (
    select
        contacts.contact_key,
        contacts.source,
        contacts.contact_type,
        contacts.contact_id,
        contacts.contact_rank,
        contacts.is_internal_email,
        coalesce(merged.winner_key, contacts.contact_key) as surviving_contact_key,
        case
            when contacts.app_user_hash is not null
                then 'app:user:' || coalesce(aliases.winner_hash, contacts.app_user_hash)
            when by_email.user_hash is not null then 'app:user:' || by_email.user_hash
        end as anchor_person_id,
        case
            when contacts.app_user_hash is not null then 'app_user_id'
            when by_email.user_hash is not null then 'email'
        end as rule,
        case
            when contacts.app_user_hash is not null then 1.0
            when by_email.user_hash is not null then 0.9
        end as confidence,
        case
            when contacts.app_user_hash is not null or by_email.user_hash is not null then null
            when contacts_with_email.contact_key is null then 'no_email'
            when by_email.is_of_several_contacts then 'email_of_several_contacts'
            when by_email.contact_key is not null then 'email_of_several_users'
            else 'email_of_no_app_user'
        end as unmatched_reason
    from {{ ref('int_crm__contacts') }} as contacts
    left join {{ ref('int_identity__contact_merges') }} as merged on contacts.contact_key = merged.contact_key
    left join contact_users as by_email on contacts.contact_key = by_email.contact_key
    left join contacts_with_email on contacts.contact_key = contacts_with_email.contact_key
    left join aliases on contacts.app_user_hash = aliases.user_hash
),

-- The survivor of a merge keeps its own app user; without one it takes over the first of those merged into it.
survivors_on_their_own as (
    select
        surviving_contact_key,
        coalesce(
            min(case when contact_key = surviving_contact_key then anchor_person_id end),
            min(anchor_person_id)
        ) as anchor_person_id
    from contacts_on_their_own
    group by surviving_contact_key
),

-- The same human may be a contact of another CRM, or a lead beside the contact: whom an e-mail address leads to, kind
-- by kind.
contact_emails as (
    select
        addresses.email_hash,
        contacts.contact_rank,
        min(coalesce(survivors.anchor_person_id, survivors.surviving_contact_key)) as person_id,
        max(survivors.anchor_person_id) as anchor_person_id,
        min(coalesce(survivors.anchor_person_id, survivors.surviving_contact_key))
        <> max(coalesce(survivors.anchor_person_id, survivors.surviving_contact_key)) as is_ambiguous
    from contacts_on_their_own as contacts
    inner join {{ ref('int_crm__contact_emails') }} as addresses on contacts.contact_key = addresses.contact_key
    inner join survivors_on_their_own as survivors
        on contacts.surviving_contact_key = survivors.surviving_contact_key
    group by addresses.email_hash, contacts.contact_rank
),

-- Persons whom a contact without an app user may be: the app user of a contact with one of its addresses, else the contact
-- of the first kind that has it.
twin_candidates as (
    select
        contacts.contact_key,
        emails.contact_rank,
        emails.person_id,
        emails.anchor_person_id,
        emails.is_ambiguous,
        min(case when emails.contact_rank < contacts.contact_rank then emails.contact_rank end)
            over (partition by contacts.contact_key) as first_rank
    from contacts_on_their_own as contacts
    inner join survivors_on_their_own as survivors
        on contacts.contact_key = survivors.surviving_contact_key
    inner join {{ ref('int_crm__contact_emails') }} as addresses on contacts.contact_key = addresses.contact_key
    inner join contact_emails as emails
        on
            addresses.email_hash = emails.email_hash
            and contacts.contact_rank <> emails.contact_rank
    where survivors.anchor_person_id is null
),

contact_twins as (
    select
        contact_key,
        coalesce(min(anchor_person_id), min(case when contact_rank = first_rank then person_id end)) as person_id,
        coalesce(
            min(anchor_person_id) <> max(anchor_person_id),
            min(case when contact_rank = first_rank then person_id end)
            <> max(case when contact_rank = first_rank then person_id end),
            false
        )
        or max(case when is_ambiguous then 1 else 0 end) = 1 as is_ambiguous
    from twin_candidates
    group by contact_key
),

surviving_contacts as (
    select
        survivors.surviving_contact_key,
        coalesce(
            survivors.anchor_person_id,
            case when not twins.is_ambiguous then twins.person_id end,
            survivors.surviving_contact_key
        ) as person_id,
        survivors.anchor_person_id is null
        and not coalesce(twins.is_ambiguous, true)
        and twins.person_id is not null as is_twin,
        coalesce(twins.is_ambiguous, false) as is_ambiguous
    from survivors_on_their_own as survivors
    left join contact_twins as twins
        on survivors.surviving_contact_key = twins.contact_key
),

merged_anchors as (
    select contacts.anchor_person_id, min(survivors.person_id) as person_id
    from contacts_on_their_own as contacts
    inner join surviving_contacts as survivors on contacts.surviving_contact_key = survivors.surviving_contact_key
    where
        contacts.contact_key <> contacts.surviving_contact_key
        and contacts.anchor_person_id <> survivors.person_id
    group by contacts.anchor_person_id
),

-- A person that took over another one may itself have been taken over.
anchor_persons as (
    select
        merged_anchors.anchor_person_id,
        coalesce(third.person_id, second.person_id, merged_anchors.person_id) as person_id
    from merged_anchors
    left join merged_anchors as second on merged_anchors.person_id = second.anchor_person_id
    left join merged_anchors as third on second.person_id = third.anchor_person_id
),

app_user_keys as (
    select
        'app' as source,
        'user' as identity_type,
        app_users.user_hash as identity_key,
        coalesce(anchor_persons.person_id, 'app:user:' || app_users.winner_hash) as person_id,
        case
            when anchor_persons.person_id is not null then 'contact_merge'
            when app_users.winner_hash <> app_users.user_hash then 'tool_merge'
            else 'user_id'
        end as rule,
        cast(1.0 as double) as confidence,
        cast(null as {{ dbt.type_string() }}) as unmatched_reason,
        app_users.is_internal
    from app_users
    left join anchor_persons on 'app:user:' || app_users.winner_hash = anchor_persons.anchor_person_id
),

devices as (
    select distinct device_hash
    from {{ ref('int_usage__events') }}
    where
        device_hash is not null
        and user_hash is null
        and quarantine_reason is null
        and event_date < {{ as_of_date() }}
),

device_keys as (
    select
        'app' as source,
        'device' as identity_type,
        devices.device_hash as identity_key,
        coalesce(app_user_keys.person_id, 'app:device:' || devices.device_hash) as person_id,
        case when logins.user_hash is not null then 'first_log_in' end as rule,
        cast(case when logins.user_hash is not null then 1.0 end as double) as confidence,
        case when logins.user_hash is null then 'never_logged_in' end as unmatched_reason,
        coalesce(app_user_keys.is_internal, false) as is_internal
    from devices
    left join {{ ref('int_identity__device_logins') }} as logins
        on devices.device_hash = logins.device_hash and logins.is_first
    left join app_user_keys on logins.user_hash = app_user_keys.identity_key
),

contact_keys as (
    select
        contacts.source,
        contacts.contact_type as identity_type,
        contacts.contact_id as identity_key,
        coalesce(anchor_persons.person_id, survivors.person_id) as person_id,
        case
            when contacts.contact_key <> contacts.surviving_contact_key then 'contact_merge'
            when survivors.is_twin then 'email_of_contact'
            else contacts.rule
        end as rule,
        cast(case
            when contacts.contact_key <> contacts.surviving_contact_key then 1.0
            when survivors.is_twin then 0.9
            else contacts.confidence
        end as double) as confidence,
        case
            when contacts.contact_key <> contacts.surviving_contact_key or survivors.is_twin then null
            when contacts.rule is null and survivors.is_ambiguous then 'email_of_several_contacts'
            else contacts.unmatched_reason
        end as unmatched_reason,
        coalesce(contacts.is_internal_email, false) as is_internal,
        contacts.contact_key
    from contacts_on_their_own as contacts
    inner join surviving_contacts as survivors
        on contacts.surviving_contact_key = survivors.surviving_contact_key
    left join anchor_persons on survivors.person_id = anchor_persons.anchor_person_id
),

emails_of_one_contact as (
    select
        addresses.email_hash,
        min(contact_keys.person_id) as person_id,
        min(contact_keys.person_id) <> max(contact_keys.person_id) as is_ambiguous
    from contact_keys
    inner join {{ ref('int_crm__contact_emails') }} as addresses on contact_keys.contact_key = addresses.contact_key
    group by addresses.email_hash
),

requesters as (
    select
        requesters.source,
        requesters.identity_type,
        requesters.requester_id,
        requesters.requester_key,
        requesters.email_hash,
        requesters.is_internal_email,
        case
            when requesters.external_hash is not null
                then 'app:user:' || coalesce(aliases.winner_hash, requesters.external_hash)
            when not by_user.is_ambiguous then 'app:user:' || by_user.user_hash
            when not by_contact.is_ambiguous then by_contact.person_id
        end as person_id,
        case
            when requesters.external_hash is not null then 'external_id'
            when not by_user.is_ambiguous then 'email'
            when not by_contact.is_ambiguous then 'email_of_contact'
        end as rule,
        case
            when requesters.email_hash is null then 'no_email'
            when by_user.is_ambiguous or by_contact.is_ambiguous then 'email_of_several_persons'
            else 'email_of_nobody'
        end as reason_if_unmatched
    from {{ ref('int_support__source_requesters') }} as requesters
    left join emails_of_one_user as by_user on requesters.email_hash = by_user.email_hash
    left join emails_of_one_contact as by_contact on requesters.email_hash = by_contact.email_hash
    left join aliases on requesters.external_hash = aliases.user_hash
    where requesters.is_customer
),

requester_keys as (
    select
        requesters.source,
        requesters.identity_type,
        requesters.requester_id as identity_key,
        coalesce(anchor_persons.person_id, requesters.person_id, requesters.requester_key) as person_id,
        requesters.rule,
        cast(case when requesters.rule = 'external_id' then 1.0 when requesters.rule is not null then 0.9 end as double)
            as confidence,
        case when requesters.rule is null then requesters.reason_if_unmatched end as unmatched_reason,
        coalesce(requesters.is_internal_email, false) as is_internal
    from requesters
    left join anchor_persons on requesters.person_id = anchor_persons.anchor_person_id
)

select source, identity_type, identity_key, person_id, rule, confidence, unmatched_reason, is_internal
from app_user_keys
union all
select source, identity_type, identity_key, person_id, rule, confidence, unmatched_reason, is_internal
from device_keys
union all
select source, identity_type, identity_key, person_id, rule, confidence, unmatched_reason, is_internal
from contact_keys
union all
select source, identity_type, identity_key, person_id, rule, confidence, unmatched_reason, is_internal
from requester_keys
