"""The suites of a night. Each speaks of one asset and reads one bounded query."""

from checks.contract import Rule, Severity, Suite, between, is_true
from checks.source_suites import drift_suite, freshness_suite
from settings.units import Chance, Unit

ERROR, WARN = Severity.ERROR, Severity.WARN

# Products whose events go through the event stream; their last day is compared with the same weekday before.
_VOLUME = """
with days as (
    select date_day from marts.dim_date where date_day >= $as_of - interval 29 day and date_day < $as_of
),
events as (
    select event_date, sum(event_count) as event_count
    from marts.fct_usage_daily
    where event_date >= $as_of - interval 29 day and event_date < $as_of
    group by event_date
),
daily as (
    select days.date_day, coalesce(events.event_count, 0) as event_count
    from days left join events on days.date_day = events.event_date
),
last_day as (select date_day, event_count from daily where date_day = $as_of - interval 1 day)
select
    last_day.date_day,
    last_day.event_count,
    last_day.event_count / nullif(median(earlier.event_count), 0) as share_of_usual
from last_day
join daily as earlier
    on earlier.date_day < last_day.date_day and dayofweek(earlier.date_day) = dayofweek(last_day.date_day)
group by last_day.date_day, last_day.event_count
"""

_TICKET_VOLUME = """
with weeks as (
    select distinct week_start from marts.dim_date
    where week_end < $as_of and date_day >= $as_of - interval 70 day
),
created as (
    select dates.week_start, count(*) as ticket_count
    from marts.fct_ticket as tickets join marts.dim_date as dates on tickets.created_date = dates.date_day
    where tickets.created_date >= $as_of - interval 77 day group by 1
),
weekly as (
    select weeks.week_start, coalesce(created.ticket_count, 0) as ticket_count
    from weeks left join created on weeks.week_start = created.week_start
),
last_week as (select * from weekly where week_start = (select max(week_start) from weekly))
select
    last_week.week_start, last_week.ticket_count,
    last_week.ticket_count / nullif(median(earlier.ticket_count), 0) as share_of_usual
from last_week join weekly as earlier on earlier.week_start < last_week.week_start
group by last_week.week_start, last_week.ticket_count
"""

_FEATURE_MIX = """
with usage as (
    select feature_id, event_date >= $as_of - interval 7 day as is_recent, sum(event_count) as event_count
    from marts.fct_usage_daily
    where event_date >= $as_of - interval 35 day and event_date < $as_of
    group by 1, 2
),
shares as (
    select feature_id, is_recent, event_count / sum(event_count) over (partition by is_recent) as share from usage
)
select
    coalesce(recent.feature_id, earlier.feature_id) as feature_id,
    coalesce(recent.share, 0) - coalesce(earlier.share, 0) as share_change
from (select * from shares where is_recent) as recent
full join (select * from shares where not is_recent) as earlier on recent.feature_id = earlier.feature_id
"""

_TICKETS = """
select
    ticket_id, status, priority, first_reply_seconds, full_resolution_seconds,
    date_diff('second', created_at, least($as_of_at, coalesce(solved_at, $as_of_at))) as life_seconds,
    first_resolution_seconds <= full_resolution_seconds as is_first_before_last
from marts.fct_ticket
where created_date >= $as_of - interval 91 day
"""

_ISSUES = """
select
    issue_id, lead_time_seconds, cycle_time_seconds,
    cycle_time_seconds <= lead_time_seconds + 60 as is_cycle_within_lead,
    stage
from marts.fct_issue
where created_date >= $as_of - interval 182 day or resolved_date >= $as_of - interval 182 day
"""

_UNMAPPED_SHARE = """
select
    'issue statuses' as subject,
    avg(case when stage = 'other' then 1.0 else 0.0 end) as unmapped_share
from marts.fct_issue_status where started_at >= $as_of_at - interval 91 day
union all
select 'event types', sum(case when feature_id = '(unmapped)' then event_count else 0 end) / sum(event_count)
from marts.fct_usage_daily where event_date >= $as_of - interval 28 day
"""

_SHARES = ", ".join(f"'{unit}'" for unit in Unit if unit.chance is Chance.SHARE)
_RATES = f"""
select
    concat_ws(' ', value.metric, value.period_start, value.product_id, value.feature_id, value.team_id, value.segment, value.stage, value.step, value.theme_id, value.priority, value.policy_id,
        value.days) as value_key,
    value.metric, value.value, value.numerator, value.denominator
from metrics.metric_values as value
join metrics.metric_definitions as definition on value.metric = definition.metric
where value.is_current and definition.unit in ({_SHARES}) and value.period_start >= $as_of - interval 91 day
"""

