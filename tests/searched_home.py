"""Looks for texts in everything that a home holds: the bytes of each file, and the cells of each database."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

import duckdb


def places_with(home: Path, texts: Collection[str]) -> list[tuple[str, str]]:
    """(place, text) of every place in which a text stands, whatever its case."""
    found = []
    for file in sorted(each for each in home.rglob("*") if each.is_file()):
        name, content = file.relative_to(home).as_posix(), file.read_bytes().lower()
        found += [(name, text) for text in texts if text.lower().encode() in content]
        if file.suffix == ".duckdb":
            found += _in_duckdb(file, name, texts)
        elif file.suffix in (".db", ".sqlite"):
            with closing(sqlite3.connect(file)) as database:
                dumped = "\n".join(database.iterdump()).lower()
            found += [(f"{name} (rows)", text) for text in texts if text.lower() in dumped]
    return found


def _in_duckdb(file: Path, name: str, texts: Collection[str]) -> list[tuple[str, str]]:
    found = []
    with duckdb.connect(str(file), read_only=True) as database:
        for schema, table in database.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall():
            held = ", ".join("coalesce(bool_or(contains(said, lower(?))), false)" for _ in texts)
            (row,) = database.execute(
                f'select {held} from (select lower(cast(row as varchar)) as said from "{schema}"."{table}" as row)',
                list(texts),
            ).fetchall()
            found += [
                (f"{name} {schema}.{table}", text)
                for text, is_held in zip(texts, row, strict=True)
                if is_held
            ]
    return found
