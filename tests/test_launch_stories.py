"""The company's launches: what the registry says of them is what they hoped for, and each verdict is the company's own."""

from datetime import date
from pathlib import Path

import pytest

from connectors.registry.files import load_registry
from sandbox.company.catalogue import LAUNCHES
from sandbox.company.company import Company
from sandbox.serving.environment import REGISTRY, earlier_registries
from sandbox.truth.launch_items import around_truth
from sandbox.truth.launches import launch_truth
from tests.nights import NIGHTS, ThreeNights, night_moment, three_nights

STORIES = {
    "timeline": ("confirmed", False),
    "jira-sync": ("refuted", False),
    "signed-webhooks": ("refuted", False),
    "dashboard-themes": ("inconclusive", False),
    "forecast-scenarios": ("confirmed", True),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(tmp_path_factory)


def test_the_registry_says_what_was_hoped_for_and_when(tmp_path: Path) -> None:
    declared = {each.id: each for each in load_registry(REGISTRY).launches}
    assert declared.keys() == STORIES.keys()
    first_written: dict[str, date] = {}
    for day, folder in (*earlier_registries(tmp_path), (NIGHTS[0], REGISTRY)):
        for each in load_registry(folder).launches:
            first_written.setdefault(each.id, day)
    for launch in LAUNCHES:
        said = declared[launch.id]
        assert (said.features[0], said.launched_on) == (launch.feature, launch.launched_on)
        assert (said.primary.metric, said.primary.feature) == (launch.metric, launch.feature)
        assert (said.primary.at_least, said.primary.window_days) == (launch.at_least, launch.window_days)
        assert first_written[launch.id] == launch.written_on


def test_no_record_hangs_on_what_was_hoped_for() -> None:
    """Whoever makes or shows records does not know the launches: with and without them all is the same."""
    root = REGISTRY.parent
    readers = {
        path.relative_to(root).as_posix()
        for floor in ("company", "vendors", "serving")
        for path in (root / floor).rglob("*.py")
        if "LAUNCHES" in path.read_text()
    }
    assert readers == {"company/catalogue.py"}


def test_the_company_knows_what_became_of_each() -> None:
    as_of = NIGHTS[-1]
    found = launch_truth(Company.create("small"), as_of, night_moment(as_of))
    assert {launch: (each.verdict, each.is_post_hoc) for launch, each in found.items()} == STORIES
    # One was refuted and taken back in nine days; the other one is still there.
    assert {
        launch: each.days_to_switch_off for launch, each in found.items() if each.verdict == "refuted"
    } == {
        "jira-sync": None,
        "signed-webhooks": 9,
    }


def test_published_verdicts_are_the_companys_own(undisturbed: ThreeNights) -> None:
    as_of = NIGHTS[-1]
    expected = launch_truth(Company.create("small"), as_of, night_moment(as_of))
    published = undisturbed.house.query(
        "select verdict.launch_id, verdict.verdict, is_post_hoc, first_day, value, n, days_to_switch_off from metrics.launches as verdict "
        "join metrics.launch_kpis as reading on reading.launch_id = verdict.launch_id "
        "and kpi_id = decided_by and checkpoint_on = decides_on"
    )
    assert {launch: found for launch, *found in published} == {
        each.launch_id: [
            each.verdict,
            each.is_post_hoc,
            each.week,
            each.cases / each.people,
            each.people,
            each.days_to_switch_off,
        ]
        for each in expected.values()
    }


def test_what_nobody_declared_has_no_verdict(undisturbed: ThreeNights) -> None:
    undeclared = undisturbed.house.query(
        "select found_by, count(*) from mart.dim_launch join metrics.launches using (launch_id) "
        "where verdict = 'undeclared' and not is_declared and hypothesis is null group by 1"
    )
    assert {found_by for found_by, _ in undeclared} >= {"roadmap_item"}
    assert sum(count for _, count in undeclared) < 40


def test_what_was_written_before_was_read_before(undisturbed: ThreeNights) -> None:
    defined = undisturbed.house.query(
        "select launch_id, is_defined_before, is_edited_after, is_launched_before_reading from mart.dim_launch where is_declared"
    )
    assert {launch: found for launch, *found in defined} == {
        each: [each != "forecast-scenarios", False, False] for each in STORIES
    }


def test_each_launch_has_its_page(undisturbed: ThreeNights) -> None:
    week = undisturbed.house.home / "reports" / "2026-W46"
    assert {path.stem for path in week.glob("launch-*.html")} == {f"launch-{each}" for each in STORIES}
    assert "post-hoc" in (week / "launches.html").read_text()


def test_what_stood_around_each_launch_is_the_companys_own(undisturbed: ThreeNights) -> None:
    as_of = NIGHTS[-1]
    expected = around_truth(Company.create("small"), as_of, night_moment(as_of))
    counts = ("open_bugs_at_go", "open_bugs_now", "escaped_defects", "tickets")
    told = undisturbed.house.query("select launch_id, indicator_id, value from mart.fct_launch_indicator")
    assert {(launch, name): value for launch, name, value in told if name in counts} == {
        (launch, name): getattr(each, name) for launch, each in expected.items() for name in counts
    }
    waits = undisturbed.house.query(
        "select launch_id, item, state_at_go = 'done', state_now = 'done' from mart.fct_launch_item where item_kind = 'dependency'"
    )
    assert {(launch, key): (at_go, now) for launch, key, at_go, now in waits} == {
        (launch, key): states for launch, each in expected.items() for key, states in each.waits_for.items()
    }
    assert {states for each in expected.values() for states in each.waits_for.values()} == {
        (True, True),
        (False, False),
    }


def test_a_launch_says_which_approvals_came_late_and_which_events_were_seen(undisturbed: ThreeNights) -> None:
    told = undisturbed.house.query(
        "select item, state_at_go, state_now from mart.fct_launch_item "
        "where launch_id = 'timeline' and item_kind in ('approval', 'event') order by item"
    )
    assert told == [
        ("Legal has nothing to say about it.", "unknown", "unknown"),
        ("Sales has seen it", "open", "done"),
        ("Support has answers ready", "done", "done"),
        ("timeline_opened", "open", "done"),
    ]
