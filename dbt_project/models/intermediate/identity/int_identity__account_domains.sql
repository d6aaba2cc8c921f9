-- Grain: one row an e-mail domain that one account owns. A domain of several accounts is left out: nothing is guessed.
select
    companies.domain,
    min(accounts.account_id) as account_id
from {{ ref('stg_hubspot__companies') }} as companies
inner join {{ ref('int_crm__accounts') }} as crm_accounts
    on 'hubspot:company:' || companies.company_id = crm_accounts.account_id
inner join {{ ref('int_identity__accounts') }} as accounts
    on crm_accounts.account_id = accounts.account_key
where
    companies.domain is not null
    and accounts.account_id is not null
    and (crm_accounts.is_merged or not crm_accounts.is_archived)
group by companies.domain
having min(accounts.account_id) = max(accounts.account_id)
