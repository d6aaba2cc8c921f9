"""What stands around a launch: what the registry may say of it, and what a reader is told."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from reports.language import language
from reports.launch_items import Around, LaunchIndicator, LaunchItem
from reports.launch_items_section import launch_indicators, launch_items
from reports.sections import Cell
from sandbox.serving.environment import REGISTRY
from tests.launches_fixture import launch
from tests.reports_fixture import report


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("criticality: medium", "criticality: huge", "launches.yml:", "`criticality` is one of"),
        ("given_on: 2026-09-22", "given_on: soon", "launches.yml:", "`given_on` is a date"),
        ("expected_tickets: 12", "expected_tickets: -1", "launches.yml:", "`expected_tickets` is at least 0"),
        ('by: "team:support-operations"', "by: [support]", "launches.yml:", "`by` is a text"),
        ("done_on: 2026-09-29", "sent_on: 2026-09-29", "launches.yml:", "`sent_on` is no key here"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, line: str, what: str) -> None:
    shutil.copytree(REGISTRY, tmp_path / "registry")
    file = tmp_path / "registry" / "launches.yml"
    assert old in file.read_text()
    number = file.read_text().split(old)[0].count("\n") + 1
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(InvalidRegistry) as told:
        load_registry(tmp_path / "registry")
    assert what in str(told.value)
    assert f"{line}{number}" in str(told.value)


def test_a_text_alone_is_an_item_of_which_nothing_else_is_known() -> None:
    (timeline,) = [each for each in load_registry(REGISTRY).launches if each.id == "timeline"]
    assert [(each.text, each.given_on is None) for each in timeline.approvals] == [
        ("Support has answers ready", False),
        ("Sales has seen it", False),
        ("Legal has nothing to say about it.", True),
    ]


def item(kind: str, text: str, at_go: str, now: str, **given: Any) -> LaunchItem:
    facts = dict.fromkeys(("owner", "criticality", "workaround", "seen_at_go", "seen_now", "due_on")) | given
    return LaunchItem(kind=kind, text=text, state_at_go=at_go, state_now=now, **facts)


ITEMS = (
    item("approval", "Sales has seen it", "open", "done", owner="team:studio"),
    item("approval", "Legal", "unknown", "unknown"),
    item("dependency", "CON-7", "open", "open"),
    item("event", "timeline_opened", "done", "done", seen_at_go=12, seen_now=90),
    item("risk", "Slow", "open", "open", criticality="high", workaround="the board"),
)
INDICATORS = (
    LaunchIndicator("open_bugs_at_go", None, 2.0, None, "whole"),
    LaunchIndicator("escaped_defects", None, None, None, "unknown"),
    LaunchIndicator("resolve_seconds", None, None, None, "unknown"),
    LaunchIndicator("tickets", None, 17.0, 12.0, "so_far"),
    LaunchIndicator("tickets:login", "login", 3.0, None, "so_far"),
)


def shown(value: object) -> tuple[str, str]:
    return (value.text, value.note) if isinstance(value, Cell) else (str(value), "")


def test_what_was_open_at_go_is_told_first() -> None:
    section = launch_items(report(), launch(around=Around(ITEMS)))
    assert section is not None
    # A risk is no thing to be done.
    assert section.findings == ("2 things were open at go: Sales has seen it and CON-7.",)
    assert [tuple(shown(each)[0] for each in row[-2:]) for row in section.tables[0].rows] == [
        ("open", "done"),
        ("unknown", "unknown"),
        ("open", "open"),
        ("done", "done"),
        ("open", "open"),
    ]
    assert shown(section.tables[0].rows[3][3]) == ("done", "12 seen")
    assert shown(section.tables[0].rows[4][0]) == ("Slow", "criticality high; workaround: the board")


def test_what_no_tool_tells_is_no_zero() -> None:
    section = launch_indicators(report(), launch(around=Around((), INDICATORS)))
    assert section is not None
    assert section.findings == ("17 tickets came in the thirty days, 12 were expected.",)
    assert [shown(row[1]) for row in section.tables[0].rows] == [
        ("2", ""),
        ("–", "no tool tells"),
        ("–", "no incident on the day, or no tool tells"),
        ("17", "so far"),
        ("3", "so far"),
    ]


def test_it_is_told_in_french() -> None:
    said = report(say=language("fr"))
    items = launch_items(said, launch(around=Around(ITEMS)))
    after = launch_indicators(said, launch(around=Around((), INDICATORS)))
    assert items is not None
    assert after is not None
    assert items.findings == (
        "2 éléments étaient ouverts au lancement\N{NARROW NO-BREAK SPACE}: Sales has seen it et CON-7.",
    )
    assert after.findings == ("17 demandes sont arrivées en trente jours, 12 étaient attendues.",)


def test_a_launch_of_which_nothing_is_said_has_neither_section() -> None:
    assert launch_items(report(), launch()) is None
    assert launch_indicators(report(), launch()) is None
