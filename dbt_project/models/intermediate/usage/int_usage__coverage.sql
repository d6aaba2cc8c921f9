-- Grain: one row a subject, source and check of what stands behind the usage metrics. What one tool sent is counted by
-- tool; what became of the events, whichever tool saw them, has the source `app`.
with events as (
    select
        source,
        event_type,
        quarantine_reason,
        is_zero_user and quarantine_reason is null as is_zero_user,
        quarantine_reason is null and not is_zero_user as is_countable,
        quarantine_reason is null
        and {{ days_between('cast(occurred_at as date)', 'cast(uploaded_at as date)') }} > {{ var('late_event_days') }}
            as is_late
    from {{ ref('int_usage__events') }}
    -- What claims to be of a day to come is set aside for it, and nothing to wait for.
    where quarantine_reason is not null or event_date < {{ as_of_date() }}
),

event_types as (
    select
        events.source,
        events.event_type,
        rules.event_type is null and passive.value is null as is_unmapped,
        events.event_count
    from (
        select source, event_type, count(*) as event_count
        from events
        where is_countable
        group by source, event_type
    ) as events
    left join (select distinct event_type from {{ ref('stg_registry__feature_events') }}) as rules
        on events.event_type = rules.event_type
    left join (
        select distinct value
        from {{ ref('stg_registry__exclusions') }}
        where exclusion_id in ('passive_events', 'tools_own_events')
    ) as passive
        on events.event_type = passive.value
),

person_days as (
    select
        seen_by,
        is_bot,
        is_passive,
        not is_bot and not is_passive as is_active,
        feature_id,
        account_id,
        event_count
    from {{ ref('int_usage__person_days') }}
),

tools as (
    select
        source,
        sum(case when is_countable then 1 else 0 end) as countable_count,
        count(*) over () as tool_count
    from events
    group by source
),

-- Of the events that count, how many each tool saw, and how many it alone.
seen_events as (
    select
        tools.source,
        tools.tool_count,
        {{ is_seen_by('days.seen_by', 'tools.source') }} as is_seen,
        days.seen_by = '|' || tools.source || '|' as is_seen_alone,
        days.event_count
    from tools
    cross join (
        select seen_by, sum(event_count) as event_count
        from person_days
        group by seen_by
    ) as days
),

events_of_several_tools as (
    select *
    from seen_events
    where tool_count > 1
),

persons as (
    select persons.*
    from {{ ref('int_identity__persons') }} as persons
    inner join (select distinct person_id from {{ ref('int_usage__person_days') }}) as users
        on persons.person_id = users.person_id
)

{{ coverage_rows('person_days', 'events', source="'app'", weight='event_count', checks=[
    ('events_mapped_to_feature', "feature_id <> '(unmapped)'", 'is_active',
     'Events that an event rule of a feature claims. The others count for activity, but for no feature.'),
    ('events_naming_account', "account_id <> '(unknown)'", 'is_active',
     'Events that name a known account. The others count for persons, but for no account.'),
    ('events_excluded_as_bot', 'is_bot', 'true', 'Events of bots, by their user agent: not counted.'),
    ('events_excluded_as_passive', 'is_passive and not is_bot', 'true',
     'Events that need no action of the person, such as a push that arrived: not counted as activity.'),
]) }}
union all
{{ coverage_rows('events', 'events', [
    ('events_quarantined_future', "quarantine_reason = 'future'", 'true',
     'Events more than an hour ahead of their receipt: not counted.'),
    ('events_quarantined_before_history', "quarantine_reason = 'before_history'", 'true',
     'Events dated before the day on which the history begins, as a clock that was never set dates them: not counted.'),
    ('events_quarantined_nobody', "quarantine_reason = 'nobody'", 'true',
     'Events with neither a user nor a device: not counted.'),
    ('events_quarantined_no_event_time', "quarantine_reason = 'no_event_time'", 'true',
     'Events without a time or a type: not counted.'),
    ('events_quarantined_no_event_type', "quarantine_reason = 'no_event_type'", 'true',
     'Events without a time or a type: not counted.'),
    ('events_of_zero_user_id', 'is_zero_user', 'true',
     'Events of the all-zero user id, which stands for nobody: not counted.'),
    ('events_late', 'is_late', 'true',
     'Events that arrived more than ' ~ var("late_event_days") ~ ' days after they happened: counted on their day, '
     ~ 'so a published number of that time has changed.'),
]) }}
union all
{{ coverage_rows_by_reason(
    'event_types', 'event_type', "'events_of_unmapped_type'", 'case when is_unmapped then event_type end',
    'Events of a type that no feature of the registry claims.',
    weight='event_count'
) }}
union all
select
    'events' as subject,
    tools.source,
    'events_duplicate' as check_name,
    cast(tools.countable_count - seen.event_count as bigint) as counted,
    cast(tools.countable_count as bigint) as total,
    'Further copies of an event in the same tool, by the whole key that the vendor gives: not counted.' as explanation
from tools
inner join (
    select source, sum(case when is_seen then event_count else 0 end) as event_count
    from seen_events
    group by source
) as seen
    on tools.source = seen.source
union all
{{ coverage_rows('events_of_several_tools', 'events', weight='event_count', checks=[
    ('events_seen_by_tool', 'is_seen', 'true',
     'Events that this tool saw, of those that any tool saw. What it missed, as ad blockers make it, the others have.'),
    ('events_seen_by_no_other_tool', 'is_seen_alone', 'true',
     'Events that only this tool saw, of those that any tool saw.'),
]) }}
union all
{{ coverage_rows('persons', 'persons', source="'app'", checks=[
    ('persons_excluded_as_internal', 'is_internal', 'true',
     'Persons with an e-mail address of our own in any tool: not counted.'),
    ('persons_excluded_as_bot', 'is_bot', 'true', 'Persons all of whose events are of bots: not counted.'),
    ('persons_excluded_as_test_account', 'is_test_account', 'true',
     'Persons whose home account is a test account: not counted.'),
    ('persons_with_home_account', "account_id <> '(unknown)'", 'true',
     'Persons with a known home account. The others are in segment (unknown).'),
]) }}
union all
{{ coverage_rows_by_reason(
    ref('int_identity__person_keys'), "identity_type || 's'", "identity_type || 's_unmatched_' || unmatched_reason",
    'unmatched_reason',
    "Identities that were matched with no other tool's person: each is a person of its own.",
    total_by=['source', 'identity_type']
) }}
