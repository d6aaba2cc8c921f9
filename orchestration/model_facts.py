"""What dbt built, told in the UI: rows of every model, a few rows of marts that hold nothing personal."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtProject

from orchestration.column_lineage import ColumnLineage
from orchestration.dbt_calls import STAMP
from orchestration.kept_statements import ModelResult
from settings.shown_text import in_markdown
from warehouse.contract import EngineError

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
    "kind", "plan", "state", "last_state", "resolution", "issue_type", "deal_type", "pipeline", "funnel_id", "step", "days",
    "grain",    "metric", "unit", "survey_id", "survey_kind", "theme", "theme_id", "tool", "subject", "account_rule", "how_linked", "item_type",
    "timeframe_granularity", "not_counted_reason", "environment", "family", "quadrant", "usage_class",
})  # fmt: skip
# What is counted or timed of one person is theirs too.
_PERSONAL = ("person", "author", "owner", "assignee", "agent")
# Grain of one person or one customer's record: no row of these is shown at all.
_NEVER_SAMPLED = ("dim_person", "bridge_identity", "fct_feedback", "fct_survey_response")


class BuiltModels:
    """The models that one run of dbt has built, as events."""

    def __init__(self, manifest: Mapping[str, Any], project: DbtProject, assets: dg.AssetsDefinition) -> None:
        kept = project.manifest_path.parent
        self._manifest = manifest
        self._lineage = ColumnLineage(manifest, (kept / STAMP).read_text(), kept / "column_lineage.json")
        self._keys = {str(spec.metadata["dagster_dbt/unique_id"]): spec.key for spec in assets.specs}
        self._schemas = {spec.key: spec.metadata.get("dagster/column_schema") for spec in assets.specs}
        self._keys |= {
            name: dg.AssetKey(["raw", node["source_name"], node["name"]])
            for name, node in manifest["sources"].items()
        }
        self._compiled = kept / "compiled" / str(manifest["metadata"]["project_name"])

    def key(self, unique_id: str) -> dg.AssetKey:
        return self._keys[unique_id]

    def counting(self, unique_id: str) -> str:
        """The query of a model's number of rows."""
        return f"select count(*) as row_count from {self._manifest['nodes'][unique_id]['relation_name']}"

    def materialized(
        self,
        model: ModelResult,
        counted: tuple[Any, ...] | EngineError,
        connection: duckdb.DuckDBPyConnection,
    ) -> dg.MaterializeResult[Any]:
        """A model with its rows, the columns that its columns are made of, and how long its SQL took.

        `counted`: what `counting` gave. `connection`: of the home's file, in which marts stand.
        """
        unique_id = model.unique_id
        key, columns = self._keys[unique_id], self._lineage.of(unique_id, self._compiled)
        lineage = dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(self._keys[node], name) for node, name in origins]
                for column, origins in columns.items()
            }
        )
        metadata = {
            **_rows(connection, key, self._manifest["nodes"][unique_id], counted),
            "seconds": round(model.seconds, 3),
            "dagster/column_lineage": lineage,
        }
        schema = self._schemas.get(key)
        if isinstance(schema, dg.TableSchema):
            metadata["dagster/column_schema"] = dg.TableSchema(
                [_with_origins(column, columns.get(column.name.lower(), [])) for column in schema.columns]
            )
        return dg.MaterializeResult(asset_key=key, metadata=metadata)

    def keep_lineage(self) -> None:
        self._lineage.keep()


def _with_origins(column: dg.TableColumn, origins: Sequence[Sequence[str]]) -> dg.TableColumn:
    """The column, saying itself what it is made of: without Dagster's paid service the UI draws no lineage of columns."""
    named = [f"`{node.rsplit('.', 1)[-1]}.{name}`" for node, name in origins]
    more = f" and {len(named) - _ORIGINS_SHOWN} more" if len(named) > _ORIGINS_SHOWN else ""
    made_of = f"Made of {', '.join(named[:_ORIGINS_SHOWN])}{more}." if named else ""
    text = " ".join(part for part in ((column.description or "").strip(), made_of) if part)
    return dg.TableColumn(column.name, column.type, text or None, column.constraints, column.tags)


def _rows(
    connection: duckdb.DuckDBPyConnection,
    key: dg.AssetKey,
    node: Mapping[str, Any],
    counted: tuple[Any, ...] | EngineError,
) -> dict[str, Any]:
    if isinstance(counted, EngineError):
        raise counted
    metadata: dict[str, Any] = {"dagster/row_count": counted[0]}
    if key.path[0] == "marts" and node["alias"] not in _NEVER_SAMPLED:
        relation = f'"{node["schema"]}"."{node["alias"]}"'
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
    return in_markdown(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
