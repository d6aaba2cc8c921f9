"""Why a figure is said otherwise than before: what is proved, and what is left once nothing is.

A change of the registry, a history that reaches further back and a new definition are known from the published mart; more, fewer
or other records explain a figure only where none of them does.
"""

from collections.abc import Iterator

from reports import wording
from reports.model import HealthReport, Restatement
from reports.registry_changes import between, explaining, with_counterparts
from reports.registry_words import sentences


def why(report: HealthReport, restated: Restatement) -> str:
    """All proved reasons of a figure's change, in the order registry, history, definition; else what its records tell."""
    return " ".join(_proved(report, restated)) or _of_records(report, restated)


def _proved(report: HealthReport, restated: Restatement) -> Iterator[str]:
    say, definition = report.say, report.definitions.get(restated.metric)
    if definition is not None:
        nights = between(report.registry_changes, restated.first_as_of, restated.as_of)
        changes = list(explaining(nights, definition, restated.members))
        if changes:
            yield say.text("The registry changed.")
            yield from sentences(say, with_counterparts(changes, nights))
    if restated.reached_back is not None:
        yield say.text(
            "History was read further back: these numbers begin on {day} since.",
            day=say.day(restated.reached_back),
        )
    if restated.versions[0] != restated.versions[1]:
        yield say.text(
            "The definition changed from version {before} to {now}.",
            before=restated.versions[0],
            now=restated.versions[1],
        )


def _of_records(report: HealthReport, restated: Restatement) -> str:
    say = report.say
    if restated.value is None:
        return say.text("The number was withdrawn: nothing supports it any more.")
    families = report.families(restated.metric)
    sources = [
        report.source_name(source.source)
        for source in report.sources
        if source.family in families and source.is_on
    ]
    origin = say.listed(sources) or say.text("the sources")
    if restated.first_n is not None and restated.n is not None and restated.first_n != restated.n:
        counts = {"before": say.number(restated.first_n), "now": say.number(restated.n), "sources": origin}
        if restated.n > restated.first_n:
            return say.text("Late records of {sources}: n went from {before} to {now}.", **counts)
        return say.text(
            "Records of {sources} were removed, merged or excluded: n went from {before} to {now}.", **counts
        )
    return say.text(
        "Records of {sources} were corrected: n stayed {n}.",
        sources=origin,
        n=wording.MISSING if restated.n is None else say.number(restated.n),
    )
