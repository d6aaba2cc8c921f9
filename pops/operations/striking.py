"""Strikes texts out of the files of a home that are neither raw nor mart: pages, logs, Dagster's history, messages sent."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.forgetting import STRUCK_OUT
from connectors.forgetting_raw import pattern_of
from settings.home import Home

_TEXTS = {
    ".html", ".json", ".log", ".out", ".err", ".txt", ".csv", ".svg", ".md", ".yml", ".yaml", ".sql", ".jsonl",
}  # fmt: skip
_DATABASES = {".db", ".sqlite"}
# Held by whoever uses the home, and empty.
_LOCKS = {"night.lock", "run.lock"}
_ROWS = 500


def pattern(texts: set[str]) -> str:
    """RE2 that finds any of the texts where it stands for itself. RE2 knows edges of ASCII words alone."""
    found = []
    for each in sorted(texts, key=lambda text: (-len(text), text)):
        before, after = (
            r"\b" if edge.isascii() and (edge.isalnum() or edge == "_") else ""
            for edge in (each[0], each[-1])
        )
        found.append(f"{before}{pattern_of(each)}{after}")
    return "|".join(found)


def remove_copies(home: Home) -> list[Path]:
    """Remove what holds copies of records and is made anew when it is needed; returns what was removed."""
    loaders = [folder / folder.name for folder in home.root.glob("dlt/*") if folder.is_dir()]
    damaged = home.root.rglob("*.damaged-*")
    unfinished = [*home.root.rglob("*.next"), *home.root.rglob("*.work"), *home.root.glob("*.tmp")]
    gone = [
        place
        for place in (home.root / "workbench", home.root / "exports", *loaders, *damaged, *unfinished)
        if place.exists()
    ]
    for place in gone:
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    return gone


def strike_out(home: Home, wanted: str) -> int:
    """Strike what matches out of every text and SQLite file of a home; a file of another kind that matches is removed.

    DuckDB files are left to others. Returns how many files changed.
    """
    changed = 0
    for file in sorted(home.root.rglob("*")):
        if not file.is_file() or file.name in _LOCKS or file.suffix in (".duckdb", ".wal"):
            continue
        if file.suffix in _DATABASES:
            changed += _in_database(file, wanted)
        elif file.suffix in _TEXTS:
            text = file.read_text(encoding="utf-8", errors="replace")
            if _matches([text], wanted, pa.string())[0]:
                changed += 1
                file.write_text(_struck([text], wanted)[0], encoding="utf-8")
        elif _matches([file.read_bytes()], wanted, pa.binary())[0]:
            changed += 1
            file.unlink()
    return changed


def _in_database(file: Path, wanted: str) -> int:
    changed = 0
    with closing(sqlite3.connect(file, timeout=60)) as database:
        tables = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, *_ in database.execute(f'pragma table_info("{table}")').fetchall():
                rows = database.cursor().execute(
                    f'select rowid, "{column}" from "{table}" where typeof("{column}") = \'text\''
                )
                while batch := rows.fetchmany(_ROWS):
                    hits = _matches([text for _, text in batch], wanted, pa.string())
                    told = [row for row, hit in zip(batch, hits, strict=True) if hit]
                    for (row, _), text in zip(told, _struck([text for _, text in told], wanted), strict=True):
                        database.execute(f'update "{table}" set "{column}" = ? where rowid = ?', [text, row])
                        changed = 1
        database.commit()
        if changed:
            database.execute("pragma wal_checkpoint(truncate)")
            database.execute("vacuum")
    return changed


def _matches(values: list[str] | list[bytes], wanted: str, kind: pa.DataType) -> list[bool]:
    found: list[bool] = pc.match_substring_regex(pa.array(values, kind), wanted, ignore_case=True).to_pylist()
    return found


def _struck(values: list[str], wanted: str) -> list[str]:
    found: list[str] = pc.replace_substring_regex(
        pa.array(values, pa.string()), f"(?i){wanted}", STRUCK_OUT
    ).to_pylist()
    return found
