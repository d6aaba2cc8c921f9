"""What dbt built, told in the UI: rows of every model, a few rows of marts that hold nothing personal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtProject

from checks.runner import connect
from orchestration.column_lineage import ColumnLineage
from settings.home import Home

_ROWS_SHOWN = 5
_COLUMNS_SHOWN = 12
_ORIGINS_SHOWN = 4
_LONGEST = 60
_SHOWN_TYPES = (
    "BOOLEAN",
    "DATE",
    "TIMESTAMP",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "SMALLINT",
    "DOUBLE",
    "FLOAT",
    "DECIMAL",
)
# Texts are shown of these columns only: codes and names of our own, nothing that people wrote, nobody's id.
_SHOWN_TEXTS = frozenset({
    "product_id", "feature_id", "team_id", "segment", "stage", "status", "status_category", "priority", "channel", "source",
    "kind", "plan", "state", "last_state", "resolution", "issue_type", "deal_type", "pipeline", "funnel_id", "step", "grain",
    "metric", "unit", "survey_id", "survey_kind", "theme", "tool", "subject", "account_rule", "how_linked", "item_type",
    "timeframe_granularity", "not_counted_reason", "environment", "family", "quadrant", "usage_class",
})  # fmt: skip
# What is counted or timed of one person is theirs too.
_PERSONAL = ("person", "author", "owner", "assignee", "agent")
# Grain of one person or one customer's record: no row of these is shown at all.
_NEVER_SAMPLED = ("dim_person", "bridge_identity", "fct_feedback", "fct_survey_response")


class BuiltModels:
    """What one `dbt build` has built so far. `compiled` of the project lie below `target`, dbt's folder of this build."""

    def __init__(
        self, manifest: Mapping[str, Any], project: DbtProject, assets: dg.AssetsDefinition, target: Path
    ) -> None:
        kept = project.manifest_path.parent
        self._manifest = manifest
        self._lineage = ColumnLineage(
            manifest, (kept / "manifest.stamp").read_text(), kept / "column_lineage.json"
        )
        self._keys = {str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in assets.specs}
        self._schemas = {spec.key: spec.metadata.get("dagster/column_schema") for spec in assets.specs}
        self._keys |= {
            name: dg.AssetKey(["raw", node["source_name"], node["name"]])
            for name, node in manifest["sources"].items()
        }
        self._compiled = target / "compiled" / str(manifest["metadata"]["project_name"])
        self._built: list[str] = []

    def with_lineage(self, output: dg.Output[Any]) -> dg.Output[Any]:
        """A model's output with the columns that its columns are made of."""
        unique_id = str(output.metadata["unique_id"].value)
        self._built.append(unique_id)
        columns = self._lineage.of(unique_id, self._compiled)
        lineage = dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(self._keys[node], name) for node, name in origins]
                for column, origins in columns.items()
            }
        )
        metadata: dict[str, Any] = {**output.metadata, "dagster/column_lineage": lineage}
        schema = self._schemas.get(self._keys[unique_id])
        if isinstance(schema, dg.TableSchema):
            metadata["dagster/column_schema"] = dg.TableSchema(
                [_with_origins(column, columns.get(column.name.lower(), [])) for column in schema.columns]
            )
        return output.with_metadata(metadata)

    def log_rows(self, context: dg.AssetExecutionContext, home: Home) -> None:
        """Observe the rows of each model that was built. To be called when dbt has closed the warehouse."""
        self._lineage.keep()
        with connect(home.warehouse, home.root / "raw") as connection:
            for unique_id in self._built:
                metadata = _rows(connection, self._keys[unique_id], self._manifest["nodes"][unique_id])
                context.log_event(dg.AssetObservation(self._keys[unique_id], metadata=metadata))


def _with_origins(column: dg.TableColumn, origins: Sequence[Sequence[str]]) -> dg.TableColumn:
    """The column, saying itself what it is made of: without Dagster's paid service the UI draws no lineage of columns."""
    named = [f"`{node.rsplit('.', 1)[-1]}.{name}`" for node, name in origins]
    more = f" and {len(named) - _ORIGINS_SHOWN} more" if len(named) > _ORIGINS_SHOWN else ""
    made_of = f"Made of {', '.join(named[:_ORIGINS_SHOWN])}{more}." if named else ""
    text = " ".join(part for part in ((column.description or "").strip(), made_of) if part)
    return dg.TableColumn(column.name, column.type, text or None, column.constraints, column.tags)


def _rows(connection: duckdb.DuckDBPyConnection, key: dg.AssetKey, node: Mapping[str, Any]) -> dict[str, Any]:
    relation = f'"{node["schema"]}"."{node["alias"]}"'
    metadata: dict[str, Any] = {
        "dagster/row_count": connection.execute(f"select count(*) from {relation}").fetchall()[0][0]
    }
    if key.path[0] == "marts" and node["alias"] not in _NEVER_SAMPLED:
        metadata["sample"] = dg.MetadataValue.md(_sample(connection, relation))
    return metadata


def shown_columns(columns: list[tuple[str, str]]) -> list[str]:
    """Of (name, type) pairs, the names of the columns whose values may be shown: numbers, times, flags and known codes."""
    return [
        name
        for name, kind in columns
        if (name in _SHOWN_TEXTS if kind == "VARCHAR" else kind.startswith(_SHOWN_TYPES))
        and not any(word in name for word in _PERSONAL)
    ][:_COLUMNS_SHOWN]


def _sample(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    described = connection.execute(f"describe select * from {relation}").fetchall()
    names = shown_columns([(row[0], row[1]) for row in described])
    if not names:
        return "No column of this table may be shown."
    quoted = ", ".join(f'"{name}"' for name in names)
    rows = connection.execute(f"select {quoted} from {relation} limit {_ROWS_SHOWN}").fetchall()
    lines = [names, ["---"] * len(names), *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    text = text.replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
