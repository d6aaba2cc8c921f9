"""The served mart: the rows and the revision of the published file in PostgreSQL, in tables that stay where they are.

A publication is one transaction. What differs is written into the tables, unseen by readers; then, for a moment, all
tables are held at once, so that no transaction of a reader lies astride, and it commits. A kill leaves what was.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_random_exponential

from publication.postgres.address import PostgresAddress
from publication.postgres.dependents import hanging_on, holders, make_anew, refusal
from publication.postgres.older_layout import drop_versions, older_views, rights_on
from publication.postgres.published import SCHEMAS, PublishedFile, PublishedTable
from publication.postgres.rows import load, replace_rows, unload
from publication.postgres.session import (
    NO_RIGHT,
    PostgresError,
    PostgresSession,
    literal,
    quoted,
)
from publication.postgres.shapes import (
    Name,
    Shape,
    changed_columns,
    comments,
    created,
    present_shapes,
    reshaping,
    tightening,
    widening,
)

# How long to wait for readers who hold a table before this night's publication is given up.
PATIENCE_SECONDS = 180.0
# Shorter than PostgreSQL's default `deadlock_timeout` of a second: a reader who waits for us is never the one ended.
_LOCK_TIMEOUT_MS = 500
# The advisory lock of a publication, the same for every publisher of a database: `pops` in ASCII, and 1.
_LOCK = "1886351475, 1"


@dataclass(frozen=True)
class ServedPublication:
    """What PostgreSQL serves now. `written`: rows that differed. `changed`: false when it served the same already.

    `left`: schemas of an older layout that could not be dropped, with the reason; the next publication tries again.
    """

    as_of: date
    revision: int
    rows: int
    written: int
    seconds: float
    changed: bool
    left: tuple[str, ...]


def publish_to_postgres(
    published: Path, address: PostgresAddress, patience_seconds: float = PATIENCE_SECONDS
) -> ServedPublication:
    """Serve the published file's mart from PostgreSQL.

    Raises FileNotFoundError without a published file, PostgresError (one sentence, no secrets) when PostgreSQL does
    not take it; then what was served stays, and so does the file.
    """
    started = time.monotonic()
    file = PublishedFile(published)
    try:
        with PostgresSession(address) as session:
            _only_publisher(session)
            written, changed = _Publication(session, file, patience_seconds).serve()
            left = tuple(drop_versions(session))
        if changed:
            _tidy(address, file.tables)
    finally:
        file.close()
    rows = sum(table.rows for table in file.tables)
    seconds = time.monotonic() - started
    return ServedPublication(file.as_of, file.revision, rows, written, seconds, changed, left)


class _Publication:
    """One publication: its statements in the order in which readers are spared."""

    def __init__(self, session: PostgresSession, file: PublishedFile, patience_seconds: float) -> None:
        self._session, self._file, self._patience = session, file, patience_seconds
        self._wanted: Mapping[Name, PublishedTable] = {(each.schema, each.name): each for each in file.tables}

    def serve(self) -> tuple[int, bool]:
        """Returns how many rows were written, and whether anything changed."""
        session, tables = self._session, self._file.tables
        rights = reader_rights(session, tables)
        present = self._present()
        if loosened := widening(tables, present):
            hanging_on(session, [present[name].oid for name in self._incompatible(present)])
            self._patiently(loosened, "its columns and keys")
            session.commit()
            present = self._present()
        load(session, self._file)
        session.run_all([f"create schema if not exists {schema}" for schema in SCHEMAS], "its schemas")
        incompatible = self._incompatible(present)
        stay = [name for name in self._wanted if name in present and name not in incompatible]
        written = {name: replace_rows(session, self._wanted[name], present[name]) for name in stay}
        # Now, and not at the commit, when readers wait.
        session.run("set constraints all immediate", "its references")
        others = [name for name in self._wanted if name not in stay]
        is_same = not (incompatible or others or any(written.values()) or self._finishing(present))
        if not is_same:
            self._switch(present, incompatible, others, written)
        unload(session)
        session.run_all(rights, "the rights of its readers")
        session.commit()
        return sum(written.values()), not is_same

    def _present(self) -> dict[Name, Shape]:
        """Our relations of the served schemas. Raises PostgresError for one that is in the way and not ours."""
        shapes = present_shapes(self._session)
        ours = _ours(self._session, shapes)
        foreign = sorted(".".join(name) for name in self._wanted if name in shapes and name not in ours)
        if foreign:
            raise PostgresError(
                f"PostgreSQL at {self._session.address.place} has {', '.join(foreign)} already, not made by this publisher: "
                "rename what is there, or publish to a database of its own. The published file stands."
            )
        return {name: shape for name, shape in shapes.items() if name in ours}

    def _incompatible(self, present: Mapping[Name, Shape]) -> dict[Name, str]:
        """The relations that cannot stay as they are while views hang on them, and why."""
        found = {}
        for name, shape in present.items():
            changes = list(changed_columns(shape, self._wanted.get(name)).values())
            if shape.kind != "r":
                changes.append("becomes a table")
            if changes:
                found[name] = f"{'.'.join(name)} {', '.join(changes)}"
        return found

    def _switch(
        self,
        present: Mapping[Name, Shape],
        incompatible: Mapping[Name, str],
        others: Iterable[Name],
        written: dict[Name, int],
    ) -> None:
        """Hold all tables, do what cannot be done beside readers, and leave the rest to the commit."""
        session = self._session
        why = "; ".join(incompatible.values())
        hanging = hanging_on(session, [present[name].oid for name in incompatible])
        taken = [
            *(f"lock table {quoted(*name)} in access exclusive mode" for name in present),
            *(f"drop view {view.name}" for view in reversed(hanging)),
        ]
        try:
            self._patiently(taken, "a moment with its tables")
        except PostgresError as error:
            raise refusal(session, why, error) if hanging and error.reason else error from None
        rights = []
        for name in incompatible:
            shape, table = present[name], self._wanted.get(name)
            if shape.kind == "r" and table is not None:
                session.run_all(reshaping(table, shape), f"the columns of {table.full_name}")
            else:
                rights += rights_on(session, shape.oid, name) if table else []
                session.run(f"drop {'table' if shape.kind == 'r' else 'view'} {quoted(*name)}")
        missing = [self._wanted[name] for name in others if name not in present or present[name].kind != "r"]
        session.run_all([created(table) for table in missing], "the tables of the mart")
        shapes = present_shapes(session)
        for name in others:
            written[name] = replace_rows(session, self._wanted[name], shapes[name])
        session.run_all(self._finishing(shapes), "keys and comments of the mart")
        make_anew(session, hanging, why)
        session.run_all(rights, "the rights on its tables")

    def _finishing(self, shapes: Mapping[Name, Shape]) -> list[str]:
        tables = [
            table for name, table in self._wanted.items() if name in shapes and shapes[name].kind == "r"
        ]
        return [*tightening(tables, shapes), *comments(tables, shapes)]

    def _patiently(self, statements: Sequence[str], what: str) -> None:
        """Try to get hold of what the statements need, for half a second at a time, so that readers hardly wait for us."""
        session = self._session
        session.run(f"set local lock_timeout = {_LOCK_TIMEOUT_MS}")
        tries = Retrying(
            retry=retry_if_result(lambda done: not done),
            wait=wait_random_exponential(multiplier=0.2, max=10),
            stop=stop_after_delay(self._patience),
        )
        try:
            tries(session.run_unless_held, statements, what)
        except RetryError:
            who = holders(session) or "readers"
            raise PostgresError(
                f"PostgreSQL at {session.address.place} still serves the publication before: for {self._patience:.0f} s its "
                f"tables were held by {who}. End an idle one with pg_terminate_backend(process), and set "
                "idle_in_transaction_session_timeout for its role; then publish again (asset published/product_ops/postgres)."
            ) from None


def _ours(session: PostgresSession, shapes: Mapping[Name, Shape]) -> set[Name]:
    """The relations that the publication before told of, and the views of an older layout."""
    known = shapes.get(("meta", "columns"))
    if known is None or not {"table_schema", "table_name"} <= set(known.columns):
        return older_views(session)
    told = session.rows("select distinct table_schema, table_name from meta.columns")
    return {(schema, name) for schema, name in told} | older_views(session)


def _tidy(address: PostgresAddress, tables: Sequence[PublishedTable]) -> None:
    """Free the room of the rows that nobody sees any more, for the next night, and count anew for the planner."""
    # What it does not come to, PostgreSQL does by itself later: the publication stands.
    with suppress(PostgresError), PostgresSession(address, autocommit=True) as session:
        for table in tables:
            session.run(f"vacuum (analyze, skip_locked, truncate false) {table.quoted}", "a vacuum")


def _only_publisher(session: PostgresSession) -> None:
    """Take the lock that ends with the session, and see to it that the session is not ended while it waits."""
    session.run("set idle_in_transaction_session_timeout = 0")
    session.run("set statement_timeout = 0")
    # A publisher whose machine vanished is gone within minutes, and its lock with it.
    session.run("set tcp_keepalives_idle = 60")
    session.run("set client_min_messages = error")
    session.commit()
    if not session.rows(f"select pg_try_advisory_lock({_LOCK})")[0][0]:
        raise PostgresError(
            f"Another publication is being written to PostgreSQL at {session.address.place}: publish again when it has ended."
        )
    check_publisher(session)


def check_publisher(session: PostgresSession) -> None:
    """Raises PostgresError unless the login may make the schemas of a publication."""
    may_create, database, user = session.rows(
        "select has_database_privilege(current_database(), 'create'), current_database()::text, current_user::text"
    )[0]
    if not may_create:
        raise PostgresError(
            f"{user} may not make schemas in PostgreSQL at {session.address.place}: "
            f"grant create on database {quoted(database)} to {quoted(user)}. The published file stands.",
            NO_RIGHT,
        )


def reader_rights(session: PostgresSession, tables: Sequence[PublishedTable]) -> list[str]:
    """The statements that let the reader's role read the served tables; makes the role when it is missing."""
    reader = session.address.reader
    if not session.rows(f"select 1 from pg_roles where rolname = {literal(reader)}"):
        try:
            session.run(f"create role {quoted(reader)} nologin")
            session.commit()
        except PostgresError as error:
            raise PostgresError(
                f"The role {reader} does not exist in PostgreSQL at {session.address.place} and could not be made "
                f"({error.reason}): let an administrator run `create role {quoted(reader)} nologin`, or set "
                "POPS_PUBLISH_POSTGRES_READER to a role that exists. The published file stands.",
                error.code,
            ) from None
    schemas = ", ".join(SCHEMAS)
    return [
        f"grant usage on schema {schemas} to {quoted(reader)}",
        f"grant select on {', '.join(table.quoted for table in tables)} to {quoted(reader)}",
        f"alter default privileges in schema {schemas} grant select on tables to {quoted(reader)}",
        *_rights_to_see_keys(tables, reader),
    ]


def _rights_to_see_keys(tables: Sequence[PublishedTable], reader: str) -> Iterator[str]:
    """The standard's catalogue, which Power BI asks, shows keys only to who may do more with a table than read it.

    The right to reference a column that is no whole key is such a right, and lets nobody do anything: PostgreSQL refuses the reference.
    """
    for table in tables:
        beside = [each.name for each in table.columns if (each.name,) != table.key]
        if beside:
            yield f"grant references ({quoted(beside[0])}) on {table.quoted} to {quoted(reader)}"
