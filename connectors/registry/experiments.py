"""What may stand in `experiments.yml`: what is tried on whom, and what was expected of it, written down before it began."""

from collections.abc import Iterator, Sequence, Set
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.nearest import meant
from connectors.registry.entry import NamedEntry, Problem
from connectors.registry.glossary import Text
from connectors.registry.launches import LaunchId
from connectors.registry.patterns import Owner


class Effect(BaseModel):
    """What is measured of each person from their first exposure on, and the bound that its relative effect is to keep.

    `measure`: `adoption` is whether they used the feature (any, without one), `days` and `uses` on how many days and how
    often, `uses_per_day` the second over the first; `tickets` is how many they wrote. `cap`: more of one person counts as so
    much. `change_at_least`, `change_at_most`: 0.1 is a tenth more than under the control.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    measure: Literal["adoption", "days", "uses", "uses_per_day", "tickets"]
    feature: Text | None = None
    cap: Annotated[float, Field(gt=0)] | None = None
    change_at_least: float | None = None
    change_at_most: float | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Effect":
        if (self.change_at_least is None) == (self.change_at_most is None):
            raise ValueError("say what is expected: one of `change_at_least`, `change_at_most`")
        if self.cap is not None and self.measure in ("adoption", "uses_per_day"):
            raise ValueError(f"`cap` has no meaning for `{self.measure}`")
        return self


class Variant(BaseModel):
    """One way in which it is shown. `key`: as the events of exposure say it; `weight`: its share of the people, of any sum."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: Text
    name: Text
    weight: Annotated[float, Field(gt=0)]
    is_control: bool = False


class Exposure(BaseModel):
    """An event that says who saw which variant. `experiment`: what the property says; the flag or id where none is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: Text
    experiment_property: Text
    variant_property: Text
    experiment: Text | None = None


class Experiment(NamedEntry):
    """An experiment and its hypothesis. `further` are told beside the primary effect; a breached guardrail overrides it.

    All days are inclusive. `planned_sample`: people, in all variants. `stopped_on`: the last day of one that was stopped before.
    """

    id: LaunchId
    name: Text
    flag: Text | None = None
    hypothesis: Text
    owner: Owner
    product: Text
    started_on: date
    planned_end_on: date
    planned_sample: Annotated[int, Field(gt=0)]
    stopped_on: date | None = None
    stop_reason: Text | None = None
    variants: Annotated[list[Variant], Field(min_length=2)]
    primary: Effect
    further: list[Effect] = Field(default_factory=list)
    guardrails: list[Effect] = Field(default_factory=list)
    exposure: Exposure | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "Experiment":
        if self.planned_end_on < self.started_on:
            raise ValueError("`planned_end_on` is before `started_on`")
        if self.stopped_on is not None and not self.started_on <= self.stopped_on <= self.planned_end_on:
            raise ValueError("`stopped_on` is not between `started_on` and `planned_end_on`")
        if (self.stopped_on is None) != (self.stop_reason is None):
            raise ValueError("say both `stopped_on` and `stop_reason`, or neither")
        if sum(each.is_control for each in self.variants) != 1:
            raise ValueError(
                "one variant must have `is_control: true`: the one that the others are compared with"
            )
        if len({each.key for each in self.variants}) < len(self.variants):
            raise ValueError("two variants have the same `key`")
        return self


def experiment_problems(
    experiments: Sequence[Experiment], products: Set[str], features: Set[str]
) -> Iterator[Problem]:
    """Experiments of products and features that there are not, and flags that two of them share at a time."""
    for number, each in enumerate(experiments):
        if each.product not in products:
            what = f"Experiment `{each.id}` names the product `{each.product}`, which products.yml does not have.{meant(each.product, products)}"
            yield "experiments", number, what
        for effect in (each.primary, *each.further, *each.guardrails):
            if effect.feature is not None and effect.feature not in features:
                what = f"Experiment `{each.id}` names the feature `{effect.feature}`, which features.yml does not have.{meant(effect.feature, features)}"
                yield "experiments", number, what
        for other in experiments[:number]:
            is_shared = each.flag is not None and each.flag == other.flag
            if is_shared and _last_day(each) >= other.started_on and _last_day(other) >= each.started_on:
                what = f"Experiment `{each.id}` has the flag `{each.flag}` while `{other.id}` has it."
                yield "experiments", number, what


def _last_day(experiment: Experiment) -> date:
    return experiment.stopped_on or experiment.planned_end_on
