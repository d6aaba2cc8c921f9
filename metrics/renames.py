"""Published numbers go on under the id that the registry gives their member now."""

import duckdb

from metrics.dimensions import DIMENSIONS

_KEY = ("metric", "grain", "period_start", *DIMENSIONS)


def follow_renames(connection: duckdb.DuckDBPyConnection) -> int:
    """Give numbers of former ids (`marts.dim_former_id`) the id of now, with all their revisions; returns how many.

    Of a number that the id of now has already, or that two former ids have, one series goes on: its own, else that of the first
    former id. The other stays under its id, where tonight's numbers, in which it is no more, withdraw it.
    """
    moved = 0
    for dimension, former_id, member_id in _former_ids(connection):
        others = " and ".join(
            f"own.{name} is not distinct from old.{name}" for name in _KEY if name != dimension
        )
        moved += len(
            connection.execute(
                f"""
                update metrics.metric_values as old set {dimension} = $member_id
                where old.{dimension} = $former_id and not exists (
                    select 1 from metrics.metric_values as own where own.{dimension} = $member_id and {others}
                )
                returning 1
                """,
                {"former_id": former_id, "member_id": member_id},
            ).fetchall()
        )
    return moved


def drop_former_members(connection: duckdb.DuckDBPyConnection) -> None:
    """Take numbers of former ids out of the temporary table `tonight`: a member of which there is none counts no nothing."""
    for dimension, former_id, _ in _former_ids(connection):
        connection.execute(f"delete from tonight where {dimension} = ?", [former_id])


def _former_ids(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Dimension of the numbers, former id, id of now; the first former id of each first."""
    rows = connection.execute(
        "select dimension, former_id, member_id from marts.dim_former_id order by dimension, member_id, place"
    ).fetchall()
    # Answers to surveys are of no dimension: they are joined anew each night.
    return [(dimension, former, member) for dimension, former, member in rows if dimension in DIMENSIONS]
