"""What may stand in `glossary.yml`: the words of the reports, explained. No number is made from it."""

from collections.abc import Iterator, Sequence, Set
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.nearest import meant
from connectors.registry.patterns import like
from connectors.registry.stages import STAGES_WITHOUT_STATUS

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
MetricName = Annotated[
    str, like(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", "a metric is named in small letters, such as on_time_rate")
]


class Wording(BaseModel):
    """The texts of an entry in another language; what is left out stays English."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Text | None = None
    description: Text | None = None


class GlossaryEntry(BaseModel):
    """A group of metrics, an event, a stage, a segment or a role; the id is the thing itself, of metrics a name of the group."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Text
    kind: Literal["metrics", "event", "stage", "segment", "role"]
    name: Text | None = None
    description: Text
    metrics: tuple[MetricName, ...] = Field(default=())
    fr: Wording = Field(default_factory=Wording)

    @model_validator(mode="after")
    def _is_whole(self) -> "GlossaryEntry":
        if (self.kind == "metrics") != bool(self.metrics):
            raise ValueError("an entry of the kind `metrics`, and no other, names `metrics`")
        return self


def unknown_words(
    entries: Sequence[GlossaryEntry], events: Set[str], stages: Set[str]
) -> Iterator[tuple[int, str]]:
    """Entries that explain an event or a stage which there is not: (position, what is wrong)."""
    known = {"event": events, "stage": stages | STAGES_WITHOUT_STATUS}
    for number, entry in enumerate(entries):
        if entry.kind in known and entry.id not in known[entry.kind]:
            yield (
                number,
                f"The glossary explains the {entry.kind} `{entry.id}`, which is nowhere.{meant(entry.id, known[entry.kind])}",
            )
