"""All metrics of a night, computed in one process and appended to `metrics.metric_values` of the warehouse.

A number is a metric, a period and its dimensions (NULL: all). What is known of a number as of a date is its row with
the greatest (as_of, revision) up to that date. A row is added only where tonight's number differs from that, so a
night that is run again adds nothing, and a restated past is a new revision beside the old one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from connectors.storage import FileDamaged, FileLocked, attach, is_damage, literal, open_duckdb, quoted
from metrics.catalogue import write_definitions
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS, IS_WHOLE
from metrics.engine import MetricEngine, SourceRows
from metrics.north_star import add_north_star
from metrics.periods import complete_periods
from metrics.renames import drop_former_members, follow_renames
from metrics.shape import with_columns
from metrics.touched_days import create_state, first_touched_day, remember_days
from metrics.zeros import add_zeros, leave_out_unread, leave_out_untold, read_of

# Prepared models write this where a row stands for the whole.
ALL = "(all)"
# Numbers nearer than this share of the greater one are the same number.
TOLERANCE = 1e-9

_KEY = ("metric", "grain", "period_start", *DIMENSIONS)
_NUMBERS = ("numerator", "denominator", "value", "n")
_NAMES = ", ".join(DIMENSIONS)
_NUMBER = {
    "metric": "text", "definition_version": "integer", "grain": "text", "period_start": "date",
    **dict.fromkeys(DIMENSIONS, "text"), **dict.fromkeys(("numerator", "denominator", "value"), "double"), "n": "bigint",
}  # fmt: skip
_KEPT = {**_NUMBER, "revision": "integer", "as_of": "date", "is_current": "boolean"}


@dataclass(frozen=True)
class MetricRun:
    """What a night did: requests run, numbers computed, and rows added because a number was new, other, or gone.

    `failed`: by metric that only costs itself, what the engine says.
    """

    metrics: int
    requests: int
    computed: int
    added: int
    revised: int
    withdrawn: int
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        return {name: count for name, count in vars(self).items() if name != "failed"}


def append_metric_values(
    warehouse: Path,
    engine: MetricEngine,
    as_of: date,
    first_day: date,
    read: Mapping[str, date] = MappingProxyType({}),
    expendable: Collection[str] = (),
) -> MetricRun:
    """Compute every metric for the complete periods from `first_day` to the day before `as_of`, and append.

    `warehouse`: the DuckDB file with the marts, which nothing else may have open. Dates are of the reporting time
    zone; `first_day` is where history begins. `read`: by source, the first day that it does not hold whole: counts of
    days before are 0 where nothing happened; of sources that are not named nothing is known. `expendable`: metrics
    that leave the others alone when they fail; their numbers stay as they were. Numbers of members that the
    registry calls otherwise now go on under the new id. Everything is appended in one transaction: after a kill the table is as
    before, but for such ids. Raises FileNotFoundError without a warehouse, MetricDefinitionError for an incomplete
    definition, ValueError when a metric gives a number twice,
    duckdb.Error when a model that a metric reads is missing.
    """
    if not warehouse.exists():
        raise FileNotFoundError(f"{warehouse} does not exist: build the dbt project first.")
    with opened_warehouse(warehouse, engine.catalogue) as connection:
        _create_tables(connection)
        follow_renames(connection)
        rolling = {
            each.metric: engine.source_rows(each.metric)
            for each in engine.definitions
            if each.window_days > 1 and each.metric not in expendable
        }
        touched = _first_days_of_rolling_metrics(connection, rolling, engine.version, as_of, first_day)
        requests, failed = 0, dict[str, str]()
        for definition in engine.definitions:
            source = rolling.get(definition.metric)
            start = touched.get(source.relation) if source else first_day
            if start is None:
                continue
            # A rolling value is complete once its whole window lies in history.
            start = max(start, first_day + timedelta(days=definition.window_days - 1))
            periods = complete_periods(
                definition.grain, start, as_of, definition.closes_after_days, engine.week_starts_on
            )
            if periods is None:
                continue
            try:
                requests += _compute(connection, engine, definition, *periods)
                sources = engine.sources((definition.metric,))
                add_zeros(connection, definition, periods, read_of(sources, read), as_of)
                leave_out_untold(connection, definition)
                if read and definition.numerator and definition.denominator:
                    per = engine.sources((definition.denominator,))
                    counted = engine.sources((definition.numerator,))
                    leave_out_unread(connection, definition, periods, counted, per, read)
                if definition.metric in expendable:
                    _refuse_doubles(connection, f"metric = '{definition.metric}'")
            except Exception as problem:  # whatever somebody else's definition meets
                if definition.metric not in expendable or is_damage(problem):
                    raise
                failed[definition.metric] = str(problem)
                for table in ("tonight", "computed_periods"):
                    connection.execute(f"delete from {table} where metric = ?", [definition.metric])
        drop_former_members(connection)
        definitions = (*engine.definitions, *add_north_star(connection, engine.definitions))
        _refuse_doubles(connection)
        [(computed,)] = connection.execute("select count(*) from tonight").fetchall()
        _find_changes(connection, as_of)
        _append(connection, definitions, as_of, list(touched))
        engine.keep()
        counts = dict(connection.execute("select kind, count(*) from changes group by kind").fetchall())
    return MetricRun(
        metrics=len(definitions),
        requests=requests,
        computed=computed,
        added=counts.get("added", 0),
        revised=counts.get("revised", 0),
        withdrawn=counts.get("withdrawn", 0),
        failed=failed,
    )


def take_over_values(warehouse: Path, published: Path) -> None:
    """Begin a new warehouse with the numbers that a published file holds, all their revisions included.

    Where none can be read the warehouse is left to the night, and what was revised before is forgotten.
    """
    try:
        with open_duckdb(warehouse) as connection:
            attach(connection, published, "published")
            connection.execute("create schema metrics")
            connection.execute(
                "create table metrics.metric_values as select * from published.metrics.metric_values"
            )
    except (FileDamaged, FileLocked, FileNotFoundError, duckdb.Error):
        warehouse.unlink(missing_ok=True)
    except OSError:
        # It may be readable tomorrow, with all that it holds.
        warehouse.unlink(missing_ok=True)
        raise


def compute_metrics(
    connection: duckdb.DuckDBPyConnection,
    engine: MetricEngine,
    metrics: Collection[str],
    as_of: date,
    first_day: date,
) -> None:
    """Put the numbers of some metrics, of all complete periods, into the temporary table `tonight`; nothing is kept."""
    _create_temporary_tables(connection)
    for definition in engine.definitions:
        start = first_day + timedelta(days=definition.window_days - 1)
        periods = complete_periods(
            definition.grain, start, as_of, definition.closes_after_days, engine.week_starts_on
        )
        if definition.metric in metrics and periods is not None:
            _compute(connection, engine, definition, *periods)
    _refuse_doubles(connection)


@contextmanager
def opened_warehouse(warehouse: Path, catalogue: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse under the name that compiled SQL gives it."""
    connection = open_duckdb()
    try:
        connection.execute(f"set temp_directory = {literal(f'{warehouse}.tmp')}")
        attach(connection, warehouse, catalogue, options="")
        connection.execute(f"use {quoted(catalogue)}")
        yield connection
    finally:
        connection.close()


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists metrics")
    with_columns(connection, "metrics.metric_values", _KEPT)
    create_state(connection)
    _create_temporary_tables(connection)


