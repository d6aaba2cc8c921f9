"""The glossary and metric catalogue: what every metric, stage, event and role means, and who owns it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from metrics.definitions import MetricDefinition
from reports import wording
from reports.health import template
from reports.language import N_, Language
from settings.links import Links
from settings.units import Unit


@dataclass(frozen=True)
class Texts:
    """What an entry says in one language; empty: as in English."""

    name: str = ""
    description: str = ""


@dataclass(frozen=True)
class Entry:
    """An event, a stage, a segment, a role or a group of metrics. `uses`: what it belongs to (features, statuses, areas)."""

    key: str
    texts: Texts
    translations: Mapping[str, Texts] = field(default_factory=dict)
    uses: tuple[str, ...] = ()

    def said(self, say: Language, part: str) -> tuple[str, bool]:
        """A part (name, description) in the language, and whether it had to stay English."""
        own = str(getattr(self.translations.get(say.code, Texts()), part))
        return (own, False) if own else (str(getattr(self.texts, part)), say.code != "en")


@dataclass(frozen=True)
class MetricEntry:
    """A metric of the catalogue. `last_value`: of the whole, with its period; None before the first.

    `sources`: those of its kinds of tools that are on; `group`: key of its entry.
    """

    definition: MetricDefinition
    group: str
    sources: tuple[str, ...]
    last_value: float | None = None
    last_n: int | None = None
    last_period: date | None = None


@dataclass(frozen=True)
class Glossary:
    organisation: str
    as_of: date
    groups: Sequence[Entry]
    metrics: Sequence[MetricEntry]
    stages: Sequence[Entry]
    segments: Sequence[Entry]
    events: Sequence[Entry]
    roles: Sequence[Entry]


_UNITS = {
    Unit.RATIO: N_("share"),
    Unit.MULTIPLE: N_("times the other"),
    Unit.PER_TICKET: N_("per ticket"),
    Unit.TICKETS_PER_1000_USERS: N_("tickets per 1,000 users"),
    Unit.USERS: N_("people"),
    Unit.ACCOUNTS: N_("accounts"),
    Unit.COUNT: N_("count"),
    Unit.USES: N_("uses"),
    Unit.SECONDS: N_("time"),
    Unit.DAYS: N_("days"),
    Unit.POINTS: N_("points"),
    Unit.MONEY: N_("amount"),
}


def render_glossary(glossary: Glossary, say: Language, links: Links = Links()) -> str:
    """The page, complete HTML; the same glossary gives the same page. `links`: of the Dagster UI, where metrics lead to."""
    roles = {each.key: each for each in glossary.roles}
    return template("glossary.html.j2", say).render(
        glossary=glossary,
        links=links,
        last_value=lambda metric: wording.quantity(say, metric.last_value, metric.definition.unit),
        last_period=lambda metric: "" if metric.last_period is None else wording.period(say, metric.definition.grain, metric.last_period),
        unit=lambda metric: say.text(_UNITS[metric.definition.unit]),
        label=lambda identifier: wording.label(say, identifier),
        owner=lambda owner: roles[owner].said(say, "name")[0] if owner in roles else wording.owner(say, owner),
        metrics=sorted(glossary.metrics, key=lambda metric: (say.text(metric.definition.label), metric.definition.metric)),
    )  # fmt: skip
