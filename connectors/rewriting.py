"""A DuckDB file written anew: what was deleted in it is then gone from the disk, and so is the air between its rows."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from connectors.storage import attach, log_of, open_duckdb, quoted

Change = Callable[[duckdb.DuckDBPyConnection], None]


def rewrite(file: Path, change: Change, prepare: Callable[[Path], None] | None = None) -> None:
    """Make a change to a file that nobody else has open, and replace it by one that holds the rows left and nothing else.

    `prepare` makes the tables of the new file where they are stored in a way of their own. A kill leaves the file as it
    was before or as it is after. Raises FileLocked, FileDamaged.
    """
    work, fresh = (file.with_name(f"{file.name}.{suffix}") for suffix in ("work", "next"))
    _remove(work, fresh)
    with open_duckdb(file) as connection:
        # What waits in its log belongs to it.
        connection.execute("checkpoint")
    try:
        shutil.copyfile(file, work)
        with open_duckdb(work) as connection:
            change(connection)
        if prepare:
            prepare(fresh)
        _copy(work, fresh, is_prepared=prepare is not None)
        os.replace(fresh, file)
        log_of(file).unlink(missing_ok=True)
    finally:
        _remove(work, fresh)


def _copy(work: Path, fresh: Path, is_prepared: bool) -> None:
    with open_duckdb() as connection:
        connection.execute("set temp_directory = ''")
        attach(connection, work, "work")
        ((tags,),) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'work'"
        ).fetchall()
        version = str(tags["storage_version"]).removesuffix("+")
        attach(connection, fresh, "fresh", f"storage_version '{version}'")
        if not is_prepared:
            connection.execute("copy from database work to fresh")
        else:
            _fill(connection)
        connection.execute("checkpoint fresh")


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    names = "select schema_name, table_name from duckdb_tables() where database_name = ? order by 1, 2"
    there = set(connection.execute(names, ["fresh"]).fetchall())
    for schema, table in connection.execute(names, ["work"]).fetchall():
        old, new = quoted("work", schema, table), quoted("fresh", schema, table)
        if (schema, table) in there:
            # dlt keeps columns of its own in no order of ours.
            # Making the tables may have booked something already.
            connection.execute(f"delete from {new}")
            connection.execute(f"insert into {new} by name select * from {old}")
        else:
            connection.execute(f"create schema if not exists {quoted('fresh', schema)}")
            connection.execute(f"create table {new} as select * from {old}")


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)
        log_of(file).unlink(missing_ok=True)
