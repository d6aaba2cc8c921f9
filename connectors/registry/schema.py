"""What may stand in the registry: one model a file, and the rules that hold between files."""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connectors import VENDORS, vendor_of
from connectors.nearest import meant
from connectors.registry.calendar import CalendarEntry, schedule_problems
from connectors.registry.entry import Entry, Id, NamedEntry, Problem, RenamableEntry, without_blanks
from connectors.registry.exclusions import Exclusion
from connectors.registry.experiments import Experiment, experiment_problems
from connectors.registry.glossary import GlossaryEntry, MetricName, Text, unknown_words
from connectors.registry.launches import Launch, launch_problems
from connectors.registry.mapping import (
    DeliveryNames,
    IssueUrl,
    SourceNames,
    names_by_source,
    shared_variables,
)
from connectors.registry.money import DEFAULT_HOME_CURRENCY, Currency, ExchangeRate, rate_problems
from connectors.registry.north_star import NorthStar, north_star_problems
from connectors.registry.ownership import Owned, Owners, owner_problems, ownership_problems
from connectors.registry.patterns import EpicKey, Owner, Page, SlackChannel, SlackMember
from connectors.registry.products import LONGEST_WINDOW_DAYS, Product
from connectors.registry.remarks import Remark, remark_problems
from connectors.registry.renames import rename_problems
from connectors.registry.retention import DEFAULT_BRACKETS, ExpectedUse, RetentionBracket, in_order
from connectors.registry.services import Service
from connectors.registry.stages import EpicEntry, not_computed
from connectors.registry.surveys import Survey, survey_problems
from connectors.zones import known_zone


class Organisation(NamedEntry):
    """`owner`: who answers for what no entry of owners.yml names."""

    name: Text
    owner: Owner | None = None
    reporting_time_zone: Annotated[str, AfterValidator(known_zone)]
    week_starts_on: Literal["monday", "sunday"]
    home_currency: Currency = DEFAULT_HOME_CURRENCY
    expected_use: ExpectedUse = "habit"
    issue_url: IssueUrl | None = None
    retention_brackets: Annotated[list[RetentionBracket], Field(min_length=1), AfterValidator(in_order)] = (
        Field(default_factory=lambda: list(DEFAULT_BRACKETS))
    )


class Team(RenamableEntry):
    name: Text
    owner: Owner
    jira_projects: list[Owned] = Field(default_factory=list)
    repositories: list[Owned] = Field(default_factory=list)


