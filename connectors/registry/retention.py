"""What the registry says of retention: how often the product is used, and the brackets of days in which people come back."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Day = Annotated[int, Field(gt=0, le=730)]


class RetentionBracket(BaseModel):
    """Days after the first active day, both inclusive: `from_day: 1, to_day: 7` are the seven days that follow it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    from_day: Day
    to_day: Day

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "RetentionBracket":
        if self.to_day < self.from_day:
            raise ValueError(f"`to_day` {self.to_day} is before `from_day` {self.from_day}")
        return self


# habit: who uses the product comes back on the very day. infrequent: on that day or any day since.
ExpectedUse = Literal["habit", "infrequent"]
# Also those of stg_registry__organisation, which reads the entry as it is written.
DEFAULT_BRACKETS = [
    RetentionBracket(from_day=first, to_day=last) for first, last in ((1, 7), (8, 14), (15, 28))
]


def in_order(brackets: Sequence[RetentionBracket]) -> Sequence[RetentionBracket]:
    """The brackets. Raises ValueError where one does not begin after the end of the one before it."""
    for before, after in pairwise(brackets):
        if after.from_day <= before.to_day:
            raise ValueError(
                f"the bracket of days {after.from_day} to {after.to_day} begins before the one of {before.from_day} to "
                f"{before.to_day} ends; write brackets in order, without a day in two of them"
            )
    return brackets
