-- One row a subject, source and check of what stands behind the usage metrics (columns as in mart_metric_coverage).
-- What one tool sent is counted by tool; what became of the events, whichever tool saw them, has the source `app`.
with raw_events as (
    select
        source,
        event_id,
        event_type,
        quarantine_reason,
        is_zero_user,
        {{ days_between('cast(occurred_at as date)', 'cast(uploaded_at as date)') }} > {{ var('late_event_days') }}
            as is_late
    from {{ ref('int_usage__events') }}
    where event_date is null or event_date < {{ as_of_date() }}
),

raw_totals as (
    select
        source,
        count(*) as raw_count,
        sum(case when is_zero_user and quarantine_reason is null then 1 else 0 end) as zero_user_count,
        sum(case when is_late and quarantine_reason is null then 1 else 0 end) as late_count,
        sum(case when quarantine_reason is null and not is_zero_user then 1 else 0 end) as countable_count
    from raw_events
    group by source
),

quarantined as (
    select
        raw_totals.source,
        raw_totals.raw_count,
        reasons.quarantine_reason,
        count(raw_events.event_id) as quarantined_count
    from raw_totals
    cross join (
        select 'future' as quarantine_reason
        union all
        select 'no_event_time'
        union all
        select 'no_event_type'
        union all
        select 'nobody'
    ) as reasons
    left join raw_events
        on raw_totals.source = raw_events.source and reasons.quarantine_reason = raw_events.quarantine_reason
    group by raw_totals.source, raw_totals.raw_count, reasons.quarantine_reason
),

day_totals as (
    select
        sum(event_count) as event_count,
        sum(case when is_bot then event_count else 0 end) as bot_count,
        sum(case when is_passive and not is_bot then event_count else 0 end) as passive_count,
        sum(case when not is_bot and not is_passive then event_count else 0 end) as active_count,
        sum(case when not is_bot and not is_passive and feature_id <> '(unmapped)' then event_count else 0 end)
            as mapped_count,
        sum(case when not is_bot and not is_passive and account_id <> '(unknown)' then event_count else 0 end)
            as account_count
    from {{ ref('int_usage__person_days') }}
),

-- Of the events that count, how many each tool saw, and how many it alone.
tool_totals as (
    select
        raw_totals.source,
        sum(days.event_count) as all_count,
        sum(case when {{ is_seen_by('days.seen_by', 'raw_totals.source') }} then days.event_count else 0 end) as seen_count,
        sum(case when days.seen_by = '|' || raw_totals.source || '|' then days.event_count else 0 end) as only_count
    from raw_totals
    cross join (
        select seen_by, sum(event_count) as event_count
        from {{ ref('int_usage__person_days') }}
        group by seen_by
    ) as days
    group by raw_totals.source
),

tools as (
    select count(*) as tool_count
    from raw_totals
),

unmapped_types as (
    select raw_events.source, raw_events.event_type, count(*) as event_count
    from raw_events
    left join {{ ref('stg_registry__feature_events') }} as rules on raw_events.event_type = rules.event_type
    left join {{ ref('stg_registry__exclusions') }} as passive
        on raw_events.event_type = passive.value and passive.exclusion_id = 'passive_events'
    where
        rules.event_type is null
        and passive.value is null
        and raw_events.quarantine_reason is null
        and not raw_events.is_zero_user
    group by raw_events.source, raw_events.event_type
),

person_totals as (
    select
        count(*) as person_count,
        sum(case when persons.is_internal then 1 else 0 end) as internal_count,
        sum(case when persons.is_bot then 1 else 0 end) as bot_count,
        sum(case when persons.is_test_account then 1 else 0 end) as test_account_count,
        sum(case when persons.account_id <> '(unknown)' then 1 else 0 end) as account_count
    from {{ ref('int_identity__persons') }} as persons
    inner join (select distinct person_id from {{ ref('int_usage__person_days') }}) as users
        on persons.person_id = users.person_id
),

key_totals as (
    select source, identity_type, count(*) as key_count
    from {{ ref('int_identity__person_keys') }}
    group by source, identity_type
),

