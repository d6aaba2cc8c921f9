"""The company's experiments as constants: what `sandbox/registry/experiments.yml` says of them, and what they really do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

EXPOSURE_EVENT = "experiment_viewed"
CONTROL, TREATMENT = "0", "1"


@dataclass(frozen=True)
class Experiment:
    """Two variants of the same weight, shown at the first activity between two days, inclusive.

    It was hoped that a tenth more people use `feature`, and of what is not to suffer (`guardrail`) that no more than a fifth less do.
    `planted`: of a feature, the share of people who use it under the control and under the treatment. `reaches`: the
    chance of a person shown anything to be shown the treatment; where it is not a half, the split is broken.
    """

    id: str
    name: str
    started_on: date
    planned_end_on: date
    variants: tuple[str, str]
    feature: str
    guardrail: str | None = None
    stopped_on: date | None = None
    planted: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reaches: float = 0.5

    @property
    def last_day(self) -> date:
        return self.stopped_on or self.planned_end_on


AT_LEAST, GUARDRAIL_AT_LEAST = 0.1, -0.2

# One that does what was hoped for; one that does it and drives people away from something else; one whose people were not split
# as planned, for the slow board lost them before it told of itself; one that does nothing; one that was stopped while it
# looked good; one that is not over on the demo's nights.
EXPERIMENTS = (
    Experiment(
        "comment-hints", "Hints beside comments", date(2026, 8, 3), date(2026, 8, 30),
        ("No hints", "A hint beside each new comment"), "comments", planted={"comments": (0.2, 0.6)},
    ),
    Experiment(
        "dashboard-start", "Dashboards as the first page", date(2026, 9, 7), date(2026, 10, 4),
        ("Board first", "Dashboards first"), "dashboards", "comments", planted={"dashboards": (0.37, 0.75), "comments": (0.75, 0.16)},
    ),
    Experiment(
        "compact-board", "Compact board", date(2026, 10, 5), date(2026, 11, 1),
        ("Board as it was", "Compact board"), "timeline", planted={"timeline": (0.4, 0.7)}, reaches=0.28,
    ),
    Experiment(
        "report-tips", "Tips for reports", date(2026, 10, 5), date(2026, 11, 1), ("No tips", "Tips"), "custom_reports",
    ),
    Experiment(
        "forecast-banner", "Banner for forecasts", date(2026, 10, 12), date(2026, 11, 29),
        ("No banner", "Banner"), "forecasts", stopped_on=date(2026, 10, 23), planted={"forecasts": (0.03, 0.2)},
    ),
    Experiment(
        "template-gallery", "Gallery of templates", date(2026, 11, 2), date(2026, 11, 29), ("List", "Gallery"), "templates",
    ),
)  # fmt: skip
