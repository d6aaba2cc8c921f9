"""How many members the days of a rolling window saw, without joining each day with its window.

MetricFlow joins a day with every row of the thirty days that it looks back over, and counts anew. Here a member stays
from a day on which it was seen until the window leaves that day or the member is seen again: the number of a day is how
many began to stay, less how many ceased. What is sorted is the rows, not thirty times the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Sightings:
    """Who is counted: the SQL of `member` and of its `day`, in the rows of a relation where `condition` holds."""

    relation: str
    day: str
    member: str
    condition: str


def rolling_count(
    sightings: Sightings,
    names: tuple[str, str],
    columns: Mapping[str, str],
    window_days: int,
    first_day: date,
    last_day: date,
) -> str:
    """One SELECT: for each day from `first_day` to `last_day` (both included), and each combination of `columns`, how many
    different members the `window_days` days that end with it saw. Where they saw none there is no row.

    `names`: of the columns for the day and for the number. `columns`: by its name, the SQL of each other one.
    """
    day_name, number = names
    of = "".join(f", {name}" for name in columns)
    each = f"partition by {', '.join(columns)} " if columns else ""
    looked_at = first_day - timedelta(days=window_days - 1)
    return f"""
        with sightings as (
            select distinct
                cast({sightings.day} as date) as seen_date, {sightings.member} as member
                {"".join(f", {sql} as {name}" for name, sql in columns.items())}
            from {sightings.relation}
            where cast({sightings.day} as date) between date '{looked_at}' and date '{last_day}'
                and {sightings.member} is not null and {sightings.condition}
        ),
        stays as (
            select
                seen_date as begin_date,
                least(
                    seen_date + {window_days},
                    lead(seen_date) over (partition by member{of} order by seen_date)
                ) as end_date
                {of}
            from sightings
        ),
        changes as (
            select change_date, sum(change) as change{of}
            from (
                select begin_date as change_date, 1 as change{of} from stays
                union all
                select end_date, -1{of} from stays
            )
            group by change_date{of}
        ),
        levels as (
            select
                change_date as begin_date,
                lead(change_date) over ({each}order by change_date) as end_date,
                sum(change) over ({each}order by change_date) as {number}
                {of}
            from changes
        )
        select
            cast(
                unnest(
                    range(greatest(begin_date, date '{first_day}'), least(end_date, date '{last_day}' + 1), interval 1 day)
                ) as date
            ) as {day_name},
            {number}
            {of}
        from levels
        where {number} > 0
    """
