"""Products, and when a new person of one counts as activated."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.registry.entry import RenamableEntry
from connectors.registry.glossary import Text
from connectors.registry.patterns import Owner

# A week of a funnel or an activation is published when the window after it is over.
LONGEST_WINDOW_DAYS = 366


class ActivationStep(BaseModel):
    """An event that a new person must send so many `times`, on so many different `days`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    event: Text
    times: Annotated[int, Field(gt=0, le=1000)] = 1
    days: Annotated[int, Field(gt=0, le=LONGEST_WINDOW_DAYS)] = 1


class Activation(BaseModel):
    """When a new person of a product counts as activated: all steps were taken, in any order, within so many days of the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    within_days: Annotated[int, Field(gt=0, le=LONGEST_WINDOW_DAYS)]
    steps: Annotated[list[ActivationStep], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Activation":
        for step in self.steps:
            if step.days > self.within_days:
                raise ValueError(
                    f"{step.event} on {step.days} days does not fit into {self.within_days}: set `within_days` to at least as many"
                )
        return self


class Product(RenamableEntry):
    name: Text
    owner: Owner
    activation: Activation | None = None
