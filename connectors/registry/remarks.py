"""What the organisation says about findings of its reports: who does what by when. No number is made from it."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Annotated

from pydantic import model_validator

from connectors.nearest import meant
from connectors.registry.entry import Entry
from connectors.registry.glossary import MetricName, Text
from connectors.registry.patterns import Owner, like

# Of a finding: the metric, perhaps one part of it, and whether it is about that part lying apart from the others.
FindingKey = Annotated[
    str,
    like(
        r"[a-z][a-z0-9]*(_[a-z0-9]+)*(/(product_id|feature_id|team_id|segment)=[^/=\s]+(/apart)?)?",
        "write the key that the report shows with a finding, such as on_time_rate/team_id=web",
    ),
]  # fmt: skip


class Remark(Entry):
    """A remark on a finding, by the key that the report shows with it, or on every finding of a metric.

    `owner`: whoever does what `text` says; `due`: by when; `fr`: the text in French.
    """

    finding: FindingKey | None = None
    metric: MetricName | None = None
    text: Text
    owner: Owner
    due: date | None = None
    fr: Text | None = None

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "Remark":
        if (self.finding is None) == (self.metric is None):
            raise ValueError("a remark names a `finding` or a `metric`, one of them")
        return self

    def is_about(self, key: str) -> bool:
        """Whether it is about the finding of this key."""
        return key == self.finding or key.partition("/")[0] == self.metric

    def said(self, language: str) -> str:
        """Its text in a language; English where it has no other."""
        return self.fr if language == "fr" and self.fr else self.text


def remark_problems(
    remarks: Sequence[Remark],
    metrics: Set[str],
    members: Mapping[str, Set[str]],
    former: Mapping[str, Mapping[str, str]],
) -> Iterator[tuple[int, str]]:
    """Remarks on what there is not: (position, what is wrong).

    `members`: ids by the dimension that a key may name. `former`: by dimension, the id of now by each that was.
    """
    for number, remark in enumerate(remarks):
        metric, _, part = (remark.finding or remark.metric or "").partition("/")
        if metric not in metrics:
            yield (
                number,
                f"Remark `{remark.id}` is about the metric `{metric}`, which glossary.yml does not have.{meant(metric, metrics)}",
            )
        dimension, _, member = part.removesuffix("/apart").partition("=")
        if dimension in members and member not in members[dimension] and not member.startswith("("):
            yield (
                number,
                f"Remark `{remark.id}` is about the {dimension} `{member}`, which "
                + (
                    f"is called `{former[dimension][member]}` now: write that."
                    if member in former.get(dimension, {})
                    else f"the registry does not have.{meant(member, members[dimension])}"
                ),
            )
