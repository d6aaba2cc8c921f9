"""What people write about, by feature and theme, with what it costs: people, revenue, and what else the feature lost."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb


@dataclass(frozen=True)
class Irritant:
    """A feature and a theme of tickets (`mart_irritant`), of the 28 days to the mart's date; None where nobody knows. `lost`: people
    at the `step`."""

    feature_id: str
    theme_id: str
    tickets: int
    tickets_before: int | None
    people: int | None
    accounts: int | None
    revenue: float | None
    funnel_id: str | None
    step: str | None
    lost: int | None
    rage_clicks: int | None
    negative: int | None
    trend: str | None

    @property
    def weight(self) -> tuple[float, int]:
        """People who wrote or were lost, times the revenue that is touched; where none is known, tickets decide."""
        return ((self.people or 0) + (self.lost or 0)) * (self.revenue or 0.0), self.tickets


_IRRITANTS = """
select feature_id, theme_id, ticket_count, ticket_count_before, person_count, account_count, arr_home, lost_funnel_id, lost_step,
    lost_people, rage_click_count, negative_count, trend
from mart.mart_irritant
where ticket_count > 0 or trend = 'fading'
"""


def irritants_of(mart: duckdb.DuckDBPyConnection, week_end: date, as_of: date) -> tuple[Irritant, ...]:
    """The heaviest first. None of a mart of an older version, and none of a week before the mart's newest: it tells of now."""
    ((known,),) = mart.execute(
        "select count(*) from information_schema.columns where (table_name, column_name) = ('mart_irritant', 'rage_click_count')"
    ).fetchall()
    if not known or week_end + timedelta(days=7) < as_of:
        return ()
    found = [Irritant(*row) for row in mart.execute(_IRRITANTS).fetchall()]
    return tuple(
        sorted(found, key=lambda each: (*(-part for part in each.weight), each.feature_id, each.theme_id))
    )