class EventRule(BaseModel):
    """An event of this name, with these values of its properties when `where` is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: Text
    where: dict[Text, str | bool | int | float] = Field(default_factory=dict)


class Feature(RenamableEntry):
    """`team`: who owns it; of one that passed from team to team, each with `name`, and `from` and `to` as days."""

    name: Text
    product: Text
    team: Owners
    live_from: date
    live_until: date | None = None
    launched_on: date | None = None
    events: list[EventRule] = Field(default_factory=list)
    epics: list[EpicKey] = Field(default_factory=list)
    ticket_tags: list[Text] = Field(default_factory=list)
    roadmap_items: list[Text] = Field(default_factory=list)
    flags: list[Text] = Field(default_factory=list)
    pages: list[Page] = Field(default_factory=list)
    eligible_plans: list[Text] = Field(default_factory=list)
    adoption_target: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Feature":
        if self.live_until is not None and self.live_until < self.live_from:
            raise ValueError("`live_until` is before `live_from`")
        return self

    def team_on(self, day: date) -> str | None:
        """Whose it is on a day; None in a time without owner."""
        return next((each.name for each in self.team if each.days[0] <= day <= each.days[1]), None)


class FunnelStep(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    event: Text
    name: Text


class Funnel(RenamableEntry):
    name: Text
    product: Text
    owner: Owner
    window_days: Annotated[int, Field(gt=0, le=LONGEST_WINDOW_DAYS)] | None = None
    window_hours: Annotated[int, Field(gt=0, le=24 * LONGEST_WINDOW_DAYS)] | None = None
    steps: Annotated[list[FunnelStep], Field(min_length=2)]

    @model_validator(mode="after")
    def _has_one_window(self) -> "Funnel":
        if (self.window_days is None) == (self.window_hours is None):
            raise ValueError(
                f"funnel {self.id}: set window_days or window_hours, one of them, to say how long after the first step "
                "a further one counts"
            )
        return self


class Stage(RenamableEntry):
    """A stage of delivery. `epic_entry`: what brings an epic into it; an epic that has none of it skips the stage."""

    id: Annotated[Id, AfterValidator(without_blanks), AfterValidator(not_computed)]
    name: Text
    flow: Literal["active", "waiting"]
    epic_entry: EpicEntry = "any_status"
    statuses: list[Text]


class RoadmapStatus(Entry):
    """A status of the roadmap, whose id is its name; `agrees_with`: stages of a linked issue that do not contradict it."""

    stage: Text
    agrees_with: Annotated[list[Text], Field(min_length=1)]
    is_active: bool = True


class FeedbackSource(Entry):
    """Where feedback comes from; the id is what the tools call it."""

    kind: Literal["web", "product", "experience", "voice"]


class Theme(RenamableEntry):
    """What tickets are about beside a feature. A ticket has the first theme of the file one of whose `tags` it bears (`login*`: each
    that begins so) or one of whose `words` its subject holds; case does not count."""

    name: Text
    tags: list[Text] = Field(default_factory=list)
    words: list[Text] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> "Theme":
        if not (self.tags or self.words):
            raise ValueError("name the `tags` or the `words` of the subject by which a ticket has the theme")
        return self


class AreaOwner(Entry):
    """Ids of Slack: `slack` is the user or user group to mention, `slack_channel` where alerts of the owner go."""

    owner: Owner
    slack: SlackMember | None = None
    slack_channel: SlackChannel | None = None


class Target(Entry):
    metric: MetricName
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> "Target":
        if self.at_least is None and self.at_most is None:
            raise ValueError("a target needs `at_least` or `at_most`")
        return self


class DeliveryRule(Entry):
    """Which of the code host's names mean what."""

    id: Literal["production_environments", "incident_labels", "issue_repositories", "bug_labels"]
    values: list[Text]


# Files whose ids published numbers or answers to surveys name.
RENAMABLE = ("products", "features", "teams", "stages", "funnels", "surveys", "themes")


