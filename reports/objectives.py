"""How each target of the organisation stands, and what is to be decided: by counted weeks, remarks and their dates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import scipy

from reports import wording
from reports.changes import Change, target_text, what_changed
from reports.findings import finding_on
from reports.language import N_
from reports.model import HealthReport
from reports.sections import TREND_WEEKS
from settings.units import Chance

# So rarely a number that is met as often as missed is missed so often.
_RARE = 0.05
STATUS = {"act": N_("act"), "watch": N_("watch"), "on_track": N_("on track"), "unsure": N_("too few to say")}


@dataclass(frozen=True)
class Objective:
    """A target and how it stands: on_track, watch, act, or unsure where the newest period has too few cases to say.

    `missed` of those `periods` of the newest that have enough cases missed it.
    """

    metric: str
    label: str
    value: str
    target: str
    status: str
    missed: int
    periods: int


def objectives(report: HealthReport, metrics: Collection[str] | None = None) -> list[Objective]:
    """Those to act on first. Act: missed now, and more often than chance would; watch: missed now, or moved for the worse.

    A period of fewer cases than the metric asks for neither meets nor misses.
    """
    found = [
        each
        for metric in report.targets
        if (metrics is None or metric in metrics) and (each := objective(report, metric)) is not None
    ]
    return sorted(found, key=lambda each: list(STATUS).index(each.status))


def objective(report: HealthReport, metric: str) -> Objective | None:
    """How a metric stands beside its target; None without one, or without a value."""
    target, definition = report.targets.get(metric), report.definitions.get(metric)
    rows = report.series(metric)
    rows = rows[rows["value"].notna()].tail(TREND_WEEKS)
    if target is None or definition is None or rows.empty:
        return None
    is_count = definition.unit.chance is Chance.COUNT
    is_enough = [is_count or not definition.is_small(float(n)) for n in rows["n"]]
    misses = [
        not target.is_met(float(value))
        for value, counts in zip(rows["value"], is_enough, strict=True)
        if counts
    ]
    finding = finding_on(report, metric)
    if is_enough[-1]:
        is_rare = scipy.stats.binom.sf(sum(misses) - 1, len(misses), 0.5) <= _RARE
        status = "act" if misses[-1] and is_rare else "watch" if misses[-1] else "on_track"
    else:
        status = "unsure"
    if status == "on_track" and finding is not None and finding.judgement == "worse":
        status = "watch"
    say = report.say
    return Objective(
        metric=metric,
        label=say.text(definition.label),
        value=wording.beside(say, float(rows["value"].iloc[-1]), target.bound, definition.unit),
        target=target_text(report, metric),
        status=status,
        missed=sum(misses),
        periods=len(misses),
    )


def decisions(
    report: HealthReport, metrics: Collection[str] | None = None, members: Collection[str] | None = None
) -> list[str]:
    """What nobody has answered: findings for the worse without a next step, and steps whose day is over."""
    say, told = report.say, []
    for change in what_changed(report, metrics, members):
        if change.state == "closed":
            continue
        told += [
            say.text("Due on {day}, done? {text} ({owner})", day=say.day(each.due), text=each.said(say.code), owner=report.owner_name(each.owner))
            for each in change.remarks
            if each.due is not None and each.due <= report.week_end
        ]  # fmt: skip
        if change.judgement == "worse" and not change.remarks:
            told.append(
                say.text("{owner}: what is the next step? {finding}", owner=report.owner_name(change.owner), finding=change.text)
            )  # fmt: skip
    return list(dict.fromkeys(told))


def worst(changes: Sequence[Change], most: int = 3) -> list[Change]:
    """What a reader of one minute should know: what is new, then what is open for the worse."""
    order = {"new": 0, "open": 1}
    alive = [each for each in changes if each.state in order]
    return sorted(alive, key=lambda each: (order[each.state], each.judgement != "worse"))[:most]
