"""What stood around a launch as the report tells it: things done, open or unknown, and bugs, incidents and tickets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class LaunchItem:
    """A thing around a launch (`fct_launch_item`). States: done, open or unknown; `seen`: of an event, how many before the launch."""

    kind: str
    text: str
    owner: str | None
    criticality: str | None
    workaround: str | None
    state_at_go: str
    state_now: str
    seen_at_go: int | None
    seen_now: int | None
    due_on: date | None


@dataclass(frozen=True)
class LaunchIndicator:
    """An indicator of a launch (`fct_launch_indicator`). `value`: cases or seconds, None where nothing tells it."""

    indicator: str
    theme_id: str | None
    value: float | None
    expected: float | None
    data_status: str


@dataclass(frozen=True)
class Around:
    """What stood around one launch."""

    items: tuple[LaunchItem, ...] = ()
    indicators: tuple[LaunchIndicator, ...] = ()


_ITEMS = """
select launch_id, item_kind, item, owner, criticality, workaround, state_at_go, state_now, seen_at_go, seen_now, due_on
from mart.fct_launch_item
order by launch_id, list_position(['approval', 'dependency', 'event', 'risk', 'communication', 'action'], item_kind), item_id
"""
_INDICATORS = """
select launch_id, indicator_id, theme_id, value, expected_value, data_status
from mart.fct_launch_indicator
order by launch_id, theme_id is not null, list_position(['open_bugs_at_go', 'open_bugs_now', 'escaped_defects', 'incidents',
    'acknowledge_seconds', 'resolve_seconds', 'tickets'], indicator_id), value desc, indicator_id
"""
_TABLES = ("fct_launch_item", "fct_launch_indicator")


def around_launches(mart: duckdb.DuckDBPyConnection) -> Mapping[str, Around]:
    """By launch, what stood around it as of the mart; none of a mart of an older version."""
    ((known,),) = mart.execute(
        f"select count(*) from information_schema.tables where table_name in {_TABLES}"
    ).fetchall()
    if known < len(_TABLES):
        return {}
    items: dict[str, list[LaunchItem]] = {}
    for launch, *facts in mart.execute(_ITEMS).fetchall():
        items.setdefault(launch, []).append(LaunchItem(*facts))
    indicators: dict[str, list[LaunchIndicator]] = {}
    for launch, *facts in mart.execute(_INDICATORS).fetchall():
        indicators.setdefault(launch, []).append(LaunchIndicator(*facts))
    return {
        each: Around(tuple(items.get(each, ())), tuple(indicators.get(each, ())))
        for each in items.keys() | indicators.keys()
    }
