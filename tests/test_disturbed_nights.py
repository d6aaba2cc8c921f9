"""Nights that are killed, lose a source or meet bad data, beside the three nights that were left in peace."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.running import Sandbox, running_sandbox
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHTS[0])) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(sandbox, tmp_path_factory)


def test_a_night_killed_in_every_phase_is_completed_by_the_next(
    sandbox: Sandbox, undisturbed: ThreeNights, tmp_path: Path
) -> None:
    """One night is tried again and again, each try killed a phase later than the one before."""
    house = undisturbed.after[NIGHTS[1]].copy(tmp_path / "home")
    phases = {
        "reading": ("registry read", 0.0),
        "building": ("zendesk read", 8.0),
        "computing metrics": ("mart built", 1.5),
        "auditing": ("metrics computed", 1.5),
        "publishing": ("audited", 0.2),
    }
    for phase, (line, seconds) in phases.items():
        house.night_killed_after(sandbox, NIGHTS[2], line, seconds)
        assert house.query("select as_of from _meta") == [(NIGHTS[1],)], phase
    done = house.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert house.content() == undisturbed.house.content()


def test_a_failing_source_stops_no_other(sandbox: Sandbox, undisturbed: ThreeNights, tmp_path: Path) -> None:
    house = undisturbed.after[NIGHTS[1]].copy(tmp_path / "home")
    vendors = {**house.vendors, "POPS_ZENDESK_CLIENT_SECRET": "wrong"}
    broken = House(house.home, vendors)
    done = broken.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning raw/zendesk/tickets" in done.stdout
    assert "credentials are rejected" in done.stdout
    assert broken.query("select as_of from _meta") == [(NIGHTS[2],)]
    assert broken.query("select max(event_date) from marts.fct_usage_daily") == undisturbed.house.query(
        "select max(event_date) from marts.fct_usage_daily"
    )
    report = (house.home / "reports" / "2026-W46" / "index.html").read_text()
    assert "stale: zendesk" in report
    assert "wrong" not in done.stdout + done.stderr


def test_a_planted_defect_leaves_the_last_mart_and_marks_the_report(
    sandbox: Sandbox, undisturbed: ThreeNights, tmp_path: Path
) -> None:
    house = undisturbed.after[NIGHTS[1]].copy(tmp_path / "home")
    before = house.content()
    sandbox.defects("volume_collapse")
    try:
        done = house.night(sandbox, NIGHTS[2])
    finally:
        sandbox.defects()
    assert done.returncode == 1
    assert "not published" in done.stdout
    assert house.content() == before
    report = sorted((house.home / "reports").glob("*/index.html"))[-1].read_text()
    assert "the newest night was not published" in report
    assert "far from the same weekday" in report
