"""Figures of a week that were published before with another value, as far as a reader can see the difference.

Those of open-ended metrics are left out: they grow, and what was said before was right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from reports import wording
from reports.language import language
from reports.model import Restatement

_SQL = f"""
with figures as (
    select
        *,
        row_number() over (partition by metric, grain, period_start, {", ".join(DIMENSIONS)} order by as_of, revision) as place
    from metrics.metric_values
    where
        not list_contains($open_ended, metric)
        and ((grain = 'week' and period_start = $week) or (grain = 'month' and period_start between $week - 62 and $week))
)
select
    now.metric, now.grain, now.period_start, first.value, first.n, first.as_of, now.value, now.n, now.as_of,
    first.definition_version, now.definition_version, {", ".join(f"now.{name}" for name in DIMENSIONS)}
from figures as now
join figures as first
    on first.place = 1 and now.metric = first.metric and now.grain = first.grain
    and {" and ".join(f"now.{name} is not distinct from first.{name}" for name in DIMENSIONS)}
where now.is_current and now.place > 1 and now.value is distinct from first.value
order by all
"""
_SAY = language("en")
# The whole table is the mart's; a page names the totals and the first figures broken down.
MOST = 40


def restatements(
    mart: duckdb.DuckDBPyConnection, week_start: date, definitions: Mapping[str, MetricDefinition]
) -> tuple[Restatement, ...]:
    """The figures of the week, and of months beside it, that are not printed as first published.

    Totals before parts, at most `MOST`.
    """
    found = []
    beginnings = _beginnings(mart)
    asked = {"week": week_start, "open_ended": _open_ended(definitions.values())}
    for row in mart.execute(_SQL, asked).fetchall():
        metric, grain, start, first_value, first_n, first_as_of, value, n, as_of, version, version_now = row[
            :11
        ]
        if _printed(definitions, metric, value) == _printed(definitions, metric, first_value):
            continue
        members = {
            name: str(each) for name, each in zip(DIMENSIONS, row[11:], strict=True) if each is not None
        }
        found.append(
            Restatement(
                metric, tuple(members.values()), grain, start, first_value, first_n, first_as_of, value, n, as_of,
                (version or 1, version_now or 1), tuple(members), _reached_back(beginnings.get((metric, grain), {}), first_as_of, as_of),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda each: len(each.dimensions))[:MOST])


def _beginnings(mart: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[date, date]]:
    """By metric and grain, each night with the first period of which it said a new number."""
    found: dict[tuple[str, str], dict[date, date]] = {}
    for metric, grain, as_of, start in mart.execute(
        "select metric, grain, as_of, min(period_start) from metrics.metric_values where value is not null group by all"
    ).fetchall():
        found.setdefault((metric, grain), {})[as_of] = start
    return found


def _reached_back(beginnings: Mapping[date, date], first_as_of: date, as_of: date) -> date | None:
    """The first period that numbers reach back to since nights after the first one, where they did not before."""
    before = min((start for night, start in beginnings.items() if night <= first_as_of), default=None)
    since = min((start for night, start in beginnings.items() if first_as_of < night <= as_of), default=None)
    return since if before and since and since < before else None


@dataclass(frozen=True)
class Restated:
    """A night that said figures of a week otherwise than before, and how many."""

    as_of: date
    figures: int


def revisions(
    mart: duckdb.DuckDBPyConnection, week_start: date, definitions: Mapping[str, MetricDefinition]
) -> list[Restated]:
    """The nights that restated figures of the week, oldest first: the week's report has one revision more.

    A figure that is first known later, because its period closed later, restates nothing; nor does one that is printed as
    before.
    """
    rows = mart.execute(
        f"""
        select as_of, metric, {", ".join(DIMENSIONS)}, value
        from metrics.metric_values
        where grain = 'week' and period_start = ? and not list_contains(?, metric)
        order by as_of, revision
        """,
        [week_start, _open_ended(definitions.values())],
    ).fetchall()
    shown: dict[tuple[object, ...], str] = {}
    counted: dict[date, int] = {}
    for as_of, *figure, value in rows:
        printed = _printed(definitions, str(figure[0]), value)
        if shown.setdefault(tuple(figure), printed) != printed:
            shown[tuple(figure)] = printed
            counted[as_of] = counted.get(as_of, 0) + 1
    return [Restated(as_of, count) for as_of, count in sorted(counted.items())]


def _printed(definitions: Mapping[str, MetricDefinition], metric: str, value: float | None) -> str:
    """A figure as pages print it; which language they speak makes no difference."""
    return wording.quantity(_SAY, value, definitions[metric].unit) if metric in definitions else str(value)


def _open_ended(definitions: Iterable[MetricDefinition]) -> list[str]:
    return [each.metric for each in definitions if each.is_open_ended]
