"""The signals of a night, with what else happened, written to a table of the warehouse; made anew each night."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from learning.signals import signals
from learning.tables import write_table
from metrics.catalogue import read_definitions
from metrics.dimensions import DIMENSIONS
from metrics.values import opened_warehouse

# A launch explains what comes in the two weeks after it.
_LAUNCH_DAYS = 14
# A year holds the spread of 26 weeks and the eight before each of them.
_HISTORY_DAYS = 366


@dataclass(frozen=True)
class SignalRun:
    """What a night did: series that were looked at, and signals found."""

    series: int
    signals: int


def write_signals(warehouse: Path, as_of: date) -> SignalRun:
    """Judge the published numbers as of a night, and write `metrics.signals`. Raises FileNotFoundError without a warehouse."""
    with opened_warehouse(warehouse, warehouse.stem) as connection:
        definitions = read_definitions(connection, "metrics.metric_definitions")
        found, series = signals(_numbers(connection, as_of), definitions)
        rows = list(_rows(found, _launches(connection), _holidays(connection)))
        write_table(connection, "signals", rows)
    return SignalRun(series, len(rows))


def _numbers(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    numbers = connection.execute(
        f"select metric, grain, period_start, {', '.join(DIMENSIONS)}, value, n from metrics.metric_values "
        "where is_current and grain in ('day', 'week') and period_start >= $first order by all",
        {"first": as_of - timedelta(days=_HISTORY_DAYS)},
    ).df()
    return numbers.assign(period_start=pd.to_datetime(numbers["period_start"]).dt.date)


def _launches(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, list[str], date]]:
    rows = connection.execute(
        "select launch_id, product_id, feature_ids, launched_on from marts.dim_launch order by launched_on, launch_id"
    ).fetchall()
    return [(launch, product, json.loads(features), day) for launch, product, features, day in rows]


def _holidays(connection: duckdb.DuckDBPyConnection) -> list[date]:
    rows = connection.execute("select date_day from marts.dim_date where is_holiday order by 1").fetchall()
    return [day for (day,) in rows]


def _rows(
    found: pd.DataFrame, launches: list[tuple[str, str, list[str], date]], holidays: list[date]
) -> Iterator[tuple[object, ...]]:
    for row in found.to_dict("records"):
        cut = {name: str(row[name]) for name in DIMENSIONS if not pd.isna(row[name])}
        start: date = row["period_start"]
        end = start + timedelta(days=6 if row["grain"] == "week" else 0)
        members = "".join(f"/{name}={member}" for name, member in cut.items())
        notes = [
            *(f"launch:{each[0]}" for each in launches if _concerns(each, cut, start, end)),
            *(f"holiday:{day}" for day in holidays if start <= day <= end),
        ]
        yield (
            f"{row['metric']}{members}@{start}", row["metric"], row["grain"], start,
            *(cut.get(name) for name in ("product_id", "feature_id", "team_id", "segment")), json.dumps(cut),
            row["value"], row["expected"], row["z"], row["adjusted_p"], "up" if row["z"] > 0 else "down", json.dumps(notes),
        )  # fmt: skip


def _concerns(
    launch: tuple[str, str, list[str], date], cut: Mapping[str, Any], start: date, end: date
) -> bool:
    """Whether a launch of the last two weeks before a period's end is of the members that a number is of."""
    _, product, features, day = launch
    is_near = start - timedelta(days=_LAUNCH_DAYS) <= day <= end
    return (
        is_near
        and cut.get("product_id", product) == product
        and ("feature_id" not in cut or cut["feature_id"] in features)
    )
