"""How far the numbers can be trusted: sources, what is left out and why, restated figures, coverage."""

from dataclasses import dataclass
from datetime import timedelta

from reports import coverage_words, wording
from reports.language import N2_
from reports.model import HealthReport, SourceStatus
from reports.reasons import why
from reports.registry_changes import between
from reports.registry_words import sentences as registry_sentences
from reports.sections import Cell, Head, Table


@dataclass(frozen=True)
class DataStatus:
    """`left_out`: sentences on parts of the report that have no numbers, and on values and records that could not be read.

    `registry`: sentences on what changed in the registry since the report of the week before. `restated`: totals said otherwise before. `restated_parts`: the same of products, features, teams and other parts.
    """

    sources: Table
    left_out: tuple[str, ...]
    registry: tuple[str, ...]
    restated: Table
    restated_parts: Table
    coverage: Table


def data_status(report: HealthReport) -> DataStatus:
    say = report.say
    totals = _restated(
        report,
        say.text("Restated: figures of this week that were published with another value before."),
        False,
    )
    parts = _restated(
        report, say.text("Restated: figures by product, feature, team, segment and stage."), True
    )
    sentences = (*left_out(report), *_unread(report))
    following = report.week_start + timedelta(days=7)
    # What changes in the days after it, the newest report says already: its figures are of then.
    until = max(following, report.as_of) if report.as_of < following + timedelta(days=7) else following
    changes = between(report.registry_changes, report.week_start, until)
    return DataStatus(
        _sources(report), sentences, tuple(registry_sentences(say, changes)), totals, parts, _coverage(report)
    )


def left_out(report: HealthReport) -> tuple[str, ...]:
    """Why metrics that are defined have no value, by the kind of tool that they are made from."""
    say = report.say
    by_families: dict[tuple[str, ...], list[str]] = {}
    for metric, definition in report.definitions.items():
        # Without a tool that only says to which segment something belongs, the whole is still known.
        counted = tuple(each for each in definition.families if each not in definition.families_of_cuts)
        # Days are for BI: a report of a week has none of them.
        if counted and definition.grain != "day" and not report.has(metric):
            by_families.setdefault(counted, []).append(say.text(definition.label))
    return tuple(
        _why_left_out(report, families, say.listed(sorted(dict.fromkeys(labels))))
        for families, labels in sorted(by_families.items())
    )


# How many values could not be read, records were set aside, and records had to be mended.
_UNREAD = (
    N2_(
        "{n} value could not be read and counts as unknown",
        "{n} values could not be read and count as unknown",
    ),
    N2_("{n} record was set aside", "{n} records were set aside"),
    N2_("broken characters were replaced in {n} record", "broken characters were replaced in {n} records"),
)


def _unread(report: HealthReport) -> tuple[str, ...]:
    """How much of what vendors sent could not be read, in one sentence; none where all could."""
    say = report.say
    rows = report.coverage
    names = rows["check_name"].astype(str)
    values = int(rows[names.str.endswith("_unreadable")]["counted"].sum())
    aside = int(rows[names == "records_quarantined"]["counted"].sum())
    mended = int(rows[names == "records_mended"]["counted"].sum())
    if not values + aside + mended:
        return ()
    parts = [
        say.plural(*words, count)
        for words, count in zip(_UNREAD, (values, aside, mended), strict=True)
        if count
    ]
    return (
        say.text(
            "Not as the vendors promise: {parts}. The table of coverage names fields and reasons.",
            parts=say.listed(parts),
        ),
    )


def _why_left_out(report: HealthReport, families: tuple[str, ...], names: str) -> str:
    say = report.say
    on = [source for source in report.sources if source.family in families and source.is_on]
    off = [each for each in families if each not in {source.family for source in on}]
    sources = say.listed([report.source_name(source.source) for source in on])
    kinds = say.listed([wording.label(say, each) for each in off])
    if not off:
        return say.text(
            "Left out: {names}. What was read of {sources} holds nothing of the kind yet.",
            names=names,
            sources=sources,
        )
    if not on:
        return say.text(
            "Left out: {names}. No tool of the kind “{family}” is switched on.", names=names, family=kinds
        )
    return say.text(
        "Left out: {names}. What was read of {sources} holds nothing of the kind yet; no tool of the kind “{family}” is "
        "switched on.",
        names=names,
        sources=sources,
        family=kinds,
    )


def _sources(report: HealthReport) -> Table:
    say = report.say
    return Table(
        say.text("Sources"),
        (
            Head(say.text("source")),
            Head(say.text("kind")),
            Head(say.text("last read")),
            Head(say.text("read until (UTC)")),
            Head(say.text("records"), True),
        ),
        tuple(
            (
                report.source_name(source.source),
                wording.label(say, source.family),
                _outcome(report, source),
                say.text("never") if source.read_until == "never" else source.read_until,
                "" if source.records is None else say.number(source.records),
            )
            for source in report.sources
        ),
    )


def _outcome(report: HealthReport, source: SourceStatus) -> str:
    say = report.say
    outcome = wording.label(say, source.outcome)
    if not source.is_stale or source.outcome == "failed":
        return outcome
    return say.text("{outcome}, stale", outcome=outcome)


def _restated(report: HealthReport, caption: str, of_parts: bool) -> Table:
    """Both figures of each number that was published with another value, and what differs; where a reader sees it."""
    say = report.say
    rows, words = [], {**report.words.stages, **report.words.segments}
    for each in report.restatements:
        definition = report.definitions.get(each.metric)
        if definition is None or bool(each.dimensions) != of_parts or each.period_start != report.week_start:
            continue
        first, now = (
            wording.quantity(say, value, definition.unit) for value in (each.first_value, each.value)
        )
        if first == now:
            continue
        what = say.text(definition.label)
        if each.dimensions:
            what += f" ({', '.join(report.names.get(name) or words.get(name) or wording.label(say, name) for name in each.dimensions)})"
        rows.append(
            (
                what,
                Cell(first, note=say.text("as of {day}", day=say.day(each.first_as_of))),
                Cell(now, note=say.text("as of {day}", day=say.day(each.as_of))),
                why(report, each),
            )
        )
    return Table(
        caption,
        (
            Head(say.text("number")),
            Head(say.text("first said"), True),
            Head(say.text("now"), True),
            Head(say.text("why")),
        ),
        tuple(rows),
    )


def _coverage(report: HealthReport) -> Table:
    """What each check of coverage counted, of how many; where one sentence explains several rows, what tells them apart."""
    say = report.say
    rows = report.coverage[report.coverage["total"] > 0]
    return Table(
        say.text("Coverage: what the numbers leave out, and why"),
        (
            Head(say.text("source")),
            Head(say.text("what")),
            Head(say.text("rows"), True),
            Head(say.text("of"), True),
            Head(say.text("share"), True),
        ),
        tuple(
            (
                report.source_name(str(row.source)),
                Cell(
                    say.said(str(row.explanation)),
                    note=coverage_words.detail(
                        say, str(row.check_name), str(row.subject), report.words.stages
                    ),
                ),
                say.number(float(str(row.counted))),
                say.number(float(str(row.total))),
                say.percent(float(str(row.coverage_rate))),
            )
            for row in rows.itertuples()
        ),
    )
