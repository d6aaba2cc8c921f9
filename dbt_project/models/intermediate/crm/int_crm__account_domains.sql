-- Grain: one row a domain of companies that are live or merged: the account it leads to, or none when it leads to
-- several.
select
    domains.domain,
    case when min(accounts.account_id) = max(accounts.account_id) then min(accounts.account_id) end as account_id,
    min(accounts.account_id) <> max(accounts.account_id) as is_ambiguous
from {{ ref('int_crm__company_domains') }} as domains
inner join {{ ref('int_crm__companies') }} as companies
    on domains.company_key = companies.company_key
inner join {{ ref('int_crm__company_accounts') }} as accounts
    on companies.company_key = accounts.company_key
where
    accounts.is_merged
    or not companies.is_archived
group by domains.domain
