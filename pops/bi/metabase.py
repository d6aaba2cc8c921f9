"""A manifest for dbt-metabase, which writes names, meanings, keys and references of tables into Metabase.

Metabase takes keys of PostgreSQL's tables by itself; views have none, and DuckDB's tables neither. dbt's own manifest would tell it of
the warehouse's schemas and of tables that nobody is served.
"""

import json
from collections.abc import Sequence
from typing import Any

from pops.bi.published import Column, Table


def metabase_manifest(tables: Sequence[Table]) -> str:
    """`manifest.json` as `dbt-metabase models --manifest-path` reads it."""
    nodes = {_id(table): _node(table) for table in tables}
    return json.dumps(
        {"nodes": nodes, "sources": {}, "exposures": {}, "child_map": {each: [] for each in nodes}},
        indent=1, ensure_ascii=False,
    )  # fmt: skip


def _id(table: Table) -> str:
    return f"model.product_ops.{table.schema}.{table.name}"


def _node(table: Table) -> dict[str, Any]:
    return {
        "resource_type": "model", "unique_id": _id(table), "package_name": "product_ops", "name": table.name, "alias": table.name,
        "database": "", "schema": table.schema, "description": table.meaning, "config": {"materialized": "table"}, "tags": [], "meta": {},
        "columns": {column.name: _column(column, table.key == (column.name,)) for column in table.columns},
    }  # fmt: skip


def _column(column: Column, is_key: bool) -> dict[str, Any]:
    constraints: list[dict[str, Any]] = [{"type": "primary_key"}] if is_key else []
    if column.references:
        relation, _, key = column.references.rpartition(".")
        constraints.append({"type": "foreign_key", "to": relation, "to_columns": [key]})
    return {"name": column.name, "description": column.meaning, "meta": {}, "constraints": constraints}
