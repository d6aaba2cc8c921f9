"""The right answer for every metric, stated by the company itself: plain Python over its own objects, no SQL."""

from datetime import date

from sandbox.company import Company
from sandbox.truth import delivery, engineering, feedback, roadmap, sprints, support, surveys, usage
from sandbox.truth.features import weekly_feature_adoption, weekly_feature_users, weekly_users
from sandbox.truth.rows import Row

__all__ = ["truth", "weekly_feature_adoption", "weekly_feature_users", "weekly_users"]


def truth(company: Company, as_of: date) -> list[Row]:
    """Rows of metric, grain, period_start, dimensions (None: all), numerator, denominator (None: it has none), value.

    Counted as of a date: what was known before it began in the reporting time zone. Periods are the last eight
    complete weeks, their days, and the months that end in them.
    """
    return [
        *usage.truth_rows(company, as_of),
        *support.truth_rows(company, as_of),
        *delivery.truth_rows(company, as_of),
        *sprints.sprint_rows(company, as_of),
        *engineering.truth_rows(company, as_of),
        *roadmap.truth_rows(company, as_of),
        *surveys.truth_rows(company, as_of),
        *feedback.truth_rows(company, as_of),
    ]
