"""The months: weeks put together by the month in which most of their days lie, so that a year fits on a page."""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median

import pandas as pd

from reports import wording
from reports.headlines import LOOKS_BACK
from reports.model import HealthReport
from reports.sections import Cell, Head, Row, Section, Table, head
from settings.units import Chance

MONTHS = 13


def months(report: HealthReport, metrics: Sequence[str]) -> Section | None:
    """The headline numbers of up to thirteen months, the newest last; None for fewer than two."""
    say = report.say
    there = [metric for metric in metrics if metric in report.definitions and report.has(metric)]
    by_metric = {metric: _by_month(report, metric) for metric in there}
    shown = sorted({month for values in by_metric.values() for month in values})[-MONTHS:]
    if len(shown) < 2:
        return None
    rows: list[Row] = [
        (say.month(month), *(_cell(report, metric, by_metric[metric].get(month)) for metric in there)) for month in shown
    ]  # fmt: skip
    return Section(
        "months",
        say.text("By month"),
        tables=(
            Table(
                say.text(
                    "Weeks put together by the month in which most of their days lie: rates of all their cases, medians of all their values, people and tickets as the mean of a week. The newest month may have weeks to come."
                ),
                (
                    Head(say.text("month")),
                    *(head(report, say.text(report.definitions[each].label), each) for each in there),
                ),
                tuple(rows),
            ),
        ),
    )


def _by_month(report: HealthReport, metric: str) -> dict[date, float]:
    rows = report.series(metric)
    rows = rows[rows["value"].notna()]
    if report.definitions[metric].grain == "month":
        return {row["period_start"]: float(row["value"]) for row in rows.to_dict("records")}
    found: dict[date, float] = {}
    # A week's fourth day lies in the month of most of its days.
    for month, of_month in rows.groupby(
        [(each + timedelta(days=3)).replace(day=1) for each in rows["period_start"]]
    ):
        value = _together(report, metric, of_month)
        if value is not None:
            found[month] = value
    return found


def _together(report: HealthReport, metric: str, weeks: pd.DataFrame) -> float | None:
    """The weeks as one number; None where the published numbers do not give it."""
    unit, sample = report.definitions[metric].unit, report.samples.get(metric)
    if metric in LOOKS_BACK:
        return float(weeks["value"].iloc[-1])
    if sample is not None:
        values = [
            each
            for start in weeks["period_start"]
            for part in sample.by_member(start).values()
            for each in part
        ]
        return median(values) if values else None
    match unit.chance:
        case Chance.SHARE | Chance.RATE if float(weeks["denominator"].sum()) > 0:
            return unit.per * float(weeks["numerator"].sum()) / float(weeks["denominator"].sum())
        case Chance.COUNT:
            return float(weeks["value"].mean())
        case _:
            return None


def _cell(report: HealthReport, metric: str, value: float | None) -> Cell:
    return Cell(
        wording.MISSING
        if value is None
        else wording.quantity(report.say, value, report.definitions[metric].unit)
    )
