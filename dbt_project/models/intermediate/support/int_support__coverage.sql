-- Grain: one row a check of support's data (and a reason, where there are several): how many of how many are as
-- its name says.
with tickets as (
    select
        ticket_id,
        account_id,
        account_rule,
        person_id,
        feature_id,
        not_counted_reason,
        is_counted,
        is_history_missing
    from {{ ref('int_support__tickets') }}
),

totals as (
    select
        count(*) as ticket_count,
        sum(case when is_counted then 1 else 0 end) as counted_count,
        sum(case when is_counted and feature_id <> '(untagged)' then 1 else 0 end) as tagged_count,
        sum(case when is_counted and account_id <> '(unknown)' then 1 else 0 end) as account_count,
        sum(case when is_counted and person_id <> '(unknown)' then 1 else 0 end) as person_count,
        sum(case when is_counted and not is_history_missing then 1 else 0 end) as history_count
    from tickets
),

not_counted as (
    select
        not_counted_reason as reason,
        count(*) as counted
    from tickets
    where not_counted_reason is not null
    group by not_counted_reason
),

without_account as (
    select
        account_rule as reason,
        count(*) as counted
    from tickets
    where
        is_counted
        and account_id = '(unknown)'
    group by account_rule
),

organizations as (
    select
        coalesce(identities.unmatched_reason, identities.rule) as reason,
        identities.account_id is not null as is_matched,
        count(*) as counted
    from {{ ref('stg_zendesk__organizations') }} as organizations
    inner join {{ ref('int_identity__accounts') }} as identities
        on 'zendesk:organization:' || organizations.organization_id = identities.account_key
    where not organizations.is_deleted
    group by coalesce(identities.unmatched_reason, identities.rule), identities.account_id is not null
),

organization_totals as (
    select sum(counted) as organization_count
    from organizations
),

comments as (
    select
        count(*) as comment_count,
        sum(case when author_role is not null then 1 else 0 end) as known_author_count,
        sum(case when is_automated then 1 else 0 end) as automated_count
    from {{ ref('int_support__comments') }}
)

select
    'tickets' as subject,
    'zendesk' as source,
    'tickets_tagged_with_feature' as check_name,
    cast(coalesce(tagged_count, 0) as bigint) as counted,
    cast(coalesce(counted_count, 0) as bigint) as total,
    'Counted tickets that bear a tag of some feature; the others are under (untagged).' as explanation
from totals
union all
select
    'tickets' as subject,
    'zendesk' as source,
    'tickets_with_account' as check_name,
    cast(coalesce(account_count, 0) as bigint) as counted,
    cast(coalesce(counted_count, 0) as bigint) as total,
    'Counted tickets whose organization is matched with an account; the others are in segment (unknown).' as explanation
from totals
union all
select
    'tickets' as subject,
    'zendesk' as source,
    'tickets_with_person' as check_name,
    cast(coalesce(person_count, 0) as bigint) as counted,
    cast(coalesce(counted_count, 0) as bigint) as total,
    'Counted tickets whose requester is a known customer.' as explanation
from totals
union all
select
    'tickets' as subject,
    'zendesk' as source,
    'tickets_with_status_history' as check_name,
    cast(coalesce(history_count, 0) as bigint) as counted,
    cast(coalesce(counted_count, 0) as bigint) as total,
    'Counted tickets with audits of their status; the status of the others is that of their record.' as explanation
from totals
union all
select
    'tickets' as subject,
    'zendesk' as source,
    'tickets_not_counted_' || not_counted.reason as check_name,
    cast(not_counted.counted as bigint) as counted,
    cast(totals.ticket_count as bigint) as total,
    'Tickets in no metric, by reason: deleted, spam, merged, asked by a colleague, or of a test account.' as explanation
from not_counted
cross join totals
union all
select
    'tickets' as subject,
    'zendesk' as source,
    'tickets_without_account_' || without_account.reason as check_name,
    cast(without_account.counted as bigint) as counted,
    cast(totals.counted_count as bigint) as total,
    'Counted tickets without an account, by reason.' as explanation
from without_account
cross join totals
union all
select
    'organizations' as subject,
    'zendesk' as source,
    case when organizations.is_matched then 'organizations_matched_by_' else 'organizations_unmatched_' end
    || organizations.reason as check_name,
    cast(organizations.counted as bigint) as counted,
    cast(organization_totals.organization_count as bigint) as total,
    'Organizations of the support tool, by how they were matched with a company of the CRM, or why not.' as explanation
from organizations
cross join organization_totals
union all
select
    'comments' as subject,
    'zendesk' as source,
    'comments_with_known_author' as check_name,
    cast(coalesce(known_author_count, 0) as bigint) as counted,
    cast(comment_count as bigint) as total,
    'Comments whose author is a known user; the others are never a reply.' as explanation
from comments
union all
select
    'comments' as subject,
    'zendesk' as source,
    'comments_automated' as check_name,
    cast(coalesce(automated_count, 0) as bigint) as counted,
    cast(comment_count as bigint) as total,
    'Comments sent by a rule or the system: never a reply.' as explanation
from comments
