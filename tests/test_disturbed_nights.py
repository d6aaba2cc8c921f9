"""Nights that are killed, lose a source or meet bad data, beside the three nights that were left in peace."""

from collections.abc import Iterator

import pytest

from connectors import SOURCES
from sandbox.running import Sandbox, running_sandbox
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHTS[0])) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(sandbox, tmp_path_factory)


@pytest.fixture(scope="module")
def killed(sandbox: Sandbox, undisturbed: ThreeNights, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which one night was tried again and again, each try killed a phase later, and then done."""
    house = undisturbed.after[NIGHTS[1]].copy(tmp_path_factory.mktemp("killed") / "home")
    phases = {
        "reading": ("registry read", 0.0),
        "building": ("github read", 10.0),
        "publishing": ("audited", 0.2),
    }
    for phase, (line, seconds) in phases.items():
        house.night_killed_after(sandbox, NIGHTS[2], line, seconds)
        assert house.query("select as_of from meta.publication") == [(NIGHTS[1],)], phase
    done = house.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    return house


def test_a_night_killed_in_every_phase_is_completed_by_the_next(
    killed: House, undisturbed: ThreeNights
) -> None:
    assert killed.content() == undisturbed.house.content()
    for source in SOURCES:
        assert killed.raw_counts(source) == undisturbed.house.raw_counts(source)


def test_a_second_run_changes_nothing_and_a_failing_source_stops_no_other(
    sandbox: Sandbox, killed: House, undisturbed: ThreeNights
) -> None:
    before = killed.content()
    broken = House(killed.home, {**killed.vendors, "POPS_ZENDESK_CLIENT_SECRET": "a-wrong-secret"})
    done = broken.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning raw/zendesk/tickets" in done.stdout
    assert "The OAuth client is rejected" in done.stdout
    assert "a-wrong-secret" not in done.stdout + done.stderr
    assert broken.content() == before
    for source in SOURCES:
        assert broken.raw_counts(source) == undisturbed.house.raw_counts(source)
    report = (killed.home / "reports" / "2026-W46" / "index.html").read_text()
    assert "stale: zendesk" in report
    jira = broken.query("select outcome from meta.sources where source = 'jira'")
    assert jira == [("ok",)]
