"""The stable views `mart.*`, `metrics.*`, `meta.*`: repointed to a version in one transaction, analysts' views kept.

A view whose new columns begin with the old ones, same names and types, is replaced, and whatever hangs on it stays.
One whose column changed its type or left must be dropped: then the views that hang on it are written down, dropped and
made anew in the same transaction, with owner, rights, options and comments. What cannot be made anew is named, and
the whole repointing is refused: readers keep the state they have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from publication.postgres.session import (
    WAITED_FOR_LOCK,
    PostgresError,
    PostgresSession,
    literal,
    quoted,
)
from publication.postgres.versions import (
    STABLE_SCHEMAS,
    VERSION_NAME,
    PublishedTable,
    comments_of,
)

# Shorter than PostgreSQL's default `deadlock_timeout` of a second: a reader who waits for us is never the one ended.
_LOCK_TIMEOUT_MS = 500
_STABLE = ", ".join(f"'{schema}'" for schema in STABLE_SCHEMAS)


@dataclass(frozen=True)
class _View:
    """A stable view as it is now: oid, columns with their types in order, the version that it reads."""

    oid: int
    kind: str
    columns: tuple[tuple[str, str], ...]
    version: str | None


@dataclass(frozen=True)
class _Kept:
    """A view that must be dropped and made anew, and every statement that makes it as it was."""

    name: str
    owner: str
    create: str
    restore: tuple[str, ...]


def views_show(session: PostgresSession, tables: Sequence[PublishedTable], version: str) -> bool:
    """Whether the stable views are exactly those of `tables`, and all read `version`."""
    ours = {name: view for name, view in _present(session).items() if view.version}
    return set(ours) == {(table.schema, table.name) for table in tables} and all(
        view.version == version for view in ours.values()
    )


def repoint(
    session: PostgresSession, tables: Sequence[PublishedTable], version: str, also: Sequence[str]
) -> None:
    """Let every stable view read `version`, with the statements `also` in the same transaction, and commit.

    Raises PostgresError: with a code of WAITED_FOR_LOCK when a reader holds a view (try again), else with the names
    of what is in the way.
    """
    session.run_all(
        [f"create schema if not exists {quoted(schema)}" for schema in STABLE_SCHEMAS], "its schemas"
    )
    session.run(f"set local lock_timeout = {_LOCK_TIMEOUT_MS}")
    present = _present(session)
    wanted = {(table.schema, table.name): table for table in tables}
    _refuse_foreign(session, present, wanted)
    changes = {
        name: change
        for name, view in present.items()
        if view.version and (change := _incompatible(view, wanted.get(name)))
    }
    ours, hanging = _written_down(session, [present[name].oid for name in changes])
    for kept in reversed([*ours, *hanging]):
        _run_for(session, f"drop view {kept.name}", kept, changes)
    session.run_all([_create(table, present, changes, version) for table in tables], "the views of the mart")
    for kept in hanging:
        _run_for(session, kept.create, kept, changes)
        for statement in kept.restore:
            _run_for(session, statement, kept, changes)
    remaining = {quoted(*name) for name in wanted}
    rights = [
        statement
        for kept in ours
        if kept.name in remaining
        for statement in kept.restore
        if statement.startswith("grant ")
    ]
    comments = [
        statement
        for table in tables
        for statement in comments_of(table, "view", quoted(table.schema, table.name))
    ]
    session.run_all([*rights, *comments, *also], "comments and rights of the views")
    session.commit()


def holders(session: PostgresSession) -> str:
    """The sessions that hold a stable view, as words: process, role and since when its transaction runs."""
    found = session.rows(
        f"""
        select distinct a.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(a.state, 'active'),
            coalesce(to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), '')
        from pg_locks as l
        inner join pg_class as c on l.relation = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        inner join pg_stat_activity as a on l.pid = a.pid
        where l.granted and l.pid <> pg_backend_pid() and n.nspname in ({_STABLE})
            and l.database = (select oid from pg_database where datname = current_database())
        order by 1
        """
    )
    return ", ".join(
        f"process {pid} of {user}" + (f" ({name})" if name else "") + f", {state}"
        + (f" since {since} UTC" if since else "")
        for pid, user, name, state, since in found
    )  # fmt: skip


def _present(session: PostgresSession) -> dict[tuple[str, str], _View]:
    views: dict[tuple[str, str], _View] = {}
    for schema, name, oid, kind, version, column, column_type in session.rows(
        f"""
        select n.nspname::text, c.relname::text, c.oid::bigint, c.relkind::text, (
            select min(tn.nspname::text) from pg_rewrite as r
            inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                and d.refclassid = 'pg_class'::regclass
            inner join pg_class as t on t.oid = d.refobjid
            inner join pg_namespace as tn on tn.oid = t.relnamespace
            where r.ev_class = c.oid and tn.nspname ~ '{VERSION_NAME}' and t.relname = n.nspname || '_' || c.relname
        ), a.attname::text, format_type(a.atttypid, a.atttypmod)
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where n.nspname in ({_STABLE}) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        order by 1, 2, a.attnum
        """
    ):
        known = views.get((schema, name), _View(oid, kind, (), version))
        columns = (*known.columns, (column, column_type)) if column else known.columns
        views[schema, name] = _View(oid, kind, columns, version)
    return views


def _refuse_foreign(
    session: PostgresSession,
    present: Mapping[tuple[str, str], _View],
    wanted: Mapping[tuple[str, str], PublishedTable],
) -> None:
    foreign = sorted(".".join(name) for name in wanted if name in present and not present[name].version)
    if foreign:
        raise PostgresError(
            f"PostgreSQL at {session.address.place} has {', '.join(foreign)} already, not made by this publisher: "
            "rename what is there, or publish to a database of its own. The published file stands."
        )


def _incompatible(view: _View, table: PublishedTable | None) -> str:
    """Why a view cannot be replaced where it stands; empty when it can."""
    if table is None:
        return "is no longer published"
    types = {column.name: _spelled(column.type) for column in table.columns}
    for name, kind in view.columns:
        if name not in types:
            return f"lost its column {name}"
        if types[name] != kind:
            return f"has its column {name} as {types[name]} instead of {kind}"
    return ""


def _spelled(kind: str) -> str:
    """A type as `format_type` writes it."""
    return {"timestamp": "timestamp without time zone", "time": "time without time zone"}.get(kind, kind)


def _create(
    table: PublishedTable,
    present: Mapping[tuple[str, str], _View],
    changes: Mapping[tuple[str, str], str],
    version: str,
) -> str:
    """Columns that a replaced view has come first and in its order, new ones after them, as PostgreSQL demands."""
    name = (table.schema, table.name)
    old = [] if name in changes or name not in present else [column for column, _ in present[name].columns]
    columns = old + [column.name for column in table.columns if column.name not in old]
    return (
        f"create or replace view {quoted(*name)} as select {', '.join(map(quoted, columns))} "
        f"from {quoted(version, table.stored_name)}"
    )


def _written_down(session: PostgresSession, roots: Sequence[int]) -> tuple[list[_Kept], list[_Kept]]:
    """The stable views to drop, and what hangs on them, each after what it reads."""
    if not roots:
        return [], []
    ours: list[_Kept] = []
    hanging: list[_Kept] = []
    for oid, depth, name, owner, definition, options in session.rows(
        f"""
        with recursive hanging (oid, depth) as (
            select unnest(array[{", ".join(map(str, roots))}]::oid[]), 0
            union
            select r.ev_class, h.depth + 1
            from hanging as h
            inner join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid
                and d.classid = 'pg_rewrite'::regclass
            inner join pg_rewrite as r on r.oid = d.objid and r.ev_class <> h.oid
        )
        select c.oid::bigint, max(h.depth), format('%I.%I', n.nspname, c.relname), pg_get_userbyid(c.relowner)::text,
            case when c.relkind = 'v' then pg_get_viewdef(c.oid) end, array_to_string(c.reloptions, ', ')
        from hanging as h
        inner join pg_class as c on h.oid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        group by c.oid, n.nspname, c.relname
        order by 2, 3
        """
    ):
        if definition is None:
            raise PostgresError(
                f"PostgreSQL at {session.address.place}: {name} (owner {owner}) is no plain view and hangs on a view of "
                "the mart whose columns changed: its owner must drop it, or make it a view. Readers keep what they have."
            )
        with_options = f" with ({options})" if options else ""
        create = f"create view {name}{with_options} as {definition.rstrip().rstrip(';')}"
        kept = _Kept(_always_quoted(name), owner, create, tuple(_restoring(session, oid, name, owner)))
        (hanging if depth else ours).append(kept)
    return ours, hanging


def _always_quoted(name: str) -> str:
    """`format('%I')` quotes only where it must; names are compared in one spelling."""
    parts, rest = [], name
    while rest:
        if rest.startswith('"'):
            end = rest.index('"', 1)
            while rest[end : end + 2] == '""':
                end = rest.index('"', end + 2)
            parts.append(rest[1:end].replace('""', '"'))
            rest = rest[end + 2 :]
        else:
            part, _, rest = rest.partition(".")
            parts.append(part)
    return quoted(*parts)


def _restoring(session: PostgresSession, oid: int, name: str, owner: str) -> list[str]:
    """The statements that give a view back its owner, rights and comments."""
    statements = [f"alter view {name} owner to {quoted(owner)}"]
    for column, grantee, privilege, grantable in session.rows(
        f"""
        select '', case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
            g.privilege_type, g.is_grantable
        from pg_class as c, aclexplode(c.relacl) as g
        where c.oid = {oid} and g.grantee <> c.relowner
        union all
        select quote_ident(a.attname), case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
            g.privilege_type, g.is_grantable
        from pg_attribute as a, aclexplode(a.attacl) as g
        where a.attrelid = {oid}
        """
    ):
        on_column = f" ({column})" if column else ""
        option = " with grant option" if grantable else ""
        statements.append(f"grant {privilege}{on_column} on {name} to {grantee}{option}")
    for column, comment in session.rows(
        "select coalesce((select quote_ident(attname) from pg_attribute where attrelid = d.objoid and attnum = d.objsubid), ''), "
        f"d.description from pg_description as d where d.objoid = {oid} and d.classoid = 'pg_class'::regclass"
    ):
        what = f"column {name}.{column}" if column else f"view {name}"
        statements.append(f"comment on {what} is {literal(comment)}")
    return statements


def _run_for(
    session: PostgresSession, statement: str, kept: _Kept, changes: Mapping[tuple[str, str], str]
) -> None:
    """Run a statement of a dropped view; when it fails for good, say which change and which view are at odds."""
    try:
        session.run(statement, f"the view {kept.name}")
    except PostgresError as error:
        if error.code in WAITED_FOR_LOCK:
            raise
        why = "; ".join(f"{'.'.join(name)} {change}" for name, change in sorted(changes.items()))
        raise PostgresError(
            f"PostgreSQL at {session.address.place}: {why}. {kept.name.replace(chr(34), '')} (owner {kept.owner}) hangs on "
            f"that and cannot be made anew: {error.reason}. Its owner must change or drop it, then publish again; "
            "readers keep what they have.",
            error.code,
            error.reason,
        ) from None