unmatched_keys as (
    select source, identity_type, unmatched_reason, count(*) as key_count
    from {{ ref('int_identity__person_keys') }}
    where unmatched_reason is not null
    group by source, identity_type, unmatched_reason
)

select
    'events' as subject,
    'app' as source,
    'events_mapped_to_feature' as check_name,
    mapped_count as counted,
    active_count as total,
    'Events that an event rule of a feature claims. The others count for activity, but for no feature.' as explanation
from day_totals
union all
select
    'events', 'app', 'events_naming_account', account_count, active_count,
    'Events that name a known account. The others count for persons, but for no account.'
from day_totals
union all
select
    unmapped_types.event_type, unmapped_types.source, 'events_of_unmapped_type',
    unmapped_types.event_count, raw_totals.countable_count,
    'Events of a type that no feature of the registry claims.'
from unmapped_types
inner join raw_totals on unmapped_types.source = raw_totals.source
union all
select
    'events', source, 'events_quarantined_' || quarantine_reason, quarantined_count, raw_count,
    case quarantine_reason
        when 'future' then 'Events more than an hour ahead of their receipt: not counted.'
        when 'nobody' then 'Events with neither a user nor a device: not counted.'
        else 'Events without a time or a type: not counted.'
    end
from quarantined
union all
select
    'events', source, 'events_of_zero_user_id', zero_user_count, raw_count,
    'Events of the all-zero user id, which stands for nobody: not counted.'
from raw_totals
union all
select
    'events', source, 'events_late', late_count, raw_count,
    'Events that arrived more than {{ var("late_event_days") }} days after they happened: counted on their day, '
    || 'so a published number of that time has changed.'
from raw_totals
union all
select
    'events', raw_totals.source, 'events_duplicate', raw_totals.countable_count - tool_totals.seen_count,
    raw_totals.countable_count, 'Further copies of an event (same device and insert id) in the same tool: not counted.'
from raw_totals
inner join tool_totals on raw_totals.source = tool_totals.source
union all
select
    'events', tool_totals.source, 'events_seen_by_tool', tool_totals.seen_count, tool_totals.all_count,
    'Events that this tool saw, of those that any tool saw. What it missed, as ad blockers make it, the others have.'
from tool_totals
inner join tools on tools.tool_count > 1
union all
select
    'events', tool_totals.source, 'events_seen_by_no_other_tool', tool_totals.only_count, tool_totals.all_count,
    'Events that only this tool saw, of those that any tool saw.'
from tool_totals
inner join tools on tools.tool_count > 1
union all
select
    'events', 'app', 'events_excluded_as_bot', bot_count, event_count, 'Events of bots, by their user agent: not counted.'
from day_totals
union all
select
    'events', 'app', 'events_excluded_as_passive', passive_count, event_count,
    'Events that need no action of the person, such as a push that arrived: not counted as activity.'
from day_totals
union all
select
    'persons', 'app', 'persons_excluded_as_internal', internal_count, person_count,
    'Persons with an e-mail address of our own in any tool: not counted.'
from person_totals
union all
select
    'persons', 'app', 'persons_excluded_as_bot', bot_count, person_count,
    'Persons all of whose events are of bots: not counted.'
from person_totals
union all
select
    'persons', 'app', 'persons_excluded_as_test_account', test_account_count, person_count,
    'Persons whose home account is a test account: not counted.'
from person_totals
union all
select
    'persons', 'app', 'persons_with_home_account', account_count, person_count,
    'Persons with a known home account. The others are in segment (unknown).'
from person_totals
union all
select
    unmatched_keys.identity_type || 's', unmatched_keys.source, unmatched_keys.identity_type || 's_unmatched_' || unmatched_keys.unmatched_reason,
    unmatched_keys.key_count, key_totals.key_count as total_key_count,
    {{ text_literal("Identities that were matched with no other tool's person: each is a person of its own.") }}
from unmatched_keys
inner join key_totals
    on unmatched_keys.source = key_totals.source and unmatched_keys.identity_type = key_totals.identity_type
