"""Counts of nothing: a period in which nothing happened to something that was there has the number 0, and no gap.

A count begins with its first number: before it nobody can tell whether the tool was in use. It ends where one of the
sources that feed it was not read any more: what was not read is unknown. Rates and medians of nothing do not exist.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import UTC, date
from zoneinfo import ZoneInfo

import duckdb

from connectors.raw_facts import ReadState
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from metrics.periods import next_period

# Since when a member was there, beyond its first number, and until when: SQL of member, first and last day.
_LIVES = {
    "feature_id": "select feature_id, live_from, live_until from marts.dim_feature",
    "product_id": (
        "select product_id, min(live_from), case when count(*) = count(live_until) then max(live_until) end "
        "from marts.dim_feature where live_from is not null group by 1"
    ),
}
# By subject, what says of a feature whether it can be told: without a tag no ticket is known to be about it.
_TOLD_BY = {"support": "has_ticket_tags", "usage": "is_instrumented", "feedback": "has_feedback_sources"}
_NAMES = ", ".join(DIMENSIONS)


def add_zeros(
    connection: duckdb.DuckDBPyConnection,
    definition: MetricDefinition,
    periods: tuple[date, date],
    read_until: date | None,
    as_of: date,
) -> None:
    """Give a count that is computed in the temporary table `tonight` a row with 0 for every member and period without.

    `periods`: first and last day of the periods that were computed. `read_until`: the first day, in the reporting time
    zone, that its sources do not hold whole; None: they were never read. `as_of`: numbers of later nights are not known.
    Members are those of `tonight`, of `metrics.metric_values` and, of features and products, those that are live.
    """
    if not definition.is_count or read_until is None:
        return
    ended = [each for each in _each(definition.grain, *periods) if each[1] <= read_until]
    if not ended:
        return
    connection.execute(
        "create or replace temporary table ended_periods (period_start date, period_after date)"
    )
    connection.executemany("insert into ended_periods values (?, ?)", ended)
    for grouping in definition.groupings:
        connection.execute(_sql(definition, grouping), {"metric": definition.metric, "as_of": as_of})


def leave_out_untold(connection: duckdb.DuckDBPyConnection, definition: MetricDefinition) -> None:
    """Take out of the temporary table `tonight` the 0 of features, and of products all of whose features are such, that the
    tools of a metric cannot tell: it would be a guess."""
    if told_by := _TOLD_BY.get(definition.subject):
        features = f"select feature_id from marts.dim_feature where not {told_by}"
        products = f"select product_id from marts.dim_feature group by 1 having not bool_or({told_by})"
        connection.execute(
            "delete from tonight where metric = ? and value = 0 "
            f"and (feature_id in ({features}) or product_id in ({products}))",
            [definition.metric],
        )


def leave_out_unread(
    connection: duckdb.DuckDBPyConnection,
    definition: MetricDefinition,
    periods: tuple[date, date],
    counted: Set[str],
    per: Set[str],
    read: Mapping[str, date],
) -> None:
    """Take out of the temporary table `tonight` the 0 of a rate whose numerator nobody told, as tickets per user without a desk.

    `counted`: the sources of what is counted. `per`: those of what it is counted per, which gave the row. Of periods that the
    first, where they are others, do not hold whole, and of all where none of them was ever switched on. `read` as in `read_of`.
    """
    if definition.is_count or not counted:
        return
    told = read_of(counted - per, read) if any(each in read for each in counted) else date.min
    if told is None:
        return
    if unread := [first for first, after in _each(definition.grain, *periods) if after > told]:
        connection.execute(
            "delete from tonight where metric = ? and value = 0 and list_contains(?, period_start)",
            [definition.metric, unread],
        )


def days_read(states: Iterable[ReadState], zone: ZoneInfo) -> dict[str, date]:
    """By source that was ever switched on, the first day in the time zone that it does not hold whole."""
    return {
        each.source: each.read_until.replace(tzinfo=UTC).astimezone(zone).date()
        if each.read_until
        else date.min
        for each in states
        if each.outcome != "off"
    }


def read_of(sources: Iterable[str], read: Mapping[str, date]) -> date | None:
    """The first day that one of these sources, of those that were ever switched on, does not hold whole."""
    return min((read[source] for source in sources if source in read), default=None)


def _each(grain: str, first_day: date, last_day: date) -> Iterator[tuple[date, date]]:
    """First day of each period, and that of the period after it."""
    while first_day <= last_day:
        following = next_period(grain, first_day)
        yield first_day, following
        first_day = following


def _sql(definition: MetricDefinition, grouping: tuple[str, ...]) -> str:
    numbers = " and ".join(f"{name} is {'not ' if name in grouping else ''}null" for name in DIMENSIONS)
    members = "".join(f", {name}" for name in grouping)
    same = "".join(f" and members.{name} = tonight.{name}" for name in grouping)
    lives, alive = "", ""
    for name in sorted(set(grouping) & _LIVES.keys()):
        lives += (
            f" left join ({_LIVES[name]}) as {name}_lives({name}, live_from, live_until) "
            f"on members.{name} = {name}_lives.{name}"
        )
        alive += f" and ended_periods.period_start <= coalesce({name}_lives.live_until, ended_periods.period_start)"
    born = ""
    if len(grouping) == 1 and grouping[0] in _LIVES:
        # A count that has not begun has no member.
        born = (
            " union all select lives.member, greatest(lives.live_from, began.first_day) "
            f"from ({_LIVES[grouping[0]]}) as lives(member, live_from, live_until) "
            "inner join (select min(period_start) as first_day from numbers) as began "
            "on began.first_day is not null and lives.live_from is not null"
        )
    columns = ", ".join(f"members.{name}" if name in grouping else "null" for name in DIMENSIONS)
    return f"""
        insert into tonight
        with numbers as (
            select period_start, {_NAMES} from tonight where metric = $metric
            union all
            select period_start, {_NAMES} from metrics.metric_values
            where metric = $metric and as_of <= $as_of and value is not null
        ),
        members as (
            select min(first_day) as first_day{members}
            from (
                select {"".join(f"{name}, " for name in grouping)}period_start as first_day from numbers where {numbers}
                {born}
            )
            group by all
            having min(first_day) is not null
        )
        select
            '{definition.metric}', {definition.definition_version}, '{definition.grain}', ended_periods.period_start,
            {columns}, 0, null, 0, 0
        from members
        inner join ended_periods on ended_periods.period_after > members.first_day
        {lives}
        left join (select * from tonight where metric = $metric and {numbers}) as tonight
            on ended_periods.period_start = tonight.period_start{same}
        where tonight.metric is null{alive}
    """
