"""The runner: whatever happens between fetch, load and booking, raw ends up with every record once."""

import fcntl
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import SOURCES
from connectors.batch import LARGEST_RECORD_BYTES, Batch
from connectors.contract import PAGE_SCHEMA, Page, RawRecord
from connectors.errors import MalformedResponse, Rejected, ScopeMissing, Unreachable
from connectors.loading import Loader
from connectors.raw_store import RawStore
from connectors.redaction import remember_secrets
from connectors.runner import prepare_raw, run_source
from tests.fake_source import DAY, NIGHT, START, FakeHouse, Killed, record, stream

CANARY = "canary-51ce-runner-secret"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHouse:
    return FakeHouse(tmp_path, monkeypatch)


def test_each_record_is_loaded_once_with_its_columns(house: FakeHouse) -> None:
    house.vendor.pages = {
        "things": [[[record(1), record(2)], [record(2), record(3, "é☃")]], [[record(3, "é☃"), record(4)]]]
    }
    run = house.run()
    [things] = run.streams
    assert (run.outcome, run.error) == ("ok", None)
    assert (things.windows, things.fetched, things.loaded, things.duplicates) == (2, 6, 4, 2)
    rows = house.rows(
        "select record_id, record_version, record_hash = md5(record), extracted_at at time zone 'UTC', is_deleted, record "
        "from raw_fake.things order by 1"
    )
    assert rows[2] == ("3", "1", True, NIGHT.replace(tzinfo=None), False, record(3, "é☃").record)
    house.assert_books_balance()


def test_a_second_run_adds_nothing_and_news_are_versions(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)]]]}
    house.run()
    before = house.content()
    assert house.run().streams[0].windows == 0
    house.vendor.pages["things"].append([[record(1), record(1, "changed", "2")]])
    assert house.run(NIGHT + DAY).streams[0].loaded == 1
    assert set(before) < set(house.content())
    house.assert_books_balance()


def test_a_page_may_be_an_arrow_table_and_name_the_position(house: FakeHouse) -> None:
    table = pa.table(
        {"record_id": ["a"], "record_version": ["1"], "is_deleted": [True], "record": ['{"id": "a"}']},
        schema=PAGE_SCHEMA,
    )
    house.vendor.pages = {"things": [[Page(table, cursor={"day": 1, "token": "x"}, vendor_count=7)]]}
    assert house.run().streams[0].vendor_count == 7
    assert house.rows("select cursor from raw_fake._pops_cursors") == [('{"day": 1, "token": "x"}',)]


def test_a_night_as_of_an_earlier_date_does_not_date_back_what_it_reads(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)], [record(2)]]]}
    house.run(NIGHT)
    house.vendor.pages["things"].append([[record(1, "gone", "2", is_deleted=True)]])
    house.run(NIGHT - 30 * DAY)
    assert house.rows("select distinct extracted_at at time zone 'UTC' from raw_fake.things") == [
        (NIGHT.replace(tzinfo=None),)
    ]
    states = house.rows(
        "select is_deleted from raw_fake.things where record_id = '1' order by extracted_at, load_id"
    )
    assert states == [(False,), (True,)]


def test_windows_are_asked_for_after_the_one_before_is_booked(house: FakeHouse) -> None:
    def look(connector: Any) -> Page:
        return Page([record(f"saw {len(list(connector.known('things')))}")])

    house.vendor.pages = {"things": [[[record(1), record(2)]], [look]]}
    house.run()
    assert "saw 2" in [row[0] for row in house.content()]


def test_known_is_the_latest_version_without_the_deleted(house: FakeHouse) -> None:
    seen: list[RawRecord] = []

    def look(connector: Any) -> Page:
        seen.extend(connector.known("things"))
        return Page([])

    house.vendor.pages = {"things": [[[record(1), record(2), record(3)]]]}
    house.run()
    house.vendor.pages["things"].append([[record(1, "new", "2"), record(2, "gone", "2", is_deleted=True)]])
    house.run(NIGHT + DAY)
    house.vendor.pages["things"].append([look])
    house.run(NIGHT + 2 * DAY)
    assert seen == [record(1, "new", "2"), record(3)]


def test_a_state_that_returns_is_a_new_version(house: FakeHouse) -> None:
    states = ["A", "B", "A", "A", "B"]
    for night, value in enumerate(states):
        house.vendor.pages.setdefault("things", []).append([[record(1, value, version="")]])
        house.run(NIGHT + night * DAY)
    values = [
        json.loads(row[0])["value"]
        for row in house.rows("select record from raw_fake.things order by extracted_at")
    ]
    assert values == ["A", "B", "A", "B"]
    house.assert_books_balance()


def test_what_vanishes_and_returns_is_told_each_time(house: FakeHouse) -> None:
    for night, gone in enumerate([False, True, True, False]):
        house.vendor.pages.setdefault("things", []).append([[record(1, version="", is_deleted=gone)]])
        house.run(NIGHT + night * DAY)
    assert house.rows("select is_deleted from raw_fake.things order by extracted_at") == [
        (False,),
        (True,),
        (False,),
    ]


