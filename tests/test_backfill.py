"""A window of a source read again: adds what is new, moves no cursor, and refuses a window that cannot be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.runner import reread_source
from orchestration.backfill import BackfillWindow, read_again
from tests.fake_source import DAY, NIGHT, START, FakeHouse, record

NOW = NIGHT + 3 * DAY


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHouse:
    return FakeHouse(tmp_path, monkeypatch)


def test_what_the_vendor_corrected_is_new_and_nothing_else(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1), record(2)]], [[record(3)]]]}
    house.run()
    before = house.content()
    cursors = house.rows("select stream, cursor, load_id from raw_fake._pops_cursors")
    runs = house.rows("select run_id from raw_fake._pops_runs")

    unchanged = reread_source("fake", house.home, START, START + DAY, NOW, env={})
    assert unchanged.outcome == "ok"
    assert [(each.loaded, each.duplicates) for each in unchanged.streams] == [(0, 3)]
    assert house.content() == before

    house.vendor.pages["things"][0] = [[record(1, "corrected", "2"), record(2)]]
    corrected = reread_source("fake", house.home, START, START + DAY, NOW, env={})
    assert corrected.streams[0].loaded == 1
    assert set(before) < set(house.content())
    assert house.rows(
        "select extracted_at at time zone 'UTC' from raw_fake.things where record_version = '2'"
    ) == [(NOW.replace(tzinfo=None),)]
    # How far the source has been read is as before: the next night begins where the last one ended.
    assert house.rows("select stream, cursor, load_id from raw_fake._pops_cursors") == cursors
    assert house.rows("select run_id from raw_fake._pops_runs") == runs
    assert house.run(NIGHT + DAY).streams[0].windows == 0
    house.assert_books_balance()


def test_a_source_that_fails_again_says_so_and_loses_nothing(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)]]]}
    house.run()
    before = house.content()
    house.vendor.pages["things"][0] = [ValueError("broken")]
    assert reread_source("fake", house.home, START, START + DAY, NOW, env={}).outcome == "failed"
    assert house.content() == before


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (START + DAY, START, "before it begins"),
        (START, START, "before it begins"),
        (START, NOW + timedelta(hours=1), "has not come yet"),
        (START.replace(tzinfo=None), NOW, "time zone"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    house: FakeHouse, start: datetime, end: datetime, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        reread_source("fake", house.home, start, end, NOW, env={})


@pytest.mark.parametrize(
    ("source", "start", "end", "said"),
    [
        ("zendsk", "2026-11-01", "2026-11-08", "choose one of amplitude"),
        ("jira", "2026-11-01", "2026-11-08", "jira is off"),
        ("zendesk", "01.11.2026", "2026-11-08", "`window_start` is '01.11.2026': write a day as 2026-11-01"),
        ("zendesk", "2026-11-01", "next week", "`window_end` is 'next week'"),
        ("zendesk", "2026-11-08", "2026-11-01", "before it begins"),
    ],
)
def test_the_launchpad_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, start: str, end: str, said: str
) -> None:
    monkeypatch.setenv("POPS_ZENDESK_BASE_URL", "http://127.0.0.1:9/zendesk")
    monkeypatch.setenv("POPS_ZENDESK_CLIENT_ID", "id")
    monkeypatch.setenv("POPS_ZENDESK_CLIENT_SECRET", "a-secret-of-this-test")
    monkeypatch.delenv("POPS_JIRA_BASE_URL", raising=False)
    config = BackfillWindow(source=source, window_start=start, window_end=end)
    with pytest.raises(ValueError, match=said):
        read_again(config, tmp_path, datetime(2026, 11, 16, 2, tzinfo=UTC))
