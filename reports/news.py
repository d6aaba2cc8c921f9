"""Which numbers moved more than by chance: one decision, for colours, sentences, the digest and the life of findings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from metrics.definitions import MetricDefinition
from reports import wording
from reports.model import HealthReport
from reports.usual import Period, Usual, corrected, usual
from settings.units import Chance, Unit

# At most so many of a hundred changes that are told may be chance.
FALSE_DISCOVERIES = 0.05
# Numbers whose every period has cases of its own and is over. What looks back over many periods, or counts what there
# is, moves with what falls out of its window; what is open-ended grows with age: no period of them is news.
WHOLE = (
    "active_users_week", "new_users", "retention_rate_d7", "stickiness_ratio",
    "on_time_rate", "issue_lead_time_seconds_median", "issue_cycle_time_seconds_median", "change_lead_time_seconds_median",
    "change_failure_rate", "sprint_predictability", "tickets_created", "contact_rate", "first_reply_seconds_median",
    "full_resolution_seconds_median", "sla_attainment_rate", "one_touch_rate", "ticket_csat_rate", "csat_rate", "nps",
    "team_pulse_rate",
)  # fmt: skip
# The cuts that are looked at beside them, a family of their own.
PARTS = {
    "feature_adoption_rate": ("feature_id",),
    "tickets_created": ("feature_id", "theme_id"),
    "csat_rate": ("feature_id",),
    "on_time_rate": ("team_id",),
    "issue_lead_time_seconds_median": ("team_id",),
    "change_failure_rate": ("team_id",),
    "nps": ("product_id", "segment"),
}
# A count that was below this and is, or a change smaller than this part of what is usual, is not worth a sentence.
_LEAST_COUNT, _LEAST_PART, _LEAST_POINTS = 10, 0.05, 1.0


@dataclass(frozen=True)
class Series:
    """A number over its periods, oldest first. `member`: dimension and id of the part; empty for the whole."""

    metric: str
    member: tuple[str, ...]
    periods: tuple[Period, ...]

    @property
    def key(self) -> str:
        """What a finding on it is called: `contact_rate`, `tickets_created/feature_id=board`."""
        return f"{self.metric}/{'='.join(self.member)}" if self.member else self.metric

    @property
    def dimensions(self) -> dict[str, str]:
        return {self.member[0]: self.member[1]} if self.member else {}


@dataclass(frozen=True)
class Reading:
    """The newest period of a number beside what is usual for it. `p`: of chance, corrected for all that were looked at."""

    series: Series
    now: Period
    usual: Usual
    p: float
    judgement: str

    @property
    def is_news(self) -> bool:
        return self.p <= FALSE_DISCOVERIES


def readings(report: HealthReport, week_start: date | None = None) -> dict[str, Reading]:
    """By key, every number whose newest period was new in a week (default: the report's) and that can be judged."""
    asked = week_start or report.week_start
    kept: dict[date, dict[str, Reading]] = report.kept.setdefault("readings", {})
    if asked not in kept:
        families = (
            [each for each in watched(report) if not each.member],
            [each for each in watched(report) if each.member],
        )
        kept[asked] = {key: each for family in families for key, each in _judged(report, family, asked)}
    return kept[asked]


def watched(report: HealthReport) -> Sequence[Series]:
    """All numbers that are looked at, with all their periods."""
    kept: dict[str, list[Series]] = report.kept
    if "watched" not in kept:
        kept["watched"] = list(_watched(report))
    return kept["watched"]


def band_of(report: HealthReport, key: str) -> Usual | None:
    """What is usual for the newest period of a number, whether it is new this week or not; None where unknown."""
    for series in watched(report):
        if series.key == key:
            now = newest_period(report, series, report.week_start)
            if now is not None:
                before = [each for each in series.periods if each.start < now.start]
                return usual(report.definitions[series.metric].unit, now, before)
    return None


def newest_period(report: HealthReport, series: Series, week_start: date) -> Period | None:
    """The newest period that was known when a week was over; of the report's own week, what is known now."""
    known = [each for each in series.periods if _is_known(report, series.metric, each.start, week_start)]
    return known[-1] if known else None


def _judged(
    report: HealthReport, family: Sequence[Series], week_start: date
) -> Iterator[tuple[str, Reading]]:
    found: list[Reading] = []
    for series in family:
        now = newest_period(report, series, week_start)
        if now is None or newest_period(report, series, week_start - timedelta(weeks=1)) == now:
            continue
        definition = report.definitions[series.metric]
        if definition.is_small(now.trials if definition.unit.chance is not Chance.COUNT else None):
            continue
        band = usual(definition.unit, now, [each for each in series.periods if each.start < now.start])
        if band is not None:
            p = band.p if _is_large(definition.unit, now.value, band.middle) else 1.0
            found.append(
                Reading(series, now, band, p, wording.judgement(now.value, band.middle, definition.good_direction))
            )  # fmt: skip
    for each, p in zip(found, corrected([each.p for each in found]), strict=True):
        yield each.series.key, replace(each, p=p)


def _is_large(unit: Unit, value: float, middle: float) -> bool:
    points = wording.points(unit)
    if points is not None:
        return abs(value - middle) * points >= _LEAST_POINTS
    if unit.chance is Chance.COUNT and max(value, middle) < _LEAST_COUNT:
        return False
    return middle == 0 or abs(value / middle - 1) >= _LEAST_PART


def _is_known(report: HealthReport, metric: str, start: date, week_start: date) -> bool:
    definition = report.definitions[metric]
    week_end = week_start + timedelta(days=6)
    if week_start == report.week_start:
        return start <= week_end
    return _last_day(definition, start) + timedelta(days=definition.closes_after_days) <= week_end


def _last_day(definition: MetricDefinition, start: date) -> date:
    if definition.grain == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return start + timedelta(days=6)


def _watched(report: HealthReport) -> Iterator[Series]:
    for metric in WHOLE:
        if metric in report.definitions:
            yield Series(metric, (), _periods(report, metric, report.series(metric), {}))
    for metric, cuts in PARTS.items():
        for cut in cuts if metric in report.definitions else ():
            for member, rows in report.by(metric, cut).groupby(cut, sort=True):
                # Where no themes are declared, all tickets are of none.
                if (cut, member) == ("theme_id", "(no theme)"):
                    continue
                yield Series(metric, (cut, str(member)), _periods(report, metric, rows, {cut: str(member)}))


def _periods(
    report: HealthReport, metric: str, rows: pd.DataFrame, dimensions: Mapping[str, str]
) -> tuple[Period, ...]:
    """The rows with a value; of a count, a zero for each period in which only others were counted."""
    unit = report.definitions[metric].unit
    errors = _errors(report, metric, dimensions)
    samples = report.samples.get(metric)
    found = {}
    for row in rows[rows["value"].notna()].to_dict("records"):
        start: date = row["period_start"]
        found[start] = Period(
            start,
            float(row["value"]),
            *_cases(unit, row),
            error=errors.get(start),
            sample=() if samples is None else samples.of_week(start, float(row["value"]), dimensions),
        )
    if unit.chance is Chance.COUNT and dimensions and found:
        starts = report.series(metric)["period_start"]
        for start in starts[starts >= min(found)]:
            found.setdefault(start, Period(start, 0.0, 0.0, 1.0))
    return tuple(found[start] for start in sorted(found))


def _cases(unit: Unit, row: Mapping[str, object]) -> tuple[float | None, float | None]:
    above, below, n = (_known(row[name]) for name in ("numerator", "denominator", "n"))
    match unit.chance:
        case Chance.COUNT:
            return _known(row["value"]), 1.0
        case Chance.SHARE | Chance.RATE:
            return above, below
        case _:
            return above, below if unit is Unit.POINTS else n


def _errors(report: HealthReport, metric: str, dimensions: Mapping[str, str]) -> dict[date, float]:
    rows = report.series(f"{metric}_standard_error", **dimensions)
    return {
        row["period_start"]: float(row["value"]) for row in rows[rows["value"].notna()].to_dict("records")
    }


def _known(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]
