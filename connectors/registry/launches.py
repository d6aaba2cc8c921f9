"""What may stand in `launches.yml`: what came out, and what was expected of it, written down before it came out."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.nearest import meant
from connectors.registry.entry import NamedEntry, Problem
from connectors.registry.glossary import Text
from connectors.registry.measures import Measure, unknown_measures
from connectors.registry.patterns import Owner, like

# Days after the launch on which its metrics are read.
CHECKPOINTS = (1, 7, 14, 30, 90)
_BOUNDS = ("at_least", "at_most", "change_at_least", "change_at_most")


class Kpi(Measure):
    """A metric, of one member of some dimensions or of all, and the bound that it is to keep.

    `at_least`, `at_most`: bounds of its value. `change_at_least`, `change_at_most`: of its value over that of as many days
    before the launch, less 1: 0.1 is a tenth more than before.
    """

    at_least: float | None = None
    at_most: float | None = None
    change_at_least: float | None = None
    change_at_most: float | None = None

    @model_validator(mode="after")
    def _has_a_target(self) -> "Kpi":
        if sum(getattr(self, name) is not None for name in _BOUNDS) != 1:
            raise ValueError(f"say the target: one of {', '.join(f'`{name}`' for name in _BOUNDS)}")
        return self


class PrimaryKpi(Kpi):
    """The one that decides, and after how many days."""

    window_days: Literal[7, 14, 30, 90]


def _as_item(value: Any) -> Any:
    """What is written as its text alone is that text, and nothing else is known of it."""
    return {"text": value} if isinstance(value, str) else value


class Approval(BaseModel):
    """`by`: who is to approve; `given_on`: the day on which it was given, none before."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: Text
    by: Owner | None = None
    given_on: date | None = None


class Risk(BaseModel):
    """`rollback_owner`: who takes the launch back where it comes true; `closed_on`: since when it is none any more."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: Text
    criticality: Literal["low", "medium", "high", "critical"] | None = None
    workaround: Text | None = None
    rollback_owner: Owner | None = None
    closed_on: date | None = None


class Task(BaseModel):
    """A communication, or an action of the retrospective: who does it, by when, and the day on which it was done."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: Text
    owner: Owner | None = None
    due: date | None = None
    done_on: date | None = None


class PlannedEvent(BaseModel):
    """An event that is to be seen before the launch, with properties that each of some has."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: Text
    properties: list[Text] = Field(default_factory=list)


# It is also the name of the launch's page.
LaunchId = Annotated[
    str, like(r"[a-z0-9][a-z0-9_-]*", "write the id in small letters, digits, - and _, such as guided-trial")
]


class Launch(NamedEntry):
    """A launch and its hypothesis. `further` are told beside the primary metric; a breached guardrail overrides it.

    `planned_audience`: people. `budget`: in the home currency. `events`: those planned; of a launch that names none, those of its
    features. `expected_tickets`: about its features, in the thirty days after it. What is to be done around it (`approvals`, `risks`,
    `communications`, `actions` of the `retrospective`) is told as it stood on the day and as it stands; it decides nothing.
    """

    id: LaunchId
    name: Text
    features: Annotated[list[Text], Field(min_length=1)]
    owner: Owner
    kind: Literal["ga", "beta", "dark"]
    launched_on: date
    hypothesis: Text
    primary: PrimaryKpi
    further: list[Kpi] = Field(default_factory=list)
    guardrails: list[Kpi] = Field(default_factory=list)
    planned_audience: Annotated[int, Field(gt=0)] | None = None
    budget: Annotated[float, Field(ge=0)] | None = None
    events: list[PlannedEvent] = Field(default_factory=list)
    expected_tickets: Annotated[int, Field(ge=0)] | None = None
    risks: list[Annotated[Risk, BeforeValidator(_as_item)]] = Field(default_factory=list)
    approvals: list[Annotated[Approval, BeforeValidator(_as_item)]] = Field(default_factory=list)
    communications: list[Annotated[Task, BeforeValidator(_as_item)]] = Field(default_factory=list)
    retrospective: Text | None = None
    actions: list[Annotated[Task, BeforeValidator(_as_item)]] = Field(default_factory=list)


def launch_problems(
    launches: Sequence[Launch], metrics: Set[str], members: Mapping[str, Set[str]]
) -> Iterator[Problem]:
    """Launches of features that there are not, and metrics and members that there are not.

    `metrics`: all that are published. `members`: ids by the dimension that a metric may be cut by.
    """
    for number, launch in enumerate(launches):
        for feature in launch.features:
            if feature not in members["feature_id"]:
                yield (
                    "launches",
                    number,
                    f"Launch `{launch.id}` names the feature `{feature}`, which features.yml does not have."
                    f"{meant(feature, members['feature_id'])}",
                )
        kpis = (launch.primary, *launch.further, *launch.guardrails)
        for what in unknown_measures(f"Launch `{launch.id}`", kpis, metrics, members):
            yield "launches", number, what
