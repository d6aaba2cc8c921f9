-- Grain: one row a response to a declared survey of customers: whose it is, by which rule, or why that is not known.
-- The app's user id goes before the address; the account that the link named goes before the person's home account.
-- `respondent_key` is the same for all answers of one respondent, known as a person or not; a response that names nobody
-- is a respondent of its own.
with responses as (
    select response_id, app_user_hash, email_hash, account_key, is_internal_email
    from {{ ref('int_surveys__tool_responses') }}
    where survey_kind <> 'team_pulse'
),

app_users as (
    select identity_key as user_hash, person_id
    from {{ ref('int_identity__person_keys') }}
    where source = 'app' and identity_type = 'user'
),

identified as (
    select
        responses.response_id,
        responses.app_user_hash,
        responses.email_hash,
        responses.account_key,
        responses.is_internal_email,
        coalesce(app_users.person_id, emails.person_id) as person_id,
        case
            when app_users.person_id is not null then 'app_user_id'
            when emails.person_id is not null then 'email'
        end as person_rule,
        case
            when app_users.person_id is not null or emails.person_id is not null then null
            when emails.is_ambiguous then 'email_of_several_persons'
            when responses.email_hash is not null then 'email_of_nobody'
            when responses.app_user_hash is not null then 'app_user_never_seen'
            else 'anonymous'
        end as unmatched_reason
    from responses
    left join app_users on responses.app_user_hash = app_users.user_hash
    left join {{ ref('int_identity__person_emails') }} as emails on responses.email_hash = emails.email_hash
),

with_accounts as (
    select
        identified.response_id,
        identified.person_id,
        identified.person_rule,
        identified.unmatched_reason,
        coalesce(
            identified.person_id,
            'app:user:' || identified.app_user_hash,
            'email:' || identified.email_hash,
            identified.response_id
        ) as respondent_key,
        coalesce(
            named_accounts.account_id,
            case when persons.account_id <> '(unknown)' then persons.account_id end
        ) as account_id,
        case
            when named_accounts.account_id is not null then 'named_account'
            when persons.account_id <> '(unknown)' then 'home_account'
            when identified.account_key is not null then 'named_account_of_no_company'
            when identified.person_id is null then 'person_not_known'
            else 'person_without_account'
        end as account_rule,
        identified.is_internal_email or coalesce(persons.is_internal, false) as is_internal
    from identified
    left join {{ ref('int_identity__persons') }} as persons on identified.person_id = persons.person_id
    left join {{ ref('int_identity__accounts') }} as named_accounts
        on 'app:' || identified.account_key = named_accounts.account_key
)

select
    with_accounts.response_id,
    coalesce(with_accounts.person_id, '(unknown)') as person_id,
    with_accounts.person_rule,
    with_accounts.unmatched_reason,
    with_accounts.respondent_key,
    coalesce(with_accounts.account_id, '(unknown)') as account_id,
    with_accounts.account_rule,
    with_accounts.is_internal,
    coalesce(accounts.is_test_account, false) as is_test_account
from with_accounts
left join {{ ref('int_crm__accounts') }} as accounts on with_accounts.account_id = accounts.account_id
