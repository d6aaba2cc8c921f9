-- Grain: one row a support tool and check of its data (and a reason, where there are several): how many of how many are
-- as its name says. Where no tool gave a ticket, the tool is (none) and all counts are 0.
with tickets as (
    select *
    from {{ ref('int_support__tickets') }}
),

tools as (
    select distinct source
    from tickets
    union all
    select '(none)' as source
    from (select count(*) as ticket_count from tickets) as counts
    where ticket_count = 0
),

tool_tickets as (
    select
        tools.source,
        tickets.account_id,
        tickets.person_id,
        tickets.feature_id,
        tickets.is_counted,
        tickets.is_history_whole,
        tickets.first_reply_source
    from tools
    left join tickets
        on tools.source = tickets.source
),

tool_comments as (
    select
        tools.source,
        comments.event_id,
        comments.is_author_known,
        comments.is_automated
    from tools
    left join {{ ref('int_support__comments') }} as comments
        on tools.source = comments.source
),

tool_ratings as (
    select
        tools.source,
        ratings.score,
        ratings.is_counted
    from tools
    left join {{ ref('int_support__ratings') }} as ratings
        on tools.source = ratings.source
),

tool_promises as (
    select
        tools.source,
        promises.is_counted,
        promises.not_counted_reason
    from tools
    inner join {{ ref('int_support__sla_instances') }} as promises
        on tools.source = promises.source
),

-- Tickets that a tool keeps or only shows.
shown_tickets as (
    select
        source,
        true as is_mirrored
    from {{ ref('int_support__mirrored_tickets') }}
    union all
    select
        tickets.source,
        false as is_mirrored
    from tickets
    inner join (select distinct source from {{ ref('int_support__mirrored_tickets') }}) as mirrors
        on tickets.source = mirrors.source
),

organizations as (
    select
        organizations.source,
        case when identities.account_id is not null then 'organizations_matched_by_' else 'organizations_unmatched_' end
        || coalesce(identities.unmatched_reason, identities.rule) as check_name
    from {{ ref('int_support__source_organizations') }} as organizations
    inner join {{ ref('int_identity__accounts') }} as identities
        on organizations.organization_key = identities.account_key
    where not organizations.is_deleted
)

{{ coverage_rows('tool_tickets', 'tickets', [
    ('tickets_tagged_with_feature', "feature_id <> '(untagged)'", 'is_counted',
     'Counted tickets that bear a tag of some feature; the others are under (untagged).'),
    ('tickets_with_account', "account_id <> '(unknown)'", 'is_counted',
     'Counted tickets whose organization is matched with an account; the others are in segment (unknown).'),
    ('tickets_with_person', "person_id <> '(unknown)'", 'is_counted',
     'Counted tickets whose requester is a known customer.'),
    ('tickets_with_whole_history', 'is_history_whole', 'is_counted',
     'Counted tickets of which all that happened is held, from their creation on; the others are not measured.'),
    ('first_replies_told_by_the_tool', "first_reply_source = 'vendor'", 'first_reply_source is not null',
     'First replies that the statistics of the tool tell, because the comments were cut off.'),
]) }}
union all
{{ coverage_rows('tool_comments', 'comments', [
    ('comments_with_known_author', 'is_author_known', 'event_id is not null',
     'Comments whose author is a known user, teammate or bot.'),
    ('comments_automated', 'is_automated', 'event_id is not null',
     'Comments sent by a rule, a bot or the system: never a reply.'),
]) }}
union all
{{ coverage_rows('tool_ratings', 'ratings', [
    ('ratings_given', 'score is not null', 'is_counted',
     'Ratings of counted tickets that were given, of those that were asked for.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'tickets', "'tickets'", "'tickets_not_counted_' || not_counted_reason", 'not_counted_reason',
    'Tickets in no metric, by reason: deleted, spam, merged, asked by a colleague, or of a test account.'
) }}
union all
{{ coverage_rows_by_reason(
    'tickets', "'tickets'", "'tickets_without_account_' || account_rule",
    "case when is_counted and account_id = '(unknown)' then account_rule end",
    'Counted tickets without an account, by reason.',
    total='is_counted'
) }}
union all
{{ coverage_rows_by_reason(
    'tickets', "'tickets'", "'tickets_without_whole_history_' || history_gap_reason",
    'case when is_counted then history_gap_reason end',
    'Counted tickets without first reply, resolution, waits and reopens, by what their history lacks.',
    total='is_counted'
) }}
union all
{{ coverage_rows('tool_promises', 'promises', [
    ('promises_decided_and_dated', 'is_counted', 'true',
     'Promises of a time (SLA) that were kept or broken, and of which it is known when they were due.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'tool_promises', "'promises'", "'promises_not_counted_' || not_counted_reason", 'not_counted_reason',
    'Promises of a time (SLA) in no metric, by reason: open, due later, taken away, without a beginning or a due time.'
) }}
union all
select
    subject,
    source,
    check_name,
    counted,
    total,
    explanation
from {{ ref('int_support__set_aside') }}
union all
{{ coverage_rows('shown_tickets', 'tickets', [
    ('tickets_kept_in_another_tool', 'is_mirrored', 'true',
     'Tickets that this tool only shows: they count once, as those of the tool that keeps them.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'organizations', "'organizations'", 'check_name', 'check_name',
    'Organizations of the support tool, by how they were matched with a company of the CRM, or why not.'
) }}