class Registry(BaseModel):
    """All files; a field is a list in the order of its file, and a stream, but for the glossary and remarks, which are no data.

    A file whose field has a default may be missing: the list holds what the platform has itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation: Annotated[list[Organisation], Field(min_length=1, max_length=1)]
    products: list[Product] = Field(default_factory=list)
    features: list[Feature] = Field(default_factory=list)
    teams: list[Team] = Field(default_factory=list)
    stages: list[Stage] = Field(default_factory=list)
    roadmap_statuses: list[RoadmapStatus] = Field(default_factory=list)
    feedback_sources: list[FeedbackSource] = Field(default_factory=list)
    themes: list[Theme] = Field(default_factory=list)
    owners: list[AreaOwner] = Field(default_factory=list)
    targets: list[Target] = Field(default_factory=list)
    calendar: list[CalendarEntry] = Field(default_factory=list)
    exclusions: list[Exclusion] = Field(default_factory=list)
    delivery: list[DeliveryRule] = Field(default_factory=list)
    services: list[Service] = Field(default_factory=list)
    funnels: list[Funnel] = Field(default_factory=list)
    surveys: list[Survey] = Field(default_factory=list)
    launches: list[Launch] = Field(default_factory=list)
    north_star: list[NorthStar] = Field(default_factory=list)
    experiments: list[Experiment] = Field(default_factory=list)
    sources: list[SourceNames] = Field(default_factory=list)
    exchange_rates: list[ExchangeRate] = Field(default_factory=list)
    glossary: list[GlossaryEntry] = Field(default_factory=list)
    remarks: list[Remark] = Field(default_factory=list)

    def problems(self) -> Iterator[Problem]:
        """Rules between entries that are broken."""
        for stream in type(self).model_fields:
            ids = ((number, entry.id) for number, entry in enumerate(getattr(self, stream)))
            yield from _repeated(stream, ids, "The id `{}` is used twice.")
        yield from (("sources", number, what) for number, what in shared_variables(self.sources))
        yield from self._unknown("features", "product", "products")
        yield from self._unknown("features", "team", "teams")
        yield from self._unknown("funnels", "product", "products")
        yield from self._unknown("surveys", "product", "products")
        yield from self._unknown("surveys", "feature", "features")
        forms = ((number, f"{each.form} of {each.tool}") for number, each in enumerate(self.surveys))
        yield from _repeated("surveys", forms, "The form `{}` is declared twice.")
        yield from survey_problems(self.surveys)
        yield from self._shared_events()
        yield from self._two_addresses()
        yield from rate_problems(self.exchange_rates, self.organisation[0].home_currency)
        epics = ((number, epic) for number, each in enumerate(self.features) for epic in each.epics)
        yield from _repeated("features", epics, "The epic `{}` is listed twice.")
        pages = ((number, page.lower()) for number, each in enumerate(self.features) for page in each.pages)
        yield from _repeated("features", pages, "The page `{}` is listed twice.")
        yield from ownership_problems("Jira project", [(each.id, each.jira_projects) for each in self.teams])
        yield from ownership_problems("repository", [(each.id, each.repositories) for each in self.teams])
        yield from owner_problems([(each.id, each.team) for each in self.features])
        for stream in RENAMABLE:
            entries = [(each.id, each.formerly) for each in getattr(self, stream)]
            for number, what in rename_problems(stream, entries):
                yield stream, number, what
        names = ((number, each.id.casefold()) for number, each in enumerate(self.services))
        yield from _repeated("services", names, "The service `{}` is listed twice: case does not count.")
        statuses = (
            (number, each.lower()) for number, stage in enumerate(self.stages) for each in stage.statuses
        )
        yield from _repeated("stages", statuses, "The status `{}` is listed twice.")
        yield from schedule_problems(self.calendar, {each.id for each in self.products})
        yield from self._roadmap()
        stage_ids = {each.id for each in self.stages}
        for number, what in unknown_words(self.glossary, self.tracked_events(), stage_ids):
            yield "glossary", number, what
        metrics = ((number, each) for number, entry in enumerate(self.glossary) for each in entry.metrics)
        yield from _repeated("glossary", metrics, "The metric `{}` is in two entries.")
        former = {
            name: {old: each.id for each in getattr(self, stream) for old in each.formerly}
            for name, stream in (("product_id", "products"), ("feature_id", "features"), ("team_id", "teams"))
        }
        # What is over keeps the names of its time: a launch or experiment that is edited later is worth less.
        named = {name: ids | former[name].keys() for name, ids in self._members().items()}
        yield from launch_problems(self.launches, self._explained(), named)
        yield from north_star_problems(self.north_star, self._explained(), named)
        yield from experiment_problems(self.experiments, named["product_id"], named["feature_id"])
        for number, what in remark_problems(self.remarks, self._explained(), self._members(), former):
            yield "remarks", number, what

    def _explained(self) -> set[str]:
        """Every metric that the glossary explains, which are all that are published."""
        return {each for entry in self.glossary for each in entry.metrics}

    def _members(self) -> dict[str, set[str]]:
        """The ids of this registry, by the dimension whose members they are."""
        return {
            "product_id": {each.id for each in self.products},
            "feature_id": {each.id for each in self.features},
            "team_id": {each.id for each in self.teams},
        }

    def _unknown(self, stream: str, name: str, target: str) -> Iterator[Problem]:
        """Entries that name something of another file which that file does not have."""
        ids = {each.id for each in getattr(self, target)}
        former = {old: each.id for each in getattr(self, target) for old in getattr(each, "formerly", ())}
        for number, entry in enumerate(getattr(self, stream)):
            given = getattr(entry, name)
            for value in [each.name for each in given] if isinstance(given, list) else [given]:
                if value is not None and value not in ids:
                    kind = stream[:-1].capitalize()
                    why = (
                        f"which is called `{former[value]}` now: write that."
                        if value in former
                        else f"which {target}.yml does not have.{meant(value, ids)}"
                    )
                    what = f"{kind} `{entry.id}` names the {name} `{value}`, {why}"
                    yield stream, number, what

    def instances(self) -> dict[str, list[str]]:
        """By vendor that has some, the sources that are declared beside the one named like it; by name."""
        declared = sorted(each.id for each in self.sources if each.id not in VENDORS)
        return {vendor: [*each] for vendor, each in groupby(declared, lambda name: str(vendor_of(name)))}

    def issue_urls(self) -> dict[str, str]:
        """By tracker's instance, where an issue of it is, with `{key}`; the organisation's own address is that of `jira`."""
        usual = self.organisation[0].issue_url
        own = {
            each.id: each.issue_url
            for each in self.sources
            if isinstance(each, DeliveryNames) and each.issue_url
        }
        return {**({"jira": usual} if usual else {}), **own}

    def source_names(self) -> dict[str, dict[str, Any]]:
        """`names_by_source` of this organisation."""
        return names_by_source(self.sources, self.organisation[0].home_currency)

    def tracked_events(self) -> set[str]:
        """The tracking plan: every event that a feature, a funnel or a product's activation names."""
        of_features = {rule.event for feature in self.features for rule in feature.events}
        of_activations = {
            step.event for each in self.products if each.activation for step in each.activation.steps
        }
        return of_features | of_activations | {step.event for funnel in self.funnels for step in funnel.steps}

    def _roadmap(self) -> Iterator[Problem]:
        """What the words of the roadmap and the flags mean: each one thing, and only stages that there are."""
        items = (
            (number, each.lower())
            for number, feature in enumerate(self.features)
            for each in feature.roadmap_items
        )
        yield from _repeated("features", items, "The roadmap item `{}` is listed twice.")
        flags = ((number, each) for number, feature in enumerate(self.features) for each in feature.flags)
        yield from _repeated("features", flags, "The flag `{}` is listed twice.")
        for stream in ("roadmap_statuses", "feedback_sources"):
            names = ((number, entry.id.lower()) for number, entry in enumerate(getattr(self, stream)))
            yield from _repeated(stream, names, "`{}` is listed twice: upper and lower case mean the same.")
        stages = {each.id for each in self.stages}
        for number, status in enumerate(self.roadmap_statuses):
            for stage in (status.stage, *status.agrees_with):
                if stage not in stages:
                    yield (
                        "roadmap_statuses",
                        number,
                        f"The status `{status.id}` names the stage `{stage}`, which stages.yml does not have.{meant(stage, stages)}",
                    )

    def _two_addresses(self) -> Iterator[Problem]:
        """An owner may answer for several areas, but is one and the same in Slack."""
        for name in ("slack", "slack_channel"):
            seen: dict[str, str] = {}
            for number, each in enumerate(self.owners):
                given = getattr(each, name)
                if given and seen.setdefault(each.owner, given) != given:
                    yield "owners", number, f"`{each.owner}` has another `{name}` above: an owner has one."

    def _shared_events(self) -> Iterator[Problem]:
        """An event that two rules match would be counted for both."""
        seen: dict[str, list[tuple[str, EventRule]]] = {}
        for number, feature in enumerate(self.features):
            for rule in feature.events:
                for other_feature, other in seen.get(rule.event, []):
                    if _overlap(rule, other):
                        both = (
                            f"`{other_feature}` and `{feature.id}`"
                            if other_feature != feature.id
                            else f"`{feature.id}` twice"
                        )
                        yield (
                            "features",
                            number,
                            f"The event `{rule.event}` belongs to {both}: tell them apart with `where`.",
                        )
                seen.setdefault(rule.event, []).append((feature.id, rule))


def _overlap(one: EventRule, other: EventRule) -> bool:
    """Whether an event can match both rules: unless a property must have two values, it can."""
    shared = one.where.keys() & other.where.keys()
    return all(one.where[name] == other.where[name] for name in shared)


def _repeated(stream: str, values: Iterator[tuple[int, str]], message: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, value in values:
        if value in seen:
            yield stream, number, message.format(value)
        seen.add(value)
