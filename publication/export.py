"""`pops export`: the published mart as files, one a table, all of one revision."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb

from connectors.storage import literal, open_duckdb, quoted
from metrics.answers import did_you_mean
from settings.shown_text import FORMULA

_COPY_OPTIONS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}


def export_tables(published: Path, file_format: str, target: Path, only: Sequence[str] = ()) -> Path:
    """Write every published table and view (or `only` some, such as mart.dim_team) to `<schema>.<table>.<format>`.

    The files lie in a folder of their own, `<target>/<as_of>-r<revision>-<format>`, with `manifest.json` (as_of, revision,
    published_at, content_hash, and the rows, columns and file of each table). The folder appears whole or not at all,
    and replaces the one of an earlier export of the same name; what else lies in `target` stays. Returns it.
    Raises ValueError for another format, a table that there is not (naming close ones), or without a published mart.
    """
    if file_format not in _COPY_OPTIONS:
        raise ValueError(f"{file_format!r} is no format of an export: choose {' or '.join(_COPY_OPTIONS)}.")
    if not published.exists():
        raise ValueError(f"Nothing is published yet at {published}: run `pops nightly` or `make demo` first.")
    # An open reader keeps its state: a publication in the meantime changes nothing here.
    with open_duckdb(published, read_only=True) as mart:
        tables = _chosen(mart, only)
        as_of, revision, published_at, content_hash = mart.execute(
            "select as_of, revision, published_at, content_hash from meta.publication"
        ).fetchall()[0]
        folder = target / f"{as_of}-r{revision}-{file_format}"
        unfinished = target / f".{folder.name}.next"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        manifest = {
            "as_of": str(as_of),
            "revision": revision,
            "published_at": f"{published_at:%Y-%m-%dT%H:%M:%SZ}",
            "content_hash": content_hash,
            "format": file_format,
            "tables": [_export(mart, table, file_format, unfinished) for table in tables],
        }
    (unfinished / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    # A folder with files in it cannot be replaced in one step: the old one steps aside first.
    old = target / f".{folder.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.replace(folder, old)
    os.replace(unfinished, folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder


def _chosen(mart: duckdb.DuckDBPyConnection, only: Sequence[str]) -> list[str]:
    tables = [
        name
        for (name,) in mart.execute(
            "select table_schema || '.' || table_name from information_schema.tables order by 1"
        ).fetchall()
    ]
    spellings = {spelling: table for table in tables for spelling in (table.split(".")[1], table)}
    for name in only:
        if name not in spellings:
            raise ValueError(
                f"There is no published table {name!r}.{did_you_mean(name, spellings)} "
                "All of them: pops export without --only."
            )
    return sorted({spellings[name] for name in only}) or tables


def _export(mart: duckdb.DuckDBPyConnection, table: str, file_format: str, folder: Path) -> dict[str, object]:
    schema, name = table.split(".")
    file = folder / f"{table}.{file_format}"
    columns = _columns(mart, schema, name)
    selected = "*" if file_format != "csv" else for_spreadsheets(mart, schema, name)
    rows = mart.execute(
        f"copy (select {selected} from {quoted(schema, name)}) to {literal(file)} ({_COPY_OPTIONS[file_format]})"
    ).fetchall()[0][0]
    return {"table": table, "file": file.name, "rows": rows, "columns": columns}


def for_spreadsheets(mart: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    """What to select of a table for CSV: `unlike_formula` of its texts, in SQL."""
    return ", ".join(
        f"case when regexp_matches({quoted(name)}, '{FORMULA}') then chr(39) || {quoted(name)} else {quoted(name)} end as {quoted(name)}"
        if kind == "varchar"
        else quoted(name)
        for name, kind in _columns(mart, schema, table).items()
    )


def _columns(mart: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, str]:
    described = mart.execute(f"describe {quoted(schema, table)}").fetchall()
    return {row[0]: str(row[1]).lower() for row in described}
