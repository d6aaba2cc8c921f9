"""Findings live: new in a week, open since, closed. All of it follows from the published numbers of the weeks before.

A number that moved more than by chance opens a finding; the band it left stays its measure. The finding is closed by the
first value back within that band, or when the new level is as old as a band is. A part that lies apart from the others
is one for as long as it does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from reports.model import HealthReport
from reports.news import FALSE_DISCOVERIES, Reading, Series, newest_period, readings
from reports.sections import TREND_WEEKS
from reports.usual import Period, apart, corrected

State = Literal["new", "open", "closed"]
# Weeks that are looked back on; a finding that nothing closed is the new level after `TREND_WEEKS`.
_WEEKS = 2 * TREND_WEEKS
# Where one part is held against the others together: share, cut, and how many cases and how far apart are worth it.
_APART = {"on_time_rate": "team_id", "csat_rate": "feature_id"}
_FEWEST_CASES, _FARTHEST = 10, 0.15
_NOBODY = ("(unknown)", "(untagged)", "(no theme)", "(unmapped)", "(hidden)")


@dataclass(frozen=True)
class Apart:
    """A part's share of `n` cases over the trend's weeks, and that of all others."""

    rate: float
    others: float
    n: float


@dataclass(frozen=True)
class Finding:
    """`since`: first day of the week that opened it. `opened`: what was read then; `now`: the newest value.

    `apart`: instead of `opened`, of a part that lies apart. `is_new_level`: closed, since nothing brought it back.
    """

    key: str
    metric: str
    member: tuple[str, ...]
    state: State
    since: date
    judgement: str
    opened: Reading | None = None
    now: Period | None = None
    apart: Apart | None = None
    is_new_level: bool = False

    @property
    def dimensions(self) -> dict[str, str]:
        return {self.member[0]: self.member[1]} if self.member else {}


def findings(report: HealthReport) -> Sequence[Finding]:
    """New ones first, then open ones, then those that the week closed; the worse before the better in each."""
    kept: dict[str, list[Finding]] = report.kept
    if "findings" not in kept:
        order = {"new": 0, "open": 1, "closed": 2}
        badness = {"worse": 0, "better": 1, "even": 1}
        kept["findings"] = sorted(
            (*_moved(report), *_apart(report)),
            key=lambda each: (order[each.state], badness[each.judgement], bool(each.member), each.key),
        )
    return kept["findings"]


def finding_on(report: HealthReport, key: str) -> Finding | None:
    """The finding of a key that is new or open."""
    return next((each for each in findings(report) if each.key == key and each.state != "closed"), None)


def _weeks(report: HealthReport) -> list[date]:
    return [report.week_start - timedelta(weeks=back) for back in range(_WEEKS - 1, -1, -1)]


def _moved(report: HealthReport) -> Iterator[Finding]:
    held: dict[str, Finding] = {}
    closed: list[Finding] = []
    for week in _weeks(report):
        closed = []
        for key, finding in list(held.items()):
            now = newest_period(report, _series(finding), week)
            opened = _band_of(finding)
            is_back = now is not None and opened.usual.holds(now.value, _later(report, opened, now))
            is_settled = week - finding.since >= timedelta(weeks=TREND_WEEKS)
            held[key] = replace(finding, state="open", now=now)
            if is_back or is_settled:
                closed.append(replace(held.pop(key), state="closed", is_new_level=not is_back))
        for key, reading in readings(report, week).items():
            if not reading.is_news:
                continue
            is_other_way = key in held and held[key].judgement not in (reading.judgement, "even")
            if key not in held or is_other_way:
                series = reading.series
                held[key] = Finding(
                    key, series.metric, series.member, "new", week, reading.judgement, reading, reading.now
                )
    yield from held.values()
    yield from closed


def _band_of(finding: Finding) -> Reading:
    assert finding.opened is not None
    return finding.opened


def _later(report: HealthReport, opened: Reading, now: Period) -> int:
    days = (now.start - opened.now.start).days
    return round(days / (30.4 if report.definitions[opened.series.metric].grain == "month" else 7))


def _series(finding: Finding) -> Series:
    return _band_of(finding).series


def _apart(report: HealthReport) -> Iterator[Finding]:
    for metric, cut in _APART.items():
        held: dict[str, Finding] = {}
        closed: list[Finding] = []
        for week in _weeks(report) if metric in report.definitions else ():
            found = apart_in(report, metric, cut, week)
            closed = [
                replace(finding, state="closed") for member, finding in held.items() if member not in found
            ]
            held = {
                member: replace(held[member], state="open", apart=each)
                if member in held
                else Finding(
                    f"{metric}/{cut}={member}/apart", metric, (cut, member), "new", week, "worse", apart=each
                )
                for member, each in found.items()
            }
        yield from held.values()
        yield from closed


def apart_in(report: HealthReport, metric: str, cut: str, week: date) -> dict[str, Apart]:
    """Parts whose share is clearly worse than that of all others together, over the trend's weeks up to one."""
    rows = report.by(metric, cut)
    starts = rows["period_start"]
    is_near = (starts > week - timedelta(weeks=TREND_WEEKS)) & (starts <= week)
    rows = rows[is_near & ~rows[cut].isin(_NOBODY)]
    sums = rows.groupby(cut)[["numerator", "denominator"]].sum()
    cases, trials = float(sums["numerator"].sum()), float(sums["denominator"].sum())
    is_good_high = report.definitions[metric].good_direction == "up"
    candidates: dict[str, tuple[Apart, float]] = {}
    for member, row in sums.iterrows():
        n, k = float(row["denominator"]), float(row["numerator"])
        if n < _FEWEST_CASES or trials - n < _FEWEST_CASES:
            continue
        found = Apart(k / n, (cases - k) / (trials - n), n)
        behind = found.others - found.rate if is_good_high else found.rate - found.others
        p = apart(k, n, cases - k, trials - n) if behind >= _FARTHEST else 1.0
        candidates[str(member)] = (found, p)
    ps = corrected([p for _, p in candidates.values()])
    return {
        member: found
        for (member, (found, _)), p in zip(candidates.items(), ps, strict=True)
        if p <= FALSE_DISCOVERIES
    }
