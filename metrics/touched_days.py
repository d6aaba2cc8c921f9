"""Which days of a table read differently than last time: what a rolling metric must be computed again for.

A late event, a merge of two persons or a new segment may change any past day, so nothing is assumed about how far
back changes reach: every day's rows are summed up in one number, and days whose number moved are touched.
"""

from datetime import date

import duckdb

from metrics.engine import SourceRows
from metrics.shape import with_columns

_TABLE = "metrics_state.source_days"
_COLUMNS = {"relation": "text", "definitions": "text", "day": "date", "fingerprint": "hugeint"}


def create_state(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table of day fingerprints. It lies outside the published schemas."""
    connection.execute("create schema if not exists metrics_state")
    with_columns(connection, _TABLE, _COLUMNS)


def first_touched_day(
    connection: duckdb.DuckDBPyConnection,
    source: SourceRows,
    definitions: str,
    first_day: date,
    last_day: date,
) -> date | None:
    """The first day, of those from `first_day` to `last_day`, whose rows are not those that were remembered.

    `definitions` identifies the metrics' definitions: under other ones every day counts as touched.
    Keeps tonight's fingerprints in a temporary table for `remember_days`. None: nothing is touched.
    """
    connection.execute(
        "create temporary table if not exists source_days_tonight "
        "(relation text, definitions text, day date, fingerprint hugeint)"
    )
    connection.execute("delete from source_days_tonight where relation = ?", [source.relation])
    columns = ", ".join(source.columns)
    # A day without rows has a fingerprint too, else the first such day would never be computed.
    connection.execute(
        f"""
        insert into source_days_tonight
        select $relation, $definitions, days.day, coalesce(sums.fingerprint, 0)
        from (
            select cast(day as date) as day
            from range(cast($first_day as date), cast($last_day as date) + interval 1 day, interval 1 day) as spine(day)
        ) as days
        left join (
            select cast({source.day} as date) as day, sum(cast(hash({columns}) as hugeint)) as fingerprint
            from {source.relation}
            group by 1
        ) as sums on days.day = sums.day
        """,
        {
            "relation": source.relation,
            "definitions": definitions,
            "first_day": first_day.isoformat(),
            "last_day": last_day.isoformat(),
        },
    )
    row = connection.execute(
        f"""
        select min(tonight.day)
        from source_days_tonight as tonight
        left join {_TABLE} as known using (relation, definitions, day)
        where tonight.relation = ? and tonight.fingerprint is distinct from known.fingerprint
        """,
        [source.relation],
    ).fetchone()
    return row[0] if row else None


def remember_days(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Keep tonight's fingerprints of a relation; call it in the transaction that appends the values."""
    connection.execute(
        f"delete from {_TABLE} where relation = $relation "
        "and day in (select day from source_days_tonight where relation = $relation)",
        {"relation": relation},
    )
    connection.execute(
        f"insert into {_TABLE} select * from source_days_tonight where relation = ?", [relation]
    )
