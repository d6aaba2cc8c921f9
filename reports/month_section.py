"""The months: weeks put together by the month in which most of their days lie, so that a year fits on a page."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, timedelta
from statistics import median

import pandas as pd

from reports.headlines import LOOKS_BACK
from reports.model import HealthReport
from reports.sections import Head, Section, Table, cell, head
from settings.units import Chance

MONTHS = 13
# As many columns as a page is wide for.
_COLUMNS = 6

# A month as a row of `metric_values`: value, n and, of a share, numerator and denominator.
_Month = Mapping[str, object]


def months(report: HealthReport, metrics: Sequence[str]) -> Section | None:
    """The headline numbers of up to thirteen months, the newest last; None for fewer than two."""
    say = report.say
    there = [metric for metric in metrics if metric in report.definitions and report.has(metric)]
    by_metric = {metric: _by_month(report, metric) for metric in there}
    shown = sorted({month for values in by_metric.values() for month in values})[-MONTHS:]
    if len(shown) < 2:
        return None
    captions = (
        say.text(
            "Weeks put together by the month in which most of their days lie: rates of all their cases, medians of all their values, people and tickets as the mean of a week. The newest month may have weeks to come."
        ),
        say.text("The other numbers by month."),
    )
    parts = [there[first : first + _COLUMNS] for first in range(0, len(there), _COLUMNS)]
    tables = [
        Table(
            captions[min(place, 1)],
            (
                Head(say.text("month")),
                *(head(report, say.text(report.definitions[each].label), each) for each in part),
            ),
            tuple(
                (
                    say.month(month),
                    *(cell(report, metric, by_metric[metric].get(month, {})) for metric in part),
                )
                for month in shown
            ),
        )
        for place, part in enumerate(parts)
    ]
    return Section("months", say.text("By month"), tables=tuple(tables))


def _by_month(report: HealthReport, metric: str) -> dict[date, _Month]:
    rows = report.series(metric)
    rows = rows[rows["value"].notna()]
    if report.definitions[metric].grain == "month":
        return {row["period_start"]: _named(row) for row in rows.to_dict("records")}
    found: dict[date, _Month] = {}
    # A week's fourth day lies in the month of most of its days. Not a list: pandas takes that of one row for a list of names.
    in_month = pd.Series(
        [(each + timedelta(days=3)).replace(day=1) for each in rows["period_start"]], rows.index, dtype=object
    )
    for month, of_month in rows.groupby(in_month):
        if together := _together(report, metric, of_month):
            found[month] = together
    return found


def _together(report: HealthReport, metric: str, weeks: pd.DataFrame) -> _Month:
    """The weeks as one row; empty where the published numbers do not give it."""
    unit, sample = report.definitions[metric].unit, report.samples.get(metric)
    if metric in LOOKS_BACK:
        return _named(weeks.iloc[-1].to_dict())
    if sample is not None:
        values = [
            each
            for start in weeks["period_start"]
            for part in sample.by_member(start).values()
            for each in part
        ]
        return {"value": median(values), "n": len(values)} if values else {}
    cases, trials = float(weeks["numerator"].sum()), float(weeks["denominator"].sum())
    match unit.chance:
        case Chance.SHARE | Chance.RATE if trials > 0:
            row = {"numerator": cases, "denominator": trials, "n": weeks["n"].sum()}
            return {"value": unit.per * cases / trials, **row}
        case Chance.COUNT:
            return {"value": float(weeks["value"].mean()), "n": weeks["n"].sum()}
        case _:
            return {}


def _named(row: Mapping[Hashable, object]) -> _Month:
    return {str(key): value for key, value in row.items()}
