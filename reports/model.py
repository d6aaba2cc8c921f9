"""What a health report says, built once from the published mart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from checks.contract import CheckStatus
from connectors.registry.remarks import Remark
from connectors.registry.retention import ExpectedUse
from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from reports.experiments import Experiment, Learning
from reports.facts import Facts
from reports.irritants import Irritant
from reports.language import Language, language
from reports.launches import Launch
from reports.north_star import NorthStar
from reports.registry_changes import RegistryChange
from reports.samples import Sample
from reports.signals import Signal
from reports.wording import label
from reports.wording import owner as owner_words
from settings.links import Links
from settings.weeks import FirstDay, week_name


@dataclass(frozen=True)
class Target:
    """What good looks like: a value to reach (`at_least`) or to stay below (`at_most`)."""

    at_least: float | None = None
    at_most: float | None = None

    @property
    def bound(self) -> float | None:
        return self.at_most if self.at_least is None else self.at_least

    def is_met(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


@dataclass(frozen=True)
class SourceStatus:
    """How a source stood at publication. `family`: the kind of tool it is. `read_until`: UTC, minutes, or `never`."""

    source: str
    family: str
    outcome: str
    read_until: str
    records: int | None
    is_stale: bool

    @property
    def is_on(self) -> bool:
        return self.outcome != "off"


@dataclass(frozen=True)
class Restatement:
    """A number of the week that was published before with another value, and how the two differ.

    `first_as_of`, `as_of`: the nights that said them. `versions`: of the metric's definition, then and now. `dimensions`: the
    members of which it is the number, `by` what dimensions they are of. `reached_back`: the first day of the metric's numbers,
    where they did not reach so far back on the first of these nights.
    """

    metric: str
    dimensions: tuple[str, ...]
    grain: str
    period_start: date
    first_value: float | None
    first_n: int | None
    first_as_of: date
    value: float | None
    n: int | None
    as_of: date
    versions: tuple[int, int] = (1, 1)
    by: tuple[str, ...] = ()
    reached_back: date | None = None

    @property
    def members(self) -> Mapping[str, str]:
        """The members of which it is the number, by their dimension; none for a total."""
        return dict(zip(self.by, self.dimensions, strict=True))


@dataclass(frozen=True)
class Words:
    """What the organisation calls its stages and segments, in its own order and the report's language: name by id.

    `outer_stages`: those in which nothing is held up, since nobody has promised it yet or it is done.
    """

    stages: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    outer_stages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HealthReport:
    """Everything a page shows, without a clock.

    `values`: current rows of `metrics.metric_values` up to the week (columns metric, grain, period_start (date),
    the dimensions, numerator, denominator, value, n, revision). `features`: rows of `mart_feature_week` of the week
    with launch day, last day and adoption target. `names`: what ids are called, owners too; `words`: what stages and segments
    are. `coverage`: rows of `mart_metric_coverage`. `withheld`: why the newest night was not published; empty when it
    was. `restatements`: what was said otherwise before. `registry_changes`: what nights read otherwise in the registry. `revision`: how many
    times the week's figures have been said differently, from 1. `expected_use`: whether people come back on a day, or on
    that day or later. `say`: the language of the pages. `samples`: by metric, the values that its medians are taken of.
    `owners`: who answers for a product, feature or team, by its id. `remarks`: the registry's, on findings.
    `surveys_since`: the day of the first answer of each survey, by its name. `facts`: what is open as of the night. `currency`: of revenue.
    `launches`: declared or found, as they stood at the week's end, the newest first; `experiments` likewise;
    `learnings`: what a tool keeps of what was learned; `irritants`: of the newest week alone, the heaviest first.
    `signals`: numbers of the week far from what is usual for them.
    `issue_urls`: by tracker, where an issue of it is, with `{key}`; of those only of which somebody says it. `links`: of the Dagster UI.
    `source_names`: what vendors call their tools, by source. `north_star`: as the registry declares it, where it does.
    """

    organisation: str
    reporting_time_zone: str
    week_starts_on: FirstDay
    week_start: date
    as_of: date
    values: pd.DataFrame
    definitions: Mapping[str, MetricDefinition]
    targets: Mapping[str, Target]
    features: pd.DataFrame
    names: Mapping[str, str]
    coverage: pd.DataFrame
    sources: tuple[SourceStatus, ...]
    checks: tuple[CheckStatus, ...]
    withheld: tuple[str, ...] = field(default=())
    restatements: tuple[Restatement, ...] = field(default=())
    registry_changes: tuple[RegistryChange, ...] = ()
    words: Words = field(default_factory=Words)
    revision: int = 1
    expected_use: ExpectedUse = "habit"
    say: Language = field(default_factory=lambda: language("en"))
    samples: Mapping[str, Sample] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    surveys_since: Mapping[str, date] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    currency: str = ""
    issue_urls: Mapping[str, str] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    launches: tuple[Launch, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    learnings: tuple[Learning, ...] = ()
    irritants: tuple[Irritant, ...] = ()
    signals: tuple[Signal, ...] = ()
    source_names: Mapping[str, str] = field(default_factory=dict)
    north_star: NorthStar | None = None

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What was worked out for one page and is needed by the others."""
        return {}

    @property
    def retention_rate(self) -> str:
        """How the names of the rates of retention begin that the registry asks for."""
        return "retention_rate" if self.expected_use == "habit" else "retention_unbounded_rate"

    @property
    def week(self) -> str:
        return week_name(self.week_start)

    @property
    def week_end(self) -> date:
        return self.week_start + timedelta(days=6)

    def series(self, metric: str, **dimensions: str) -> pd.DataFrame:
        """Rows of one metric with exactly these dimensions, others being totals, oldest first."""
        key = (metric, *(dimensions.get(name) for name in DIMENSIONS))
        return self._ordered.iloc[self._of_series.get(key, [])]

    def by(self, metric: str, *dimensions: str) -> pd.DataFrame:
        """Rows of one metric broken down by exactly these dimensions, oldest first."""
        kept: dict[tuple[str, ...], pd.DataFrame] = self.kept.setdefault("by", {})
        if (metric, *dimensions) not in kept:
            rows = self._ordered.iloc[self._of_shape.get((metric, frozenset(dimensions)), [])]
            kept[metric, *dimensions] = rows.sort_values(["period_start", *dimensions], kind="stable")
        # The caller's own, of the same rows.
        return kept[metric, *dimensions].copy(deep=False)

    @cached_property
    def _ordered(self) -> pd.DataFrame:
        ordered = self.values.sort_values("period_start", kind="stable").reset_index(drop=True)
        # Rows are picked thousands of times: texts as objects lie in one block, and not each column in its own.
        texts = dict.fromkeys(ordered.select_dtypes("str").columns, object)
        return ordered.astype(texts).copy()

    @cached_property
    def _of_series(self) -> dict[tuple[str | None, ...], list[int]]:
        """Places of the rows of each metric and dimensions: pages look thousands of them up."""
        found: dict[tuple[str | None, ...], list[int]] = {}
        columns = [self._ordered[name] for name in ("metric", *DIMENSIONS)]
        for place, key in enumerate(zip(*columns, strict=True)):
            found.setdefault(tuple(None if pd.isna(part) else str(part) for part in key), []).append(place)
        return found

    @cached_property
    def _of_shape(self) -> dict[tuple[str, frozenset[str]], list[int]]:
        """Places of the rows of each metric, by the dimensions that it is broken down by."""
        found: dict[tuple[str, frozenset[str]], list[int]] = {}
        for (metric, *parts), places in self._of_series.items():
            shape = frozenset(name for name, part in zip(DIMENSIONS, parts, strict=True) if part is not None)
            found.setdefault((str(metric), shape), []).extend(places)
        return found

    @cached_property
    def _with_values(self) -> frozenset[str]:
        return frozenset(self.values.loc[self.values["value"].notna(), "metric"])

    def has(self, *metrics: str) -> bool:
        """Whether any of these metrics has a value."""
        return not self._with_values.isdisjoint(metrics)

    def name(self, identifier: str) -> str:
        """The name of a product, feature, team or step; the identifier when it has none."""
        return self.names.get(identifier, identifier)

    def source_name(self, source: str) -> str:
        """What a tool is called, as its vendor writes it; of what is no tool of a vendor, the platform's word."""
        return self.source_names.get(source) or label(self.say, source)

    def owner_name(self, owner: str) -> str:
        """What the organisation calls an owner such as `team:connect`; of one that it does not name, the id without its kind."""
        return self.names.get(owner) or owner_words(self.say, owner)

    def families(self, metric: str) -> tuple[str, ...]:
        """The kinds of tools that a metric is made of; none for one that is not defined."""
        return self.definitions[metric].families if metric in self.definitions else ()

    def stale_sources(self, metric: str) -> tuple[SourceStatus, ...]:
        """The stale or failed sources that a metric is made of."""
        families = self.families(metric)
        return tuple(each for each in self.sources if each.is_stale and each.family in families)
