"""What changed and why it matters: sentences made from the numbers by fixed rules.

A rule finds a candidate only where the change is more than chance (95%) or the number crosses a line that somebody
set. The worst news come first; when little happened, the sentences say that the main numbers hold.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pandas as pd

from reports import uncertainty, wording
from reports.language import N_
from reports.model import HealthReport
from reports.sections import count, margin, newest, number, warning, weeks
from settings.units import Unit

FEWEST, MOST = 3, 5
# A step at which a third of the people leave is worth a sentence.
_LARGE_LOSS = 1 / 3
# The weeks of entry that a loss is pooled over, and compared with as many before.
_POOLED_WEEKS = 4
# Metric: what it says this week, and why that matters.
_SAID = {
    "active_users_week": (N_("{value} people were active, {moved}."), N_("Every adoption rate rests on them.")),
    "new_users": (N_("{value} people used the product for the first time, {moved}."), N_("They are the next weeks' retention.")),
    "retention_rate_d7": (N_("{value} of the new people came back on day 7, {moved}."), N_("Whoever stays away in the first week meets no other feature.")),
    "stickiness_ratio": (N_("{value} of the month's users are there on an average day, {moved}."), N_("It tells habit from visits.")),
    "on_time_rate": (N_("{value} of the work due was done by its first date, {moved}."), N_("What is late holds up a launch or a promise.")),
    "issue_lead_time_seconds_median": (N_("Half of the delivered issues took {value} or less from creation to done, {moved}."), N_("Work that waits longer reaches customers later.")),
    "time_to_market_days_median": (N_("Half of the epics reach the market within {value}, {moved}."), N_("It is how long an accepted idea earns nothing.")),
    "change_failure_rate": (N_("{value} of the deployments led to an incident, {moved}."), N_("Each one takes time from what was planned.")),
    "sprint_predictability": (N_("{value} of what sprints committed to was done in them, {moved}."), N_("Dates given to others rest on it.")),
    "contact_rate": (N_("{value} tickets came in per 1,000 active users, {moved}."), N_("A high rate points at features that are hard to use.")),
    "first_reply_seconds_median": (N_("Half of the tickets had a first reply within {value}, {moved}."), N_("Customers judge support by its first answer.")),
    "full_resolution_seconds_median": (N_("Half of the tickets were solved for good within {value}, {moved}."), N_("Until then somebody cannot work.")),
    "one_touch_rate": (N_("{value} of the solved tickets needed one reply, {moved}."), N_("Every further reply costs both sides.")),
    "csat_rate": (N_("{value} of the answers on features are satisfied ones, {moved}."), N_("It tells liked features from merely used ones.")),
    "nps": (N_("The net promoter score is {value}, {moved}."), N_("It moves before renewals do.")),
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A sentence worth reading. `basis`: n, period and what it is compared with. `caution`: what is wrong with its source."""

    text: str
    basis: str
    judgement: str
    caution: str
    weight: float
    metric: str


def what_changed(report: HealthReport, metrics: Collection[str] | None = None) -> list[Change]:
    """Three to five sentences, the worst first; fewer only when the numbers of fewer are there.

    `metrics`: those that an audience cares for; default: all.
    """
    candidates = [each for each in _candidates(report) if metrics is None or each.metric in metrics]
    found = sorted(candidates, key=lambda change: -change.weight)
    notable = [change for change in found if change.weight >= 1][:MOST]
    return (notable + [change for change in found if change.weight < 1])[: max(FEWEST, len(notable))]


def _candidates(report: HealthReport) -> Iterator[Change]:
    for metric in _SAID:
        change = _movement(report, metric)
        if change is not None:
            yield change
    yield from _funnel_losses(report)
    yield from _zombies(report)
    yield from _late_teams(report)
    yield from _launches(report)


