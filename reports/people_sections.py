"""Sections on people: whether they come back, and where they leave on the way. Each gives charts, or nothing."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pandas as pd

from reports import charts, wording
from reports.model import HealthReport
from reports.sections import (
    Cell,
    Figure,
    Head,
    Section,
    Table,
    caveats,
    cell,
    cell_of_week,
    count,
    is_small,
    last,
    of_week,
    pale_note,
    table_of,
    warning,
    weeks,
    with_faint,
)


def retention(report: HealthReport) -> Section | None:
    """Whether new people come back, and how the active ones change."""
    say = report.say
    returned = {
        f"{report.retention_rate}_d1": say.text("day 1"),
        f"{report.retention_rate}_d7": say.text("day 7"),
        f"{report.retention_rate}_d28": say.text("day 28"),
    }
    coming_back = (
        say.text("Share of each week's new people who came back on exactly the 1st, 7th and 28th day after; a line ends where its day is not over yet.")
        if report.expected_use == "habit"
        else say.text("Share of each week's new people who came back on the 1st, 7th and 28th day after or later; a line ends where its day is not over yet, and older weeks had more time.")
    )  # fmt: skip
    states = {
        "lifecycle_new_users": say.text("new"),
        "lifecycle_current_users": say.text("current"),
        "lifecycle_resurrected_users": say.text("back again"),
        "lifecycle_dormant_users": say.text("gone quiet"),
    }
    figures = []
    ratios = {
        "lifecycle_user_quick_ratio": say.text("people"),
        "lifecycle_account_quick_ratio": say.text("accounts"),
    }
    for metrics, caption, title, form in (
        (returned, coming_back, say.text("Retention by week of first use"), "percent"),
        (states, say.text("People by lifecycle state; gone quiet are those who were active the week before and no more."), say.text("Lifecycle states by week"), "number"),
        (ratios, say.text("People and accounts new or back again for each that went quiet (quick ratio): above 1 there are more of them each week."), say.text("Quick ratio by week"), "number"),
    ):  # fmt: skip
        parts = [weeks(report.series(metric), report).assign(line=word) for metric, word in metrics.items()]  # fmt: skip
        known = [part[part["value"].notna()] for part in parts if part["value"].notna().any()]
        if known:
            rows = with_faint(report, "", pd.concat(known))
            figures.append(
                Figure(
                    caption + pale_note(report, rows, *metrics, is_line=True),
                    charts.lines(rows, "line", "", title, say, form),
                    table_of(report, title, rows, ("period_start", say.text("week of")), "line", ""),
                    warning(report, *metrics),
                )
            )
    figures.extend(_activation(report))
    figures.extend(_days_of_the_week(report))
    if not figures:
        return None
    return Section(
        "retention",
        say.text("Retention"),
        figures=tuple(figures),
        trust=caveats(report, ("product_analytics",), ("lifecycle", "retention")),
    )


def _activation(report: HealthReport) -> list[Figure]:
    """How many of those who begin with a product take the steps that its activation is."""
    say = report.say
    rates = report.by("activation_rate", "product_id")
    if rates.empty or rates["value"].isna().all():
        return []
    rows = weeks(rates[rates["value"].notna()], report)
    rows = with_faint(
        report, "activation_rate", rows.assign(line=[report.name(str(each)) for each in rows["product_id"]])
    )
    title = say.text("Activation by week of the first day in the product")
    caption = say.text(
        "Share of each week's new people of a product who took all steps of its activation in time; a line ends where the time is not over yet."
    )
    return [
        Figure(
            caption + pale_note(report, rows, "activation_rate", is_line=True),
            charts.lines(rows, "line", "", title, say, "percent"),
            table_of(report, title, rows, ("period_start", say.text("week of")), "line", ""),
            warning(report, "activation_rate"),
        )
    ]


def _days_of_the_week(report: HealthReport) -> list[Figure]:
    """On how many days of the week its active people were there."""
    say = report.say
    at_least = of_week(report.by("stickiness_at_least_days_rate", "days"), report)
    at_least = at_least[at_least["value"].notna()]
    if at_least.empty:
        return []
    at_least = with_faint(report, "stickiness_at_least_days_rate", at_least)
    names = [say.plural("{n} day", "{n} days", int(days)) for days in at_least["days"]]
    bars = pd.DataFrame(
        {"days": names, "value": at_least["value"].to_numpy(), "text": [say.percent(each) for each in at_least["value"]], "is_faint": list(at_least["is_faint"])}
    )  # fmt: skip
    return [
        Figure(
            say.text("Share of this week's active people who were there on so many days or more.")
            + pale_note(report, bars, "stickiness_at_least_days_rate"),
            charts.bars(bars, "days", say.text("active people"), say.text("Active people by days of the week"), say, "percent"),
            Table(
                say.text("Active people by days of the week"),
                (
                    Head(say.text("days")),
                    Head(say.text("exactly"), True),
                    Head(say.text("or more"), True),
                    Head("n", True),
                ),
                tuple(
                    (
                        name,
                        cell_of_week(report, "stickiness_exact_days_rate", days=row["days"]),
                        cell(report, "stickiness_at_least_days_rate", row),
                        count(report, row["n"]),
                    )
                    for name, row in zip(names, at_least.to_dict("records"), strict=True)
                ),
            ),
            warning(report, "stickiness_at_least_days_rate"),
        )
    ]  # fmt: skip


def funnel(report: HealthReport) -> Section | None:
    """Where people leave on the way."""
    say = report.say
    steps = report.by("funnel_conversion_rate", "funnel_id", "step")
    if steps.empty:
        return None
    window = steps[steps["period_start"].isin(sorted(steps["period_start"].unique())[-8:])]
    figures: list[Figure] = []
    findings: list[str] = []
    for key, of_funnel in window.groupby("funnel_id", sort=True):
        rows = of_funnel.groupby("step", sort=False)[["numerator", "denominator"]].sum()
        rows = rows.sort_values("numerator", ascending=False, kind="stable")
        shares = [float(row.numerator / row.denominator) if row.denominator else 0.0 for row in rows.itertuples()]  # fmt: skip
        names = [report.name(str(step)) for step in rows.index]
        counts = [float(each) for each in rows["numerator"]]
        drops = [1 - after / before if before else 0.0 for before, after in pairwise(counts)]
        findings.extend(
            say.text("{funnel}: {share} of those who reach “{before}” leave before “{after}”.", funnel=report.name(str(key)), share=say.percent(drop), before=before, after=after)
            for drop, (before, after) in zip(drops, pairwise(names), strict=True)
            if drop >= 1 / 3
        )  # fmt: skip
        drawn = pd.DataFrame({"step": names, "value": shares, "text": [say.percent(each) for each in shares]})
        drawn["is_faint"] = is_small(report, "funnel_conversion_rate", {"n": counts[0]})
        figures.append(
            Figure(
                say.text(
                    "{funnel}: share of the people who entered from {first} to {last} and reached each step in time.",
                    funnel=report.name(str(key)),
                    first=say.day(min(of_funnel["period_start"])),
                    last=say.day(max(of_funnel["period_start"]) + timedelta(days=6)),
                )
                + pale_note(report, drawn, "funnel_conversion_rate"),
                charts.bars(drawn, "step", say.text("reached"), report.name(str(key)), say, "percent"),
                _funnel_table(report, str(key), [str(step) for step in rows.index], counts, shares, drops),
                warning(report, "funnel_conversion_rate"),
            )
        )
    return Section(
        "funnel",
        say.text("Funnels"),
        tuple(findings),
        figures=tuple(figures),
        trust=caveats(report, ("product_analytics",), ("funnel",)),
    )


def _funnel_table(
    report: HealthReport,
    key: str,
    steps: Sequence[str],
    counts: Sequence[float],
    shares: Sequence[float],
    drops: Sequence[float],
) -> Table:
    say = report.say
    times = report.by("funnel_step_seconds_median", "funnel_id", "step")
    times = last(times[times["funnel_id"] == key], report)
    by_step = {row["step"]: row for row in times.to_dict("records")}
    # The share that leaves before a step is one of those who reached the step before.
    rows = tuple(
        (
            report.name(step),
            count(report, counts[place]),
            cell(report, "funnel_conversion_rate", {"value": shares[place], "n": counts[0]}),
            Cell(wording.MISSING) if place == 0 else cell(report, "funnel_conversion_rate", {"value": drops[place - 1], "n": counts[place - 1]}),
            cell(report, "funnel_step_seconds_median", by_step.get(step, {})),
        )
        for place, step in enumerate(steps)
    )  # fmt: skip
    return Table(
        say.text("People by step; time is the median from the step before, in the newest complete week."),
        (
            Head(say.text("step")),
            Head(say.text("people"), True),
            Head(say.text("of entrants"), True),
            Head(say.text("lost before it"), True),
            Head(say.text("time"), True),
        ),
        rows,
    )