def _create_temporary_tables(connection: duckdb.DuckDBPyConnection) -> None:
    declared = ", ".join(f"{name} {kind}" for name, kind in _NUMBER.items())
    connection.execute(f"create temporary table tonight ({declared})")
    connection.execute(
        "create temporary table computed_periods (metric text, grain text, first_period date, last_period date)"
    )


def _first_days_of_rolling_metrics(
    connection: duckdb.DuckDBPyConnection,
    rolling: Mapping[str, SourceRows],
    version: str,
    as_of: date,
    first_day: date,
) -> dict[str, date | None]:
    """For each relation that rolling metrics read, the first day from which they may have changed.

    They cost more than all other metrics together, and a value depends on nothing but the rows of its window.
    """
    sources = {source.relation: source for source in rolling.values()}
    last_day = as_of - timedelta(days=1)
    return {
        relation: first_touched_day(connection, source, version, first_day, last_day)
        for relation, source in sources.items()
    }


def _compute(
    connection: duckdb.DuckDBPyConnection,
    engine: MetricEngine,
    definition: MetricDefinition,
    first_day: date,
    last_day: date,
) -> int:
    """Put a metric's numbers, in all its groupings, into `tonight`; returns the number of requests."""
    for grouping in definition.groupings:
        request = engine.request(definition, grouping, first_day, last_day)
        columns = request.dimension_columns
        dimensions = [
            f"nullif(cast({columns[name]} as text), '{ALL}')" if name in columns else "cast(null as text)"
            for name in DIMENSIONS
        ]
        numerator, denominator = definition.numerator or "null", definition.denominator or "null"
        conditions = [
            f"{request.period_column} between date '{first_day}' and date '{last_day}'",
            # Where nothing was counted there is no number.
            f"({definition.metric} is not null or {definition.sample} > 0 or {numerator} > 0 or {denominator} > 0)",
        ]
        for name in set(columns) & set(definition.leave_out):
            values = ", ".join(f"'{value}'" for value in definition.leave_out[name])
            conditions.append(f"{columns[name]} not in ({values})")
        connection.execute(
            f"""
            insert into tonight
            select
                '{definition.metric}', {definition.definition_version}, '{definition.grain}',
                cast({request.period_column} as date), {", ".join(dimensions)},
                cast({numerator} as double), cast({denominator} as double), cast({definition.metric} as double),
                cast(coalesce({definition.sample}, 0) as bigint)
            from ({request.sql}) as compiled
            where {" and ".join(conditions)}
            """
        )
    connection.execute(
        "insert into computed_periods values (?, ?, ?, ?)",
        [definition.metric, definition.grain, first_day, last_day],
    )
    return len(definition.groupings)