def _movement(report: HealthReport, metric: str) -> Change | None:
    say, definition = report.say, report.definitions.get(metric)
    now = newest(report, metric)
    if definition is None or not now:
        return None
    then = newest(report, metric, before=now["period_start"])  # type: ignore[arg-type]
    value, before = number(now["value"]), number(then.get("value"))
    n, n_before = number(now["n"]) or 0.0, number(then.get("n")) or 0.0
    if value is None or before is None or definition.is_small(min(n, n_before)):
        return None
    history = [float(each) for each in report.series(metric)["value"].tail(13).iloc[:-1]]
    chance = uncertainty.surprise(definition.unit, value, n, before, n_before, history)
    is_large = wording.points(definition.unit) is not None or before == 0 or abs(value / before - 1) >= 0.05
    judgement = wording.judgement(value, before, definition.good_direction)
    target = report.targets.get(metric)
    is_missed = target is not None and not target.is_met(value)
    was_met = target is not None and target.is_met(before)
    sentence, meaning = _SAID[metric]
    told = [
        say.text(sentence, value=wording.quantity(say, value, definition.unit), moved=wording.moved(say, value, before, definition.unit)),
        say.text(meaning),
    ]  # fmt: skip
    if is_missed and target is not None:
        told.append(say.text("The {target} is missed.", target=target_text(report, metric)))
    weight = min(chance, 6.0) / uncertainty.Z if is_large else 0.0
    if is_missed and was_met:
        weight = max(weight, 1.0)
    if weight >= 1:
        weight += (2 if judgement == "worse" else 0) + (1 if is_missed else 0)
    return Change(
        text=" ".join(told),
        basis=_basis(report, now, then),
        judgement=judgement if weight >= 1 else "even",
        caution=warning(report, metric),
        weight=weight,
        metric=metric,
    )


def target_text(report: HealthReport, metric: str) -> str:
    """`target ≥ 80%`; empty without a target."""
    target, definition = report.targets.get(metric), report.definitions.get(metric)
    if target is None or definition is None:
        return ""
    if target.at_least is not None:
        return report.say.text(
            "target ≥ {bound}", bound=wording.quantity(report.say, target.at_least, definition.unit)
        )
    return report.say.text(
        "target ≤ {bound}", bound=wording.quantity(report.say, target.at_most, definition.unit)
    )


def _basis(report: HealthReport, now: object, then: object) -> str:
    say = report.say
    periods = [wording.period(say, str(row["grain"]), row["period_start"]) for row in (now, then)]  # type: ignore[index]
    counts = [count(report, row["n"]) for row in (now, then)]  # type: ignore[index]
    return say.text(
        "n = {n}, {period}; compared with {before} (n = {n_before})",
        n=counts[0],
        period=periods[0],
        before=periods[1],
        n_before=counts[1],
    )


def _span(report: HealthReport, starts: pd.Series) -> str:
    return report.say.span(min(starts), max(starts) + timedelta(days=6))


def _funnel_losses(report: HealthReport) -> Iterator[Change]:
    """The step of each funnel at which most people leave, over the newest weeks of entry."""
    say = report.say
    rows = report.by("funnel_conversion_rate", "funnel_id", "step")
    starts = sorted(rows["period_start"].unique())
    if len(starts) < 2 * _POOLED_WEEKS:
        return
    windows = [starts[-_POOLED_WEEKS:], starts[-2 * _POOLED_WEEKS : -_POOLED_WEEKS]]
    for funnel, of_funnel in rows.groupby("funnel_id", sort=True):
        reached = [
            of_funnel[of_funnel["period_start"].isin(window)].groupby("step")["numerator"].sum()
            for window in windows
        ]
        steps = list(reached[0].sort_values(ascending=False, kind="stable").index)
        losses = [
            (1 - reached[0][after] / reached[0][before], before, after)
            for before, after in pairwise(steps)
            if reached[0][before] >= 1
        ]
        if not losses or max(losses)[0] < _LARGE_LOSS:
            continue
        loss, before, after = max(losses)
        n, n_before = float(reached[0][before]), float(reached[1].get(before, 0.0))
        earlier = 1 - float(reached[1].get(after, 0.0)) / n_before if n_before else None
        chance = (
            uncertainty.surprise(Unit.RATIO, loss, n, earlier, n_before, ()) if earlier is not None else 0.0
        )
        judgement = wording.judgement(loss, earlier, "down") if chance >= uncertainty.Z else "even"
        yield Change(
            text=say.text(
                "{funnel}: {share} of the people who reach “{before}” leave before “{after}”, {moved}.",
                funnel=report.name(str(funnel)),
                share=say.percent(loss),
                before=report.name(before),
                after=report.name(after),
                moved=wording.moved(say, loss, earlier, Unit.RATIO),
            ),
            basis=say.text(
                "n = {n}, entries of {period}; compared with {before} (n = {n_before})",
                n=count(report, n),
                period=_span(report, windows[0]),
                before=_span(report, windows[1]),
                n_before=count(report, n_before),
            ),
            judgement=judgement,
            caution=warning(report, "funnel_conversion_rate"),
            # A loss this large is news every week, behind what is new.
            weight=(1.2 if n >= 30 else 0.5) + (2 if judgement == "worse" else 0),
            metric="funnel_conversion_rate",
        )


