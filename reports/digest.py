"""The weekly digest: few numbers of the health report, what changed, who is asked, in the report's own words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from connectors.registry.remarks import Remark as RemarkOfRegistry
from reports import check_words, wording
from reports.changes import nothing_else, what_changed
from reports.charts import png
from reports.experiment_words import ended as experiments_ended
from reports.experiment_words import verdict_sentence as experiment_sentence
from reports.experiment_words import what_next as experiment_next
from reports.experiments import Experiment
from reports.headlines import Headline, headlines
from reports.health import EVERYBODY
from reports.language import Language, language
from reports.launch_words import reached as launches_reached
from reports.launch_words import verdict_sentence, what_next
from reports.launches import Launch
from reports.model import HealthReport
from reports.sections import Figure, stale_notes
from reports.signal_section import signal_sentence, told_signals
from reports.signals import Signal

METRICS = (
    "north_star",
    "active_users_week",
    "retention_rate_d7",
    "features_used_rate",
    "time_to_market_days_median",
    "on_time_rate",
    "contact_rate",
)
MOST_WARNINGS = 3
_MOST_SIGNALS = 3


@dataclass(frozen=True)
class Number:
    """A number as the report shows it. `change`: against the period before; `judgement`: better, worse or even.

    `period` is empty for the digest's own week, as `change`, `interval`, `target` and `caution` are where there is none.
    `is_missed`: the target is missed, and not only by a small sample.
    """

    metric: str
    label: str
    value: str
    change: str
    judgement: str
    sample: str
    is_small_sample: bool
    period: str
    target: str
    owner: str
    interval: str = ""
    caution: str = ""
    is_missed: bool = False


@dataclass(frozen=True)
class Remark:
    """A sentence, and the owner it concerns; an empty owner concerns nobody in particular.

    `basis`: what it stands on. `steps`: what is done about it, each with who does it until when.
    """

    text: str
    owner: str
    basis: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Known:
    """What was known of a metric's week as of a date: a row of `metrics.metric_values` without dimensions."""

    metric: str
    as_of: date
    revision: int
    value: float | None


@dataclass(frozen=True)
class Correction:
    """A number that an earlier digest showed, and what it is now, both as shown."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Digest:
    """Everything that a digest says, for any way out.

    `revision`: of the week's report. `edition`: the revision in which a number that the digest shows last changed; what
    changes elsewhere in the report is no news here. `corrected`: the numbers that changed then. `findings`: what is new
    in the week or was closed in it; `still_open`: what was found before and is not closed. `owner_names`: what owners are
    called, by id. `status`: how far the data can be trusted. `reasons_to_wait`: why leadership should not read it yet;
    empty when the night was whole. `chart`: PNG. `say`: the language of its texts.
    """

    organisation: str
    week: str
    span: str
    as_of: date
    revision: int
    edition: int
    corrected: tuple[Correction, ...]
    numbers: tuple[Number, ...]
    findings: tuple[Remark, ...]
    status: tuple[Remark, ...]
    reasons_to_wait: tuple[str, ...]
    link: str
    chart: bytes | None
    chart_caption: str
    say: Language = field(default_factory=lambda: language("en"))
    still_open: tuple[Remark, ...] = ()
    owner_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def remarks(self) -> tuple[tuple[str, tuple[Remark, ...]], ...]:
        """What is told beside the numbers, under its titles."""
        say = self.say
        told = (
            (say.text("What changed"), self.findings),
            (say.text("Still open"), self.still_open),
            (say.text("Data status"), self.status),
        )
        return tuple((title, remarks) for title, remarks in told if remarks)

    def owner_name(self, owner: str) -> str:
        return self.owner_names.get(owner) or wording.owner(self.say, owner)

    @property
    def title(self) -> str:
        said = self.say.text(
            "Product Ops digest · {organisation} · {span}", organisation=self.organisation, span=self.span
        )
        return f"{said} ({self.say.text('restated')})" if self.corrected else said

    @property
    def subtitle(self) -> str:
        return self.say.text(
            "Week {week} · as of {day} · revision {revision}",
            week=self.week,
            day=self.say.day(self.as_of),
            revision=self.revision,
        )

    @property
    def key(self) -> str:
        return _key(self.week, self.edition)

    @property
    def earlier_keys(self) -> list[str]:
        """Of the week's earlier editions, the newest first; some were never told."""
        return [_key(self.week, edition) for edition in range(self.edition - 1, 0, -1)]


def _key(week: str, edition: int) -> str:
    return f"digest/{week}/{edition}"


def digest_of(
    report: HealthReport, history: Iterable[Known], restated_on: Sequence[date], link: str
) -> Digest:
    """The digest of a report. `history`: everything ever known of the week's `METRICS`; `link`: the report's address, or "".

    `restated_on`: the `as_of` of each night that made a new revision of the week's report.
    """
    say = report.say
    corrections = corrections_of(history, report)
    last = max(corrections, default=None)
    figure = _figure(report)
    findings, still_open = _findings(report)
    return Digest(
        organisation=report.organisation,
        week=report.week,
        span=say.week(report.week_start),
        as_of=report.as_of,
        revision=report.revision,
        edition=1 if last is None else 1 + sum(1 for night in restated_on if night <= last),
        corrected=() if last is None else corrections[last],
        numbers=_numbers(report),
        findings=findings,
        still_open=still_open,
        owner_names=report.names,
        status=_status(report),
        reasons_to_wait=_reasons_to_wait(report),
        link=link,
        chart=png(figure.svg) if figure and figure.chart else None,
        chart_caption=figure.caption if figure else "",
        say=say,
    )


