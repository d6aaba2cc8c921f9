"""The truth about how much, and how many, features are used by those who may use them, counted from the facts."""

from collections import defaultdict
from datetime import date, datetime
from statistics import median

from sandbox.company.company import Company
from sandbox.truth.facts import Facts, usage_facts, weeks_before
from sandbox.truth.features import INSTRUMENTED, days_of, is_live, offers, weekly_feature_adoption
from sandbox.truth.rows import Row, ratio_row, row
from sandbox.truth.support import percentile


def engagement_rows(facts: Facts) -> list[Row]:
    """Depth of each feature's use, and breadth of use, in the last eight complete weeks."""
    uses = _uses(facts)
    return [
        each
        for week in weeks_before(facts.as_of)
        for each in (*_depth(facts, uses, week), *_breadth(facts, uses, week))
    ]


def _uses(facts: Facts) -> dict[str, dict[int, dict[date, int]]]:
    """By feature, person and day, how often the person used the feature."""
    found: dict[str, dict[int, dict[date, int]]] = defaultdict(lambda: defaultdict(dict))
    for use in facts.uses:
        found[use.feature_id][use.person][use.day] = use.events
    return found


def _depth(facts: Facts, uses: dict[str, dict[int, dict[date, int]]], week: date) -> list[Row]:
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
            rows.append(
                ratio_row(
                    "feature_use_days_mean",
                    "week",
                    week,
                    sum(day_counts),
                    len(counts),
                    feature_id=feature.id,
                )
            )
    return rows


def _breadth(facts: Facts, uses: dict[str, dict[int, dict[date, int]]], week: date) -> list[Row]:
    """Features that people may use, and those of them that they did, person by person and then added up."""
    days = days_of(week)
    groups: dict[tuple[str, str] | None, tuple[int, int]] = {}
    for person, active in facts.active_days.items():
        segment, plan = facts.segment(person, week), facts.plan(person)
        for feature in INSTRUMENTED:
            live = {day for day in days if is_live(feature, day)}
            if not active & live or not offers(feature, plan):
                continue
            is_used = not live.isdisjoint(uses[feature.id].get(person, {}))
            for group in (None, ("product_id", feature.product), ("segment", segment)):
                used, open_to = groups.get(group, (0, 0))
                groups[group] = (used + is_used, open_to + 1)
    return [
        ratio_row("feature_breadth_rate", "week", week, used, open_to, **(dict([group]) if group else {}))
        for group, (used, open_to) in groups.items()
    ]


def feature_quadrants(company: Company, as_of: date, read_at: datetime) -> dict[tuple[str, date], str]:
    """By feature and Monday of the last eight complete weeks in which it was used, where it lies between the medians."""
    rows = engagement_rows(usage_facts(company, as_of, read_at))
    often = {
        (str(each["feature_id"]), each["period_start"]): float(each["value"])
        for each in rows
        if each["metric"] == "feature_use_days_mean"
    }
    many = {
        key: using / offered
        for key, (using, offered) in weekly_feature_adoption(company, as_of, read_at).items()
        if key in often
    }
    found = {}
    for feature_id, week in often:
        of_week = [key for key in often if key[1] == week]
        if len(of_week) >= 3:
            wide = many[feature_id, week] >= median(many[key] for key in of_week)
            deep = often[feature_id, week] >= median(often[key] for key in of_week)
            found[feature_id, week] = f"{'many' if wide else 'few'}_{'often' if deep else 'seldom'}"
    return found