def _zombies(report: HealthReport) -> Iterator[Change]:
    say, features = report.say, report.features
    if features.empty:
        return
    zombies = features[features["usage_class"] == "zombie"]
    if zombies.empty:
        return
    before = newest(report, "zombie_features", before=report.week_start)
    judged = int(features["usage_class"].isin(["used", "zombie"]).sum())
    was = number(before.get("value"))
    names = say.listed([report.name(each) for each in zombies["feature_id"]])
    yield Change(
        text=say.plural(
            "{n} of {judged} features in the field is hardly used: {names}. Its upkeep buys nothing.",
            "{n} of {judged} features in the field are hardly used: {names}. Their upkeep buys nothing.",
            len(zombies),
            judged=judged,
            names=names,
        ),
        basis=say.text(
            "n = {n} people who may use them, 90 days to {day}; the week before: {before}",
            n=count(report, zombies["eligible_users_90d"].max() if "eligible_users_90d" in zombies else None),
            day=say.day(report.week_end),
            before=wording.MISSING if was is None else say.number(was),
        ),
        judgement="worse" if was is not None and len(zombies) > was else "even",
        caution=warning(report, "zombie_features"),
        weight=3.0 if was is not None and len(zombies) > was else 1.1,
        metric="zombie_features",
    )


def late_teams(report: HealthReport) -> list[tuple[str, float, float, float, float]]:
    """Teams that keep their first dates clearly less often than the others, over the trend's weeks.

    Rows of (team, its rate, the others' rate, its rate by the dates as moved, work due).
    """
    rows = weeks(report.by("on_time_rate", "team_id"), report)
    last_due = weeks(report.by("on_time_rate_last_due", "team_id"), report)
    found = []
    for team in sorted(rows["team_id"].unique()):
        own, others = rows[rows["team_id"] == team], rows[rows["team_id"] != team]
        if own["denominator"].sum() < 10 or others["denominator"].sum() == 0:
            continue
        rate = own["numerator"].sum() / own["denominator"].sum()
        rest = others["numerator"].sum() / others["denominator"].sum()
        moved = last_due[last_due["team_id"] == team]
        kindly = moved["numerator"].sum() / moved["denominator"].sum() if moved["denominator"].sum() else rate
        if rest - rate >= 0.15:
            found.append(
                (str(team), float(rate), float(rest), float(kindly), float(own["denominator"].sum()))
            )
    return found


def _late_teams(report: HealthReport) -> Iterator[Change]:
    say = report.say
    rows = weeks(report.by("on_time_rate", "team_id"), report)
    for team, rate, rest, kindly, due in late_teams(report):
        told = say.text(
            "{team} keeps {rate} of its first due dates, the other teams {rest}.",
            team=report.name(team),
            rate=say.percent(rate),
            rest=say.percent(rest),
        )
        if kindly > rate + 0.05:
            told += " " + say.text(
                "By the dates as moved it would look like {rate}.", rate=say.percent(kindly)
            )
        yield Change(
            text=told,
            basis=say.text(
                "n = {n} issues due, {period}; compared with the other teams",
                n=count(report, due),
                period=_span(report, rows["period_start"]),
            ),
            judgement="worse",
            caution=warning(report, "on_time_rate"),
            weight=2.2,
            metric="on_time_rate",
        )


def _launches(report: HealthReport) -> Iterator[Change]:
    from reports.launch_section import surges

    say = report.say
    for feature, day, most, usual in surges(report):
        yield Change(
            text=say.plural(
                "The launch of {feature} on {day} brought up to {n} ticket a week.",
                "The launch of {feature} on {day} brought up to {n} tickets a week.",
                round(most),
                feature=report.name(feature),
                day=say.day(day),
            ),
            basis=say.text(
                "n = {n} in the busiest of the four weeks after; compared with {usual} a week since",
                n=count(report, most),
                usual=count(report, usual),
            ),
            judgement="even",
            caution=warning(report, "tickets_created"),
            weight=1.3,
            metric="tickets_created",
        )


def interval_of_nps(report: HealthReport, row: dict[str, object], **dimensions: str) -> str:
    """The 95% interval of a net promoter score, from its published standard error."""
    errors = report.series("nps_standard_error", **dimensions)
    errors = errors[errors["period_start"] == row.get("period_start")]
    error = number(errors["value"].iloc[-1]) if len(errors) else None
    return "" if error is None else margin(report, "nps", row, error)
