"""Nights that are killed, lose a source or meet bad data, beside the three nights that were left in peace."""

from collections.abc import Iterator

import pytest

from connectors import SOURCES
from sandbox.serving.running import Sandbox, running_sandbox
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
    """A house in which a night was killed while it read and, tried again, while dbt built: all is read, none is shown.

    A kill while it publishes is tried with the publication alone.
    """
    copied = undisturbed.after[NIGHTS[1]].copy(tmp_path_factory.mktemp("killed") / "home")
    house = House(copied.home, sandbox.environment())
    for sources, seconds in ((3, 0.0), (len(SOURCES), 20.0)):
        house.night_killed_after(sandbox, NIGHTS[2], sources, seconds)
        assert house.query("select as_of from meta.publication") == [(NIGHTS[1],)], sources
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
