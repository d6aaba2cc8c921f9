"""The published mart: a file of its own that readers open at any hour, replaced whole in one step.

Everything is copied into a new file beside it; only when that file is on disk, opens, and holds what was copied is it
renamed over the published one. A reader sees the state before or the state after; a publication that is killed leaves
yesterday's file, and the next one clears its leftovers away.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from checks.contract import CheckStatus
from connectors.raw_facts import ReadState
from connectors.storage import FileDamaged, attach, literal, log_of, open_duckdb, set_aside
from publication.counting_views import CountingView, counting_views_of, create_counting_views
from publication.meta import (
    CATALOGUE,
    PUBLISHED_SCHEMAS,
    Described,
    models_described,
    write_comments,
    write_meta,
)
from publication.subject_views import create_subject_views
from publication.target import Edition, PublicationError, Published
from settings.home import Home

# Readers with a DuckDB from 1.0 on open it: BI tools bring their own, and not the newest.
STORAGE_VERSION = "v1.0.0"
# The file under construction, beside the published one: a rename must not cross file systems.
UNFINISHED_SUFFIX = ".next"


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
    until: datetime,
    reporting_time_zone: str,
    described: Mapping[str, Described],
    counting: Sequence[CountingView] = (),
) -> Publication:
    """Copy the marts and metrics of `warehouse` to `published`, with what is known of the night that made them.

    Schemas of the file: `mart` (the marts), `metrics` (metric_values and a view per subject) and `meta` (publication, checks, sources and
    metrics: the columns are those of `publication.meta`). `until`: the night's moment, with a time zone. `described`:
    descriptions of the marts by `mart.<table>`, written as comments. `counting`: the views of what metrics count. Publishing the same content again as of the same
    date keeps the revision. One publication at a time.
    Raises FileNotFoundError without a warehouse, PublicationError when there is nothing to publish or the copy does
    not hold what was copied.
    """
    if not warehouse.exists():
        raise FileNotFoundError(f"{warehouse} does not exist: build the dbt project first.")
    unfinished = published.with_name(published.name + UNFINISHED_SUFFIX)
    published.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(published)
    with _attached(warehouse, unfinished) as connection:
        row_counts, content_hash = _copy(connection, warehouse)
        publication = Publication(as_of, _revision(published, as_of, content_hash), row_counts)
        failed = [check for check in checks if not check.passed]
        blocking = sum(check.blocks for check in failed)
        found = (len(checks) - len(failed), len(failed) - blocking, blocking)
        moment = until.astimezone(UTC).replace(tzinfo=None)
        row = (
            as_of,
            publication.revision,
            moment,
            reporting_time_zone,
            *found,
            json.dumps(row_counts),
            content_hash,
        )
        write_meta(connection, "publication", [row])
        write_meta(connection, "checks", [_told(check) for check in checks])
        write_meta(connection, "sources", [astuple(source) for source in sources])
        views = create_subject_views(connection)
        counted = create_counting_views(connection, counting, described)
        write_comments(connection, {**described, **views, **counted})
    _sync(unfinished)
    _verify(unfinished, publication)
    if published.is_dir():
        set_aside(published)
    # Of somebody who wrote into the file before: DuckDB would add it to whatever stands here.
    log_of(published).unlink(missing_ok=True)
    os.replace(unfinished, published)
    _sync(published.parent)
    return publication


def _told(check: CheckStatus) -> tuple[object, ...]:
    """A row of `meta.checks`."""
    found = (
        check.asset,
        check.check,
        check.passed,
        check.severity,
        check.owner,
        check.meaning,
        check.observed,
    )
    return (*found, ", ".join(check.keys), check.remedy)


def remove_leftovers(published: Path) -> None:
    """Delete what a killed publication left beside the published file."""
    unfinished = published.with_name(published.name + UNFINISHED_SUFFIX)
    for ending in ("", ".wal", ".tmp"):
        leftover = unfinished.with_name(unfinished.name + ending)
        if leftover.is_dir():
            shutil.rmtree(leftover)
        leftover.unlink(missing_ok=True)


def current_publication(published: Path) -> Publication | None:
    """What is published now; None when nothing is."""
    known = _known_content(published)
    return known[0] if known else None


def records_published(published: Path) -> dict[str, tuple[int, datetime]]:
    """By source, how many records raw held when the published mart was made of them, and until when (UTC) that night read; {}
    when nothing can be read."""
    try:
        with open_duckdb(published, read_only=True) as connection:
            rows = connection.execute(
                "select source, records, night_until from meta.sources where records is not null"
            ).fetchall()
            return {source: (records, until) for source, records, until in rows}
    except (OSError, FileDamaged, duckdb.Error):
        return {}


@contextmanager
def _attached(warehouse: Path, unfinished: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse as `built`, read-only, and the new file in use; on leaving, the new file is whole on disk."""
    connection = open_duckdb()
    try:
        connection.execute(f"set temp_directory = {literal(f'{unfinished}.tmp')}")
        attach(connection, warehouse, "built")
        attach(connection, unfinished, "unfinished", f"storage_version '{STORAGE_VERSION}'")
        connection.execute("use unfinished")
        # One transaction: else each of some thousand comments would wait for the disk.
        connection.execute("begin")
        yield connection
        connection.execute("commit")
        connection.execute("use memory")
        connection.execute("checkpoint unfinished")
        connection.execute("detach unfinished")
    finally:
        connection.close()


