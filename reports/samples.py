"""The values that medians are taken of, from the published facts: a test of medians needs them, a chart of weeks not."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import isclose
from statistics import median

import duckdb

# Metric: the fact, its column, the day that puts a value into a week, and the cut that is looked at.
_FACTS = {
    "issue_lead_time_seconds_median": ("fct_issue", "lead_time_seconds", "resolved_date", "team_id"),
    "issue_cycle_time_seconds_median": ("fct_issue", "cycle_time_seconds", "done_date", "team_id"),
    "change_lead_time_seconds_median": (
        "fct_pull_request", "change_lead_time_seconds", "deployed_date", "team_id",
    ),
    "first_reply_seconds_median": ("fct_ticket", "first_reply_seconds", "first_reply_date", "feature_id"),
    "full_resolution_seconds_median": ("fct_ticket", "full_resolution_seconds", "solved_date", "feature_id"),
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """Values of a metric by day, oldest first, with the member of the cut each belongs to."""

    cut: str
    days: tuple[date, ...]
    members: tuple[str, ...]
    values: tuple[float, ...]

    def of_week(self, start: date, published: float, dimensions: Mapping[str, str]) -> tuple[float, ...]:
        """The values of a week; empty unless their median is the published one: then they are not what it is made of."""
        found = tuple(
            value
            for member, values in self.by_member(start).items()
            for value in values
            if dimensions.get(self.cut, member) == member and dimensions.keys() <= {self.cut}
        )
        return found if found and isclose(median(found), published, rel_tol=1e-6, abs_tol=1e-6) else ()

    def by_member(self, start: date) -> dict[str, list[float]]:
        """The values of a week by the member of the cut that they belong to."""
        first, end = (bisect_left(self.days, day) for day in (start, start + timedelta(days=7)))
        found: dict[str, list[float]] = {}
        for member, value in zip(self.members[first:end], self.values[first:end], strict=True):
            found.setdefault(member, []).append(value)
        return found


def samples_of(mart: duckdb.DuckDBPyConnection) -> dict[str, Sample]:
    """By metric, the values of its fact in the published mart; none of a fact that has none."""
    found = {}
    for metric, (fact, column, day, cut) in _FACTS.items():
        rows = mart.execute(
            f"select {day}, {cut}, {column} from mart.{fact} where {column} is not null and {day} is not null order by 1, 2, 3"
        ).fetchall()
        if rows:
            days, members, values = zip(*rows, strict=True)
            found[metric] = Sample(
                cut, tuple(days), tuple(map(str, members)), tuple(float(each) for each in values)
            )
    return found
