"""A data model for Cube, a YAML file a table: dimensions with their meanings, joins along the mart's references, and measures.

Measures stand on the counting views alone, where they are the published numbers; each says by which day it counts, if by any. A subject's numbers
are a cube of its own, for those that no aggregate over rows gives.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pops.bi.published import Column, Table
from publication.counting_views import CountingView, Number, Share

_NUMBERS = "numbers_"
_WORD = re.compile(r"'[^']*'|\b[a-z_]\w*")
# One row is left: any aggregate is the number itself.
_VALUE = {
    "name": "value",
    "title": "Value",
    "description": "The number; filter `metric`, `grain` and `cut` to one each, and look at one period, or at periods in a row.",
    "type": "max",
    "sql": "{CUBE}.value",
}


def cube_model(tables: Sequence[Table], views: Sequence[CountingView]) -> dict[str, str]:
    """The files by their path in a Cube project. `views`: the counting views, of which those that are published count."""
    counted = {view.name: view for view in views}
    named = {
        f"{table.schema}.{table.name}": table.name if table.schema == "mart" else f"{_NUMBERS}{table.name}"
        for table in tables
        if table.schema == "mart" or _is_subject(table)
    }
    files = {}
    for table in tables:
        name = named.get(f"{table.schema}.{table.name}")
        if name:
            content = {"cubes": [_cube(table, name, named, counted.get(table.name))]}
            files[f"model/cubes/{name}.yml"] = yaml.safe_dump(
                content, sort_keys=False, allow_unicode=True, width=140
            )
    return files


def _is_subject(table: Table) -> bool:
    return {"metric", "cut", "value", "is_current"} <= {column.name for column in table.columns}


def _cube(table: Table, name: str, named: Mapping[str, str], view: CountingView | None) -> dict[str, Any]:
    is_subject = table.schema != "mart"
    columns = [
        column for column in table.columns if not (is_subject and column.name in ("value", "is_current"))
    ]
    cube: dict[str, Any] = {"name": name, "description": table.meaning}
    if is_subject:
        cube["sql"] = f"select * from {table.schema}.{table.name} where is_current"
    else:
        cube["sql_table"] = f"{table.schema}.{table.name}"
    if joins := _joins(table, name, named):
        cube["joins"] = joins
    cube["dimensions"] = [_dimension(column, column.name in table.key) for column in columns]
    if is_subject:
        cube["measures"] = [_VALUE]
    elif view:
        taken = {column.name for column in columns}
        names = {each.metric: f"{each.metric}{'_number' * (each.metric in taken)}" for each in view.numbers}
        days = {each.metric: each.day for each in view.numbers}
        cube["measures"] = [
            *(_measure(number, names[number.metric], taken) for number in view.numbers),
            *(_share(share, names, days[share.numerator]) for share in view.shares),
        ]
    return cube


def _joins(table: Table, name: str, named: Mapping[str, str]) -> list[dict[str, str]]:
    """One to each table, as Cube has it: of several references by the column that is named as the key."""
    found: dict[str, tuple[bool, str, str]] = {}
    for column in table.columns:
        relation, _, key = (column.references or "").rpartition(".")
        other = named.get(relation)
        if other is None or other == name:
            continue
        if other not in found or (column.name == key and not found[other][0]):
            found[other] = (column.name == key, column.name, key)
    return [
        {"name": other, "sql": f"{{CUBE}}.{column} = {{{other}.{key}}}", "relationship": "many_to_one"}
        for other, (_, column, key) in found.items()
    ]


def _dimension(column: Column, is_key: bool) -> dict[str, Any]:
    if column.kind == "boolean":
        kind = "boolean"
    elif column.is_time:
        kind = "time"
    else:
        kind = "number" if column.is_number else "string"
    dimension = {
        "name": column.name,
        "sql": f"{{CUBE}}.{column.name}",
        "type": kind,
        "description": column.meaning,
    }
    # A key is hidden unless it is said to be for readers too.
    return dimension | ({"primary_key": True, "public": True} if is_key else {})


def _measure(number: Number, name: str, columns: set[str]) -> dict[str, Any]:
    measure: dict[str, Any] = {"name": name, "title": number.label}
    if number.day:
        measure |= {"description": f"{number.description} By {number.day}.", "meta": {"day": number.day}}
    match number.aggregate:
        case "sum" if number.expression == "1":
            return measure | {"type": "count"}
        case "sum" | "count_distinct":
            return measure | {"type": number.aggregate, "sql": _qualified(number.expression, columns)}
        case _:
            return measure | {"type": "number", "sql": _qualified(number.sql, columns)}


def _qualified(sql: str, columns: set[str]) -> str:
    """With the cube before each column's name, which a joined cube may have too; texts are left alone."""
    return _WORD.sub(lambda word: f"{{CUBE}}.{word[0]}" if word[0] in columns else word[0], sql)


def _share(share: Share, names: Mapping[str, str], day: str) -> dict[str, Any]:
    return {
        "name": share.metric, "title": share.label, "description": share.description, "type": "number", "format": "percent",
        "meta": {"day": day},
        "sql": f"1.0 * {{{names[share.numerator]}}} / nullif({{{names[share.denominator]}}}, 0)",
    }  # fmt: skip