def _copy(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> tuple[dict[str, int], str]:
    """Copy every table, and what a view shows; returns the rows of each and one hash over all content."""
    names = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        f"where table_catalog = 'built' and table_schema in {tuple(PUBLISHED_SCHEMAS)} order by 1, 2"
    ).fetchall()
    missing = set(PUBLISHED_SCHEMAS) - {schema for schema, _ in names}
    if missing:
        raise PublicationError(
            f"{warehouse} has no tables in {', '.join(sorted(missing))}: run the night's models and metrics first."
        )
    for schema in (*PUBLISHED_SCHEMAS.values(), "meta"):
        connection.execute(f"create schema {schema}")
    row_counts: dict[str, int] = {}
    hashes: list[str] = []
    for schema, table in names:
        name = f"{PUBLISHED_SCHEMAS[schema]}.{table}"
        if f"{schema}.{table}" == CATALOGUE:
            name = "meta.metrics"
        target = '"{}"."{}"'.format(*name.split("."))
        connection.execute(f'create table {target} as select * from built."{schema}"."{table}"')
        count, content = connection.execute(
            f"select count(*), coalesce(sum(cast(hash(rows) as hugeint)), 0) from {target} as rows"
        ).fetchall()[0]
        row_counts[name] = count
        hashes.append(f"{name}:{count}:{content}")
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
    try:
        connection = open_duckdb(published, read_only=True)
    except FileDamaged:
        # Nobody can read it any more: it is replaced.
        return None
    with connection:
        try:
            row = connection.execute(
                "select as_of, revision, row_counts, content_hash from meta.publication"
            ).fetchall()[0]
        except (duckdb.Error, IndexError):
            # Spoiled, or of a version that had another layout: it is replaced.
            return None
    return Publication(row[0], row[1], json.loads(row[2])), row[3]


def _verify(unfinished: Path, publication: Publication) -> None:
    """Open the file as a reader would, and count; its format must be one that old readers know."""
    with open_duckdb(unfinished, read_only=True) as connection:
        ((tags,),) = connection.execute(
            "select tags from duckdb_databases() where database_name = current_database()"
        ).fetchall()
        if not str(tags.get("storage_version")).startswith(STORAGE_VERSION):
            raise PublicationError(
                f"The new mart is of storage version {tags.get('storage_version')} where {STORAGE_VERSION} was asked "
                "for: older readers could not open it, so it is not published. Check the installed duckdb."
            )
        for name, expected in publication.row_counts.items():
            schema, table = name.split(".", 1)
            found = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0][0]
            if found != expected:
                raise PublicationError(
                    f"The new mart has {found} rows in {name} where {expected} were copied: it is not published. "
                    f"Check the disk that holds {unfinished.parent}, then run the night again."
                )
        for schema, view in connection.execute(
            "select schema_name, view_name from duckdb_views() where not internal"
        ).fetchall():
            connection.execute(f'select * from "{schema}"."{view}" limit 1').fetchall()
    if log_of(unfinished).exists():
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


class FileTarget:
    """The published file of a home: always on, and what every other target serves from."""

    name = "mart"
    title = "the published file"
    kind = "duckdb"
    description = (
        "What BI tools query: the schemas mart, metrics and meta, in one file that is replaced in one step "
        "when the audit has passed."
    )

    def address(self, env: Mapping[str, str]) -> str | None:
        return str(Home.from_environment().published)

    def publish(self, edition: Edition) -> Published:
        """Raises FileNotFoundError without a warehouse, PublicationError as `publish` does."""
        home, night = edition.home, edition.night
        if night is None:
            raise PublicationError("Nothing was built that could be published: run the job `nightly`.")
        done = publish(
            home.warehouse,
            home.published,
            night.as_of,
            night.checks,
            night.sources,
            night.until,
            night.reporting_time_zone,
            models_described(home.dbt_target / "manifest.json"),
            counting_views_of(home.dbt_target),
        )
        return Published(done.as_of, done.revision, sum(done.row_counts.values()), str(home.published))

    def check(self, home: Home, env: Mapping[str, str]) -> None:
        folder = home.published.parent
        if not os.access(folder, os.W_OK):
            raise PublicationError(f"{folder} cannot be written: give the platform's user the right to.")
