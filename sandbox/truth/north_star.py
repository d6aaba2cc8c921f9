"""The truth about the North Star: of the people who were active in a week, how many were so in the week before."""

from datetime import timedelta

from sandbox.truth.facts import Facts, monday, weeks_before
from sandbox.truth.rows import Row, ratio_row

_WEEK = timedelta(days=7)


def north_star_rows(facts: Facts) -> list[Row]:
    """Of the last eight complete weeks, counted from the days on which each person used the app."""
    rows: list[Row] = []
    for week in weeks_before(facts.as_of):
        active = {
            person for person, days in facts.active_days.items() if week in {monday(day) for day in days}
        }
        again = {
            person for person in active if week - _WEEK in {monday(day) for day in facts.active_days[person]}
        }
        rows.append(ratio_row("north_star", "week", week, len(again), len(active)))
    return rows
