"""Where a change comes from: the published cuts of a number, each with its part of the change. No cause is claimed.

The change of a share is split in two (Kitagawa): parts whose own share moved, and what came of other parts being larger
or smaller than before (who was asked). A median has no parts that add up: of it, the cases beyond what is usual are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports import wording
from reports.model import HealthReport
from reports.news import Reading
from reports.sections import named, worded
from settings.units import Chance, Unit

# The cut that each number is taken apart by, and the metric that has the parts where its own do not add up.
_CUTS = {
    "nps": "product_id",
    "csat_rate": "feature_id",
    "feature_adoption_rate": "segment",
    "on_time_rate": "team_id",
    "change_failure_rate": "team_id",
    "tickets_created": "feature_id",
    "contact_rate": "feature_id",
    "active_users_week": "product_id",
    "one_touch_rate": "feature_id",
    "ticket_csat_rate": "feature_id",
}
_ADDED_UP = {"contact_rate": "tickets_created"}
_MOST = 3
# What parts together may lie from the whole and still be its parts.
_TOLERANCE = 0.02


@dataclass(frozen=True)
class Part:
    """A member's part of a change, in cases or points; `before` and `now`: its own value."""

    member: str
    change: float
    before: float
    now: float


@dataclass(frozen=True)
class Split:
    """Parts by how much they moved the whole, and `mix`: what came of their weights alone; None for what is counted."""

    cut: str
    parts: tuple[Part, ...]
    mix: float | None


def split(report: HealthReport, reading: Reading) -> Split | None:
    """The change of a whole number by the members of its cut; None where it has none, or they do not add up to it."""
    metric = reading.series.metric
    cut = _CUTS.get(metric)
    if cut is None or reading.series.member:
        return None
    rows = report.by(_ADDED_UP.get(metric, metric), cut)
    whole = report.series(_ADDED_UP.get(metric, metric))
    unit = report.definitions[_ADDED_UP.get(metric, metric)].unit
    if unit.chance is Chance.COUNT:
        return _of_count(rows, whole, cut, reading)
    if unit.chance is Chance.SHARE or unit is Unit.POINTS:
        return _of_share(rows, cut, reading)
    return None


def _of_count(rows: pd.DataFrame, whole: pd.DataFrame, cut: str, reading: Reading) -> Split | None:
    now, before = _window(rows, reading)
    totals = _window(whole, reading)
    if abs(now["value"].sum() - totals[0]["value"].sum()) > _TOLERANCE * totals[0]["value"].sum():
        return None
    counts, means = (
        now.groupby(cut)["value"].sum(),
        before.groupby(cut)["value"].sum() / reading.usual.periods,
    )
    members = sorted({*counts.index, *means.index})
    parts = [
        Part(str(each), float(counts.get(each, 0.0) - means.get(each, 0.0)), float(means.get(each, 0.0)), float(counts.get(each, 0.0)))
        for each in members
    ]  # fmt: skip
    return Split(cut, tuple(sorted(parts, key=lambda each: -abs(each.change))), None)


def _of_share(rows: pd.DataFrame, cut: str, reading: Reading) -> Split | None:
    now, before = (each.groupby(cut)[["numerator", "denominator"]].sum() for each in _window(rows, reading))
    trials = float(now["denominator"].sum()), float(before["denominator"].sum())
    if not all(trials) or abs(trials[0] - (reading.now.trials or 0)) > _TOLERANCE * trials[0]:
        return None
    usual = float(before["numerator"].sum()) / trials[1]
    parts, mix = [], 0.0
    for member in sorted({*now.index, *before.index}):
        weight, share = _part(now, member, trials[0])
        weight_before, share_before = _part(before, member, trials[1])
        # Who was not there on one side has no share to move: all of it is mix.
        first = share if share_before is None else share_before
        last = first if share is None else share
        assert first is not None
        assert last is not None
        own = (weight + weight_before) / 2 * (last - first)
        mix += ((first + last) / 2 - usual) * (weight - weight_before)
        parts.append(Part(str(member), 100 * own, 100 * first, 100 * last))
    return Split(cut, tuple(sorted(parts, key=lambda each: -abs(each.change))), 100 * mix)


def _part(sums: pd.DataFrame, member: str, trials: float) -> tuple[float, float | None]:
    if member not in sums.index or not sums.loc[member, "denominator"]:
        return 0.0, None
    n = float(sums.loc[member, "denominator"])
    return n / trials, float(sums.loc[member, "numerator"]) / n


def _window(rows: pd.DataFrame, reading: Reading) -> tuple[pd.DataFrame, pd.DataFrame]:
    starts = rows["period_start"]
    return (
        rows[starts == reading.now.start],
        rows[(starts >= reading.usual.first) & (starts <= reading.usual.last)],
    )


def where(report: HealthReport, reading: Reading) -> str:
    """The contribution line under a finding; empty where no published cut tells it."""
    say = report.say
    found = split(report, reading)
    if found is None:
        return _of_median(report, reading)
    told = [_told(report, found.cut, part, found.mix is None) for part in found.parts[:_MOST] if part.change]
    if not told:
        return ""
    if found.mix is not None:
        told.append(say.text("who is in it {change}", change=signed(report, found.mix)))
    return say.text("Where: {parts}.", parts=", ".join(told))


def _told(report: HealthReport, cut: str, part: Part, is_count: bool) -> str:
    say = report.say
    name = member_name(report, cut, part.member)
    if not is_count:
        return f"{name} {signed(report, part.change)}"
    return say.text(
        "{name} {change} ({before} to {now})",
        name=name,
        change=signed(report, part.change),
        before=say.number(part.before),
        now=say.number(part.now),
    )


def _of_median(report: HealthReport, reading: Reading) -> str:
    """How many of each member's cases lie beyond the usual median."""
    sample = report.samples.get(reading.series.metric)
    if sample is None or reading.series.member or not reading.now.sample:
        return ""
    say, by_member = report.say, sample.by_member(reading.now.start)
    beyond: dict[str, tuple[int, int]] = {
        member: (sum(1 for each in values if each > reading.usual.middle), len(values))
        for member, values in by_member.items()
    }
    most = sorted(beyond.items(), key=lambda each: (-abs(2 * each[1][0] - each[1][1]), each[0]))[:_MOST]
    parts = [
        say.text("{name} {n} of {all}", name=member_name(report, sample.cut, member), n=over, all=of_all)
        for member, (over, of_all) in most
    ]
    usual = wording.quantity(say, reading.usual.middle, report.definitions[reading.series.metric].unit)
    return say.text("Above the usual {usual}: {parts}.", usual=usual, parts=", ".join(parts))


def signed(report: HealthReport, amount: float) -> str:
    """A change with its sign, of shares in points."""
    digits = 0 if abs(amount) >= 10 or amount == round(amount) else 1
    return ("+" if amount >= 0 else "−") + report.say.number(abs(amount), digits)


def member_name(report: HealthReport, cut: str, member: str) -> str:
    words: Mapping[str, Mapping[str, str]] = {"segment": report.words.segments, "stage": report.words.stages}
    return worded(report, words[cut], member) if cut in words else named(report, member)
