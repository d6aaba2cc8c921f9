"""What a health report says, built once from the published mart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

DIMENSIONS = ("product_id", "feature_id", "team_id", "segment", "stage", "funnel_id", "step")


@dataclass(frozen=True)
class Definition:
    """A metric as its owner signed it. `unit`: users, accounts, ratio, days, seconds, count, ...; `good_direction`: up, down, none."""

    label: str
    description: str
    unit: str
    good_direction: str
    owner: str
    minimum_sample: int
    specification: str


@dataclass(frozen=True)
class Target:
    """What good looks like: a value to reach (`at_least`) or to stay below (`at_most`)."""

    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


@dataclass(frozen=True)
class SourceStatus:
    """How a source stood at publication. `family`: the kind of tool it is. `read_until`: UTC, minutes."""

    source: str
    family: str
    outcome: str
    read_until: str
    records: int
    is_stale: bool


@dataclass(frozen=True)
class CheckStatus:
    """How a check ended. `severity`: error (holds publication) or warn. `meaning`: in plain words, what it watches."""

    asset: str
    check: str
    passed: bool
    severity: str
    owner: str
    meaning: str
    observed: str

    @property
    def blocks(self) -> bool:
        return not self.passed and self.severity == "error"

    @property
    def sentence(self) -> str:
        return f"{self.asset}: {self.meaning or self.check.replace('_', ' ')}"


@dataclass(frozen=True)
class HealthReport:
    """Everything a page shows, without a clock.

    `values`: current rows of `metrics.metric_values` up to the week (columns metric, grain, period_start (date),
    the dimensions, numerator, denominator, value, n, revision). `features`: rows of `mart_feature_week` of the week
    with feature, product and team names. `coverage`: rows of `mart_metric_coverage`. `withheld`: why the newest
    night was not published; empty when it was.
    """

    organisation: str
    reporting_time_zone: str
    week_start: date
    as_of: date
    values: pd.DataFrame
    definitions: Mapping[str, Definition]
    targets: Mapping[str, Target]
    features: pd.DataFrame
    names: Mapping[str, str]
    coverage: pd.DataFrame
    sources: tuple[SourceStatus, ...]
    checks: tuple[CheckStatus, ...]
    withheld: tuple[str, ...] = field(default=())

    @property
    def week(self) -> str:
        return self.week_start.strftime("%G-W%V")

    @property
    def week_end(self) -> date:
        return self.week_start + timedelta(days=6)

    def series(self, metric: str, **dimensions: str) -> pd.DataFrame:
        """Rows of one metric with exactly these dimensions, others being totals, oldest first."""
        rows = self.values[self.values["metric"] == metric]
        for name in DIMENSIONS:
            wanted = dimensions.get(name)
            rows = rows[rows[name].isna()] if wanted is None else rows[rows[name] == wanted]
        return rows.sort_values("period_start")

    def by(self, metric: str, *dimensions: str) -> pd.DataFrame:
        """Rows of one metric broken down by exactly these dimensions, oldest first."""
        rows = self.values[self.values["metric"] == metric]
        for name in DIMENSIONS:
            rows = rows[rows[name].notna()] if name in dimensions else rows[rows[name].isna()]
        return rows.sort_values(["period_start", *dimensions])

    def name(self, identifier: str) -> str:
        """The name of a product, feature, team or step; the identifier when it has none."""
        return self.names.get(identifier, identifier)
