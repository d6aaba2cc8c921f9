"""A published metric as an entry names it: of all, or of one member of some dimensions."""

from collections.abc import Iterable, Iterator, Mapping, Set

from pydantic import BaseModel, ConfigDict

from connectors.nearest import meant
from connectors.registry.glossary import MetricName, Text


class Measure(BaseModel):
    """A metric, of one member of some dimensions or of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    metric: MetricName
    product: Text | None = None
    feature: Text | None = None
    team: Text | None = None
    segment: Text | None = None

    def cut(self) -> Mapping[str, str]:
        """The member that is meant, by the dimension's column."""
        named = {
            "product_id": self.product,
            "feature_id": self.feature,
            "team_id": self.team,
            "segment": self.segment,
        }
        return {name: member for name, member in named.items() if member is not None}


def unknown_measures(
    who: str, measures: Iterable[Measure], metrics: Set[str], members: Mapping[str, Set[str]]
) -> Iterator[str]:
    """Metrics and members that there are not, in sentences. `who` names them; `metrics`: all that are published; `members`: ids
    by the dimension that a metric may be cut by."""
    for each in measures:
        if each.metric not in metrics:
            yield (
                f"{who} names the metric `{each.metric}`, which glossary.yml does not have."
                f"{meant(each.metric, metrics)}"
            )
        for dimension, member in each.cut().items():
            if dimension in members and member not in members[dimension]:
                kind = dimension.removesuffix("_id")
                yield (
                    f"{who} names the {kind} `{member}`, which {kind}s.yml does not have."
                    f"{meant(member, members[dimension])}"
                )
