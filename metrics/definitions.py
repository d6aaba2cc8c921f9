"""A metric as its YAML defines it: one record, from the semantic manifest that dbt writes when it parses the project."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from metrics.dimensions import DIMENSIONS
from settings.families import families_counted
from settings.owners import owner_of
from settings.units import Unit

GRAINS = ("day", "week", "month")


class MetricDefinitionError(ValueError):
    """A metric's YAML lacks something or contradicts itself; the message names the metric and the key."""


@dataclass(frozen=True)
class MetricDefinition:
    """A metric as its owner signed it, from `label`, `description` and `config.meta` of its YAML.

    `subject`: what it is about; the published mart has a view of each subject's numbers.
    `groupings`: for each way in which it is cut, the names of the dimensions; `()` is the whole.
    `owner`: who answers for its `area` in the registry's owners. `specification`: chapter of the product's specification of
    metrics; empty of an organisation's own.
    `numerator`, `denominator`, `sample`: names of the metrics that give these columns; `sample` gives n. Where the
    YAML does not say them: of a ratio its inputs, n being the denominator; any other metric is a count, its own n.
    `minimum_sample`: below this n a value says little; None for a count, which needs none.
    `families`: the kinds of tools that it is made of, those whose records are counted first; `families_of_cuts`: those
    among them that only say to which member of a dimension something belongs.
    `exclusions`: what it leaves out on purpose; `known_gaps`: what it cannot see, in words for everybody.
    `closes_after_days`: days after a period's end until its value can be known.
    `is_open_ended`: whether what happens later changes a period's value for ever; its changes are no restatements.
    `leave_out`: values of a dimension that have no value of this metric.
    `window_days`: for a rolling metric, the days that a value looks back over, its own day included; else 1.
    """

    metric: str
    label: str
    subject: str
    description: str
    owner: str
    unit: Unit
    good_direction: str
    grain: str
    groupings: tuple[tuple[str, ...], ...]
    specification: str
    sample: str
    numerator: str | None = None
    denominator: str | None = None
    minimum_sample: int | None = None
    definition_version: int = 1
    closes_after_days: int = 0
    window_days: int = 1
    is_open_ended: bool = False
    leave_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    families: tuple[str, ...] = ()
    families_of_cuts: tuple[str, ...] = ()
    exclusions: str = ""
    known_gaps: str = ""

    @property
    def is_count(self) -> bool:
        """Whether it counts what happened: where nothing did, it is 0."""
        return self.sample == self.metric

    @property
    def inputs(self) -> tuple[str, ...]:
        """The metric and those that give its other columns, each once."""
        names = (self.metric, self.numerator, self.denominator, self.sample)
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def cuts(self) -> str:
        """The published cuts in words: `as a whole; by feature and segment`."""
        return cuts_in_words(self.groupings)

    def is_small(self, n: float | None) -> bool:
        """Whether a value of so many cases says little."""
        return self.minimum_sample is not None and n is not None and n < self.minimum_sample


def cuts_in_words(groupings: Iterable[Iterable[str]]) -> str:
    """Ways in which a metric is cut, in words: `as a whole; by feature and segment`."""
    cuts = [" and ".join(name.removesuffix("_id") for name in grouping) for grouping in groupings]
    return "; ".join(f"by {cut}" if cut else "as a whole" for cut in cuts)


def published_definitions(
    semantic_manifest: Mapping[str, Any], manifest: Mapping[str, Any]
) -> tuple[MetricDefinition, ...]:
    """Every metric that is published (it has a `grain`), in the order of its name; the others only feed these.

    Both are what dbt writes when it parses the project. Raises MetricDefinitionError for a definition that is incomplete.
    """
    models, families = models_of_metrics(semantic_manifest, manifest), families_counted(manifest)
    counted = {name: frozenset().union(*(families[model] for model in read)) for name, read in models.items()}
    published = [metric for metric in semantic_manifest["metrics"] if "grain" in _meta(metric)]
    return tuple(
        _definition(metric, counted) for metric in sorted(published, key=lambda metric: str(metric["name"]))
    )


