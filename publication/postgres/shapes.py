"""The form of the served tables: what PostgreSQL has, what it should have, and the statements from one to the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from publication.postgres.published import SCHEMAS, PublishedTable
from publication.postgres.session import PostgresSession, literal, quoted

Name = tuple[str, str]


@dataclass
class Shape:
    """A relation as PostgreSQL has it. `kind`: r for a table, v for a view. `columns`: types by name.

    `key_name`: name of the primary key. `references`: by column, the key that it names and the name of the constraint.
    `indexed`: columns that an index begins with. `comments`: by column, under '' that of the relation.
    """

    oid: int
    kind: str
    columns: dict[str, str] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    key: tuple[str, ...] = ()
    key_name: str = ""
    references: dict[str, tuple[tuple[str, str, str], str]] = field(default_factory=dict)
    indexed: set[str] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)


def present_shapes(session: PostgresSession) -> dict[Name, Shape]:
    """Every relation of the served schemas, ours or not."""
    shapes: dict[Name, Shape] = {}
    by_oid: dict[int, Shape] = {}
    for schema, name, oid, kind, comment in session.rows(
        "select n.nspname::text, c.relname::text, c.oid::bigint, c.relkind::text, obj_description(c.oid, 'pg_class') "
        f"from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid where {_SERVED} order by 1, 2"
    ):
        shapes[schema, name] = by_oid[oid] = Shape(oid, kind, comments={"": comment or ""})
    for oid, column, kind, required, comment in session.rows(
        "select c.oid::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum) "
        "from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid inner join pg_attribute as a on a.attrelid = c.oid "
        f"where {_SERVED} and a.attnum > 0 and not a.attisdropped order by 1, a.attnum"
    ):
        by_oid[oid].columns[column] = kind
        by_oid[oid].comments[column] = comment or ""
        if required:
            by_oid[oid].required.add(column)
    for oid, constraint, kind, columns, schema, other, key in session.rows(
        f"""
        select c.oid::bigint, k.conname::text, k.contype::text, {_names("k.conrelid", "k.conkey")},
            fn.nspname::text, f.relname::text, {_names("k.confrelid", "k.confkey")}
        from pg_constraint as k
        inner join pg_class as c on k.conrelid = c.oid
        inner join pg_namespace as n on c.relnamespace = n.oid
        left join pg_class as f on k.confrelid = f.oid
        left join pg_namespace as fn on f.relnamespace = fn.oid
        where {_SERVED} and k.contype in ('p', 'f')
        """
    ):
        if kind == "p":
            by_oid[oid].key, by_oid[oid].key_name = tuple(columns), constraint
        elif len(columns) == 1:
            by_oid[oid].references[columns[0]] = ((schema, other, key[0]), constraint)
    for oid, column in session.rows(
        "select c.oid::bigint, a.attname::text from pg_index as i inner join pg_class as c on i.indrelid = c.oid "
        "inner join pg_namespace as n on c.relnamespace = n.oid "
        "inner join pg_attribute as a on a.attrelid = c.oid and a.attnum = i.indkey[0] "
        f"where {_SERVED} and i.indpred is null"
    ):
        by_oid[oid].indexed.add(column)
    return shapes


def changed_columns(shape: Shape, table: PublishedTable | None) -> dict[str, str]:
    """The columns that cannot stay as they are, and why, in words; of a table that left, one without a name."""
    if table is None:
        return {"": "is no longer published"}
    types = {column.name: spelled(column.type) for column in table.columns}
    found = {}
    for name, kind in shape.columns.items():
        if name not in types:
            found[name] = f"lost its column {name}"
        elif types[name] != kind:
            found[name] = f"has its column {name} as {types[name]} instead of {kind}"
    return found


def widening(tables: Sequence[PublishedTable], present: Mapping[Name, Shape]) -> list[str]:
    """What takes nothing from readers and lets the new rows in: columns that are new, constraints that hold no more.

    A reference goes also when either side of it is about to change its type.
    """
    wanted = {(table.schema, table.name): table for table in tables}
    changed = {
        (*name, column)
        for name, shape in present.items()
        for column in changed_columns(shape, wanted.get(name))
    }
    keys = {name: table.key for name, table in wanted.items()}
    loosened, others = [], []
    for name, shape in present.items():
        table = wanted.get(name)
        if table is None or shape.kind != "r":
            continue
        for column, (referred, constraint) in shape.references.items():
            if (
                table.references.get(column) != referred
                or {(*name, column), referred} & changed
                or keys.get(referred[:2]) != (referred[2],)
            ):
                loosened.append(f"alter table {table.quoted} drop constraint {quoted(constraint)}")
        if shape.key and (shape.key != table.key or any((*name, column) in changed for column in shape.key)):
            others.append(f"alter table {table.quoted} drop constraint {quoted(shape.key_name)}")
        others += [
            f"alter table {table.quoted} alter column {quoted(column)} drop not null"
            for column in sorted(shape.required)
            if column not in table.required or (*name, column) in changed
        ]
        others += [
            f"alter table {table.quoted} add column {quoted(column.name)} {column.type}"
            for column in table.columns
            if column.name not in shape.columns
        ]
    return loosened + others


def reshaping(table: PublishedTable, shape: Shape) -> list[str]:
    """What changes under the eyes of a reader: columns that left, and types, whose values come with the new rows."""
    types = {column.name: column.type for column in table.columns}
    return [
        f"alter table {table.quoted} "
        + (
            f"alter column {quoted(column)} type {types[column]} using null::{types[column]}"
            if column in types
            else f"drop column {quoted(column)}"
        )
        for column in changed_columns(shape, table)
    ]


def tightening(tables: Sequence[PublishedTable], present: Mapping[Name, Shape]) -> list[str]:
    """The keys, references and indexes that are not there yet. An index on what references: both the check of a removed
    member and the filters of readers need it."""
    own, between = [], []
    for table in tables:
        shape = present[table.schema, table.name]
        own += [
            f"alter table {table.quoted} alter column {quoted(column)} set not null"
            for column in sorted(table.required - shape.required)
        ]
        if table.key and shape.key != table.key:
            own.append(f"alter table {table.quoted} add primary key ({_list(table.key)})")
        for column, (schema, other, key) in table.references.items():
            if column not in shape.indexed and table.key[:1] != (column,):
                own.append(f"create index on {table.quoted} ({quoted(column)})")
            if column not in shape.references:
                between.append(
                    f"alter table {table.quoted} add foreign key ({quoted(column)}) "
                    f"references {quoted(schema, other)} ({quoted(key)}) deferrable initially deferred"
                )
    return own + between


def comments(tables: Sequence[PublishedTable], present: Mapping[Name, Shape]) -> list[str]:
    """The comments that are not what the file says."""
    statements = []
    for table in tables:
        shape = present[table.schema, table.name]
        if shape.comments.get("", "") != table.comment:
            statements.append(f"comment on table {table.quoted} is {literal(table.comment)}")
        for column in table.columns:
            comment = table.column_comments.get(column.name, "")
            if shape.comments.get(column.name, "") != comment:
                statements.append(
                    f"comment on column {table.quoted}.{quoted(column.name)} is {literal(comment)}"
                )
    return statements


def created(table: PublishedTable) -> str:
    columns = ", ".join(f"{quoted(column.name)} {column.type}" for column in table.columns)
    return f"create table {table.quoted} ({columns})"


def spelled(kind: str) -> str:
    """A type as `format_type` writes it."""
    return {"timestamp": "timestamp without time zone", "time": "time without time zone"}.get(kind, kind)


_SERVED = f"n.nspname in {SCHEMAS} and c.relkind in ('r', 'p', 'v', 'm', 'f')"


def _names(relation: str, numbers: str) -> str:
    """SQL: the names of columns by their numbers, in that order."""
    return (
        f"array(select a.attname::text from unnest({numbers}) with ordinality as given (number, place) "
        f"inner join pg_attribute as a on a.attrelid = {relation} and a.attnum = given.number order by given.place)"
    )


def _list(columns: Iterable[str]) -> str:
    return ", ".join(map(quoted, columns))
