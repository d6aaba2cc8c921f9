"""Filters of MetricFlow's manifest as SQL over the columns of the semantic model that they narrow."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Template


def expression_of(item: Mapping[str, Any]) -> str:
    """The SQL of a measure, dimension or entity."""
    return str(item["expr"] or item["name"])


def expressions_of(model: Mapping[str, Any]) -> dict[str, str]:
    """By its name, the SQL of each dimension and entity of a semantic model."""
    return {item["name"]: expression_of(item) for item in (*model["dimensions"], *model["entities"])}


def condition_of(expressions: Mapping[str, str], *filters: Mapping[str, Any] | None) -> str:
    """All of some filters as one condition; empty without any. `expressions`: of the model, as `expressions_of` has them."""

    def column(name: str) -> str:
        expression = expressions[name.rpartition("__")[2]]
        return expression if expression.isidentifier() else f"({expression})"

    found = [
        Template(each["where_sql_template"]).render(Entity=column, Dimension=column)
        for given in filters
        for each in (given or {}).get("where_filters") or ()
    ]
    return found[0] if len(found) == 1 else " and ".join(f"({each})" for each in found)
