"""A dashboard for Apache Superset, made of what the published file says of itself: `meta.metrics` and `meta.columns`.

An import file as Superset writes one itself: the database, the numbers of a subject as a dataset with the meaning of its columns, a
chart for each headline of the report, and a dashboard that holds them. Ids are made of names, a chart's of all that it says: of what is
there Superset's import of a dashboard replaces the dashboard alone, so a chart that says something else has to be another one.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import duckdb
import yaml

from connectors.storage import open_duckdb
from settings.units import Unit

DASHBOARD = "Product Ops"
_DATABASE = "product_ops"
_VERSION = "1.0.0"
# Superset asks for the password when it imports a file that has this in its place.
_ASKED_FOR = "XXXXXXXXXX"
_NAMES = uuid.UUID("6f2b9d0e-53a1-4c8e-9a0b-3a6f0c1d7e42")
_IN_A_ROW, _COLUMNS, _ROW_HEIGHT = 3, 12, 50


@dataclass(frozen=True)
class _Metric:
    name: str
    label: str
    subject: str
    description: str
    unit: str
    grain: str


def superset_import(published: Path, uri: str, metrics: Sequence[str]) -> bytes:
    """A zip file for Superset's import of dashboards. `uri`: SQLAlchemy's of the mart as Superset reaches it; its password is left out.

    `metrics`: those that get a chart, in that order, as far as they are published. Raises ValueError without a published file.
    """
    if not published.exists():
        raise ValueError(f"Nothing is published yet at {published}: run `pops nightly` or `make demo` first.")
    with open_duckdb(published, read_only=True) as mart:
        written = dict(_files(mart, _without_password(uri), metrics))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in written.items():
            # A moment of its own would make each file another one.
            entry = zipfile.ZipInfo(f"{_DATABASE}/{name}.yaml", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return packed.getvalue()


def _files(
    mart: duckdb.DuckDBPyConnection, uri: str, metrics: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    ((published_at,),) = mart.execute("select published_at from meta.publication").fetchall()
    yield (
        "metadata",
        {"version": _VERSION, "type": "Dashboard", "timestamp": f"{published_at:%Y-%m-%dT%H:%M:%S}+00:00"},
    )
    yield f"databases/{_DATABASE}", {
        "database_name": _DATABASE, "sqlalchemy_uri": uri, "expose_in_sqllab": True, "allow_run_async": False,
        "allow_ctas": False, "allow_cvas": False, "allow_dml": False, "extra": {}, "uuid": _id("database"), "version": _VERSION,
    }  # fmt: skip
    charted = [metric for name in metrics for metric in _metrics(mart, name)]
    for subject in sorted({metric.subject for metric in charted}):
        yield f"datasets/{_DATABASE}/{subject}", _dataset(mart, subject)
    charts = {metric.name: _chart(metric) for metric in charted}
    for name, chart in charts.items():
        yield f"charts/{name}", chart
    yield f"dashboards/{_DATABASE}", {
        "dashboard_title": DASHBOARD, "slug": "product-ops", "uuid": _id("dashboard"), "position": _position(charted, charts),
        "metadata": {}, "version": _VERSION, "published": True,
        "description": "The headlines of the weekly report, over time: totals, as they are known now.",
    }  # fmt: skip


def _metrics(mart: duckdb.DuckDBPyConnection, name: str) -> list[_Metric]:
    found = mart.execute(
        "select metric, label, subject, description, unit, grain from meta.metrics where metric = ?", [name]
    )
    return [_Metric(*row) for row in found.fetchall()]


def _dataset(mart: duckdb.DuckDBPyConnection, subject: str) -> dict[str, Any]:
    """The view of a subject's numbers."""
    ((description,),) = mart.execute(
        "select comment from duckdb_views() where schema_name = 'metrics' and view_name = ?", [subject]
    ).fetchall()
    columns = mart.execute(
        "select column_name, data_type, meaning from meta.columns where table_schema = 'metrics' and table_name = ? "
        "order by ordinal_position",
        [subject],
    ).fetchall()
    times = [name for name, kind, _ in columns if kind == "date" or kind.startswith("timestamp")]
    return {
        "table_name": subject, "schema": "metrics", "description": description, "main_dttm_col": "period_start",
        "uuid": _id("dataset", subject), "database_uuid": _id("database"), "version": _VERSION,
        "metrics": [{"metric_name": "count", "verbose_name": "Rows", "metric_type": "count", "expression": "COUNT(*)"}],
        "columns": [
            {
                "column_name": name, "type": kind.upper(), "description": meaning, "is_dttm": name in times, "is_active": True,
                "groupby": True, "filterable": True,
            }
            for name, kind, meaning in columns
        ],
    }  # fmt: skip


