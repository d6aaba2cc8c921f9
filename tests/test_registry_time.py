"""A night whose registry is another than the night's before, beside the same night with the same registry."""

import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.serving.environment import REGISTRY
from sandbox.serving.running import running_sandbox
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights
from tests.registry_edits import merge, rename_and_hand_over

HANDED_OVER = date(2026, 11, 2)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(tmp_path_factory)


@pytest.fixture(scope="module")
def changed(undisturbed: ThreeNights, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The third night, before which a feature was renamed, two became one, and a project passed to another team."""
    folder = tmp_path_factory.mktemp("registry_time")
    registry = Path(shutil.copytree(REGISTRY, folder / "registry"))
    rename_and_hand_over(registry)
    merge(registry)
    copied = undisturbed.after[NIGHTS[1]].copy(folder / "home")
    # At an address of its own, beside the nights of other tests: no number hangs on the addresses in records.
    with running_sandbox(scale="small", now=night_moment(NIGHTS[2])) as sandbox:
        house = House(copied.home, {**sandbox.environment(), "POPS_REGISTRY_DIR": str(registry)})
        done = house.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    return house


def rows_of(house: House, feature: str) -> list[tuple[Any, ...]]:
    return house.query(
        "select * exclude feature_id from metrics.metric_values where feature_id = ? order by all", [feature]
    )


def test_a_renamed_features_series_are_what_they_would_have_been(
    undisturbed: ThreeNights, changed: House
) -> None:
    expected = rows_of(undisturbed.house, "automation")
    assert len(expected) > 100
    assert rows_of(changed, "autopilot") == expected
    assert rows_of(changed, "automation") == []


def test_of_two_features_that_became_one_nobody_is_counted_twice(
    undisturbed: ThreeNights, changed: House
) -> None:
    by_hand = dict(
        undisturbed.house.query(
            "select date_trunc('week', event_date)::date, count(distinct person_id) from mart.fct_usage_daily "
            "where feature_id in ('board', 'templates') and event_date < ? group by 1",
            [NIGHTS[2]],
        )
    )
    current = (
        "select period_start, value from metrics.metric_values where metric = 'active_users_week' and feature_id = ? "
        "and is_current and segment is null"
    )
    found = dict(changed.query(current, ["board"]))
    assert found
    assert {week: by_hand[week] for week in found if found[week]} == {
        week: each for week, each in found.items() if each
    }
    assert {value for _, value in changed.query(current, ["templates"])} == {None}


def test_what_was_due_stays_with_the_team_of_the_promised_day(
    undisturbed: ThreeNights, changed: House
) -> None:
    due = (
        "select period_start, team_id, denominator from metrics.metric_values where metric = 'on_time_rate' and is_current "
        "and team_id in ('cosmos', 'draco') and value is not null"
    )

    def by_week(house: House) -> dict[date, dict[str, float]]:
        found: dict[date, dict[str, float]] = {}
        for week, team, number in house.query(due):
            found.setdefault(week, {})[team] = number
        return found

    before, after = by_week(undisturbed.house), by_week(changed)
    assert {week for week in before if week >= HANDED_OVER and "cosmos" in before[week]}
    for week, teams in before.items():
        together = sum(teams.values())
        assert after[week] == (teams if week < HANDED_OVER else {"draco": together}), week


def test_the_report_names_what_changed_and_what_it_restated(changed: House) -> None:
    reports = changed.home / "reports"
    told = "“automation” is called “autopilot” now."
    newest = _text(reports / "2026-W46" / "tech.html")
    assert told in newest
    assert "From 2 Nov 2026 on the project COS is of the team “draco”, until then of “cosmos”." in newest
    assert "The feature “templates” became part of “board”." in newest
    # The week before is written again, and its pages of before are kept.
    restated = _text(reports / "2026-W45" / "tech.html")
    assert told not in restated
    assert re.search(
        r"Board\).{0,80}The registry changed\. The feature “templates” became part of “board”", restated
    )
    assert re.search(r"Draco\).{0,80}The registry changed\. From 2 Nov 2026", restated)
    assert (reports / "2026-W45" / "revision-1" / "tech.html").exists()


def _text(page: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.read_text()))
