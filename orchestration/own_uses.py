"""What the organisation's own models use of the product's: which models, which columns of them, of which type.

Kept in the home as of the last build of all, so that after an upgrade a night can say what changed under them.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from connectors.storage import write_text
from settings.home import text_of
from settings.own_code import is_own

PARSED, BUILT = "own_uses.json", "own_uses_built.json"


class Use(TypedDict):
    """What a file uses of a model of the product: the `used` columns, among all `columns` that the product documents, with
    their types."""

    used: list[str]
    columns: dict[str, str]


class Read(TypedDict):
    """`names`: all columns that a file's SQL names, of whatever table. `models`: its uses, by model of the product."""

    names: list[str]
    models: dict[str, Use]


# By file of an own model or check.
Uses = dict[str, Read]


def uses(manifest: Mapping[str, Any], queries: Mapping[str, str]) -> Uses:
    """What own nodes use. `manifest`: dbt's, as a mapping. `queries`: compiled SQL of own models and checks, by id."""
    nodes = {name: manifest["nodes"][name] for name in queries}
    return {
        str(node["original_file_path"]): _read(manifest, node, queries[name])
        for name, node in nodes.items()
        if str(node["original_file_path"]).endswith(".sql")
    }


def keep_parsed(target: Path, found: Uses) -> None:
    write_text(target / PARSED, json.dumps(found, indent=1))


def keep_built(target: Path) -> None:
    """What is used now was built with: from here on a change is told."""
    if (text := text_of(target / PARSED)) is not None:
        write_text(target / BUILT, text)


def changes(target: Path) -> list[str]:
    """A sentence for each thing of the product that own code uses, and that is another than when all was last built."""
    before, now = _kept(target / BUILT), _kept(target / PARSED)
    return [
        f"{file}: {change}"
        for file, read in before.items()
        for product, use in read["models"].items()
        for change in _changes(product, use, now.get(file))
    ]


def _changes(product: str, before: Use, now: Read | None) -> Iterator[str]:
    if now is None or product not in now["models"]:
        return
    columns = now["models"][product]["columns"]
    # What is used no more may change as it likes.
    for column in sorted({*before["used"]} & {*now["names"]}):
        kind = before["columns"][column]
        if column not in columns:
            yield f"`{product}` has no column `{column}` any more: use another, CHANGELOG.md says what took its place."
        elif columns[column] != kind:
            yield (
                f"`{product}.{column}` is {columns[column]} now, and was {kind}: look whether what you make of it still holds."
            )


def _kept(file: Path) -> Uses:
    try:
        found: Uses = json.loads(text_of(file) or "{}")
    except ValueError:
        return {}
    return found


def _read(manifest: Mapping[str, Any], node: Mapping[str, Any], query: str) -> Read:
    from sqlglot import exp, parse_one
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import traverse_scope

    parents = [manifest["nodes"].get(name) for name in node["depends_on"]["nodes"]]
    models = {_table(each): each for each in parents if each is not None and not is_own(each)}
    columns = {table: _documented(each) for table, each in models.items()}
    schema: dict[str, Any] = {}
    for (database, folder, table), kinds in columns.items():
        schema.setdefault(database, {}).setdefault(folder, {})[table] = dict.fromkeys(kinds, "text")
    used: set[tuple[tuple[str, str, str], str]] = set()
    try:
        parsed = parse_one(query, dialect="duckdb")
        names = {column.name.lower() for column in parsed.find_all(exp.Column)}
        whole = qualify(
            parsed, dialect="duckdb", schema=schema or None, validate_qualify_columns=False,
            quote_identifiers=False, identify=False,
        )  # fmt: skip
        for scope in traverse_scope(whole):
            for column in scope.columns:
                source = scope.sources.get(column.table)
                if isinstance(source, exp.Table):
                    place = (source.catalog.lower(), source.db.lower(), source.name.lower())
                    used.add((place, column.name.lower()))
    except SqlglotError:
        # The engine will say what is wrong with it.
        return Read(names=[], models={})
    return Read(
        names=sorted(names),
        models={
            str(models[table]["name"]): Use(
                used=sorted(names & {name for of, name in used if of == table} & kinds.keys()), columns=kinds
            )
            for table, kinds in columns.items()
        },
    )


def _table(node: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(node["database"]).lower(), str(node["schema"]).lower(), str(node["alias"]).lower()


def _documented(node: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): str(each.get("data_type") or "") for name, each in node["columns"].items()}
