"""Tables of the warehouse that nothing makes any more: of a model that a release took away, or of an own one that failed."""

from collections.abc import Collection, Mapping
from typing import Any

from connectors.storage import open_duckdb, quoted
from settings.home import Home


def leave_only_models(home: Home, manifest: Mapping[str, Any], without: Collection[str] = ()) -> list[str]:
    """Drop what no model of dbt's manifest makes, in the schemas of models; returns the names.

    `without`: ids of models that were not built, whose rows would be of another night.
    """
    models = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    kept = {(node["schema"], node["alias"]) for name, node in models.items() if name not in without}
    schemas = sorted({node["schema"] for node in models.values()})
    with open_duckdb(home.warehouse, read_only=True) as connection:
        held = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables where list_contains(?, table_schema)",
            [schemas],
        ).fetchall()
    gone = [(schema, name, kind) for schema, name, kind in held if (schema, name) not in kept]
    if gone:
        with open_duckdb(home.warehouse) as connection:
            for schema, name, kind in gone:
                connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {quoted(schema, name)}")
    return [name for _, name, _ in gone]
