"""Sections on the work: time to market and support. Each gives prose, charts and tables, or nothing."""

from datetime import timedelta

import pandas as pd

from reports import charts, wording
from reports.model import HealthReport
from reports.sections import (
    SEGMENTS,
    STAGES,
    TREND_WEEKS,
    Figure,
    Section,
    Table,
    caveats,
    last,
    of_week,
    value_of_week,
    weeks,
)


def delivery(report: HealthReport) -> Section | None:
    """Time to market by stage and team, and whether dates hold."""
    stages = last(report.by("time_to_market_stage_days_median", "stage"), report)
    teams = _teams(report)
    if stages.empty and not teams:
        return None
    figures = []
    if not stages.empty:
        stages = stages.assign(place=stages["stage"].map(STAGES.index)).sort_values("place")
        figures.append(
            Figure(
                "Median days that launched epics of the last quarter spent in each stage.",
                charts.bars(stages[["stage", "value"]], "stage", "days", "Time to market by stage", ".0f"),
            )
        )
    figures.extend(_stage_time_by_team(report))
    on_time = weeks(report.by("on_time_rate", "team_id"), report)
    if not on_time.empty:
        on_time = on_time.assign(team=[report.name(team) for team in on_time["team_id"]])
        target = report.targets.get("on_time_rate")
        figures.append(
            Figure(
                "Share of work due in the week that was done by its first due date; moving a date does not help. Dashed: target.",
                charts.lines(
                    on_time,
                    "team",
                    "on time",
                    "On-time rate by team",
                    ".0%",
                    target.at_least if target else None,
                ),
            )
        )
    return Section(
        "delivery",
        "Time to market",
        tuple(_late_teams(report)),
        tuple(figures),
        (
            Table(
                "Delivery by team this week; medians of issues delivered, on-time over the last 13 weeks of due dates.",
                (
                    "team",
                    "lead time",
                    "P85",
                    "cycle time",
                    "on time this week",
                    "on time, 13 weeks",
                    "by last due date",
                    "time to market",
                ),
                tuple(teams),
                (1, 2, 3, 4, 5, 6, 7),
            ),
        ),
        caveats(
            report,
            ("delivery",),
            ("delivery", "issue"),
            ("issues_with_commitment", "issues_with_cycle_time", "stays_mapped_to_stage"),
        ),
    )


def _teams(report: HealthReport) -> list[tuple[str, ...]]:
    rows = []
    for team in sorted(report.by("on_time_rate", "team_id")["team_id"].unique()):
        this_week = [
            wording.quantity(value_of_week(report, metric, unit_team=team), unit)
            for metric, unit in (
                ("issue_lead_time_seconds_median", "seconds"),
                ("issue_lead_time_seconds_p85", "seconds"),
                ("issue_cycle_time_seconds_median", "seconds"),
                ("on_time_rate", "ratio"),
            )
        ]
        rows.append(
            (
                report.name(team),
                *this_week,
                wording.quantity(_pooled(report, "on_time_rate", team), "ratio"),
                wording.quantity(_pooled(report, "on_time_rate_last_due", team), "ratio"),
                wording.quantity(value_of_week(report, "time_to_market_days_median", unit_team=team), "days"),
            )
        )
    return rows


def _late_teams(report: HealthReport) -> list[str]:
    """Teams whose on-time rate over the trend is far below the others' together."""
    rows = weeks(report.by("on_time_rate", "team_id"), report)
    found = []
    for team, own in rows.groupby("team_id", sort=True):
        others = rows[rows["team_id"] != team]
        if own["denominator"].sum() < 10 or others["denominator"].sum() == 0:
            continue
        rate = own["numerator"].sum() / own["denominator"].sum()
        rest = others["numerator"].sum() / others["denominator"].sum()
        if rest - rate >= 0.15:
            moved = _pooled(report, "on_time_rate_last_due", str(team))
            kindly = (
                f"; by the dates as moved it would look like {moved:.0%}"
                if moved is not None and moved > rate + 0.05
                else ""
            )
            found.append(
                f"{report.name(str(team))} keeps {rate:.0%} of its first due dates, the other teams {rest:.0%}{kindly}."
            )
    return found


