"""Views of others on the served tables: written down, dropped and made anew where a column of a table changes or leaves.

Owner, rights, options and comments come back with them, in the same transaction. What cannot be made anew is named, and the
whole publication is refused: nobody's view is ours to lose.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from publication.postgres.published import SCHEMAS
from publication.postgres.session import PostgresError, PostgresSession, literal, quoted


@dataclass(frozen=True)
class Kept:
    """A view that must be dropped and made anew, and every statement that makes it as it was."""

    name: str
    owner: str
    create: str
    restore: tuple[str, ...]


def hanging_on(session: PostgresSession, relations: Iterable[int]) -> list[Kept]:
    """The views that read these relations (oids), each after what it reads.

    Raises PostgresError for one that is no plain view: what it stores would be gone.
    """
    roots = ", ".join(map(str, relations))
    if not roots:
        return []
    found = []
    for oid, name, owner, definition, options in session.rows(
        f"""
        with recursive hanging (oid, depth) as (
            select unnest(array[{roots}]::oid[]), 0
            union
            select r.ev_class, h.depth + 1
            from hanging as h
            inner join pg_depend as d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid
                and d.classid = 'pg_rewrite'::regclass
            inner join pg_rewrite as r on r.oid = d.objid and r.ev_class <> h.oid
        )
        select c.oid::bigint, format('%I.%I', n.nspname, c.relname), pg_get_userbyid(c.relowner)::text,
            case when c.relkind = 'v' then pg_get_viewdef(c.oid) end, array_to_string(c.reloptions, ', ')
        from hanging as h
        inner join pg_class as c on h.oid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        where c.oid not in ({roots})
        group by c.oid, n.nspname, c.relname
        order by max(h.depth), 2
        """
    ):
        if definition is None:
            raise PostgresError(
                f"PostgreSQL at {session.address.place}: {name} (owner {owner}) is no plain view and hangs on a table of "
                "the mart whose columns changed: its owner must drop it, or make it a view. Readers keep what they have."
            )
        with_options = f" with ({options})" if options else ""
        create = f"create view {name}{with_options} as {definition.rstrip().rstrip(';')}"
        found.append(Kept(_always_quoted(name), owner, create, tuple(restoring(session, oid, name, owner))))
    return found


def make_anew(session: PostgresSession, views: Sequence[Kept], why: str) -> None:
    """`why`: what changed, for the words of a refusal."""
    for view in views:
        for statement in (view.create, *view.restore):
            try:
                session.run(statement, f"the view {view.name}")
            except PostgresError as error:
                hangs = f"{view.name.replace(chr(34), '')} (owner {view.owner}) hangs on that and cannot be made anew: "
                raise refusal(session, why, error, hangs) from None


def refusal(session: PostgresSession, why: str, error: PostgresError, hangs: str = "") -> PostgresError:
    """What is to be done when a view is in the way of a change."""
    return PostgresError(
        f"PostgreSQL at {session.address.place}: {why}. {hangs}{error.reason}. "
        "Its owner must change or drop it, then publish again; readers keep what they have.",
        error.code,
        error.reason,
    )


def holders(session: PostgresSession) -> str:
    """The sessions that hold a served table, as words: process, role and since when its transaction runs."""
    found = session.rows(
        f"""
        select distinct a.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(a.state, 'active'),
            coalesce(to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), '')
        from pg_locks as l
        inner join pg_class as c on l.relation = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        inner join pg_stat_activity as a on l.pid = a.pid
        where l.granted and l.pid <> pg_backend_pid() and n.nspname in {SCHEMAS}
            and l.database = (select oid from pg_database where datname = current_database())
        order by 1
        """
    )
    return ", ".join(
        f"process {pid} of {user}"
        + (f" ({name})" if name else "")
        + f", {state}"
        + (f" since {since} UTC" if since else "")
        for pid, user, name, state, since in found
    )


def restoring(session: PostgresSession, oid: int, name: str, owner: str) -> list[str]:
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
