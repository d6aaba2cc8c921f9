"""Filters and order of HubSpot's search: groups are joined by OR, the filters of a group by AND."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Value = tuple[int, float, str]


def comparable(value: Any) -> Value:
    """Numbers and times (ISO text or epoch milliseconds) compare as numbers, everything else as text in lower case."""
    text = str(value)
    try:
        return (0, float(text), "")
    except ValueError:
        pass
    if len(text) >= 10 and text[4:5] == "-" and text[7:8] == "-":
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return (1, 0.0, text.lower())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (0, moment.timestamp() * 1000, "")
    return (1, 0.0, text.lower())


def sort_key(properties: Mapping[str, Any], name: str) -> tuple[bool, Value]:
    """Objects without the property come first."""
    value = properties.get(name)
    return (False, (0, 0.0, "")) if value in (None, "") else (True, comparable(value))


def matches(properties: Mapping[str, Any], groups: list[dict[str, Any]]) -> bool:
    """Whether an object meets the filter groups; none of them means every object. ValueError names a bad filter."""
    if not groups:
        return True
    return any(all(_meets(properties, rule) for rule in group.get("filters", [])) for group in groups)


def _meets(properties: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    name, operator = rule.get("propertyName"), rule.get("operator")
    if not name or operator not in (*_COMPARE, *_OTHER):
        raise ValueError(f"invalid filter: propertyName {name!r}, operator {operator!r}")
    held = properties.get(name)
    known = held not in (None, "")
    if operator == "HAS_PROPERTY":
        return known
    if operator == "NOT_HAS_PROPERTY":
        return not known
    if operator in ("IN", "NOT_IN"):
        listed = known and comparable(held) in [comparable(value) for value in rule.get("values", [])]
        return bool(listed) if operator == "IN" else not listed
    if "value" not in rule:
        raise ValueError(f"the filter on {name} needs a value")
    if operator == "NEQ":
        return not known or comparable(held) != comparable(rule["value"])
    if not known:
        return False
    value, asked = comparable(held), comparable(rule["value"])
    if operator == "BETWEEN":
        return asked <= value <= comparable(rule.get("highValue"))
    return _COMPARE[str(operator)](value, asked)


_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "EQ": lambda value, asked: value == asked,
    "GT": lambda value, asked: value > asked,
    "GTE": lambda value, asked: value >= asked,
    "LT": lambda value, asked: value < asked,
    "LTE": lambda value, asked: value <= asked,
}
_OTHER = ("BETWEEN", "IN", "NOT_IN", "NEQ", "HAS_PROPERTY", "NOT_HAS_PROPERTY")