def _stage_time_by_team(report: HealthReport) -> list[Figure]:
    rows = of_week(report.by("stage_time_seconds_median", "stage", "team_id"), report)
    if rows.empty:
        return []
    rows = rows.assign(team=[report.name(team) for team in rows["team_id"]], value=rows["value"] / 86_400)
    parts = [stage for stage in STAGES if stage in set(rows["stage"])]
    rows = rows[rows["stage"].isin(parts)]
    return [
        Figure(
            "Median days in each stage of the issues that each team delivered this week.",
            charts.stacked(rows, "team", "stage", parts, "days", "Time in stage by team"),
        )
    ]


def support(report: HealthReport) -> Section | None:
    """Where tickets come from and how they are answered."""
    tickets = of_week(report.by("tickets_created", "feature_id"), report)
    if tickets.empty:
        return None
    weekly = weeks(report.by("tickets_created", "feature_id"), report)
    busiest = (
        weekly[weekly["feature_id"] != "(untagged)"].groupby("feature_id")["value"].sum().nlargest(5).index
    )
    trend = weekly[weekly["feature_id"].isin(busiest)]
    rates = report.by("contact_rate", "feature_id")
    rates = rates[rates["value"].notna() & (rates["denominator"] >= 30)]
    pressure = of_week(rates, report).nlargest(10, "value")
    figures = [
        Figure(
            "Tickets a week on the five features that bring most of them.",
            charts.lines(trend.assign(feature=[report.name(key) for key in trend["feature_id"]]), "feature", "tickets", "Tickets by feature and week"),
        )
    ]  # fmt: skip
    if not pressure.empty:
        named = pd.DataFrame(
            {
                "feature": [report.name(key) for key in pressure["feature_id"]],
                "value": pressure["value"].to_numpy(),
            }
        )
        figures.append(
            Figure(
                "Tickets per 1,000 users of the feature this week (features with 30 users or more).",
                charts.bars(named, "feature", "tickets per 1,000 users", "Contact rate by feature", ".0f"),
            )
        )
    segments = []
    for segment in SEGMENTS:
        values = [
            wording.quantity(value_of_week(report, metric, segment=segment), unit)
            for metric, unit in (
                ("tickets_created", "count"),
                ("first_reply_seconds_median", "seconds"),
                ("first_reply_seconds_p85", "seconds"),
                ("full_resolution_seconds_median", "seconds"),
            )
        ]
        if any(value != wording.MISSING for value in values):
            segments.append((segment.replace("_", " "), *values))
    return Section(
        "support",
        "Support pressure",
        tuple(_surges(report, weekly)),
        tuple(figures),
        (
            Table(
                "Tickets and answers by customer segment this week (calendar hours).",
                ("segment", "tickets", "first reply", "P85", "full resolution"),
                tuple(segments),
                (1, 2, 3, 4),
            ),
        ),
        caveats(
            report,
            ("support", "crm"),
            ("support", "ticket"),
            ("tickets_tagged_with_feature", "tickets_with_account"),
        ),
    )


def _surges(report: HealthReport, weekly: pd.DataFrame) -> list[str]:
    """Launches of the trend's weeks after which a feature's tickets doubled."""
    found = []
    launched = report.features[report.features["launched_on"].notna()]
    for row in launched.itertuples():
        day = pd.Timestamp(row.launched_on).date()
        if not report.week_start - timedelta(weeks=TREND_WEEKS - 3) <= day <= report.week_end:
            continue
        rows = weekly[weekly["feature_id"] == row.feature_id]
        starts = pd.to_datetime(rows["period_start"]).dt.date
        after = rows[(starts >= day - timedelta(days=day.weekday())) & (starts < day + timedelta(weeks=4))][
            "value"
        ]
        usual = rows[starts >= day + timedelta(weeks=4)]["value"]
        if len(after) and after.max() >= 10 and (usual.empty or after.max() >= 2 * usual.median()):
            later = "" if usual.empty else f"; since then about {usual.median():.0f} a week"
            found.append(
                f"The launch of {report.name(row.feature_id)} on {day.isoformat()} brought up to {after.max():.0f} tickets a week{later}."
            )
    return found


def _pooled(report: HealthReport, metric: str, team: str) -> float | None:
    rows = weeks(report.series(metric, team_id=team), report)
    total = rows["denominator"].sum()
    return float(rows["numerator"].sum() / total) if total else None
