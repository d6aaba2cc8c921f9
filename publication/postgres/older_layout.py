"""What an older layout left: views that read a schema for each publication, `product_ops_<as_of>_r<revision>_<number>`.

Tables take the place of the views, with the rights that the views had; then the schemas go, as soon as nobody reads them.
"""

from publication.postgres.dependents import restoring
from publication.postgres.published import SCHEMAS
from publication.postgres.session import PostgresError, PostgresSession, literal, quoted
from publication.postgres.shapes import Name

_VERSION = r"^product_ops_\d{8}_r\d+_\d+$"


def older_views(session: PostgresSession) -> set[Name]:
    """The views of the served schemas that read such a schema."""
    found = session.rows(
        f"""
        select distinct n.nspname::text, c.relname::text
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        inner join pg_rewrite as r on r.ev_class = c.oid
        inner join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
            and d.refclassid = 'pg_class'::regclass
        inner join pg_class as t on t.oid = d.refobjid
        inner join pg_namespace as tn on tn.oid = t.relnamespace
        where n.nspname in {SCHEMAS} and c.relkind = 'v' and tn.nspname ~ '{_VERSION}'
            and t.relname = n.nspname || '_' || c.relname
        """
    )
    return {(schema, name) for schema, name in found}


def rights_on(session: PostgresSession, oid: int, name: Name) -> list[str]:
    """The grants on a view, as statements for the table that takes its place."""
    statements = restoring(session, oid, quoted(*name), "")
    return [statement for statement in statements if statement.startswith("grant ")]


def drop_versions(session: PostgresSession) -> list[str]:
    """Drop the schemas that nobody reads; why others were left, a sentence each. The next publication tries again."""
    names = session.rows(f"select nspname::text from pg_namespace where nspname ~ '{_VERSION}' order by 1")
    session.rollback()
    return [reason for (name,) in names if (reason := _drop(session, name))]


def _drop(session: PostgresSession, version: str) -> str:
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