def corrections_of(history: Iterable[Known], report: HealthReport) -> dict[date, tuple[Correction, ...]]:
    """By the night that changed a number as shown: what changed. A number that is new changes nothing."""
    nights: dict[date, dict[str, Known]] = {}
    for known in sorted(history, key=lambda each: (each.as_of, each.revision)):
        if known.metric in report.definitions:
            nights.setdefault(known.as_of, {})[known.metric] = known
    shown: dict[str, str] = {}
    found: dict[date, tuple[Correction, ...]] = {}
    for night, of_night in nights.items():
        changed = []
        for metric, known in of_night.items():
            definition = report.definitions[metric]
            text = wording.quantity(report.say, known.value, definition.unit)
            if shown.setdefault(metric, text) != text:
                changed.append(Correction(report.say.text(definition.label), shown[metric], text))
                shown[metric] = text
        if changed:
            found[night] = tuple(changed)
    return found


def _numbers(report: HealthReport) -> tuple[Number, ...]:
    this_week = report.say.text("this week")
    return tuple(
        Number(
            metric=found.metric,
            label=found.label,
            value=found.value,
            change="" if found.change == wording.MISSING else found.change,
            judgement=found.judgement,
            sample=found.sample,
            is_small_sample=found.is_small_sample,
            period="" if found.period == this_week else found.period,
            target=_target(report.say, found),
            owner=report.definitions[found.metric].owner,
            interval=found.interval,
            caution=found.caution,
            is_missed=found.is_target_met is False,
        )
        for found in headlines(report, METRICS)
    )


def _target(say: Language, found: Headline) -> str:
    if not found.target:
        return ""
    if found.is_target_met is None:
        return found.target
    return f"{found.target}, {say.text('met') if found.is_target_met else say.text('missed')}"


def _findings(report: HealthReport) -> tuple[tuple[Remark, ...], tuple[Remark, ...]]:
    """The report's own sentences on what is new or was closed, and that nothing else moved; those on what is still open."""
    told: dict[bool, list[Remark]] = {True: [], False: []}
    for change in what_changed(report):
        basis = " · ".join(filter(None, (change.since, change.basis, change.caution)))
        text = " ".join(filter(None, (change.text, change.where)))
        steps = tuple(_step(report, each) for each in change.remarks)
        told[change.state == "open"].append(Remark(text, change.owner, basis, steps))
    told[False] += [_checkpoint(report, launch, days) for launch, days in launches_reached(report)]
    told[False] += [_experiment(report, each) for each in experiments_ended(report)]
    told[False] += [_signal(report, each) for each in told_signals(report)[:_MOST_SIGNALS]]
    if quiet := nothing_else(report):
        told[False].append(Remark(quiet, ""))
    return tuple(told[False]), tuple(told[True])


def _checkpoint(report: HealthReport, launch: Launch, days: int) -> Remark:
    """A launch that reached a checkpoint in the week, its verdict, and what is to be done."""
    said = verdict_sentence(report, launch)
    text = report.say.text("{launch} reached day {n}. {verdict}", launch=launch.name, n=days, verdict=said)
    return Remark(text, launch.owner or "", what_next(report, launch))


def _experiment(report: HealthReport, experiment: Experiment) -> Remark:
    """An experiment that ended in the week, its verdict, and what is to be done."""
    text = f"{experiment.name}{report.say.colon}{experiment_sentence(report, experiment)}"
    return Remark(text, experiment.owner or "", experiment_next(report, experiment))


def _signal(report: HealthReport, signal: Signal) -> Remark:
    """A number far from its own season, of which no finding tells."""
    return Remark(signal_sentence(report, signal), report.definitions[signal.metric].owner)


def _step(report: HealthReport, step: RemarkOfRegistry) -> str:
    """What the registry says is done about a finding, by whom and until when."""
    say, who = report.say, report.owner_name(step.owner)
    due = say.text("due {day}", day=say.day(step.due)) if step.due else ""
    return f"{say.theirs(step.said(say.code))} ({', '.join(filter(None, (who, due)))})"


def _figure(report: HealthReport) -> Figure | None:
    """The first figure of the report."""
    for build in EVERYBODY.sections:
        section = build(report)
        if section is not None and section.figures:
            return section.figures[0]
    return None


def _status(report: HealthReport) -> tuple[Remark, ...]:
    failed = [check for check in report.checks if not check.passed]
    remarks = [Remark(text, "") for text in stale_notes(report, report.sources)]
    remarks += [
        Remark(f"{check.asset}{report.say.colon}{check_words.meaning(report.say, check)}", check.owner)
        for check in failed[:MOST_WARNINGS]
    ]
    if len(failed) > MOST_WARNINGS:
        remarks.append(
            Remark(
                report.say.plural(
                    "{n} more warning stands in the report.",
                    "{n} more warnings stand in the report.",
                    len(failed) - MOST_WARNINGS,
                ),
                "",
            )
        )
    return tuple(remarks)


def _reasons_to_wait(report: HealthReport) -> tuple[str, ...]:
    withheld = [
        report.say.text("The newest night was not published: {reason}", reason=reason)
        for reason in report.withheld
    ]
    return (*withheld, *stale_notes(report, report.sources))