def _refuse_doubles(connection: duckdb.DuckDBPyConnection, of: str = "true") -> None:
    key = ", ".join(_KEY)
    double = connection.execute(
        f"select {key} from tonight where {of} group by {key} having count(*) > 1 limit 1"
    ).fetchone()
    if double:
        raise ValueError(
            f"Metric {double[0]} has two values for {double[2]} {[text for text in double[3:] if text]}: "
            "a dimension is NULL in the model that it reads, or two of its groupings overlap."
        )


def _find_changes(connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """What tonight's numbers add to those known as of tonight, as the temporary table `changes`."""
    key = ", ".join(_KEY)
    connection.execute(
        f"""
        create temporary table known as
        select *
        from (
            select
                metric_values.*,
                max(revision) over (partition by {key}) as last_revision,
                max(as_of) over (partition by {key}) as last_as_of,
                row_number() over (partition by {key} order by as_of <= $as_of desc, as_of desc, revision desc) as place
            from metrics.metric_values
            inner join computed_periods using (metric, grain)
            where period_start between first_period and last_period
        )
        where place = 1
        """,
        {"as_of": as_of},
    )
    # A number known only as of later dates is not known as of this one, but its revisions go on counting.
    known_numbers = ", ".join(
        f"case when known.as_of <= $as_of then known.{name} end as known_{name}" for name in _NUMBERS
    )
    matched = _same_key("tonight", "known")
    differs = " or ".join(
        f"tonight.{name} is null <> (known.{name} is null) "
        f"or abs(tonight.{name} - known.{name}) > {TOLERANCE} * greatest(abs(tonight.{name}), abs(known.{name}))"
        for name in _NUMBERS
    )
    tonight_key = ", ".join(f"coalesce(tonight.{name}, known.{name}) as {name}" for name in _KEY)
    connection.execute(
        f"""
        create temporary table changes as
        with compared as (
            select
                {tonight_key},
                coalesce(tonight.definition_version, known.definition_version) as definition_version,
                {", ".join(f"tonight.{name}" for name in _NUMBERS)},
                {known_numbers},
                coalesce(known.last_revision, 0) + 1 as revision,
                coalesce(known.last_as_of <= $as_of, true) as is_current,
                case
                    when tonight.metric is null and known.as_of <= $as_of and (known.value is not null or known.n > 0)
                        then 'withdrawn'
                    when tonight.metric is null then 'same'
                    when known.metric is null or known.as_of > $as_of then 'added'
                    when tonight.definition_version <> known.definition_version or {differs} then 'revised'
                    else 'same'
                end as kind
            from tonight
            full outer join known on {matched}
        )
        select * replace (coalesce(n, 0) as n) from compared where kind <> 'same'
        """,
        {"as_of": as_of},
    )


def _append(
    connection: duckdb.DuckDBPyConnection,
    definitions: Sequence[MetricDefinition],
    as_of: date,
    relations: list[str],
) -> None:
    """Write changes, definitions and what was seen of the sources, all or nothing."""
    connection.execute("begin")
    connection.execute(
        f"""
        update metrics.metric_values as old set is_current = false
        from changes as new
        where old.is_current and new.is_current and {_same_key("old", "new")}
        """
    )
    connection.execute(
        f"""
        insert into metrics.metric_values by name
        select
            metric, definition_version, grain, period_start, {_NAMES}, numerator, denominator, value, n,
            revision, cast(? as date) as as_of, is_current
        from changes
        order by metric, grain, period_start, {_NAMES}
        """,
        [as_of],
    )
    # Anew each night: a later version may say more of a metric.
    write_definitions(connection, "metrics.metric_definitions", definitions)
    for relation in relations:
        remember_days(connection, relation)
    connection.execute("commit")


def _same_key(left: str, right: str) -> str:
    return " and ".join(f"{left}.{name} is not distinct from {right}.{name}" for name in _KEY)


def latest_values(warehouse: Path) -> dict[str, dict[str, Any]]:
    """By metric, what its asset shows: the newest period, the value of the whole where there is one, how many numbers."""
    with open_duckdb(warehouse, read_only=True) as connection:
        rows = connection.execute(
            f"""
            select metric, any_value(grain), max(period_start), count(*),
                arg_max(value, period_start) filter ({IS_WHOLE}), arg_max(n, period_start) filter ({IS_WHOLE})
            from metrics.metric_values where is_current group by metric
            """
        ).fetchall()
    return {
        metric: {
            "newest_period": f"{grain} of {period}",
            "dagster/row_count": count,
            **({"value": float(value)} if value is not None else {}),
            **({"n": float(n)} if value is not None and n is not None else {}),
        }
        for metric, grain, period, count, value, n in rows
    }
