"""Files that a disk has spoiled under a night: put aside under another name, and made anew.

A DuckDB file whose first pages are whole opens well, and some night a page further in is read. Until somebody moved it away,
every night would end there.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg

from checks.blockers import Blocker
from connectors.instances import held_sources
from connectors.storage import (
    FileDamaged,
    FileLocked,
    is_damage,
    is_sound,
    open_duckdb,
    says_damage,
    set_aside,
)
from metrics.values import take_over_values
from orchestration.evaluations import failure_of
from orchestration.kept_statements import ModelResult
from settings.home import Home
from settings.owners import PLATFORM, owner_of

_REMEDY = "Look at the disk, and run the job `nightly` again: what the file held is read or built anew."


def with_sound_warehouse(home: Home) -> None:
    """Put a warehouse aside that does not even open: a night builds it anew.

    Where it is gone, the new one begins with the numbers of earlier nights.
    """
    if not home.warehouse.exists():
        if home.published.exists():
            take_over_values(home.warehouse, home.published)
        return
    try:
        open_duckdb(home.warehouse, read_only=True).close()
    except FileLocked:
        return
    except FileDamaged:
        _put_warehouse_aside(home)


def built_on_sound_files(home: Home, build: Callable[[], list[ModelResult]]) -> list[ModelResult]:
    """What `build` gives; once more when the warehouse was spoiled. Raises dagster.Failure when it was a raw file."""
    try:
        results = build()
        said = " ".join(each.message for each in results if each.status == "error")
    except dg.Failure as failure:
        if not says_damage(str(failure.description)):
            raise
        said, results = str(failure.description), []
    if not says_damage(said):
        return results
    aside = put_aside_spoiled(home)
    if set(aside) != {home.warehouse.name}:
        raise _failure(aside)
    return build()


@contextmanager
def spoiled_put_aside(home: Home) -> Iterator[None]:
    """Around what reads the warehouse. Raises dagster.Failure, with what to do, in place of an engine's error about a page."""
    try:
        yield
    except Exception as error:
        if not is_damage(error):
            raise
        raise _failure(put_aside_spoiled(home)) from error


def put_aside_spoiled(home: Home) -> dict[str, str]:
    """Read every raw file and the warehouse whole, and put aside what cannot be read: its name -> the name it has now."""
    aside = {}
    for source in held_sources(home.root):
        raw = home.root / "raw" / f"{source}.duckdb"
        if raw.exists() and not is_sound(raw):
            aside[raw.name] = set_aside(raw).name
    if home.warehouse.exists() and not is_sound(home.warehouse):
        aside[home.warehouse.name] = _put_warehouse_aside(home)
    return aside


def put_aside_spoiled_logs(home: Home) -> dict[str, str]:
    """The same for what Dagster knows of runs, and for what was told to owners: SQLite files. No run may be going on."""
    kept = [*home.dagster.glob("history/**/*.db"), *home.dagster.glob("schedules/*.db"), home.notices]
    return {file.name: set_aside(file).name for file in kept if file.exists() and not _is_sound_sqlite(file)}


def _is_sound_sqlite(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)) as connection:
            return bool(connection.execute("pragma quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.DatabaseError:
        return False


def _put_warehouse_aside(home: Home) -> str:
    """The numbers of earlier nights, which nobody can compute any more, are taken over from what is published."""
    kept = set_aside(home.warehouse).name
    take_over_values(home.warehouse, home.published)
    return kept


def _failure(aside: dict[str, str]) -> dg.Failure:
    told = ", ".join(f"{name} (kept as {kept})" for name, kept in aside.items())
    what = f"The disk has spoiled {told or 'a file, which can be read now'}"
    return failure_of([Blocker("step", "files of the home", what, _REMEDY, owner_of(PLATFORM))])