def models_of_metrics(
    semantic_manifest: Mapping[str, Any], manifest: Mapping[str, Any]
) -> dict[str, frozenset[str]]:
    """By metric, the dbt models whose rows it counts (names of nodes)."""
    nodes = {
        node["alias"]: name for name, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    model_of = {
        measure["name"]: nodes[model["node_relation"]["alias"]]
        for model in semantic_manifest["semantic_models"]
        for measure in model["measures"]
    }
    return {
        metric["name"]: frozenset(
            model_of[measure["name"]] for measure in metric["type_params"]["input_measures"]
        )
        for metric in semantic_manifest["metrics"]
    }


def _meta(metric: Mapping[str, Any]) -> dict[str, Any]:
    return dict((metric.get("config") or {}).get("meta") or {})


def _definition(metric: Mapping[str, Any], counted: Mapping[str, frozenset[str]]) -> MetricDefinition:
    name, meta = str(metric["name"]), _meta(metric)
    for key in (
        "subject",
        "area",
        "unit",
        "good_direction",
        "definition_version",
        "groupings",
    ):
        if key not in meta:
            raise MetricDefinitionError(
                f"Metric {name} has no `{key}`: add it under config.meta in its sem_ file, or for all metrics of the "
                "folder in dbt_project.yml."
            )
    if meta["grain"] not in GRAINS:
        raise MetricDefinitionError(f"Metric {name} has grain {meta['grain']!r}: one of {', '.join(GRAINS)}.")
    if meta["unit"] not in tuple(Unit):
        raise MetricDefinitionError(f"Metric {name} has unit {meta['unit']!r}: one of {', '.join(Unit)}.")
    denominator = meta.get("denominator") or _bare_input(metric, "denominator")
    sample = str(meta.get("sample") or denominator or name)
    is_count = sample == name
    numerator = meta.get("numerator") or (name if is_count else _bare_input(metric, "numerator"))
    groupings = tuple(tuple(grouping) for grouping in meta["groupings"])
    # Of a mart that joins several kinds of tools a metric may tell what one of them says.
    families = frozenset(meta.get("families", ())) or frozenset().union(
        *(counted[each] for each in (name, numerator, denominator, sample) if each)
    )
    of_cuts = _families_of_cuts(groupings) - families
    return MetricDefinition(
        metric=name,
        label=str(metric["label"]),
        subject=str(meta["subject"]),
        description=str(metric["description"]),
        owner=owner_of(str(meta["area"])),
        unit=Unit(meta["unit"]),
        good_direction=str(meta["good_direction"]),
        minimum_sample=None if is_count else meta.get("minimum_sample"),
        definition_version=int(meta["definition_version"]),
        grain=str(meta["grain"]),
        groupings=groupings,
        families=(*sorted(families), *sorted(of_cuts)),
        families_of_cuts=tuple(sorted(of_cuts)),
        specification=str(meta.get("specification", "")),
        sample=sample,
        numerator=numerator,
        denominator=denominator,
        closes_after_days=int(meta.get("closes_after_days", 0)),
        is_open_ended=bool(meta.get("is_open_ended", False)),
        leave_out={dimension: tuple(values) for dimension, values in meta.get("leave_out", {}).items()},
        exclusions=str(meta.get("exclusions", "")),
        known_gaps=str(meta.get("known_gaps", "")),
        window_days=_window_days(metric),
    )


def _families_of_cuts(groupings: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    cut_by = {name for grouping in groupings for name in grouping}
    return frozenset(family for name in cut_by & DIMENSIONS.keys() for family in DIMENSIONS[name].families)


def _bare_input(metric: Mapping[str, Any], part: str) -> str | None:
    """The metric that is a ratio's numerator or denominator as it is; None for other types, and where a filter narrows it."""
    given = metric["type_params"].get(part)
    if not given or given.get("filter") or given.get("offset_window") or given.get("offset_to_grain"):
        return None
    return str(given["name"])


def _window_days(metric: Mapping[str, Any]) -> int:
    window = (metric["type_params"].get("cumulative_type_params") or {}).get("window")
    if not window:
        return 1
    if window["granularity"].rstrip("s") != "day":
        raise MetricDefinitionError(
            f"Metric {metric['name']} rolls over {window['granularity']}: give its window in days."
        )
    return int(window["count"])