# As metrics/dimensions.py has them: a number of the whole is that of no member.
CUTS = (
    "product_id",
    "feature_id",
    "team_id",
    "segment",
    "stage",
    "funnel_id",
    "step",
    "theme_id",
    "priority",
    "policy_id",
    "days",
)
_HEADLINES = f"""
with complete as (
    select max(week_start) as week_start from marts.dim_date where week_end < $as_of
),
wanted as (
    select unnest(['active_users_week', 'tickets_created', 'on_time_rate', 'features_used_rate']) as metric
)
select wanted.metric, count(value.value) as value_count
from wanted
left join metrics.metric_values as value
    on
        wanted.metric = value.metric and value.is_current and value.period_start = (select week_start from complete)
        and coalesce({", ".join(CUTS)}) is null
group by wanted.metric
"""


MART_SUITES: tuple[Suite, ...] = (
    Suite(
        "volume",
        ("marts", "core", "fct_usage_daily"),
        "product",
        "date_day",
        _VOLUME,
        (
            between(
                "last_day_is_usual",
                "share_of_usual",
                0.3,
                3.0,
                ERROR,
                "The last day's events are far from the same weekday of the last four weeks: an export or a release "
                "broke tracking. Compare with the vendor's own count before anybody reads usage.",
            ),
        ),
    ),
    Suite(
        "volume",
        ("marts", "core", "fct_ticket"),
        "support",
        "week_start",
        _TICKET_VOLUME,
        (
            between(
                "last_week_is_usual",
                "share_of_usual",
                0.2,
                5.0,
                WARN,
                "The last week's tickets are far from the usual week: look for an outage, a spam wave or a broken export.",
            ),
        ),
    ),
    Suite(
        "distribution",
        ("marts", "core", "fct_usage_daily"),
        "product",
        "feature_id",
        _FEATURE_MIX,
        (
            between(
                "feature_mix_is_stable",
                "share_change",
                -0.15,
                0.15,
                WARN,
                "A feature's share of all events moved by more than 15 points within a week: an event was renamed, "
                "duplicated or switched off, or something big was launched.",
            ),
        ),
    ),
    Suite(
        "plausibility",
        ("marts", "core", "fct_ticket"),
        "support",
        "ticket_id",
        _TICKETS,
        (
            between(
                "life_is_not_negative",
                "life_seconds",
                0,
                None,
                ERROR,
                "A ticket ends before it begins, or begins after the night: the vendor's times are wrong and every "
                "support duration with them.",
            ),
            between(
                "first_reply_within_90_days",
                "first_reply_seconds",
                0,
                90 * 86400,
                WARN,
                "A first reply took longer than 90 days or came before its ticket: look at imported tickets.",
            ),
            is_true(
                "first_solved_before_last",
                "is_first_before_last",
                ERROR,
                "A ticket was solved for the first time after its last time: its status history is out of order.",
            ),
            Rule(
                "status_is_known",
                "ExpectColumnValuesToBeInSet",
                {
                    "column": "status",
                    "value_set": ["new", "open", "pending", "hold", "solved", "closed", "deleted"],
                },
                ERROR,
                "A ticket has a status that the help desk did not have before: waits and resolutions would miss it. "
                "Map it in the staging model.",
            ),
        ),
    ),
    Suite(
        "plausibility",
        ("marts", "core", "fct_issue"),
        "delivery",
        "issue_id",
        _ISSUES,
        (
            between(
                "lead_time_is_not_negative",
                "lead_time_seconds",
                0,
                None,
                ERROR,
                "An issue was resolved before it was created: the tracker's times are wrong.",
            ),
            is_true(
                "cycle_within_lead",
                "is_cycle_within_lead",
                WARN,
                "Work on an issue took longer than the issue has existed: its history is incomplete.",
            ),
        ),
    ),
    Suite(
        "mapping",
        ("marts", "quality", "mart_metric_coverage"),
        "platform",
        "subject",
        _UNMAPPED_SHARE,
        (
            between(
                "unmapped_share_is_small",
                "unmapped_share",
                0,
                0.2,
                WARN,
                "More than a fifth of recent statuses or events is mapped to nothing: complete the registry's "
                "stages or the features' event rules.",
            ),
        ),
    ),
    Suite(
        "plausibility",
        ("metrics", "product_ops", "metric_values"),
        "platform",
        "value_key",
        _RATES,
        (
            between(
                "rates_lie_between_0_and_1",
                "value",
                0,
                1,
                ERROR,
                "A share is below nothing or above everything: its numerator is not part of its denominator.",
            ),
        ),
    ),
    Suite(
        "headlines",
        ("metrics", "product_ops", "metric_values"),
        "platform",
        "metric",
        _HEADLINES,
        (
            between(
                "headline_has_one_value",
                "value_count",
                0,
                1,
                ERROR,
                "A headline number of the last complete week exists more than once.",
            ),
        ),
    ),
)


def all_suites(streams: dict[str, tuple[str, ...]]) -> tuple[Suite, ...]:
    """Every suite of a night. `streams`: source name -> its stream names."""
    drift = tuple(
        drift_suite(source, stream)
        for source in streams
        for stream in streams[source]
        if source != "registry"
    )
    return (*MART_SUITES, freshness_suite(tuple(streams)), *drift)
