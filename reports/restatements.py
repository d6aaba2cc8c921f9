"""Figures of a week that were published before with another value.

Those of open-ended metrics are left out: they grow, and what was said before was right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from reports.model import Restatement

_SQL = f"""
with figures as (
    select
        *,
        row_number() over (partition by metric, grain, period_start, {", ".join(DIMENSIONS)} order by as_of, revision) as place
    from metrics.metric_values
    where grain = 'week' and period_start = ? and not list_contains(?, metric)
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
# The whole table is the mart's; a page names the totals and the first figures broken down.
MOST = 40


def restatements(
    mart: duckdb.DuckDBPyConnection, week_start: date, definitions: Mapping[str, MetricDefinition]
) -> tuple[Restatement, ...]:
    """The week's figures whose current value is not the first one published; totals before parts, at most `MOST`."""
    found = []
    for row in mart.execute(_SQL, [week_start, _open_ended(definitions.values())]).fetchall():
        metric, grain, start, first_value, first_n, first_as_of, value, n, as_of, version, version_now = row[
            :11
        ]
        dimensions = tuple(str(each) for each in row[11:] if each is not None)
        found.append(
            Restatement(
                metric, dimensions, grain, start, first_value, first_n, first_as_of, value, n, as_of,
                (version or 1, version_now or 1),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda each: len(each.dimensions))[:MOST])


@dataclass(frozen=True)
class Restated:
    """A night that said figures of a week otherwise than before, and how many."""

    as_of: date
    figures: int


def revisions(
    mart: duckdb.DuckDBPyConnection, week_start: date, definitions: Mapping[str, MetricDefinition]
) -> list[Restated]:
    """The nights that restated figures of the week, oldest first: the week's report has one revision more.

    A figure that is first known later, because its period closed later, restates nothing.
    """
    rows = mart.execute(
        f"""
        with figures as (
            select as_of, value, row_number() over place as place, lag(value) over place as before
            from metrics.metric_values
            where grain = 'week' and period_start = ? and not list_contains(?, metric)
            window place as (
                partition by metric, grain, period_start, {", ".join(DIMENSIONS)} order by as_of, revision
            )
        )
        select as_of, count(*) from figures
        where place > 1 and value is distinct from before
        group by as_of order by as_of
        """,
        [week_start, _open_ended(definitions.values())],
    ).fetchall()
    return [Restated(as_of, count) for as_of, count in rows]


def _open_ended(definitions: Iterable[MetricDefinition]) -> list[str]:
    return [each.metric for each in definitions if each.is_open_ended]
