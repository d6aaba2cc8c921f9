"""Nights that are killed, lose a source or meet bad data, beside the three nights that were left in peace."""

from collections.abc import Iterator

import pytest

from connectors import SOURCES
from sandbox.running import Sandbox, running_sandbox
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(tmp_path_factory)


@pytest.fixture(scope="module")
def sandbox(undisturbed: ThreeNights) -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHTS[2]), port=undisturbed.port) as server:
        yield server


@pytest.fixture(scope="module")
def killed(sandbox: Sandbox, undisturbed: ThreeNights, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house in which one night was tried again and again, each try killed a phase later: all is read, none is shown."""
    house = undisturbed.after[NIGHTS[1]].copy(tmp_path_factory.mktemp("killed") / "home")
    phases = {
        "reading": ("registry read", 0.0),
        "building": ("github read", 10.0),
        "publishing": ("audited", 0.2),
    }
    for phase, (line, seconds) in phases.items():
        house.night_killed_after(sandbox, NIGHTS[2], line, seconds)
        assert house.query("select as_of from meta.publication") == [(NIGHTS[1],)], phase
    return house


def test_a_killed_night_is_completed_by_the_next_also_when_a_source_fails(
    sandbox: Sandbox, killed: House, undisturbed: ThreeNights
) -> None:
    broken = House(killed.home, {**killed.vendors, "POPS_ZENDESK_CLIENT_SECRET": "a-wrong-secret"})
    done = broken.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert broken.content() == undisturbed.house.content()
    for source in SOURCES:
        assert broken.raw_counts(source) == undisturbed.house.raw_counts(source)
    assert "warning raw/zendesk/tickets" in done.stdout
    assert "The OAuth client is rejected" in done.stdout
    assert "a-wrong-secret" not in done.stdout + done.stderr
    report = (killed.home / "reports" / "2026-W46" / "index.html").read_text()
    assert "stale: zendesk" in report
    jira = broken.query("select outcome from meta.sources where source = 'jira'")
    assert jira == [("ok",)]
