"""The right answer for every metric, stated by the company itself: plain Python over its own objects, no SQL."""

from datetime import date, datetime

from sandbox.company.company import Company
from sandbox.truth import (
    delivery,
    engineering,
    feedback,
    roadmap,
    sales,
    sla,
    sprints,
    support,
    surveys,
    usage,
)
from sandbox.truth.features import weekly_feature_adoption, weekly_feature_users, weekly_users
from sandbox.truth.rows import Row, key_of

__all__ = ["truth", "weekly_feature_adoption", "weekly_feature_users", "weekly_users"]


def truth(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Rows of metric, grain, period_start, dimensions (None: all), numerator, denominator (None: it has none), value.

    Counted as of a date: what was known before it began in the reporting time zone. `read_at` (aware): when the tools
    are read for it, which decides what shows no history: accounts, segments, deletions. Periods are the last eight
    complete weeks, their days, and the months that end in them. Ordered by metric, grain, period and dimensions.
    """
    rows = [
        *usage.truth_rows(company, as_of, read_at),
        *support.truth_rows(company, as_of, read_at),
        *sla.sla_rows(company, as_of, read_at),
        *delivery.truth_rows(company, as_of, read_at),
        *sprints.sprint_rows(company, as_of),
        *engineering.truth_rows(company, as_of),
        *roadmap.truth_rows(company, as_of, read_at),
        *surveys.truth_rows(company, as_of, read_at),
        *feedback.truth_rows(company, as_of, read_at),
        *sales.truth_rows(company, as_of, read_at),
    ]
    # Groups are counted from sets, whose order changes from process to process.
    return sorted(rows, key=key_of)
