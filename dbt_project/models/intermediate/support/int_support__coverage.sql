-- Grain: one row a support tool and check of its data (and a reason, where there are several): how many of how many are
-- as its name says. Where no tool gave a ticket, the tool is (none) and all counts are 0.
with tickets as (
    select
        source,
        account_id,
        account_rule,
        person_id,
        feature_id,
        not_counted_reason,
        is_counted,
        is_history_missing
    from {{ ref('int_support__tickets') }}
),

sources as (
    select distinct source
    from tickets
    union all
    select '(none)' as source
    from (select count(*) as ticket_count from tickets) as counts
    where ticket_count = 0
),

ticket_counts as (
    select
        source,
        count(*) as ticket_count,
        sum(case when is_counted then 1 else 0 end) as counted_count,
        sum(case when is_counted and feature_id <> '(untagged)' then 1 else 0 end) as tagged_count,
        sum(case when is_counted and account_id <> '(unknown)' then 1 else 0 end) as account_count,
        sum(case when is_counted and person_id <> '(unknown)' then 1 else 0 end) as person_count,
        sum(case when is_counted and not is_history_missing then 1 else 0 end) as history_count
    from tickets
    group by source
),

comment_counts as (
    select
        source,
        count(*) as comment_count,
        sum(case when is_author_known then 1 else 0 end) as known_author_count,
        sum(case when is_automated then 1 else 0 end) as automated_count
    from {{ ref('int_support__comments') }}
    group by source
),

rating_counts as (
    select
        source,
        count(*) as offered_count,
        sum(case when score is not null then 1 else 0 end) as rated_count
    from {{ ref('int_support__ratings') }}
    where is_counted
    group by source
),

mirrored_counts as (
    select
        source,
        count(*) as mirrored_count
    from {{ ref('int_support__mirrored_tickets') }}
    group by source
),

totals as (
    select
        sources.source,
        coalesce(ticket_counts.ticket_count, 0) as ticket_count,
        coalesce(ticket_counts.counted_count, 0) as counted_count,
        coalesce(ticket_counts.tagged_count, 0) as tagged_count,
        coalesce(ticket_counts.account_count, 0) as account_count,
        coalesce(ticket_counts.person_count, 0) as person_count,
        coalesce(ticket_counts.history_count, 0) as history_count,
        coalesce(comment_counts.comment_count, 0) as comment_count,
        coalesce(comment_counts.known_author_count, 0) as known_author_count,
        coalesce(comment_counts.automated_count, 0) as automated_count,
        coalesce(rating_counts.offered_count, 0) as offered_count,
        coalesce(rating_counts.rated_count, 0) as rated_count
    from sources
    left join ticket_counts
        on sources.source = ticket_counts.source
    left join comment_counts
        on sources.source = comment_counts.source
    left join rating_counts
        on sources.source = rating_counts.source
),

not_counted as (
    select
        source,
        not_counted_reason as reason,
        count(*) as counted
    from tickets
    where not_counted_reason is not null
    group by source, not_counted_reason
),

without_account as (
    select
        source,
        account_rule as reason,
        count(*) as counted
    from tickets
    where
        is_counted
        and account_id = '(unknown)'
    group by source, account_rule
),

organizations as (
    select
        organizations.source,
        coalesce(identities.unmatched_reason, identities.rule) as reason,
        identities.account_id is not null as is_matched,
        count(*) as counted
    from {{ ref('int_support__source_organizations') }} as organizations
    inner join {{ ref('int_identity__accounts') }} as identities
        on organizations.organization_key = identities.account_key
    where not organizations.is_deleted
    group by
        organizations.source,
        coalesce(identities.unmatched_reason, identities.rule),
        identities.account_id is not null
),

organization_totals as (
    select
        source,
        sum(counted) as organization_count
    from organizations
    group by source
)

{% set checks = [
    ('tickets', 'tickets_tagged_with_feature', 'tagged_count', 'counted_count',
     'Counted tickets that bear a tag of some feature; the others are under (untagged).'),
    ('tickets', 'tickets_with_account', 'account_count', 'counted_count',
     'Counted tickets whose organization is matched with an account; the others are in segment (unknown).'),
    ('tickets', 'tickets_with_person', 'person_count', 'counted_count',
     'Counted tickets whose requester is a known customer.'),
    ('tickets', 'tickets_with_status_history', 'history_count', 'counted_count',
     'Counted tickets with the whole history of their status; that of the others is partly taken from their record.'),
    ('comments', 'comments_with_known_author', 'known_author_count', 'comment_count',
     'Comments whose author is a known user, teammate or bot.'),
    ('comments', 'comments_automated', 'automated_count', 'comment_count',
     'Comments sent by a rule, a bot or the system: never a reply.'),
    ('ratings', 'ratings_given', 'rated_count', 'offered_count',
     'Ratings of counted tickets that were given, of those that were asked for.'),
] -%}
{% for subject, check_name, counted, total, explanation in checks -%}
select
    '{{ subject }}' as subject,
    source,
    '{{ check_name }}' as check_name,
    cast({{ counted }} as bigint) as counted,
    cast({{ total }} as bigint) as total,
    '{{ explanation }}' as explanation
from totals
union all
{% endfor -%}
select
    'tickets' as subject,
    not_counted.source,
    'tickets_not_counted_' || not_counted.reason as check_name,
    cast(not_counted.counted as bigint) as counted,
    cast(totals.ticket_count as bigint) as total,
    'Tickets in no metric, by reason: deleted, spam, merged, asked by a colleague, or of a test account.' as explanation
from not_counted
inner join totals
    on not_counted.source = totals.source
union all
select
    'tickets' as subject,
    without_account.source,
    'tickets_without_account_' || without_account.reason as check_name,
    cast(without_account.counted as bigint) as counted,
    cast(totals.counted_count as bigint) as total,
    'Counted tickets without an account, by reason.' as explanation
from without_account
inner join totals
    on without_account.source = totals.source
union all
select
    'tickets' as subject,
    mirrored_counts.source,
    'tickets_kept_in_another_tool' as check_name,
    cast(mirrored_counts.mirrored_count as bigint) as counted,
    cast(mirrored_counts.mirrored_count + coalesce(totals.ticket_count, 0) as bigint) as total,
    'Tickets that this tool only shows: they count once, as those of the tool that keeps them.' as explanation
from mirrored_counts
left join totals
    on mirrored_counts.source = totals.source
union all
select
    'organizations' as subject,
    organizations.source,
    case when organizations.is_matched then 'organizations_matched_by_' else 'organizations_unmatched_' end
    || organizations.reason as check_name,
    cast(organizations.counted as bigint) as counted,
    cast(organization_totals.organization_count as bigint) as total,
    'Organizations of the support tool, by how they were matched with a company of the CRM, or why not.' as explanation
from organizations
inner join organization_totals
    on organizations.source = organization_totals.source
