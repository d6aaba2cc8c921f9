"""A night with bad data, on a home that two good nights have left."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from markupsafe import escape
from slack_sdk import WebClient

from sandbox.serving.running import Sandbox, running_sandbox
from sandbox.vendors.slack.credentials import (
    SLACK_BOT_TOKEN,
    SLACK_LEADERSHIP,
    SLACK_OWNERS,
    SLACK_SUPPORT,
    slack_environment,
)
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHTS[0])) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(tmp_path_factory)


def test_a_planted_defect_leaves_the_last_mart_and_marks_the_report(
    sandbox: Sandbox, undisturbed: ThreeNights, tmp_path: Path
) -> None:
    copied = undisturbed.after[NIGHTS[1]].copy(tmp_path / "home")
    house = House(copied.home, {**sandbox.environment(), **slack_environment(sandbox.base_url)})
    before = house.content()
    # In the middle of the day that is read next, so that the spoiled versions are of that day.
    sandbox.set_clock(night_moment(NIGHTS[1]) + timedelta(hours=12))
    sandbox.defects("volume_collapse", "ticket_backdated")
    try:
        done = house.night(sandbox, NIGHTS[2])
    finally:
        sandbox.defects()
    assert done.returncode == 1
    assert "not published" in done.stdout
    printed = " ".join(done.stdout.split())
    assert house.content() == before
    report = sorted((house.home / "reports").glob("*/index.html"))[-1].read_text()
    assert "the newest night was not published" in report
    assert "far from the same weekday" in report
    # What blocked it is told in the same words everywhere.
    blocked_by = (house.home / "published" / "withheld.txt").read_text().splitlines()
    assert any("far from the same weekday" in sentence for sentence in blocked_by)
    late = [sentence for sentence in blocked_by if "created after the night's date" in sentence]
    assert len(late) == 1
    assert "stg_zendesk__tickets" in late[0]
    assert "Rows, by redacted key: 4" in late[0]
    assert not any("dropped or doubled" in sentence for sentence in blocked_by)
    for sentence in blocked_by:
        assert " (made of " in sentence
        assert " What to do: " in sentence
        assert sentence in printed
        assert str(escape(sentence)) in report
    chat = WebClient(token=SLACK_BOT_TOKEN, base_url=f"{sandbox.base_url}/slack/api/")
    told = {
        channel: chat.conversations_history(channel=channel)["messages"]
        for channel in (SLACK_LEADERSHIP, SLACK_OWNERS, SLACK_SUPPORT)
    }
    assert told.pop(SLACK_LEADERSHIP) == []
    assert {message["text"] for messages in told.values() for message in messages} == {
        "The publication is blocked: readers keep the last sound mart"
    }
