"""The headline numbers: each with its change, period, sample, target, interval and what is wrong with its source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from connectors.registry.north_star import NORTH_STAR
from reports import charts, wording
from reports.changes import comparisons, interval_of_nps, target_text
from reports.findings import finding_on
from reports.language import N_, Language
from reports.model import HealthReport
from reports.news import band_of
from reports.north_star_section import version_text
from reports.objectives import objective
from reports.sections import (
    TREND_WEEKS,
    Cell,
    Head,
    Row,
    Table,
    cell,
    count,
    is_small,
    margin,
    warning,
)
from reports.usual import Usual
from settings.units import Unit

ALL = (
    NORTH_STAR,
    "active_users_week",
    "stickiness_ratio",
    "retention_rate_d7",
    "features_used_rate",
    "time_to_market_days_median",
    "on_time_rate",
    "issue_lead_time_seconds_median",
    "contact_rate",
    "first_reply_seconds_median",
    "full_resolution_seconds_median",
    "csat_rate",
    "nps",
)
LEADERSHIP = (
    NORTH_STAR,
    "active_users_week",
    "retention_rate_d7",
    "features_used_rate",
    "time_to_market_days_median",
    "on_time_rate",
    "contact_rate",
    "csat_rate",
    "nps",
)
SUPPORT = (
    "active_users_week",
    "new_users",
    "tickets_created",
    "contact_rate",
    "first_reply_seconds_median",
    "full_resolution_seconds_median",
    "sla_attainment_rate",
    "one_touch_rate",
    "ticket_csat_rate",
    "csat_rate",
    "nps",
)
TECH = (
    "time_to_market_days_median",
    "on_time_rate",
    "issue_lead_time_seconds_median",
    "issue_cycle_time_seconds_median",
    "change_lead_time_seconds_median",
    "change_failure_rate",
    "sprint_predictability",
    "roadmap_link_rate",
)


TEAM = (
    "on_time_rate",
    "issue_lead_time_seconds_median",
    "issue_cycle_time_seconds_median",
    "change_lead_time_seconds_median",
    "change_failure_rate",
    "deployment_frequency",
)


@dataclass(frozen=True)
class Headline:
    """One number. `open_period`: which later period is not complete yet, and when it will be.

    `version`: of the definition, of the North Star alone. `judgement` is even but for what a new or open finding says; `usual`: its band; `compared`: what it was before.
    """

    metric: str
    label: str
    description: str
    value: str
    change: str
    judgement: str
    against: str
    usual: str
    compared: str
    period: str
    open_period: str
    target: str
    is_target_met: bool | None
    status: str
    sample: str
    interval: str
    is_small_sample: bool
    is_restated: bool
    caution: str
    sparkline: str
    version: str


def headlines(report: HealthReport, metrics: Sequence[str] = ALL, team: str | None = None) -> list[Headline]:
    """Of a team or of all, those of the metrics that have a period to show; a family that is off leaves its numbers out.

    Retention is the one that the registry asks for.
    """
    asked = (metric.replace("retention_rate", report.retention_rate) for metric in metrics)
    return [found for metric in asked if (found := _headline(report, metric, team))]


def _headline(report: HealthReport, metric: str, team: str | None) -> Headline | None:
    say, definition = report.say, report.definitions.get(metric)
    dimensions = {"team_id": team} if team else {}
    rows = report.series(metric, **dimensions).tail(TREND_WEEKS)
    if definition is None or not rows["value"].notna().any():
        return None
    values = [None if pd.isna(value) else float(value) for value in rows["value"]]
    last, before = values[-1], values[-2] if len(values) > 1 else None
    row = {str(name): value for name, value in rows.iloc[-1].items()}
    target = report.targets.get(metric)
    small = is_small(report, metric, row)
    interval = interval_of_nps(report, row) if metric == "nps" else margin(report, metric, row)
    key = f"{metric}/team_id={team}" if team else metric
    finding, band, stands = (
        finding_on(report, key),
        band_of(report, key),
        None if team else objective(report, metric),
    )
    return Headline(
        metric=metric,
        label=say.text(definition.label),
        description=say.text(definition.description),
        value=wording.beside(say, last, None if target is None else target.bound, definition.unit),
        change=wording.change(say, last, before, definition.unit),
        # What has been open for weeks says nothing of the change beside it.
        judgement=finding.judgement if finding is not None and finding.state == "new" else "even",
        against="" if before is None or last is None else say.text("on the month before") if row["grain"] == "month" else say.text("on the week before"),
        usual="" if band is None else _usual(say, band, definition.unit),
        compared=" · ".join(comparisons(report, metric, row["period_start"], None, **dimensions)),
        period=_period(report, metric, str(row["grain"]), row["period_start"]),
        open_period=_open_period(report, metric, row["period_start"]),
        target=target_text(report, metric),
        is_target_met=None if target is None or last is None or small else target.is_met(last),
        status=stands.status if stands else "",
        sample=f"n = {count(report, row['n'])}",
        interval=interval if small or metric == "nps" else "",
        is_small_sample=small,
        is_restated=any(
            each.metric == metric and each.dimensions == tuple(dimensions.values()) and each.period_start == row["period_start"]
            for each in report.restatements
        ),
        caution=warning(report, metric),
        sparkline=charts.sparkline(
            values,
            say.plural("{label}, the last {n} period", "{label}, the last {n} periods", len(values), label=say.text(definition.label)),
            None if band is None else (band.low, band.high),
            None if target is None else target.bound,
        ),
        version=version_text(report, metric),
    )  # fmt: skip


# What looks back over more days than its period: these are its cases, whatever week it stands for.
LOOKS_BACK = {
    "time_to_market_days_median": N_("epics accepted in the 52 weeks to {day}"),
    "features_used_rate": N_("use in the 90 days to {day}"),
}


def _usual(say: Language, band: Usual, unit: Unit) -> str:
    low, high = wording.ends(say, band.low, band.high, unit)
    return say.text("usual {low} to {high}", low=low, high=high)


def _period(report: HealthReport, metric: str, grain: str, start: date) -> str:
    if metric in LOOKS_BACK:
        return report.say.text(LOOKS_BACK[metric], day=report.say.day(start + timedelta(days=6)))
    if grain == "week" and start == report.week_start:
        return report.say.text("this week")
    return wording.period(report.say, grain, start)


def _open_period(report: HealthReport, metric: str, start: date) -> str:
    """Which period is not complete, when the newest complete one is not the report's own."""
    say, definition = report.say, report.definitions[metric]
    if definition.grain == "month":
        month = report.week_end.replace(day=1)
        return "" if start >= month else say.text("{month} is not over", month=say.month(month))
    if definition.grain != "week" or start >= report.week_start:
        return ""
    complete = report.week_end + timedelta(days=1 + definition.closes_after_days)
    if complete <= report.as_of:
        return say.text("no value for this week")
    return say.text("this week is complete on {day}", day=say.day(complete))


