"""Which stages there are beside those of `stages.yml`, and what can bring an epic into a stage."""

from typing import Literal

# Stages that work reaches without a status of its own.
STAGES_WITHOUT_STATUS = frozenset({"launched", "other"})
COMPUTED_STAGES = STAGES_WITHOUT_STATUS | {"adopted"}

EpicEntry = Literal["created", "own_status", "issue_started", "issue_status", "any_status", "released"]


def not_computed(stage: str) -> str:
    """The id of a declared stage. Raises ValueError for one that the platform computes."""
    if stage in COMPUTED_STAGES:
        raise ValueError(f"the stage `{stage}` is computed by the platform: give this one another id")
    return stage
