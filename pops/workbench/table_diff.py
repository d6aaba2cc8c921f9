"""What differs between two tables that should be alike: rows by key, and the columns in which they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

# Sums of floating numbers depend on the order of the rows, which nobody promises.
_TOLERANCE = 1e-9
_FLOATING = ("DOUBLE", "FLOAT")


@dataclass(frozen=True)
class TableDiff:
    """`rows_before` is None when the table is new. Without a key, rows count as added and removed, never as changed.

    `changed_columns`: in how many of the rows that are in both tables each column differs, where it does.
    """

    rows_before: int | None
    rows_now: int
    added: int
    removed: int
    changed: int
    changed_columns: dict[str, int]
    new_columns: tuple[str, ...]
    lost_columns: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        counts = (self.added, self.removed, self.changed)
        return self.rows_before is not None and not any((*counts, self.new_columns, self.lost_columns))


def compare_tables(
    connection: duckdb.DuckDBPyConnection, before: str, now: str, key: Sequence[str]
) -> TableDiff:
    """`before`, `now`: relations with their catalogue. `key`: the columns that name a row; () when nothing does."""
    columns_now = _columns(connection, now)
    rows_now = _number(connection, f"select count(*) from {now}")
    if not _exists(connection, before):
        return TableDiff(None, rows_now, rows_now, 0, 0, {}, (), ())
    columns_before = _columns(connection, before)
    common = [name for name in columns_now if name in columns_before]
    rows_before = _number(connection, f"select count(*) from {before}")
    changed_columns: dict[str, int] = {}
    changed = 0
    if key and set(key) <= set(common):
        matched = " and ".join(f'before."{name}" is not distinct from now."{name}"' for name in key)
        added = _number(
            connection, f"select count(*) from {now} as now anti join {before} as before on {matched}"
        )
        removed = _number(
            connection, f"select count(*) from {before} as before anti join {now} as now on {matched}"
        )
        compared = [name for name in common if name not in key]
        if compared:
            differs = {name: _differs(name, columns_now[name]) for name in compared}
            counts = ", ".join(f"count(*) filter (where {text})" for text in differs.values())
            found = connection.execute(
                f"select count(*) filter (where {' or '.join(differs.values())}), {counts} "
                f"from {before} as before join {now} as now on {matched}"
            ).fetchall()[0]
            changed = int(found[0])
            changed_columns = {
                name: int(count) for name, count in zip(compared, found[1:], strict=True) if count
            }
    else:
        names = ", ".join(f'"{name}"' for name in common)
        added = _number(connection, _only_in(now, before, names))
        removed = _number(connection, _only_in(before, now, names))
    new = tuple(name for name in columns_now if name not in columns_before)
    lost = tuple(name for name in columns_before if name not in columns_now)
    return TableDiff(rows_before, rows_now, added, removed, changed, changed_columns, new, lost)


def _only_in(left: str, right: str, columns: str) -> str:
    return f"select count(*) from (select {columns} from {left} except all select {columns} from {right})"


def _differs(name: str, kind: str) -> str:
    left, right = f'before."{name}"', f'now."{name}"'
    if kind not in _FLOATING:
        return f"{left} is distinct from {right}"
    near = f"abs({left} - {right}) <= {_TOLERANCE} * greatest(abs({left}), abs({right}))"
    return f"({left} is distinct from {right} and not coalesce({near}, false))"


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Name -> type, in the table's order."""
    described = connection.execute(f"describe {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in described}


def _exists(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    try:
        connection.execute(f"describe {relation}")
    except duckdb.CatalogException:
        return False
    return True


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
