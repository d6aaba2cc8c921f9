"""The served mart: the rows and the revision of the published file in PostgreSQL, behind views that never break.

A publication is a schema of its own (`product_ops_<as_of>_r<revision>_<number>`), loaded in one transaction; then
all stable views are repointed to it in another. A reader sees the publication before or the one after, and a kill
at any moment leaves the one before. The last two stay, so that a long query on the older one ends in peace.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from publication.postgres.address import PostgresAddress
from publication.postgres.session import (
    NO_RIGHT,
    WAITED_FOR_LOCK,
    PostgresError,
    PostgresSession,
    literal,
    quoted,
)
from publication.postgres.versions import (
    STABLE_SCHEMAS,
    PublishedFile,
    PublishedTable,
    Version,
    complete_versions,
    completed,
    load,
    next_version,
)
from publication.postgres.views import holders, repoint, views_show

KEPT_VERSIONS = 2
# How long to wait for readers who hold a view before this night's publication is given up.
PATIENCE_SECONDS = 180.0
# The advisory lock of a publication, the same for every publisher of a database: `pops` in ASCII, and 1.
_LOCK = "1886351475, 1"


@dataclass(frozen=True)
class ServedPublication:
    """What PostgreSQL serves now. `version`: its schema. `changed`: false when it served the same already.

    `left`: older schemas that could not be dropped, with the reason; the next publication tries again.
    """

    version: str
    as_of: date
    revision: int
    rows: int
    seconds: float
    changed: bool
    left: tuple[str, ...]


def publish_to_postgres(
    published: Path,
    address: PostgresAddress,
    keys: Mapping[str, Sequence[str]],
    patience_seconds: float = PATIENCE_SECONDS,
    kept: int = KEPT_VERSIONS,
) -> ServedPublication:
    """Serve the published file's mart from PostgreSQL. `keys`: key columns by `schema.table`. `kept`: how many versions stay.

    Raises FileNotFoundError without a published file, PostgresError (one sentence, no secrets) when PostgreSQL does
    not take it; then what was served stays, and so does the file.
    """
    started = time.monotonic()
    file = PublishedFile(published, keys)
    try:
        with PostgresSession(address) as session:
            _only_publisher(session)
            reader_rights = _reader_rights(session, file.tables)
            leftovers = complete_versions(session)[1]
            version, changed = _serve(session, file, reader_rights, patience_seconds)
            old = [one.name for one in complete_versions(session)[0][:-kept]]
            left = tuple(reason for name in [*leftovers, *old] if (reason := _drop(session, name)))
    finally:
        file.close()
    rows = sum(table.rows for table in file.tables)
    seconds = time.monotonic() - started
    return ServedPublication(version.name, file.as_of, file.revision, rows, seconds, changed, left)


def _serve(
    session: PostgresSession, file: PublishedFile, reader_rights: list[str], patience_seconds: float
) -> tuple[Version, bool]:
    complete = complete_versions(session)[0]
    if (
        complete
        and complete[-1].fingerprint == file.fingerprint
        and views_show(session, file.tables, complete[-1].name)
    ):
        session.run_all(reader_rights, "the rights of its readers")
        session.commit()
        return complete[-1], False
    version = next_version(file, session)
    load(session, file, version)
    try:
        _repoint_patiently(session, file, version, reader_rights, patience_seconds)
    except BaseException:
        session.rollback()
        _drop(session, version.name)
        raise
    return version, True


def _repoint_patiently(
    session: PostgresSession,
    file: PublishedFile,
    version: Version,
    reader_rights: list[str],
    patience_seconds: float,
) -> None:
    """Try to get hold of all views at once, for half a second at a time, so that readers hardly wait for us."""

    def held(error: BaseException) -> bool:
        return isinstance(error, PostgresError) and error.code in WAITED_FOR_LOCK

    tries = Retrying(
        retry=retry_if_exception(held),
        wait=wait_random_exponential(multiplier=0.2, max=10),
        stop=stop_after_delay(patience_seconds),
        after=lambda _: session.rollback(),
    )
    try:
        tries(repoint, session, file.tables, version.name, [*reader_rights, completed(version)])
    except RetryError:
        raise PostgresError(
            f"PostgreSQL at {session.address.place} still serves the publication before: for {patience_seconds:.0f} s its "
            f"views were held by {holders(session) or 'readers'}. End an idle one with pg_terminate_backend(process), and set "
            "idle_in_transaction_session_timeout for its role; then publish again (asset published/product_ops/postgres)."
        ) from None


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


def _reader_rights(session: PostgresSession, tables: Sequence[PublishedTable]) -> list[str]:
    """The statements that let the reader's role read the stable views and nothing else; makes the role when it is missing."""
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
    schemas = ", ".join(STABLE_SCHEMAS)
    views = ", ".join(quoted(table.schema, table.name) for table in tables)
    return [
        f"grant usage on schema {schemas} to {quoted(reader)}",
        f"grant select on {views} to {quoted(reader)}",
        f"alter default privileges in schema {schemas} grant select on tables to {quoted(reader)}",
    ]


def _drop(session: PostgresSession, version: str) -> str:
    """Drop a version that nobody reads any more; why it was left, or an empty string."""
    try:
        users = session.rows(_USERS_OF_VERSION.format(name=literal(version)))
        if users:
            session.rollback()
            return f"{version} is read by {', '.join(name for (name,) in users)}"
        session.run("set local lock_timeout = 500")
        session.run(f"drop schema if exists {quoted(version)} cascade", f"the end of {version}")
        session.commit()
    except PostgresError as error:
        session.rollback()
        return f"{version}: {error.reason}"
    return ""


# Views outside a version that read it directly: `cascade` would take them along.
_USERS_OF_VERSION = """
select distinct vn.nspname || '.' || v.relname
from pg_class as t
inner join pg_namespace as tn on tn.oid = t.relnamespace
inner join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid
    and d.classid = 'pg_rewrite'::regclass
inner join pg_rewrite as r on r.oid = d.objid
inner join pg_class as v on v.oid = r.ev_class
inner join pg_namespace as vn on vn.oid = v.relnamespace
where tn.nspname = {name} and vn.nspname <> tn.nspname
"""
