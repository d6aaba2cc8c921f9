"""Sections on the product: adoption, retention, funnel. Each gives prose, charts and tables, or nothing."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from reports import charts, wording
from reports.model import HealthReport
from reports.sections import (
    SEGMENTS,
    Figure,
    Section,
    Table,
    caveats,
    count,
    listed,
    number,
    of_week,
    weeks,
)

# A step at which a third of the people leave is worth a sentence.
_LARGE_LOSS = 1 / 3


def adoption(report: HealthReport) -> Section | None:
    """Who uses which feature, and which nobody does."""
    features = report.features
    if features.empty:
        return None
    used = of_week(report.by("feature_adoption_rate", "feature_id"), report)
    used = used[used["value"].notna()].sort_values(["value", "feature_id"], ascending=False)
    zombies = [
        report.name(feature) for feature in features.loc[features["usage_class"] == "zombie", "feature_id"]
    ]
    findings = []
    if zombies:
        findings.append(f"Live, instrumented and hardly used in 90 days: {listed(zombies)}.")
    findings.extend(_one_segment_only(report))
    bars = pd.DataFrame(
        {
            "feature": [report.name(key) for key in used["feature_id"]],
            "value": used["value"].to_numpy(),
        }
    )
    figures = []
    if not bars.empty:
        figures.append(
            Figure(
                "Share of eligible active users who used the feature this week; features that nobody uses in red.",
                charts.bars(bars, "feature", "adoption", "Feature adoption rate by feature", ".0%", zombies),
            )
        )
    figures.extend(_segment_map(report, list(used["feature_id"])))
    return Section(
        "adoption",
        "Adoption",
        tuple(findings),
        tuple(figures),
        (_feature_table(report),),
        caveats(
            report,
            ("product_analytics", "crm"),
            ("usage", "feature", "dim_person", "identity"),
            ("events_mapped_to_feature", "events_naming_account", "persons_with_home_account"),
        ),
    )


def _one_segment_only(report: HealthReport) -> list[str]:
    rows = of_week(report.by("feature_adoption_rate", "feature_id", "segment"), report)
    found = []
    for feature, cells in rows[rows["segment"] != "(unknown)"].groupby("feature_id", sort=True):
        cells = cells[cells["denominator"] >= 5]
        total = cells["numerator"].sum()
        if total < 5 or len(cells) < 2:
            continue
        top = cells.sort_values("numerator").iloc[-1]
        if top["numerator"] / total >= 0.9:
            found.append(
                f"{report.name(str(feature))} lives in one segment: {top['segment'].replace('_', ' ')} has "
                f"{top['numerator'] / total:.0%} of its users ({wording.quantity(top['value'], 'ratio')} of that segment use it)."
            )
    return found


def _segment_map(report: HealthReport, order: Sequence[str]) -> list[Figure]:
    rows = of_week(report.by("feature_adoption_rate", "feature_id", "segment"), report)
    rows = rows[(rows["denominator"] >= 5) & rows["feature_id"].isin(order)]
    if rows.empty:
        return []
    rows = rows.assign(place=rows["feature_id"].map(list(order).index)).sort_values("place")
    cells = pd.DataFrame(
        {
            "feature": [report.name(key) for key in rows["feature_id"]],
            "segment": rows["segment"].to_numpy(),
            "value": rows["value"].to_numpy(),
        }
    )
    segments = [segment for segment in SEGMENTS if segment in set(cells["segment"])]
    return [
        Figure(
            "Adoption by customer segment; groups below five people are left blank.",
            charts.heatmap(
                cells, "feature", "segment", segments, "Feature adoption rate by feature and segment"
            ),
        )
    ]


def _feature_table(report: HealthReport) -> Table:
    rows = []
    for row in report.features.sort_values(["product_id", "feature_id"]).itertuples():
        feature = str(row.feature_id)
        adoption_rate = _row_of_week(report, "feature_adoption_rate", feature)
        contact_rate = _row_of_week(report, "contact_rate", feature)
        days = _row_of_week(report, "feature_time_to_adopt_days_median", feature)
        rows.append(
            (
                report.name(feature),
                report.name(str(row.product_id)),
                report.name(str(row.team_id)),
                str(row.usage_class).replace("_", " "),
                count(adoption_rate.get("numerator")),
                count(adoption_rate.get("denominator")),
                wording.quantity(number(adoption_rate.get("value")), "ratio"),
                wording.quantity(number(days.get("value")), "days"),
                count(contact_rate.get("numerator")),
                wording.quantity(number(contact_rate.get("value")), "count"),
            )
        )
    return Table(
        "Every feature this week. Time to adopt: median days from first chance to first use (Kaplan–Meier). "
        "Contact rate: tickets per 1,000 users of the feature.",
        (
            "feature",
            "product",
            "team",
            "class",
            "users",
            "eligible",
            "adoption",
            "time to adopt",
            "tickets",
            "contact rate",
        ),
        tuple(rows),
        (4, 5, 6, 7, 8, 9),
    )


def _row_of_week(report: HealthReport, metric: str, feature: str) -> Mapping[str, object]:
    rows = of_week(report.series(metric, feature_id=feature), report)
    return rows.iloc[-1].to_dict() if len(rows) else {}


def retention(report: HealthReport) -> Section | None:
    """Whether new people come back, and how the active ones change."""
    parts = [
        weeks(report.series(metric), report).assign(day=label)
        for metric, label in (
            ("retention_rate_d1", "day 1"),
            ("retention_rate_d7", "day 7"),
            ("retention_rate_d28", "day 28"),
        )
    ]
    curves = (
        pd.concat([part for part in parts if not part.empty])
        if any(len(part) for part in parts)
        else pd.DataFrame()
    )
    states = [
        weeks(report.series(f"lifecycle_{state}_users"), report).assign(state=state)
        for state in ("new", "current", "resurrected", "dormant")
    ]
    figures = []
    if not curves.empty:
        figures.append(
            Figure(
                "Share of each week's new people who came back on exactly the 1st, 7th and 28th day after.",
                charts.lines(curves, "day", "returned", "Retention by week of first use", ".0%"),
            )
        )
    lifecycle = (
        pd.concat([state for state in states if not state.empty])
        if any(len(state) for state in states)
        else pd.DataFrame()
    )
    if not lifecycle.empty:
        figures.append(
            Figure(
                "People by lifecycle state; dormant are those who were active the week before and no more.",
                charts.lines(lifecycle, "state", "people", "Lifecycle states by week"),
            )
        )
    if not figures:
        return None
    return Section(
        "retention",
        "Retention",
        figures=tuple(figures),
        caveats=caveats(report, ("product_analytics",), ("lifecycle", "retention")),
    )


def funnel(report: HealthReport) -> Section | None:
    """Where people leave on the way."""
    steps = report.by("funnel_conversion_rate", "funnel_id", "step")
    if steps.empty:
        return None
    window = steps[steps["period_start"].isin(sorted(steps["period_start"].unique())[-8:])]
    pooled = (
        window.groupby(["funnel_id", "step"], sort=False)[["numerator", "denominator"]].sum().reset_index()
    )
    pooled["value"] = pooled["numerator"] / pooled["denominator"]
    pooled = pooled.sort_values("value", ascending=False)
    figures: list[Figure] = []
    findings: list[str] = []
    tables: list[Table] = []
    for key, rows in pooled.groupby("funnel_id", sort=True):
        named = pd.DataFrame(
            {"step": [report.name(step) for step in rows["step"]], "value": rows["value"].to_numpy()}
        )
        counts = list(rows["numerator"])
        drops = [1 - after / before if before else 0.0 for before, after in pairwise(counts)]
        findings.extend(
            f"{report.name(str(key))}: {drop:.0%} of those who reach “{before}” leave before “{after}”."
            for drop, (before, after) in zip(drops, pairwise(named["step"]), strict=True)
            if drop >= _LARGE_LOSS
        )
        figures.append(
            Figure(
                f"{report.name(str(key))}: share of entrants of the last eight complete weeks who reach each step within the window.",
                charts.bars(named, "step", "reached", f"Funnel {report.name(str(key))}", ".0%"),
            )
        )
        tables.append(_funnel_table(report, str(key), named, counts, drops))
    return Section(
        "funnel",
        "Trial funnel",
        tuple(findings),
        tuple(figures),
        tuple(tables),
        caveats(report, ("product_analytics",), ("funnel",)),
    )


def _funnel_table(
    report: HealthReport, key: str, named: pd.DataFrame, counts: Sequence[float], drops: Sequence[float]
) -> Table:
    times = report.by("funnel_step_seconds_median", "funnel_id", "step")
    times = times[times["funnel_id"] == key]
    last = times[times["period_start"] == times["period_start"].max()] if len(times) else times
    by_name = {report.name(step): value for step, value in zip(last["step"], last["value"], strict=True)}
    rows = tuple(
        (
            step,
            count(counts[place]),
            wording.quantity(float(named["value"].iloc[place]), "ratio"),
            wording.MISSING if place == 0 else wording.quantity(drops[place - 1], "ratio"),
            wording.quantity(number(by_name.get(step)), "seconds"),
        )
        for place, step in enumerate(named["step"])
    )
    return Table(
        "People by step; time is the median from the step before, in the newest complete week.",
        ("step", "people", "of entrants", "lost before it", "time"),
        rows,
        (1, 2, 3, 4),
    )
