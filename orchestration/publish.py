"""The published mart: a file of its own that readers open at any hour, replaced whole in one step.

Everything is copied into a new file beside it; only when that file is on disk, opens, and holds what was copied is it
renamed over the published one. A reader sees the state before or the state after; a publication that is killed leaves
yesterday's file, and the next one clears its leftovers away.
"""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.source_status import ReadState
from reports.model import CheckStatus

PUBLISHED_SCHEMAS = ("marts", "metrics")
# The file under construction, beside the published one: a rename must not cross file systems.
UNFINISHED_SUFFIX = ".next"
_CHECK_COLUMNS = (
    "asset varchar, check_name varchar, passed boolean, severity varchar, owner varchar, meaning varchar, "
    "observed varchar"
)
_SOURCE_COLUMNS = "source varchar, family varchar, outcome varchar, read_until timestamp, night_until timestamp, records bigint"


class PublicationError(RuntimeError):
    """What was built cannot be published; readers keep the mart they have."""


@dataclass(frozen=True)
class Publication:
    """What readers see now: `revision` counts the different contents published as of the same date."""

    as_of: date
    revision: int
    row_counts: dict[str, int]


def publish(
    warehouse: Path,
    published: Path,
    as_of: date,
    checks: Sequence[CheckStatus],
    sources: Sequence[ReadState],
) -> Publication:
    """Copy the marts and metrics of `warehouse` to `published`, with what is known of the night that made them.

    `_meta` (one row): as_of, revision, checks_passed, checks_warned, checks_failed, row_counts (JSON: rows by
    `schema.table`), content_hash. `_checks` (a row a check): asset, check_name, passed, severity, owner, meaning,
    observed. `_sources` (a row a source): source, family (kind of tool), outcome, read_until and night_until (UTC), records.
    Publishing the same content again as of the same date keeps the revision. One publication at a time.
    Raises FileNotFoundError without a warehouse, PublicationError when there is nothing to publish or the copy does
    not hold what was copied.
    """
    if not warehouse.exists():
        raise FileNotFoundError(f"{warehouse} does not exist: build the dbt project first.")
    unfinished = published.with_name(published.name + UNFINISHED_SUFFIX)
    published.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(published)
    publication = _write(warehouse, unfinished, published, as_of, checks, sources)
    _sync(unfinished)
    _verify(unfinished, publication)
    os.replace(unfinished, published)
    _sync(published.parent)
    return publication


def remove_leftovers(published: Path) -> None:
    """Delete what a killed publication left beside the published file."""
    unfinished = published.with_name(published.name + UNFINISHED_SUFFIX)
    unfinished.unlink(missing_ok=True)
    unfinished.with_name(unfinished.name + ".wal").unlink(missing_ok=True)
    shutil.rmtree(unfinished.with_name(unfinished.name + ".tmp"), ignore_errors=True)


def current_publication(published: Path) -> Publication | None:
    """What is published now; None when nothing is."""
    known = _known_content(published)
    return known[0] if known else None


def _write(
    warehouse: Path,
    unfinished: Path,
    published: Path,
    as_of: date,
    checks: Sequence[CheckStatus],
    sources: Sequence[ReadState],
) -> Publication:
    connection = duckdb.connect()
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set memory_limit = '800MB'")
        connection.execute(f"set temp_directory = {_quoted(Path(f'{unfinished}.tmp'))}")
        connection.execute(f"attach {_quoted(warehouse)} as built (read_only)")
        connection.execute(f"attach {_quoted(unfinished)} as mart")
        row_counts, content_hash = _copy(connection, warehouse)
        revision = _revision(published, as_of, content_hash)
        connection.execute(
            "create table mart.main._meta (as_of date, revision integer, checks_passed integer, "
            "checks_warned integer, checks_failed integer, row_counts text, content_hash text)"
        )
        failed = [check for check in checks if not check.passed]
        blocking = sum(check.blocks for check in failed)
        connection.execute(
            "insert into mart.main._meta values (?, ?, ?, ?, ?, ?, ?)",
            [
                as_of,
                revision,
                len(checks) - len(failed),
                len(failed) - blocking,
                blocking,
                json.dumps(row_counts),
                content_hash,
            ],
        )
        _write_rows(connection, "_checks", _CHECK_COLUMNS, [astuple(check) for check in checks])
        _write_rows(connection, "_sources", _SOURCE_COLUMNS, [astuple(source) for source in sources])
        connection.execute("checkpoint mart")
        connection.execute("detach mart")
    finally:
        connection.close()
    return Publication(as_of, revision, row_counts)


def _write_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[tuple[object, ...]]
) -> None:
    connection.execute(f"create table mart.main.{table} ({columns})")
    if rows:
        places = ", ".join("?" for _ in rows[0])
        connection.executemany(f"insert into mart.main.{table} values ({places})", rows)


def _copy(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> tuple[dict[str, int], str]:
    """Copy every table and view; returns the rows of each and one hash over all content."""
    names = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        f"where table_catalog = 'built' and table_schema in {PUBLISHED_SCHEMAS} order by 1, 2"
    ).fetchall()
    missing = set(PUBLISHED_SCHEMAS) - {schema for schema, _ in names}
    if missing:
        raise PublicationError(
            f"{warehouse} has no tables in {', '.join(sorted(missing))}: run the night's models and metrics first."
        )
    row_counts: dict[str, int] = {}
    hashes: list[str] = []
    for schema, table in names:
        name = f'"{schema}"."{table}"'
        connection.execute(f'create schema if not exists mart."{schema}"')
        connection.execute(f"create table mart.{name} as select * from built.{name}")
        count, content = connection.execute(
            f"select count(*), coalesce(sum(cast(hash(rows) as hugeint)), 0) from mart.{name} as rows"
        ).fetchall()[0]
        row_counts[f"{schema}.{table}"] = count
        hashes.append(f"{schema}.{table}:{count}:{content}")
    digest = connection.execute("select md5(?)", ["\n".join(hashes)]).fetchall()[0][0]
    return row_counts, str(digest)


def _revision(published: Path, as_of: date, content_hash: str) -> int:
    known = _known_content(published)
    if known is None or known[0].as_of != as_of:
        return 1
    publication, known_hash = known
    return publication.revision + (0 if known_hash == content_hash else 1)


def _known_content(published: Path) -> tuple[Publication, str] | None:
    if not published.exists():
        return None
    with duckdb.connect(str(published), read_only=True) as connection:
        row = connection.execute(
            "select as_of, revision, row_counts, content_hash from main._meta"
        ).fetchall()[0]
    return Publication(row[0], row[1], json.loads(row[2])), row[3]


def _verify(unfinished: Path, publication: Publication) -> None:
    """Open the file as a reader would, and count."""
    with duckdb.connect(str(unfinished), read_only=True) as connection:
        for name, expected in publication.row_counts.items():
            schema, table = name.split(".", 1)
            found = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0][0]
            if found != expected:
                raise PublicationError(
                    f"The new mart has {found} rows in {name} where {expected} were copied: it is not published. "
                    f"Check the disk that holds {unfinished.parent}, then run the night again."
                )
    if unfinished.with_name(unfinished.name + ".wal").exists():
        raise PublicationError(
            f"{unfinished} has an unwritten log: it is not published. Run the night again."
        )


def _sync(path: Path) -> None:
    """Make a file, or a folder's list of files, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
