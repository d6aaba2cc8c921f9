"""The weekly digest: few numbers of the health report, what changed, who is asked, in the report's own words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reports import wording
from reports.charts import png
from reports.health import headline, sections
from reports.model import Definition, HealthReport
from reports.sections import Section

METRICS = (
    "active_users_week",
    "retention_rate_d7",
    "features_used_rate",
    "time_to_market_days_median",
    "on_time_rate",
    "contact_rate",
)
# Whom a section's findings concern: the owner of this metric.
_SPEAKS_FOR = {
    "adoption": "feature_adoption_rate",
    "retention": "retention_rate_d7",
    "delivery": "on_time_rate",
    "support": "contact_rate",
    "funnel": "funnel_conversion_rate",
}
MOST_FINDINGS = 5
MOST_WARNINGS = 3


@dataclass(frozen=True)
class Number:
    """A number as the report shows it. `change`: against the period before; `judgement`: better, worse or even."""

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


@dataclass(frozen=True)
class Remark:
    """A sentence, and the owner it concerns; an empty owner concerns nobody in particular."""

    text: str
    owner: str


@dataclass(frozen=True)
class Known:
    """What was known of a metric's week as of a date: a row of `metrics.metric_values` without dimensions."""

    metric: str
    as_of: date
    revision: int
    value: float | None


@dataclass(frozen=True)
class Restatement:
    """A number that was published and is another now, both as shown."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Digest:
    """Everything that a digest says, for any way out.

    `revision` counts the different numbers that were shown of the week. `status`: how far the data can be trusted.
    `reasons_to_wait`: why leadership should not read it yet; empty when the night was whole. `chart`: PNG.
    """

    organisation: str
    week: str
    span: str
    as_of: date
    revision: int
    restated: tuple[Restatement, ...]
    numbers: tuple[Number, ...]
    findings: tuple[Remark, ...]
    left_out: int
    status: tuple[Remark, ...]
    reasons_to_wait: tuple[str, ...]
    link: str
    chart: bytes | None
    chart_caption: str

    @property
    def title(self) -> str:
        restated = " (restated)" if self.restated else ""
        return f"Product Ops digest · {self.organisation} · {self.span}{restated}"

    @property
    def key(self) -> str:
        return f"digest/{self.week}/{self.revision}"


def digest_of(report: HealthReport, history: Iterable[Known], link: str) -> Digest:
    """The digest of a report. `history`: everything ever known of the week's `METRICS`; `link`: the report's address, or ""."""
    built = sections(report)
    findings = _findings(report, built)
    restatements = restatements_of(history, report.definitions)
    figure = _figure(built)
    return Digest(
        organisation=report.organisation,
        week=report.week,
        span=wording.week_span(report.week_start),
        as_of=report.as_of,
        revision=1 + len(restatements),
        restated=restatements[-1] if restatements else (),
        numbers=tuple(number for metric in METRICS if (number := _number(report, metric))),
        findings=findings[:MOST_FINDINGS],
        left_out=max(0, len(findings) - MOST_FINDINGS),
        status=_status(report),
        reasons_to_wait=_reasons_to_wait(report),
        link=link,
        chart=png(figure[0]) if figure else None,
        chart_caption=figure[1] if figure else "",
    )


def restatements_of(
    history: Iterable[Known], definitions: Mapping[str, Definition]
) -> tuple[tuple[Restatement, ...], ...]:
    """For each night that changed a number as shown: what changed. A number that is new changes nothing."""
    nights: dict[date, dict[str, Known]] = {}
    for known in sorted(history, key=lambda each: (each.as_of, each.revision)):
        if known.metric in definitions:
            nights.setdefault(known.as_of, {})[known.metric] = known
    shown: dict[str, str] = {}
    found: list[tuple[Restatement, ...]] = []
    for of_night in nights.values():
        changed = []
        for metric, known in of_night.items():
            definition = definitions[metric]
            text = wording.quantity(known.value, definition.unit)
            if shown.setdefault(metric, text) != text:
                changed.append(Restatement(definition.label, shown[metric], text))
                shown[metric] = text
        if changed:
            found.append(tuple(changed))
    return tuple(found)


def _number(report: HealthReport, metric: str) -> Number | None:
    found = headline(report, metric)
    if found is None:
        return None
    return Number(
        metric=metric,
        label=found.label,
        value=found.value,
        change=found.change,
        judgement=found.judgement,
        sample=found.sample,
        is_small_sample=found.is_small_sample,
        period=found.period,
        target=found.target,
        owner=report.definitions[metric].owner,
    )


def _findings(report: HealthReport, built: Sequence[Section]) -> tuple[Remark, ...]:
    return tuple(
        Remark(finding, _owner_of(report, section.anchor))
        for section in built
        for finding in section.findings
    )


def _owner_of(report: HealthReport, anchor: str) -> str:
    definition = report.definitions.get(_SPEAKS_FOR.get(anchor, ""))
    return definition.owner if definition else ""


def _figure(built: Sequence[Section]) -> tuple[str, str] | None:
    """The first figure of the first section with a finding, else the first of all: its SVG and caption."""
    with_figures = [section for section in built if section.figures]
    chosen = next((each for each in with_figures if each.findings), with_figures[0] if with_figures else None)
    return (chosen.figures[0].svg, chosen.figures[0].caption) if chosen else None


def _status(report: HealthReport) -> tuple[Remark, ...]:
    failed = [check for check in report.checks if not check.passed]
    remarks = [Remark(text, "") for text in _stale(report)]
    remarks += [Remark(check.sentence, check.owner) for check in failed[:MOST_WARNINGS]]
    if len(failed) > MOST_WARNINGS:
        remarks.append(Remark(f"{len(failed) - MOST_WARNINGS} more warnings stand in the report.", ""))
    return tuple(remarks)


def _stale(report: HealthReport) -> list[str]:
    return [
        f"{source.source} was last read at {source.read_until} UTC: its numbers are older than the report."
        for source in report.sources
        if source.is_stale
    ]


def _reasons_to_wait(report: HealthReport) -> tuple[str, ...]:
    withheld = [f"The newest night was not published: {reason}" for reason in report.withheld]
    return (*withheld, *_stale(report))
