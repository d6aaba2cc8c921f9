"""The weekly health report as one HTML page."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports import charts, wording
from reports.model import HealthReport
from reports.product_sections import adoption, funnel, retention
from reports.sections import TREND_WEEKS, Section
from reports.work_sections import delivery, support

_HEADLINES = (
    "active_users_week",
    "new_users",
    "stickiness_ratio",
    "retention_rate_d7",
    "features_used_rate",
    "on_time_rate",
    "issue_lead_time_seconds_median",
    "time_to_market_days_median",
    "tickets_created",
    "contact_rate",
    "first_reply_seconds_median",
    "full_resolution_seconds_median",
)


@dataclass(frozen=True)
class Headline:
    """One number with its change against the period before, its target and its line."""

    metric: str
    label: str
    description: str
    value: str
    change: str
    judgement: str
    period: str
    target: str
    is_target_met: bool | None
    sample: str
    is_small_sample: bool
    is_restated: bool
    sparkline: str


def render(report: HealthReport) -> str:
    """The page: complete HTML without any reference outside itself. The same report gives the same page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = wording.sentence
    failed = [check for check in report.checks if not check.passed]
    return environment.get_template("health.html.j2").render(
        report=report,
        span=wording.week_span(report.week_start),
        headlines=[found for metric in _HEADLINES if (found := headline(report, metric))],
        sections=sections(report),
        failed=failed,
        passed_count=len(report.checks) - len(failed),
        stale=[source.source for source in report.sources if source.is_stale],
        coverage=_coverage(report),
    )


def sections(report: HealthReport) -> list[Section]:
    """The sections that have something to show, in reading order."""
    built = (adoption(report), retention(report), delivery(report), support(report), funnel(report))
    return [section for section in built if section is not None]


def _coverage(report: HealthReport) -> list[dict[str, object]]:
    """Rows of the coverage table; checks that are counted for several subjects name theirs."""
    rows = report.coverage[report.coverage["total"] > 0]
    several = rows["check_name"].value_counts()
    return [
        {
            "source": row.source,
            "check_name": row.check_name,
            "subject": row.subject,
            "is_named": several[row.check_name] > 1,
            "counted": f"{row.counted:,.0f}",
            "total": f"{row.total:,.0f}",
            "share": wording.quantity(float(str(row.coverage_rate)), "ratio"),
            "explanation": row.explanation,
        }
        for row in rows.itertuples()
    ]


def headline(report: HealthReport, metric: str) -> Headline | None:
    """A metric's total in its last period up to the week; None when it has no definition or no value yet."""
    definition = report.definitions.get(metric)
    rows = report.series(metric).tail(TREND_WEEKS)
    if definition is None or rows.empty:
        return None
    values = [None if pd.isna(value) else float(value) for value in rows["value"]]
    last, before = values[-1], values[-2] if len(values) > 1 else None
    row = rows.iloc[-1]
    target = report.targets.get(metric)
    sample = 0 if pd.isna(row["n"]) else int(row["n"])
    return Headline(
        metric=metric,
        label=definition.label,
        description=definition.description,
        value=wording.quantity(last, definition.unit),
        change=wording.change(last, before, definition.unit),
        judgement=wording.judgement(last, before, definition.good_direction),
        period=_period(row["grain"], row["period_start"], report),
        target=_target_text(target, definition.unit),
        is_target_met=None if target is None or last is None else target.is_met(last),
        sample=f"n = {sample:,}",
        is_small_sample=definition.unit == "ratio" and sample < definition.minimum_sample,
        is_restated=int(row["revision"]) > 1,
        sparkline=charts.sparkline([float("nan") if value is None else value for value in values], f"{definition.label}, last {len(values)} periods"),
    )  # fmt: skip


def _period(grain: str, start: object, report: HealthReport) -> str:
    moment = pd.Timestamp(str(start))
    if grain == "month":
        return f"{moment:%B %Y}"
    return "this week" if moment.date() == report.week_start else f"week {moment.strftime('%G-W%V')}"


def _target_text(target: object, unit: str) -> str:
    at_least, at_most = getattr(target, "at_least", None), getattr(target, "at_most", None)
    if at_least is not None:
        return f"target ≥ {wording.quantity(at_least, unit)}"
    if at_most is not None:
        return f"target ≤ {wording.quantity(at_most, unit)}"
    return ""
