"""What a section of the health report is made of, and how its numbers are looked up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pandas as pd

from reports import wording
from reports.model import HealthReport

TREND_WEEKS = 13
# A share of known rows from which on nobody needs to be told of the rest.
_COMPLETE = 0.98
SEGMENTS = ("smb", "mid_market", "enterprise", "(unknown)")
STAGES = ("idea", "discovery", "ready", "build", "review", "released", "launched", "other")


@dataclass(frozen=True)
class Figure:
    """A chart with its caption; the caption says what to see."""

    caption: str
    svg: str


@dataclass(frozen=True)
class Table:
    """`numeric` holds the places of the columns that are right-aligned."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...]


@dataclass(frozen=True)
class Section:
    """`findings` are sentences a reader should not miss; `caveats` say how far the numbers can be trusted."""

    anchor: str
    title: str
    findings: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    caveats: tuple[str, ...] = field(default=())


def caveats(
    report: HealthReport, families: Sequence[str], assets: Sequence[str], coverage: Sequence[str] = ()
) -> tuple[str, ...]:
    """Why a section's numbers may mislead: stale sources, failed checks, and what the named coverage leaves out.

    `families`: kinds of tools that the section is made of. `assets`: words of the asset keys whose checks touch it.
    """
    sources = [status.source for status in report.sources if status.family in families]
    notes = [
        f"{status.source} was last read at {status.read_until} UTC: these numbers are older than the report."
        for status in report.sources
        if status.source in sources and status.is_stale
    ]
    notes += [
        f"Check failed on {check.asset}: {check.meaning or wording.sentence(check.check)}"
        for check in report.checks
        if not check.passed and any(word in check.asset for word in (*sources, *assets))
    ]
    rows = report.coverage[report.coverage["check_name"].isin(coverage)]
    for row in rows[rows["coverage_rate"] < _COMPLETE].sort_values("coverage_rate").itertuples():
        share = wording.quantity(float(str(row.coverage_rate)), "ratio")
        notes.append(f"{wording.sentence(str(row.check_name)).capitalize()}: {share}. {row.explanation}")
    return tuple(dict.fromkeys(notes))


def of_week(rows: pd.DataFrame, report: HealthReport) -> pd.DataFrame:
    return rows[rows["period_start"] == report.week_start]


def last(rows: pd.DataFrame, report: HealthReport) -> pd.DataFrame:
    known = rows[(rows["period_start"] <= report.week_start) & rows["value"].notna()]
    return known[known["period_start"] == known["period_start"].max()] if len(known) else known


def weeks(rows: pd.DataFrame, report: HealthReport) -> pd.DataFrame:
    first = report.week_start - timedelta(weeks=TREND_WEEKS - 1)
    return rows[(rows["period_start"] >= first) & (rows["period_start"] <= report.week_start)]


def value_of_week(
    report: HealthReport, metric: str, unit_team: str | None = None, segment: str | None = None
) -> float | None:
    wanted = {
        name: value for name, value in (("team_id", unit_team), ("segment", segment)) if value is not None
    }
    rows = of_week(report.series(metric, **wanted), report)
    return number(rows["value"].iloc[-1]) if len(rows) else None


def number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]


def count(value: object) -> str:
    found = number(value)
    return wording.MISSING if found is None else f"{found:,.0f}"


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
