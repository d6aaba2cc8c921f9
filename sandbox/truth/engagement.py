"""The truth about how much features are used by those who use them, counted from the facts."""

from collections import defaultdict
from datetime import date

from sandbox.truth.facts import Facts, weeks_before
from sandbox.truth.features import INSTRUMENTED, days_of, is_live, offers
from sandbox.truth.rows import Row, row
from sandbox.truth.support import percentile


def engagement_rows(facts: Facts) -> list[Row]:
    """Depth of each feature's use in the last eight complete weeks."""
    uses = _uses(facts)
    return [each for week in weeks_before(facts.as_of) for each in _of_week(facts, uses, week)]


def _uses(facts: Facts) -> dict[str, dict[int, dict[date, int]]]:
    """By feature, person and day, how often the person used the feature."""
    found: dict[str, dict[int, dict[date, int]]] = defaultdict(lambda: defaultdict(dict))
    for use in facts.uses:
        found[use.feature_id][use.person][use.day] = use.events
    return found


def _of_week(facts: Facts, uses: dict[str, dict[int, dict[date, int]]], week: date) -> list[Row]:
    rows: list[Row] = []
    for feature in INSTRUMENTED:
        live = {day for day in days_of(week) if is_live(feature, day)}
        counts, day_counts = [], []
        for person, by_day in uses[feature.id].items():
            on_days = [count for day, count in by_day.items() if day in live]
            if on_days and offers(feature, facts.plan(person)):
                counts.append(sum(on_days))
                day_counts.append(len(on_days))
        if counts:
            for metric, values in (("feature_uses", counts), ("feature_use_days", day_counts)):
                for name, share in (("median", 0.5), ("p90", 0.9)):
                    value = percentile(values, share)
                    rows.append(row(f"{metric}_{name}", "week", week, value=value, feature_id=feature.id))
    return rows