def behind(report: HealthReport, metrics: Sequence[str]) -> list[Table]:
    """The numbers behind the small lines: a row for each period, a column for each headline; weeks and months apart."""
    say, found = report.say, []
    for grain, title in (
        ("week", say.text("Headline numbers by week")),
        ("month", say.text("Headline numbers by month")),
    ):
        parts = [
            report.series(metric).tail(TREND_WEEKS).assign(label=say.text(report.definitions[metric].label))
            for metric in metrics
            if metric in report.definitions and report.has(metric)
        ]
        rows = [part[part["grain"] == grain] for part in parts]
        if any(len(part) for part in rows):
            together = pd.concat([part for part in rows if len(part)])
            periods = {start: wording.period(say, grain, start) for start in together["period_start"]}
            columns = list(dict.fromkeys(together["label"]))
            by_place = {(row["period_start"], row["label"]): row for row in together.to_dict("records")}
            lines: tuple[Row, ...] = tuple(
                (
                    periods[start],
                    *(
                        Cell(cell(report, row["metric"], row).text, is_small(report, row["metric"], row))
                        if (row := by_place.get((start, label)))
                        else Cell(wording.MISSING)
                        for label in columns
                    ),
                )
                for start in sorted(periods)
            )
            found.append(
                Table(title, (Head(say.text("period")), *(Head(label, True) for label in columns)), lines)
            )
    return found