def test_what_cannot_be_a_record_is_quarantined_once(house: FakeHouse) -> None:
    bad = Page(
        [
            record(1),
            RawRecord("2", "1", json.dumps({"id": 2, "text": "\ud800"}, ensure_ascii=False)),
            RawRecord("3", "1", '"' + "x" * LARGEST_RECORD_BYTES + '"'),
            RawRecord("", "1", "{}"),
        ],
        quarantined=[("The line is not JSON.", '{"torn')],
    )
    house.vendor.pages = {"things": [[bad], [bad]]}
    [things] = house.run().streams
    assert (things.fetched, things.loaded, things.duplicates, things.quarantined) == (10, 2, 2, 6)
    kept = house.rows("select reason, length(record) from raw_fake._pops_quarantine order by reason")
    assert len(kept) == 3
    assert max(length for _, length in kept) <= 64 * 1024
    house.assert_books_balance()


def test_one_stream_that_fails_leaves_the_others_alone(house: FakeHouse) -> None:
    house.offer("first", "second", stream("third", optional=True))
    house.vendor.pages = {
        "first": [[[record(1)]], [[record(2)], MalformedResponse(place="GET /first")]],
        "second": [[[record(1)]]],
        "third": [[ScopeMissing("The plan lacks it.")]],
    }
    run = house.run()
    assert run.outcome == "failed"
    assert run.error is not None
    assert "fake first, GET /first" in run.error
    assert [(each.outcome, each.loaded) for each in run.streams] == [
        ("failed", 1),
        ("ok", 1),
        ("not_available", 0),
    ]
    assert "The plan lacks it" in (run.streams[2].reason or "")
    assert house.content("first") == [row for row in house.content("first") if row[0] == "1"]
    outcomes = dict(
        house.rows("select stream, last(outcome order by load_id) from raw_fake._pops_loads group by 1")
    )
    assert outcomes == {"first": "failed", "second": "loaded", "third": "not_available"}
    assert house.rows("select outcome from raw_fake._pops_runs") == [("failed",)]
    house.vendor.pages["first"][1] = [[record(2)]]
    house.vendor.pages["third"] = [[]]
    assert house.run().outcome == "ok"
    assert [row[0] for row in house.content("first")] == ["1", "2"]


def test_rejected_credentials_are_tried_on_no_further_stream(house: FakeHouse) -> None:
    house.offer("first", "second")
    house.vendor.pages = {"first": [[Rejected()]], "second": [[[record(1)]]]}
    run = house.run()
    assert [each.outcome for each in run.streams] == ["failed", "failed"]
    assert len(house.vendor.fetched) == 1


def test_an_answer_of_another_shape_is_told_without_its_values(house: FakeHouse) -> None:
    remember_secrets([CANARY])
    told: list[str] = []
    house.offer("first", "second", "third")
    house.vendor.pages = {
        "first": [[KeyError("results")]],
        "second": [[ValueError(f"could not convert person@x.example {CANARY}")]],
        "third": [[Unreachable(f"https://x.example/?token={CANARY} {CANARY}")]],
    }
    run = house.run(progress=told.append)
    stored = house.rows(
        "select reason from raw_fake._pops_loads union all select error from raw_fake._pops_runs"
    )
    shown = f"{run} {told} {stored}"
    assert "'results'" in shown
    assert CANARY not in shown
    assert "person@x.example" not in shown


