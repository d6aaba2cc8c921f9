"""Nights that are killed, lose a source, meet bad data or an earlier release's home, beside the three nights that were left in peace."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import SOURCES
from connectors.settings import chosen_sources
from sandbox.serving.running import Sandbox, running_sandbox
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights
from tests.older_home import NEW_METRIC, make_older
from tests.searched_home import places_with
from tests.storm_damage import damaged_all

# A person of all the tools, whom a note of somebody else's account mentions, and a customer with deals and answers.
PERSON = ("paul.dietz.160@blue-freight.example", "usr_000160")
ACCOUNT = ("cedar-energy.example", "acct_0010", "Cedar Energy")


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
    # Those that are on, and the registry.
    on = len(chosen_sources(house.vendors)) + 1
    for sources, seconds in ((3, 0.0), (on, 4.0)):
        house.night_killed_after(sandbox, NIGHTS[2], sources, seconds)
        assert house.query("select as_of from meta.publication") == [(NIGHTS[1],)], sources
    return house


def test_a_killed_night_is_completed_by_the_next(
    sandbox: Sandbox, killed: House, undisturbed: ThreeNights
) -> None:
    """Even if all that lies beside records and numbers is damaged, each file in another way."""
    told = damaged_all(killed.home, random.Random(1))
    assert len(told) > 100
    done = killed.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert killed.content() == undisturbed.house.content()
    for source in SOURCES:
        assert killed.raw_counts(source) == undisturbed.house.raw_counts(source)


def test_an_upgrade_is_taken_over_by_the_next_night(
    sandbox: Sandbox, undisturbed: ThreeNights, tmp_path: Path
) -> None:
    copied = undisturbed.house.copy(tmp_path / "home")
    make_older(copied.home)
    house = House(copied.home, sandbox.environment())
    done = house.night(sandbox, NIGHTS[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the models are others than the last night's: tables that grow are built anew" in done.stdout
    assert _without_new_metric(house.content()) == _without_new_metric(undisturbed.house.content())
    # A metric that a release brings has its whole history, first known as of tonight.
    numbers = (
        "select period_start, priority, policy_id, feature_id, segment, value, n from metrics.metric_values "
        "where is_current and metric = ? order by all"
    )
    assert house.query(numbers, [NEW_METRIC]) == undisturbed.house.query(numbers, [NEW_METRIC])
    assert len(house.query(numbers, [NEW_METRIC])) > 50
    columns = (
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        "order by table_schema, table_name, ordinal_position"
    )
    assert house.query(columns) == undisturbed.house.query(columns)


def _without_new_metric(content: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [row for row in rows if row[:1] != (NEW_METRIC,)] for name, rows in content.items()}


def test_who_is_forgotten_is_nowhere(killed: House) -> None:
    """By one of the person's ids, and by the account's domain: the others are found."""
    assert {text for _, text in places_with(killed.home, (*PERSON, *ACCOUNT))} == {*PERSON, *ACCOUNT}
    asked = killed.pops("forget", "--person", PERSON[1])
    assert asked.returncode == 1
    assert "amplitude.events go" in asked.stdout
    assert "run it again with --yes" in asked.stderr
    for who, text in (("--person", PERSON[1]), ("--account", ACCOUNT[0])):
        done = killed.pops("forget", who, text, "--yes")
        assert done.returncode == 0, done.stdout + done.stderr
    assert places_with(killed.home, (*PERSON, *ACCOUNT)) == []
    # Readers have the mart meanwhile, without them.
    assert killed.query("select count(*) > 0 from mart.fct_ticket") == [(True,)]


def test_a_source_that_fails_is_told_and_costs_that_source_alone(sandbox: Sandbox, killed: House) -> None:
    """The night after: what was read up to this moment would not be asked for again, so that nothing could fail."""
    broken = House(killed.home, {**killed.vendors, "POPS_ZENDESK_CLIENT_SECRET": "a-wrong-secret"})
    done = broken.night(sandbox, NIGHTS[2] + timedelta(days=1))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning raw/zendesk/tickets" in done.stdout
    assert "The OAuth client is rejected" in done.stdout
    assert "a-wrong-secret" not in done.stdout + done.stderr
    report = (killed.home / "reports" / "2026-W46" / "index.html").read_text()
    assert "stale: Zendesk" in report
    outcomes = dict(broken.query("select source, outcome from meta.sources"))
    assert outcomes["zendesk"] == "failed"
    assert outcomes["jira"] == "ok"
    # The vendors have them still, and so has a window that is read again.
    again = killed.pops("backfill", "amplitude", "--from", "2026-11-10", "--to", "2026-11-17")
    assert again.returncode == 0, again.stdout + again.stderr
    assert places_with(killed.home, (*PERSON, *ACCOUNT)) == []
    assert max(as_of for (as_of,) in broken.query("select as_of from meta.publication")) > NIGHTS[2]
