"""What may stand in `north_star.yml`: the one number that says whether the organisation gives its customers what it is there for,
and the inputs that move it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Annotated

from pydantic import Field, model_validator

from connectors.nearest import meant
from connectors.registry.entry import NamedEntry, Problem
from connectors.registry.glossary import Text, Wording
from connectors.registry.measures import Measure, unknown_measures
from connectors.registry.patterns import Owner

# Its name among the metrics.
NORTH_STAR = "north_star"


class NorthStarInput(Measure):
    """A metric that moves the North Star, or another input: `feeds` is that input's id, of those that move it directly nothing."""

    id: Text
    name: Text
    feeds: Text | None = None
    fr: Text | None = None


class NorthStar(NamedEntry):
    """One weekly metric (`value`), or one over another. `is_share`: whether those in the numerator are among the denominator's.

    `version` counts changes of what is measured, from 1: it stands beside every value. `fr`: name and description in French.
    """

    name: Text
    description: Text
    owner: Owner
    version: Annotated[int, Field(ge=1)]
    value: Measure | None = None
    numerator: Measure | None = None
    denominator: Measure | None = None
    is_share: bool = False
    inputs: list[NorthStarInput] = Field(default_factory=list)
    fr: Wording = Field(default_factory=Wording)

    @model_validator(mode="after")
    def _is_measured_one_way(self) -> "NorthStar":
        parts = [each for each in (self.numerator, self.denominator) if each is not None]
        if len(parts) != (0 if self.value is not None else 2):
            raise ValueError(
                "say what it is measured by: `value`, a metric, or `numerator` and `denominator`, two of them"
            )
        if self.is_share and self.value is not None:
            raise ValueError("`is_share` is said of a `numerator` and a `denominator`: take it out")
        return self

    @model_validator(mode="after")
    def _inputs_are_a_tree(self) -> "NorthStar":
        feeds = {each.id: each.feeds for each in self.inputs}
        if len(feeds) < len(self.inputs):
            raise ValueError("two `inputs` have one id: give each its own")
        for each in self.inputs:
            if each.feeds is not None and each.feeds not in feeds:
                raise ValueError(
                    f"the input `{each.id}` feeds `{each.feeds}`, which is no input: name the id of one, or leave "
                    f"`feeds` out where it moves the North Star itself.{meant(each.feeds, feeds)}"
                )
            above, place = {each.id}, each.feeds
            while place is not None and place not in above:
                above.add(place)
                place = feeds[place]
            if place is not None:
                raise ValueError(
                    f"the input `{each.id}` feeds itself, by way of others: take one `feeds` out"
                )
        return self

    @property
    def measures(self) -> tuple[Measure, ...]:
        """All metrics that it names: those that it is made of, then its inputs."""
        made_of = (self.value, self.numerator, self.denominator)
        return (*(each for each in made_of if each is not None), *self.inputs)


def north_star_problems(
    entries: Sequence[NorthStar], metrics: Set[str], members: Mapping[str, Set[str]]
) -> Iterator[Problem]:
    """A second North Star, and metrics and members that there are not. `metrics`, `members`: as of a launch."""
    for number, entry in enumerate(entries):
        if number:
            what = f"`{entry.id}` is a second North Star: keep one, and name the others as its `inputs`."
            yield NORTH_STAR, number, what
        for what in unknown_measures(
            f"The North Star `{entry.id}`", entry.measures, metrics - {NORTH_STAR}, members
        ):
            yield NORTH_STAR, number, what