def test_a_window_that_is_too_large_is_halved(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)]]]}
    house.vendor.largest_window = timedelta(hours=6)
    assert house.run().outcome == "ok"
    spans = house.rows("select window_start, window_end from raw_fake._pops_loads order by window_start")
    assert [start for start, _ in spans] == [START, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == START + DAY
    assert max(end - start for start, end in spans) <= timedelta(hours=6)
    house.vendor.largest_window = timedelta(hours=1)
    house.vendor.pages["things"].append([[record(2)]])
    assert "too large" in (house.run().error or "")


def test_two_runs_at_once_are_refused(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)]]]}
    (house.home / "dlt" / "fake").mkdir(parents=True)
    with (house.home / "dlt" / "fake" / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = house.run()
        assert run.outcome == "failed"
        assert "Another run is reading this source" in (run.error or "")
    assert house.run().outcome == "ok"


def test_a_load_that_does_not_add_up_is_taken_back(house: FakeHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house.vendor.pages = {"things": [[[record(1), record(2)]]]}
    load = Loader.load

    def twice(self: Loader, name: str, batch: Batch) -> None:
        file = batch.file.read_bytes()
        load(self, name, batch)
        batch.file.write_bytes(file)
        load(self, name, batch)

    monkeypatch.setattr(Loader, "load", twice)
    run = house.run()
    assert "taken back" in (run.error or "")
    assert house.content() == []
    monkeypatch.setattr(Loader, "load", load)
    assert house.run().streams[0].loaded == 2
    house.assert_books_balance()


KILLS = ("in fetch", "before load", "after load", "in booking")


def kill_once(patch: pytest.MonkeyPatch, where: str, after: int) -> None:
    """Raise Killed at the `after`-th time that the run comes to this place."""
    passed = {"count": 0}

    def due() -> None:
        passed["count"] += 1
        if passed["count"] == after:
            raise Killed

    add, load, book = Batch.add, Loader.load, RawStore.book

    def killing_add(self: Batch, page: Page) -> None:
        add(self, page)
        due()

    def killing_load(self: Loader, name: str, batch: Batch) -> None:
        if where == "before load":
            due()
        load(self, name, batch)
        if where == "after load":
            due()

    def killing_book(self: RawStore, *arguments: Any, **named: Any) -> None:
        book(self, *arguments, **named)
        due()

    if where == "in fetch":
        patch.setattr(Batch, "add", killing_add)
    elif where == "in booking":
        patch.setattr(RawStore, "book", killing_book)
    else:
        patch.setattr(Loader, "load", killing_load)


PAGES = st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=4), max_size=3)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(PAGES, min_size=1, max_size=3),
    kills=st.lists(st.tuples(st.sampled_from(KILLS), st.integers(1, 3)), min_size=1, max_size=3),
)
def test_any_kills_end_with_the_same_raw(
    tmp_path_factory: pytest.TempPathFactory, days: list[Any], kills: list[tuple[str, int]]
) -> None:
    pages = {"things": [[[record(key, value) for key, value in page] for page in day] for day in days]}
    with pytest.MonkeyPatch.context() as patch:
        calm = FakeHouse(tmp_path_factory.mktemp("calm"), patch)
        calm.vendor.pages = pages
        calm.run()
        killed = FakeHouse(tmp_path_factory.mktemp("killed"), patch)
        killed.vendor.pages = pages
        for where, after in kills:
            with pytest.MonkeyPatch.context() as killing:
                kill_once(killing, where, after)
                try:
                    killed.run()
                except Killed:
                    continue
        assert killed.run().outcome == "ok"
    assert killed.content() == calm.content()
    killed.assert_books_balance()


DIES_IN_DLT = """
import os, sys
from dlt.pipeline.pipeline import Pipeline
from connectors.runner import run_source
from datetime import UTC, datetime
setattr(Pipeline, sys.argv[2], lambda *a, **k: os._exit(9))
moment = datetime(2026, 11, 14, 1, tzinfo=UTC)
run_source("registry", sys.argv[1], moment, moment, env=os.environ)
"""


@pytest.mark.parametrize("step", ["normalize", "load"])
def test_a_package_that_a_killed_process_left_is_no_obstacle(tmp_path: Path, step: str) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIES_IN_DLT, str(tmp_path), step], cwd=Path(__file__).parents[1], check=False
    )
    assert died.returncode == 9
    for _ in range(2):
        run = run_source("registry", tmp_path, NIGHT, START)
        assert (run.outcome, run.error) == ("ok", None)
    with duckdb.connect(str(tmp_path / "raw" / "registry.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select count(*), count(distinct record_id) from raw_registry.features"
        ).fetchone() == (17, 17)
        outcomes = connection.execute(
            "select outcome, error from raw_registry._pops_runs order by started_at"
        ).fetchall()
    assert outcomes == [("failed", "The run was stopped before its end."), ("ok", None), ("ok", None)]


def test_damaged_dlt_state_is_no_obstacle(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)]]]}
    house.run()
    for file in (house.home / "dlt" / "fake" / "fake").rglob("*.json"):
        file.write_text("{torn")
    house.vendor.pages["things"].append([[record(2)]])
    assert house.run(NIGHT + DAY).outcome == "ok"
    house.assert_books_balance()


def test_every_source_has_empty_tables_before_it_is_on(tmp_path: Path) -> None:
    prepare_raw(tmp_path)
    prepare_raw(tmp_path)
    for source in SOURCES:
        with duckdb.connect(str(tmp_path / "raw" / f"{source}.duckdb"), read_only=True) as connection:
            found = {
                name
                for (name,) in connection.execute(
                    "select table_name from information_schema.tables"
                ).fetchall()
            }
        wanted = {each.name for each in SOURCES[source].streams}
        assert wanted | {"_pops_loads", "_pops_quarantine", "_pops_cursors", "_pops_runs"} <= found


def test_a_source_that_is_off_is_told_so(tmp_path: Path) -> None:
    assert run_source("jira", tmp_path, NIGHT, START, env={}).outcome == "off"
    half = run_source("jira", tmp_path, NIGHT, START, env={"POPS_JIRA_BASE_URL": "https://x.example"})
    assert half.outcome == "failed"
    assert "POPS_JIRA_API_TOKEN is not set" in (half.error or "")


def test_nothing_is_left_behind_but_raw_and_dlts_own_state(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1, CANARY)]]]}
    house.run()
    house.vendor.pages["things"].append([[record(2, CANARY)]])
    assert house.run(NIGHT + DAY).streams[0].loaded == 1
    files = [path for path in house.home.rglob("*") if path.is_file() and path.name != "fake.duckdb"]
    assert not any(CANARY.encode() in path.read_bytes() for path in files)
    assert not any(path.suffix == ".parquet" for path in files)