def _chart(metric: _Metric) -> dict[str, Any]:
    # One row a period is left: any aggregate is the number itself.
    value = {"expressionType": "SQL", "sqlExpression": "max(value)", "label": metric.label}
    conditions = [
        ("metric", "==", metric.name), ("grain", "==", metric.grain), ("cut", "==", "total"), ("is_current", "IS TRUE", None),
    ]  # fmt: skip
    params = {
        "viz_type": "echarts_timeseries_line",
        "x_axis": "period_start",
        "metrics": [value],
        "groupby": [],
        "adhoc_filters": [
            {"expressionType": "SIMPLE", "clause": "WHERE", "subject": column, "operator": operator, "comparator": wanted}
            for column, operator, wanted in conditions
        ],
        "row_limit": 10_000,
        "y_axis_format": ".0%" if metric.unit == Unit.RATIO else "SMART_NUMBER",
        "y_axis_title": metric.unit,
        "y_axis_title_margin": 30,
        "markerEnabled": True,
    }  # fmt: skip
    context = {
        "datasource": {"id": 0, "type": "table"},
        "queries": [
            {
                "columns": ["period_start"],
                "metrics": [value],
                "filters": [{"col": column, "op": operator, "val": wanted} for column, operator, wanted in conditions],
                "orderby": [["period_start", True]],
                "row_limit": 10_000,
            }
        ],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }  # fmt: skip
    chart = {
        "slice_name": metric.label, "description": metric.description, "viz_type": params["viz_type"], "params": params,
        "query_context": json.dumps(context), "dataset_uuid": _id("dataset", metric.subject), "version": _VERSION,
    }  # fmt: skip
    return {**chart, "uuid": _id("chart", metric.name, json.dumps(chart, sort_keys=True))}


def _position(charted: Sequence[_Metric], charts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    rows = [charted[at : at + _IN_A_ROW] for at in range(0, len(charted), _IN_A_ROW)]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": DASHBOARD}},
        "GRID_ID": {
            "type": "GRID", "id": "GRID_ID", "parents": ["ROOT_ID"], "children": [f"ROW-{number}" for number, _ in enumerate(rows)],
        },
    }  # fmt: skip
    for number, row in enumerate(rows):
        name = f"ROW-{number}"
        position[name] = {
            "type": "ROW", "id": name, "parents": ["ROOT_ID", "GRID_ID"], "meta": {"background": "BACKGROUND_TRANSPARENT"},
            "children": [f"CHART-{metric.name}" for metric in row],
        }  # fmt: skip
        for metric in row:
            position[f"CHART-{metric.name}"] = {
                "type": "CHART", "id": f"CHART-{metric.name}", "parents": ["ROOT_ID", "GRID_ID", name], "children": [],
                "meta": {
                    "chartId": 0, "uuid": charts[metric.name]["uuid"], "sliceName": metric.label,
                    "width": _COLUMNS // _IN_A_ROW, "height": _ROW_HEIGHT,
                },
            }  # fmt: skip
    return position


def _id(*names: str) -> str:
    return str(uuid.uuid5(_NAMES, "/".join(names)))


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    login, at, place = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    return urlunsplit(parts._replace(netloc=f"{user}:{_ASKED_FOR}@{place}")) if at and colon else uri
