"""The North Star as the report tells of it: what it is made of, and the inputs that move it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import duckdb

from connectors.registry.north_star import NORTH_STAR
from metrics.definitions import MetricDefinition
from reports.language import typeset


@dataclass(frozen=True)
class NorthStarPart:
    """A metric that it is made of or moved by. `role`: value, numerator, denominator or input; `cut`: the member by dimension.

    `input_id`, `name`: of an input; `feeds`: the input that it moves, None: the North Star itself.
    """

    role: str
    metric: str
    cut: Mapping[str, str]
    input_id: str | None = None
    name: str | None = None
    feeds: str | None = None


@dataclass(frozen=True)
class NorthStar:
    """Texts are the organisation's own, in the report's language; `version` counts changes of what is measured."""

    name: str
    description: str
    owner: str
    version: int
    parts: tuple[NorthStarPart, ...]

    @property
    def made_of(self) -> tuple[NorthStarPart, ...]:
        return tuple(each for each in self.parts if each.role != "input")

    def inputs(self, feeds: str | None = None, depth: int = 1) -> Iterator[tuple[int, NorthStarPart]]:
        """Every input with how far down the tree it stands, from 1; each followed by those that feed it."""
        for each in self.parts:
            if each.role == "input" and each.feeds == feeds:
                yield depth, each
                yield from self.inputs(each.input_id, depth + 1)


_TABLES = ("dim_north_star", "dim_north_star_metric")
_CUTS = ("product_id", "feature_id", "team_id", "segment")


def north_star_of(mart: duckdb.DuckDBPyConnection, language: str) -> NorthStar | None:
    """The North Star of the published mart; None where none is declared, and of a mart of an older version."""
    ((known,),) = mart.execute(
        f"select count(*) from information_schema.tables where table_name in {_TABLES}"
    ).fetchall()
    if known < len(_TABLES):
        return None
    suffix = "_fr" if language == "fr" else ""
    rows = mart.execute(
        f"select north_star_name{suffix}, definition{suffix}, owner, definition_version from mart.dim_north_star "
        "order by north_star_id limit 1"
    ).fetchall()
    parts = mart.execute(
        f"select metric_role, metric, input_id, input_name{suffix}, feeds, {', '.join(_CUTS)} from mart.dim_north_star_metric "
        "order by case metric_role when 'value' then 0 when 'numerator' then 1 when 'denominator' then 2 else 3 end, part_number"
    ).fetchall()
    found = tuple(
        NorthStarPart(
            role,
            metric,
            {name: each for name, each in zip(_CUTS, members, strict=True) if each is not None},
            input_id,
            typeset(name) if language == "fr" and name else name,
            feeds,
        )
        for role, metric, input_id, name, feeds, *members in parts
    )
    if not rows:
        return None
    [(name, description, owner, version)] = rows
    return NorthStar(name, description, owner, version, found)


def in_its_language(
    definitions: Mapping[str, MetricDefinition], north_star: NorthStar | None
) -> dict[str, MetricDefinition]:
    """The definitions, that of the North Star with its texts in the report's language."""
    found = dict(definitions)
    if north_star is not None and NORTH_STAR in found:
        found[NORTH_STAR] = replace(
            found[NORTH_STAR], label=north_star.name, description=north_star.description
        )
    return found
