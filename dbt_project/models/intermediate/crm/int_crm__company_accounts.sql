-- Grain: one row a company of a CRM: whose account it is, by which rule and with which confidence. A merged company is
-- its survivor's. A customer whom several CRMs know is one account, named by the first CRM of `crm_order`: matched by
-- the id of the account in the app (1.0), else by the domain (0.9) where not both sides name an account in the app.
-- Nothing is guessed: an id or domain of several companies of a CRM matches none of them. `unmatched_reason` says why a
-- company of a later CRM stands alone.
with companies as (
    select
        companies.company_key,
        companies.source,
        companies.crm_rank,
        companies.app_account_id,
        companies.is_archived,
        merged.company_key is not null as is_merged,
        coalesce(merged.winner_company_key, companies.company_key) as surviving_key
    from {{ ref('int_crm__companies') }} as companies
    left join {{ ref('int_crm__company_merges') }} as merged
        on companies.company_key = merged.company_key
),

survivors as (
    select
        company_key,
        crm_rank,
        app_account_id,
        is_archived
    from companies
    where not is_merged
),

-- A live or merged company is preferred to one that was archived for another reason.
app_accounts as (
    select
        app_account_id,
        crm_rank,
        min(surviving_key) as surviving_key,
        min(surviving_key) <> max(surviving_key) as is_ambiguous
    from (
        select
            app_account_id,
            crm_rank,
            surviving_key,
            case when is_archived and not is_merged then 1 else 0 end as preference,
            min(case when is_archived and not is_merged then 1 else 0 end)
                over (partition by app_account_id, crm_rank) as best_preference
        from companies
        where app_account_id is not null
    ) as ranked_companies
    where preference = best_preference
    group by app_account_id, crm_rank
),

first_app_accounts as (
    select
        app_account_id,
        crm_rank,
        surviving_key,
        is_ambiguous,
        row_number() over (partition by app_account_id order by crm_rank) as place
    from app_accounts
),

domains as (
    select
        company_domains.domain,
        companies.crm_rank,
        min(companies.surviving_key) as surviving_key,
        min(companies.surviving_key) <> max(companies.surviving_key) as is_ambiguous
    from companies
    inner join {{ ref('int_crm__company_domains') }} as company_domains
        on companies.company_key = company_domains.company_key
    where
        companies.is_merged
        or not companies.is_archived
    group by company_domains.domain, companies.crm_rank
),

first_domains as (
    select
        domains.domain,
        domains.crm_rank,
        domains.surviving_key,
        domains.is_ambiguous,
        survivors.app_account_id,
        row_number() over (partition by domains.domain order by domains.crm_rank) as place
    from domains
    left join survivors
        on domains.surviving_key = survivors.company_key
),

by_app_account as (
    select
        survivors.company_key,
        first_app_accounts.surviving_key as matched_key,
        coalesce(app_accounts.is_ambiguous or first_app_accounts.is_ambiguous, false) as is_ambiguous
    from survivors
    left join first_app_accounts
        on
            survivors.app_account_id = first_app_accounts.app_account_id
            and survivors.crm_rank > first_app_accounts.crm_rank
            and first_app_accounts.place = 1
    left join app_accounts
        on
            survivors.app_account_id = app_accounts.app_account_id
            and survivors.crm_rank = app_accounts.crm_rank
),

-- By whichever of its domains an earlier CRM knows.
by_domain as (
    select
        survivors.company_key,
        min(first_domains.surviving_key) as matched_key,
        max(case when own.domain is not null then 1 else 0 end) = 1 as has_domain,
        coalesce(min(first_domains.surviving_key) <> max(first_domains.surviving_key), false)
        or max(
            case
                when first_domains.surviving_key is null then 0
                when domains.is_ambiguous or first_domains.is_ambiguous then 1
                else 0
            end
        ) = 1 as is_ambiguous,
        max(
            case when survivors.app_account_id is not null and first_domains.app_account_id is not null then 1 else 0 end
        ) = 1 as is_of_another_app_account
    from survivors
    left join {{ ref('int_crm__company_domains') }} as own
        on survivors.company_key = own.company_key
    left join first_domains
        on
            own.domain = first_domains.domain
            and survivors.crm_rank > first_domains.crm_rank
            and first_domains.place = 1
            and not survivors.is_archived
    left join domains
        on
            own.domain = domains.domain
            and survivors.crm_rank = domains.crm_rank
    group by survivors.company_key
),

matches as (
    select
        survivors.company_key,
        case
            when by_app_account.matched_key is not null and not by_app_account.is_ambiguous then 'app_account_id'
            when
                by_domain.matched_key is not null
                and not by_domain.is_ambiguous
                and not by_domain.is_of_another_app_account
                then 'domain'
        end as rule,
        case
            when by_app_account.matched_key is not null and not by_app_account.is_ambiguous
                then by_app_account.matched_key
            when
                by_domain.matched_key is not null
                and not by_domain.is_ambiguous
                and not by_domain.is_of_another_app_account
                then by_domain.matched_key
        end as matched_key,
        case
            when survivors.crm_rank = min(survivors.crm_rank) over () then null
            when by_app_account.matched_key is not null and by_app_account.is_ambiguous
                then 'app_account_id_of_several_companies'
            when by_domain.matched_key is not null and by_domain.is_ambiguous then 'domain_of_several_companies'
            when by_domain.matched_key is not null then 'domain_of_another_app_account'
            when survivors.app_account_id is null and not by_domain.has_domain then 'no_app_account_id_and_no_domain'
            else 'in_no_other_crm'
        end as reason_if_unmatched
    from survivors
    inner join by_app_account
        on survivors.company_key = by_app_account.company_key
    inner join by_domain
        on survivors.company_key = by_domain.company_key
)

select
    companies.company_key,
    -- What was matched by domain may itself have been matched by its account in the app.
    coalesce(further.matched_key, matches.matched_key, companies.surviving_key) as account_id,
    companies.source,
    case when companies.is_merged then 'company_merge' else coalesce(matches.rule, 'company_id') end as rule,
    cast(case when not companies.is_merged and matches.rule = 'domain' then 0.9 else 1.0 end as double) as confidence,
    case
        when not companies.is_merged and matches.rule is null then matches.reason_if_unmatched
    end as unmatched_reason,
    companies.crm_rank,
    companies.is_merged
from companies
left join matches
    on companies.surviving_key = matches.company_key
left join matches as further
    on matches.matched_key = further.company_key
