"""PostHog: exports as jobs with damaged and repeated rows, persons by their versions, the log of flags from its young end."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import connector_class
from connectors.errors import ForeignHost
from connectors.http import Http
from connectors.posthog import source
from connectors.runner import SourceRun, run_source
from connectors.settings import load_settings
from tests.test_contract_keys import ids
from tests.test_parts import Refusing, below, rows, run
from tests.vendor_reading import NIGHT, HandMade, Impatient, Served, answered, served

LONG_AGO = NIGHT - timedelta(days=40)
ENV = {
    "POPS_POSTHOG_BASE_URL": "https://eu.posthog.com",
    "POPS_POSTHOG_PERSONAL_API_KEY": "phx_canary",
    "POPS_POSTHOG_PROJECT_ID": "7",
}
Json = dict[str, Any]


def put(data: HandMade, stream: str, key: Any, at: datetime = LONG_AGO, **more: Any) -> None:
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    data.put("posthog", stream, {"id": key, "created_at": stamp} | more, at, key=str(key))


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    put(data, "feature_flags", 1, name="One")
    put(data, "experiments", 12, name="Live", archived=False)
    put(data, "experiments", 13, name="Put away", archived=True)
    for number in range(30):
        put(data, "flag_activity", f"a{number}", NIGHT - timedelta(days=1, hours=number), item_id="1")
    with served(data) as running:
        yield running


class Exporting(httpx.BaseTransport):
    """A vendor whose every export has these files; those of `damaged` attempts are cut in the middle."""

    def __init__(self, *files: list[Json], damaged: int = 0, states: tuple[str, ...] = ("Completed",)) -> None:
        self._files, self._damaged, self._states = files, damaged, list(states)
        self.asked: list[httpx.Request] = []
        self.windows: list[Json] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        if request.url.host.endswith(".amazonaws.com"):
            lines = b"".join(json.dumps(each).encode() + b"\n" for each in self._files[int(path[-1])])
            packed = gzip.compress(lines)
            self._damaged -= 1
            return httpx.Response(200, stream=httpx.ByteStream(packed[:-9] if self._damaged >= 0 else packed))
        if request.method == "POST":
            self.windows.append(json.loads(request.content))
            return httpx.Response(202, json={"id": "job"})
        if "/download/" in path:
            place = f"https://files.s3.amazonaws.com/{path.rstrip('/')[-1]}?X-Amz-Signature=s"
            return httpx.Response(302, headers={"location": place})
        if "/file_download_batch_exports/" in path:
            state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
            return httpx.Response(200, json={"status": state, "files": [*map(str, range(len(self._files)))]})
        return httpx.Response(200, json={"next": None, "results": []})


def export(vendor: Exporting, home: Path, history: timedelta = timedelta(hours=4)) -> SourceRun:
    return run_source("posthog", home, NIGHT, NIGHT - history, ENV, transport=vendor, clock=Impatient())


def event(key: str, arrival: str = "10", **more: Any) -> Json:
    return {"uuid": key, "event": "e", "distinct_id": "u", "_inserted_at": f"2026-11-13T{arrival}:00:00Z"} | more


def test_all_files_of_an_export_are_read_and_none_is_asked_for_with_credentials(tmp_path: Path) -> None:
    # The same row in two files, and once more with another arrival.
    vendor = Exporting([event("a"), event("b")], [event("a"), event("b", "11"), event("c", properties=None)])
    done = export(vendor, tmp_path)
    assert (done.outcome, done.error) == ("ok", None)
    held = rows(tmp_path, "posthog", "select record_id, record_version from raw_posthog.events order by all")
    assert held == [
        ("a", "2026-11-13T10:00:00Z"),
        ("b", "2026-11-13T10:00:00Z"),
        ("b", "2026-11-13T11:00:00Z"),
        ("c", "2026-11-13T10:00:00Z"),
    ]
    for request in vendor.asked:
        is_file = request.url.host.endswith(".amazonaws.com")
        assert ("authorization" in request.headers) != is_file


def test_a_file_that_is_cut_is_fetched_again(tmp_path: Path) -> None:
    assert export(Exporting([event("a")], damaged=2), tmp_path).outcome == "ok"
    # Persons are exported first, and their file is the damaged one.
    assert rows(tmp_path, "posthog", "select record_id from raw_posthog.events") == [("a",)]


def test_a_file_that_stays_damaged_is_told_and_nothing_of_it_kept(tmp_path: Path) -> None:
    done = export(Exporting([event("a")], damaged=99), tmp_path)
    assert done.outcome == "failed"
    assert "damaged" in (done.error or "")
    assert rows(tmp_path, "posthog", "select * from raw_posthog.events") == []


@pytest.mark.parametrize(
    ("states", "outcome"), [(("Running", "FailedRetryable", "Completed"), "ok"), (("Failed",), "failed")]
)
def test_an_export_that_failed_for_now_is_begun_again(
    tmp_path: Path, states: tuple[str, ...], outcome: str
) -> None:
    assert export(Exporting([event("a")], states=states), tmp_path).outcome == outcome


def test_lines_without_an_id_are_put_aside(tmp_path: Path) -> None:
    assert export(Exporting([event(""), event("a"), {"event": "e"}]), tmp_path).outcome == "ok"
    assert rows(tmp_path, "posthog", "select record_id from raw_posthog.events") == [("a",)]


def test_of_several_rows_of_a_person_the_vendors_versions_tell_the_latest(tmp_path: Path) -> None:
    def row(person: str, mapping: int, version: int, is_deleted: Any = False) -> Json:
        versions = {"person_distinct_id_version": mapping, "person_version": version}
        return {"distinct_id": "u", "person_id": person, "is_deleted": is_deleted, **versions}

    # The merge is told before what it took the place of; 10 is more than 9.
    export(Exporting([row("merged", 1, 9), row("own", 0, 10), row("merged", 1, 110, 1)]), tmp_path)
    found = rows(
        tmp_path,
        "posthog",
        "select record->>'$.person_id', is_deleted from raw_posthog.persons order by record_version",
    )
    assert found == [("own", False), ("merged", False), ("merged", True)]


@given(st.integers(1, 200_000), st.integers(0, 3599))
def test_windows_of_arrival_are_whole_hours_and_a_week_at_most_and_leave_no_gap(minutes: int, second: int) -> None:
    settings = load_settings("posthog", connector_class("posthog").Settings, ENV)
    assert settings is not None
    until = NIGHT + timedelta(seconds=second)
    with Http.of(settings) as http:
        connector = source.PostHogConnector(settings, http)
        stream = next(each for each in connector.streams if each.name == "events")
        cursor, reached = None, until - timedelta(minutes=minutes)
        while window := connector.next_window(stream, cursor, until, until - timedelta(minutes=minutes)):
            assert window.start is not None
            assert window.end is not None
            assert window.start <= reached
            assert timedelta(0) < window.end - window.start <= timedelta(days=7)
            assert window.start.minute == window.end.minute == window.start.second == window.end.second == 0
            cursor, reached = window.cursor_after, window.end
        assert reached <= until - timedelta(hours=1) or cursor is None


def test_an_export_asks_for_arrival_in_words_that_the_vendor_knows(tmp_path: Path) -> None:
    vendor = Exporting()
    export(vendor, tmp_path, timedelta(days=9))
    asked = [(each["data_interval_start"], each["data_interval_end"]) for each in vendor.windows]
    assert asked[:2] == [
        ("2026-11-05T01:00:00Z", "2026-11-12T01:00:00Z"),
        ("2026-11-12T01:00:00Z", "2026-11-14T00:00:00Z"),
    ]
    assert {each["model"] for each in vendor.windows} == {"persons", "events"}


def test_events_and_persons_are_known_by_the_vendors_whole_key() -> None:
    from connectors.posthog.exports import EVENTS, PERSONS

    assert ids(event("a"), event("b"), event("a", "11"), selection=EVENTS) == ["a", "b", "a"]
    assert ids({"distinct_id": "u"}, {"distinct_id": "v"}, selection=PERSONS) == ["u", "v"]


def test_archived_experiments_are_read_and_stay(vendor: Served) -> None:
    reader = vendor.reader("posthog")
    assert sorted(reader.read("experiments").ids) == ["12", "13"]
    assert reader.read("experiments", NIGHT + timedelta(days=1)).added == []


def test_the_log_is_read_down_to_where_the_last_reading_ended(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "ROWS_A_PAGE", 5)
    reader = vendor.reader("posthog")
    assert len(reader.read("flag_activity").ids) == 30
    put(vendor.data, "flag_activity", "new", NIGHT + timedelta(hours=2), item_id="1")
    vendor.state.now = NIGHT + timedelta(days=1)
    before = reader.http.request_count
    assert [each.record_id for each in reader.read("flag_activity", vendor.state.now).added] == ["new"]
    # The first page goes beyond the window, the second one lies there whole.
    assert reader.http.request_count - before == 2


def test_an_entry_without_a_moment_is_kept() -> None:
    row = {"id": "a", "created_at": "long ago"}
    reader = answered("posthog", lambda request: httpx.Response(200, json={"next": None, "results": [row, 7]}))
    assert reader.read("flag_activity").ids == ["a", ""]


@pytest.mark.parametrize("status", [402, 403, 404])
def test_a_server_without_a_log_of_flags_is_read_without_it(
    vendor: Served, tmp_path: Path, status: int
) -> None:
    outcomes = run(vendor, "posthog", tmp_path, Refusing(status, below("/feature_flags/activity")))
    assert outcomes["flag_activity"].outcome == "not_available"
    assert {each.outcome for name, each in outcomes.items() if name != "flag_activity"} == {"ok"}


@pytest.mark.parametrize("following", ["http://vendor.example/next", "https://elsewhere.example/next"])
def test_the_next_page_stays_on_the_host(following: str) -> None:
    body = {"next": following, "results": [{"id": 1}]}
    with pytest.raises(ForeignHost):
        answered("posthog", lambda request: httpx.Response(200, json=body)).read("surveys")


def test_the_list_of_events_is_never_asked(vendor: Served, tmp_path: Path) -> None:
    run(vendor, "posthog", tmp_path)
    assert not [path for _, path in vendor.state.requests if path.rstrip("/").endswith("/events")]
