-- Grain: one row an id of an account in the app that some company names: the account it leads to, or none when several
-- companies name it. The first CRM of `crm_order` that knows the id decides; a live or merged company is preferred to
-- one that was archived for another reason.
with named as (
    select
        companies.app_account_id,
        accounts.account_id,
        min(companies.crm_rank) over (partition by companies.app_account_id) = companies.crm_rank as is_first_crm,
        case when companies.is_archived and not accounts.is_merged then 1 else 0 end as preference,
        min(case when companies.is_archived and not accounts.is_merged then 1 else 0 end)
            over (partition by companies.app_account_id, companies.crm_rank) as best_preference
    from {{ ref('int_crm__companies') }} as companies
    inner join {{ ref('int_crm__company_accounts') }} as accounts
        on companies.company_key = accounts.company_key
    where companies.app_account_id is not null
)

select
    app_account_id,
    case when min(account_id) = max(account_id) then min(account_id) end as account_id,
    min(account_id) <> max(account_id) as is_ambiguous
from named
where
    is_first_crm
    and preference = best_preference
group by app_account_id
