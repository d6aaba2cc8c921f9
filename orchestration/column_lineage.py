"""Which columns a model's columns are made of, from the SQL that dbt compiled.

It changes only with the project's files, so it is worked out once for each state of them (some hundredths of a second a
model) and kept in `POPS_HOME/dbt/column_lineage.json`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.raw_store import RAW_COLUMNS
from connectors.storage import write_text

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

Columns = dict[str, list[tuple[str, str]]]


@dataclass
class ColumnLineage:
    """By node of dbt's manifest: each column with the (node, column) pairs that it is made of.

    `stamp` names the state of the project's files; what was kept of another state is not used. Models must be asked for
    when those they are made of are known, as dbt builds them.
    """

    manifest: Mapping[str, Any]
    stamp: str
    file: Path
    _changed: bool = field(default=False, init=False)

    def of(self, unique_id: str, compiled: Path) -> Columns:
        """The lineage of a model's columns; empty when its SQL cannot be read. `compiled`: dbt's folder of compiled SQL."""
        if unique_id not in self._known:
            self._known[unique_id] = self._read(unique_id, compiled)
            self._changed = True
        return self._known[unique_id]

    def keep(self) -> None:
        """Write what is known now, for the next run."""
        if self._changed:
            write_text(self.file, json.dumps({"stamp": self.stamp, "models": self._known}))
            self._changed = False

    @cached_property
    def _known(self) -> dict[str, Columns]:
        try:
            kept = json.loads(self.file.read_text())
            models: dict[str, Columns] = kept["models"] if kept["stamp"] == self.stamp else {}
        except (OSError, ValueError, LookupError, TypeError):
            return {}
        return models

    def _read(self, unique_id: str, compiled: Path) -> Columns:
        # Imported here: most nights need none of it.
        from sqlglot import parse_one
        from sqlglot.errors import SqlglotError
        from sqlglot.optimizer.qualify import qualify
        from sqlglot.optimizer.scope import build_scope

        node = self.manifest["nodes"][unique_id]
        parents = {_address(parent): name for name, parent in self._parents(node)}
        schema: dict[str, Any] = {}
        for (database, folder, table), name in parents.items():
            columns = dict.fromkeys(self._columns(name), "text")
            # Spark's tables are of no database.
            folders = schema.setdefault(database, {}) if database else schema
            folders.setdefault(folder, {})[table] = columns
        # Snowflake takes names that are not quoted for names in capital letters.
        dialect = f"{self.manifest['metadata']['adapter_type']}, normalization_strategy=lowercase"
        try:
            sql = (compiled / node["original_file_path"]).read_text()
            query = qualify(
                parse_one(sql, dialect=dialect),
                dialect=dialect,
                schema=schema or None,
                validate_qualify_columns=False,
                quote_identifiers=False,
                identify=False,
            )
            scope = build_scope(query)
        except (SqlglotError, FileNotFoundError):
            return {}
        return {} if scope is None else _Walk(parents).columns(scope)

    def _parents(self, node: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
        found = ((name, self._node(name)) for name in node["depends_on"]["nodes"])
        return [(name, parent) for name, parent in found if parent is not None]

    def _node(self, name: str) -> Mapping[str, Any] | None:
        node: Mapping[str, Any] | None = self.manifest["sources"].get(name) or self.manifest["nodes"].get(
            name
        )
        return node

    def _columns(self, name: str) -> list[str]:
        if name.startswith("source."):
            return list(RAW_COLUMNS)
        return list(self._known.get(name) or self.manifest["nodes"][name]["columns"])


def _address(node: Mapping[str, Any]) -> tuple[str, str, str]:
    table = node.get("identifier") or node.get("alias") or node["name"]
    return str(node["database"] or "").lower(), str(node["schema"]).lower(), str(table).lower()


class _Walk:
    """Follows columns from a query's outermost SELECT to its tables, each inner SELECT once."""

    def __init__(self, parents: Mapping[tuple[str, str, str], str]) -> None:
        self._parents = parents
        self._done: dict[int, dict[str, set[tuple[str, str]]]] = {}

    def columns(self, scope: "Scope") -> Columns:
        return {name: sorted(origins) for name, origins in self._outputs(scope).items()}

    def _outputs(self, scope: "Scope") -> dict[str, set[tuple[str, str]]]:
        if id(scope) not in self._done:
            # A recursive query meets itself: what it adds to its own columns is known by then.
            self._done[id(scope)] = {}
            self._done[id(scope)] = self._union(scope) if scope.union_scopes else self._select(scope)
        return self._done[id(scope)]

    def _union(self, scope: "Scope") -> dict[str, set[tuple[str, str]]]:
        parts = [self._outputs(part) for part in scope.union_scopes]
        names = list(parts[0])
        merged: dict[str, set[tuple[str, str]]] = {name: set() for name in names}
        for part in parts:
            for name, origins in zip(names, part.values(), strict=False):
                merged[name] |= origins
        return merged

    def _select(self, scope: "Scope") -> dict[str, set[tuple[str, str]]]:
        from sqlglot import exp

        found: dict[str, set[tuple[str, str]]] = {}
        for projection in getattr(scope.expression, "selects", []):
            origins: set[tuple[str, str]] = set()
            for column in projection.find_all(exp.Column):
                origins |= self._origins(scope, column)
            found[projection.alias_or_name.lower()] = origins
        return found

    def _origins(self, scope: "Scope | None", column: "exp.Column") -> set[tuple[str, str]]:
        from sqlglot import exp
        from sqlglot.optimizer.scope import Scope

        source = scope.sources.get(column.table) if scope else None
        if isinstance(source, Scope):
            return self._outputs(source).get(column.name.lower(), set())
        if isinstance(source, exp.Table):
            parent = self._parents.get((source.catalog.lower(), source.db.lower(), source.name.lower()))
            return {(parent, column.name.lower())} if parent else set()
        if scope is not None and scope.parent is not None:
            return self._origins(scope.parent, column)
        return set()
