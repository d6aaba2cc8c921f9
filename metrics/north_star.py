"""The North Star of a night: the weekly metric that the registry declares over published ones, as a number like any other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from connectors.registry.north_star import NORTH_STAR
from connectors.storage import literal, open_duckdb
from metrics.catalogue import read_definitions
from metrics.definitions import MetricDefinition, cuts_in_words
from metrics.dimensions import DIMENSIONS
from settings.units import Chance, Unit

_CUTS = ("product_id", "feature_id", "team_id", "segment")
_SPECIFICATION = "M22"


class NorthStarUnmeasurable(ValueError):
    """What the registry declares can be no number; the message says why, and what to do."""


@dataclass(frozen=True)
class Part:
    """A metric that the North Star is made of. `role`: value, numerator or denominator; `cut`: the member that is meant, by column."""

    role: str
    metric: str
    cut: Mapping[str, str]


@dataclass(frozen=True)
class Declared:
    """As `dim_north_star` has it, with the metrics that it is made of."""

    name: str
    description: str
    owner: str
    version: int
    is_share: bool
    parts: tuple[Part, ...]


def declared_north_star(connection: duckdb.DuckDBPyConnection) -> Declared | None:
    """What the registry declares, from the marts in use; None where it declares none, or nobody built the mart yet."""
    known = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'marts' "
        "and table_name in ('dim_north_star', 'dim_north_star_metric')"
    ).fetchall()
    if known != [(2,)]:
        return None
    rows = connection.execute(
        "select north_star_id, north_star_name, definition, owner, definition_version, is_share from marts.dim_north_star "
        "order by north_star_id limit 1"
    ).fetchall()
    if not rows:
        return None
    [(identifier, name, description, owner, version, is_share)] = rows
    parts = connection.execute(
        f"select metric_role, metric, {', '.join(_CUTS)} from marts.dim_north_star_metric "
        "where north_star_id = ? and metric_role <> 'input' order by part_id",
        [identifier],
    ).fetchall()
    found = tuple(
        Part(
            role, metric, {name: each for name, each in zip(_CUTS, members, strict=True) if each is not None}
        )
        for role, metric, *members in parts
    )
    return Declared(name, description, owner, version, is_share, found)


def north_star_definition(
    declared: Declared, definitions: Mapping[str, MetricDefinition]
) -> MetricDefinition:
    """Its definition, from those of the metrics that it is made of. Raises NorthStarUnmeasurable."""
    told = [
        problem_of(each.role, each.metric, each.cut, _known(definitions, each)) for each in declared.parts
    ]
    if any(told):
        raise NorthStarUnmeasurable(" ".join(filter(None, told)))
    of_role = {each.role: definitions[each.metric] for each in declared.parts}
    parts = list(of_role.values())
    whole = replace(
        parts[0],
        metric=NORTH_STAR,
        label=declared.name,
        subject=NORTH_STAR,
        description=declared.description,
        owner=declared.owner,
        groupings=((),),
        specification=_SPECIFICATION,
        definition_version=declared.version,
        closes_after_days=max(each.closes_after_days for each in parts),
        is_open_ended=any(each.is_open_ended for each in parts),
        leave_out={},
        families=tuple(dict.fromkeys(family for each in parts for family in each.families)),
        families_of_cuts=(),
        exclusions=" ".join(dict.fromkeys(each.exclusions for each in parts if each.exclusions)),
        known_gaps=" ".join(dict.fromkeys(each.known_gaps for each in parts if each.known_gaps)),
    )
    if "value" in of_role:
        return replace(whole, sample=NORTH_STAR if parts[0].is_count else whole.sample)
    above, below = of_role["numerator"], of_role["denominator"]
    return replace(
        whole,
        unit=Unit.RATIO if declared.is_share else Unit.MULTIPLE,
        good_direction="up",
        minimum_sample=None,
        numerator=above.metric,
        denominator=below.metric,
        sample=below.metric,
    )


@dataclass(frozen=True)
class Known:
    """What a metric must have to be named: its grain, its unit, and the sets of dimensions by which it is cut."""

    grain: str
    unit: Unit
    groupings: Sequence[Sequence[str]]


def problem_of(role: str, metric: str, cut: Collection[str], known: Known | None) -> str:
    """Why a metric cannot be named in a role (value, numerator, denominator, input) by a cut, in a sentence; empty where it can."""
    if known is None:
        return f"`{metric}` is no published metric: `pops query` lists them."
    if known.grain != "week":
        return f"`{metric}` has a number a {known.grain}, and a North Star one a week: name a metric that is known by week."
    if set(cut) not in [set(each) for each in known.groupings]:
        return f"`{metric}` is not known by this cut; it is known {cuts_in_words(known.groupings)}."
    if role in ("numerator", "denominator") and known.unit.chance is not Chance.COUNT:
        return f"`{metric}` is no number of cases, which a {role} must be: name it as the `value`, or a metric that counts."
    return ""


def north_star_problem(warehouse: Path) -> str:
    """Why what the registry declares is no number of this night; empty where it is, and where it declares none."""
    with open_duckdb(warehouse, read_only=True) as connection:
        declared = declared_north_star(connection)
        if declared is None:
            return ""
        try:
            north_star_definition(declared, read_definitions(connection, "metrics.metric_definitions"))
        except NorthStarUnmeasurable as problem:
            return str(problem)
    return ""


def _known(definitions: Mapping[str, MetricDefinition], part: Part) -> Known | None:
    found = definitions.get(part.metric)
    return None if found is None else Known(found.grain, found.unit, found.groupings)


def add_north_star(
    connection: duckdb.DuckDBPyConnection, definitions: Sequence[MetricDefinition]
) -> tuple[MetricDefinition, ...]:
    """Add its weeks to the temporary tables `tonight` and `computed_periods`, from the numbers of tonight; returns its definition.

    Nothing where none is declared, or what is declared cannot be measured.
    """
    declared = declared_north_star(connection)
    if declared is None:
        return ()
    by_name = {each.metric: each for each in definitions}
    try:
        definition = north_star_definition(declared, by_name)
    except NorthStarUnmeasurable:
        return ()
    of_role = {each.role: each for each in declared.parts}
    metrics = tuple(each.metric for each in declared.parts)
    periods = connection.execute(
        f"select max(first_period), min(last_period), count(*) from computed_periods where metric in {_listed(metrics)}"
    ).fetchall()
    [(first_day, last_day, known)] = periods
    if known == len(set(metrics)):
        _add_weeks(connection, definition, of_role, (first_day, last_day))
    return (definition,)


def _add_weeks(
    connection: duckdb.DuckDBPyConnection,
    definition: MetricDefinition,
    of_role: Mapping[str, Part],
    days: tuple[date, date],
) -> None:
    names = ", ".join("null" for _ in DIMENSIONS)
    if "value" in of_role:
        source = _numbers_of(of_role["value"])
        numbers = "numerator, denominator, value, n"
    else:
        above, below = _numbers_of(of_role["numerator"]), _numbers_of(of_role["denominator"])
        source = (
            f"(select below.period_start, above.value as above, below.value as below from {below} as below "
            f"inner join {above} as above on below.period_start = above.period_start)"
        )
        n = "below" if definition.unit is Unit.RATIO else "above + below"
        numbers = f"above, below, above / nullif(below, 0), cast({n} as bigint)"
    connection.execute(
        f"insert into tonight select '{NORTH_STAR}', {definition.definition_version}, 'week', period_start, {names}, {numbers} "
        f"from {source} where period_start between $first and $last",
        {"first": days[0], "last": days[1]},
    )
    connection.execute("insert into computed_periods values (?, 'week', ?, ?)", [NORTH_STAR, *days])


def _numbers_of(part: Part) -> str:
    """SQL: tonight's weeks of a metric of a member."""
    members = " and ".join(
        f"{name} = {literal(part.cut[name])}" if name in part.cut else f"{name} is null"
        for name in DIMENSIONS
    )
    return f"(select * from tonight where metric = {literal(part.metric)} and {members})"


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(literal(each) for each in names)})"
