-- A ticket without an account says why: no organization, or an organization that no rule matches.
select ticket_id, account_id, account_rule
from {{ ref('fct_ticket') }}
where
    account_rule is null
    or (account_id = '(unknown)' and account_rule in ('external_id', 'domain'))
    or (account_id <> '(unknown)' and account_rule not in ('external_id', 'domain'))
