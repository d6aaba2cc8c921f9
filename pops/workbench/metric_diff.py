"""What a change does to the metrics: their numbers from the work database beside those of the last night."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb

from metrics.dimensions import DIMENSIONS
from metrics.engine import MetricEngine
from metrics.values import TOLERANCE, compute_metrics
from pops.workbench.workbench import LAST_NIGHT
from publication.kept_night import KeptNight
from settings.weeks import week_starts_on

_KEY = ("metric", "grain", "period_start", *DIMENSIONS)

# A count of nothing: the night writes it where a period has none, a comparison needs it on neither side.
_NOTHING = "value = 0 and n = 0"


@dataclass(frozen=True)
class MetricDiff:
    """`numbers` of a metric now. `example`: where its latest changed number of the widest grouping lies, in words."""

    metric: str
    numbers: int
    added: int
    removed: int
    changed: int
    example: str

    @property
    def is_same(self) -> bool:
        return not (self.added or self.removed or self.changed)


def compare_metrics(
    connection: duckdb.DuckDBPyConnection, semantic_manifest: Path, metrics: Collection[str], night: KeptNight
) -> list[MetricDiff]:
    """Compute these metrics, those that are published at least, and compare them with the last night's.

    What the work database does not hold is read from the last night. Metrics are those of the last night's periods.
    """
    engine = MetricEngine(semantic_manifest, week_starts_on())
    wanted = {each.metric for each in engine.definitions if set(each.inputs) & set(metrics)}
    if not wanted:
        return []
    _borrow(connection, engine.catalogue)
    connection.execute(f'use "{engine.catalogue}"')
    compute_metrics(connection, engine, wanted, night.as_of, night.first_day)
    connection.execute(f"delete from tonight where {_NOTHING}")
    names = ", ".join(f"'{name}'" for name in sorted(wanted))
    known = connection.execute(
        "select count(*) from information_schema.tables where table_catalog = ? and table_schema = 'metrics' "
        "and table_name = 'metric_values'",
        [LAST_NIGHT],
    ).fetchone()
    if known and known[0]:
        # A number that was withdrawn is kept as a row without one.
        connection.execute(
            f"create temporary table known as select * from {LAST_NIGHT}.metrics.metric_values "
            f"where is_current and metric in ({names}) and (value is not null or numerator is not null or n > 0) "
            f"and not ({_NOTHING})"
        )
    else:
        connection.execute("create temporary table known as select * from tonight limit 0")
    return [_compared(connection, metric) for metric in sorted(wanted)]


def _compared(connection: duckdb.DuckDBPyConnection, metric: str) -> MetricDiff:
    matched = " and ".join(f"now.{name} is not distinct from before.{name}" for name in _KEY)
    place = ", ".join(
        f"coalesce(now.{name}, before.{name}) as {name}" for name in ("period_start", *DIMENSIONS)
    )
    differs = " or ".join(
        f"now.{name} is distinct from before.{name} and not coalesce(abs(now.{name} - before.{name}) "
        f"<= {TOLERANCE} * greatest(abs(now.{name}), abs(before.{name})), false)"
        for name in ("numerator", "denominator", "value", "n")
    )
    connection.execute(
        f"""
        create or replace temporary table compared as
        select
            {place}, before.value as value_before, now.value as value_now,
            case
                when before.metric is null then 'added'
                when now.metric is null then 'removed'
                when {differs} then 'changed'
                else 'same'
            end as kind
        from (select * from tonight where metric = $metric) as now
        full join (select * from known where metric = $metric) as before on {matched}
        """,
        {"metric": metric},
    )
    counts = dict(connection.execute("select kind, count(*) from compared group by kind").fetchall())
    numbers = sum(count for kind, count in counts.items() if kind != "removed")
    named = " + ".join(f"({name} is not null)::int" for name in DIMENSIONS)
    shown = ", ".join(f"'{name} ' || {name}" for name in DIMENSIONS)
    row = connection.execute(
        f"select period_start, concat_ws(', ', {shown}), value_before, value_now from compared "
        f"where kind <> 'same' order by {named}, period_start desc, 2 limit 1"
    ).fetchone()
    return MetricDiff(
        metric,
        numbers,
        counts.get("added", 0),
        counts.get("removed", 0),
        counts.get("changed", 0),
        "" if row is None else f"{row[0]} {row[1] or 'all'}: {_figure(row[2])} → {_figure(row[3])}",
    )


def _borrow(connection: duckdb.DuckDBPyConnection, catalogue: str) -> None:
    """Let the work database show what it does not hold itself: views of the last night's tables."""
    held = set(
        connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = ?",
            [catalogue],
        ).fetchall()
    )
    of_last_night = connection.execute(
        "select table_schema, table_name from information_schema.tables where table_catalog = ? "
        "and table_schema in ('intermediate', 'marts')",
        [LAST_NIGHT],
    ).fetchall()
    for schema, table in of_last_night:
        if (schema, table) not in held:
            connection.execute(f'create schema if not exists "{catalogue}"."{schema}"')
            connection.execute(
                f'create view "{catalogue}"."{schema}"."{table}" as select * from {LAST_NIGHT}."{schema}"."{table}"'
            )


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
