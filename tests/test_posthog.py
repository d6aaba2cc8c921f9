"""PostHog: exports as jobs with damaged and repeated rows, persons by their versions, the log of flags from its young end."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import connector_class
from connectors.errors import ForeignHost, MalformedResponse, PlanLacks, Unreachable
from connectors.http import Http
from connectors.posthog import exports, source
from connectors.settings import load_settings
from tests.test_parts import Refusing, below, run
from tests.vendor_reading import NIGHT, HandMade, Impatient, Reader, Served, answered, served

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

    def __init__(
        self, *files: list[Json], damaged: int = 0, states: tuple[str, ...] = ("Completed",)
    ) -> None:
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


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """What an export brings: id, version, whether it is deleted; what was put aside, with None for its id."""

    def read(vendor: Exporting, model: str = "events", days: int = 1) -> list[tuple[Any, ...]]:
        settings = load_settings("posthog", connector_class("posthog").Settings, ENV)
        assert settings is not None
        with Http.of(
            settings, transport=vendor, clock=Impatient(), scratch=tmp_path, retry_seconds=5
        ) as http:
            selection = exports.EVENTS if model == "events" else exports.PERSONS
            pages = list(
                exports.Exports(http, 7).pages(model, selection, NIGHT - timedelta(days=days), NIGHT)
            )
        found: list[tuple[Any, ...]] = []
        for page in pages:
            assert isinstance(page.records, pa.Table)
            found += [
                (each["record_id"], each["record_version"], each["is_deleted"])
                for each in page.records.to_pylist()
            ]
            found += [(None, reason) for reason, _ in page.quarantined]
        return found

    return read


def event(key: str, arrival: str = "10", **more: Any) -> Json:
    return {
        "uuid": key,
        "event": "e",
        "distinct_id": "u",
        "_inserted_at": f"2026-11-13T{arrival}:00:00Z",
    } | more


def test_all_files_of_an_export_are_read_and_none_is_asked_for_with_credentials(exported: Any) -> None:
    # The same row in two files, and once more with another arrival.
    vendor = Exporting([event("a"), event("b")], [event("a"), event("b", "11"), event("c", properties=None)])
    assert sorted(exported(vendor)) == [
        ("a", "2026-11-13T10:00:00Z", False),
        ("a", "2026-11-13T10:00:00Z", False),
        ("b", "2026-11-13T10:00:00Z", False),
        ("b", "2026-11-13T11:00:00Z", False),
        ("c", "2026-11-13T10:00:00Z", False),
    ]
    for request in vendor.asked:
        assert ("authorization" in request.headers) != request.url.host.endswith(".amazonaws.com")


def test_a_file_that_is_cut_is_fetched_again(exported: Any) -> None:
    assert [key for key, *_ in exported(Exporting([event("a")], damaged=2))] == ["a"]


def test_a_file_that_stays_damaged_is_told(exported: Any) -> None:
    with pytest.raises(MalformedResponse, match="damaged"):
        exported(Exporting([event("a")], damaged=99))


def test_a_file_that_swells_beyond_all_measure_is_told(
    exported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "SMALL", 1000)
    with pytest.raises(MalformedResponse, match="250 times"):
        exported(Exporting([event("a", note="a" * 1_000_000)]))


@pytest.mark.parametrize(
    "states", [("Starting", "Running", "Completed"), ("Running", "FailedRetryable", "TimedOut", "Completed")]
)
def test_an_export_is_waited_for_and_begun_again_when_it_failed_for_now(
    exported: Any, states: tuple[str, ...]
) -> None:
    assert len(exported(Exporting([event("a")], states=states))) == 1


def test_an_export_that_failed_for_good_is_told(exported: Any) -> None:
    with pytest.raises(Unreachable, match="job is Failed"):
        exported(Exporting([event("a")], states=("Failed",)))


def test_lines_without_an_id_are_put_aside(exported: Any) -> None:
    found = exported(Exporting([event(""), event("a"), {"event": "e"}, [7]]))  # type: ignore[list-item]
    assert sorted(str(key) for key, *_ in found) == ["None", "None", "None", "a"]


def test_of_several_rows_of_a_person_the_vendors_versions_tell_the_latest(exported: Any) -> None:
    def row(mapping: int, version: int, is_deleted: Any = False) -> Json:
        versions = {"person_distinct_id_version": mapping, "person_version": version}
        return {"distinct_id": "u", "is_deleted": is_deleted} | versions

    # The merge is told before what it took the place of; 10 is more than 9.
    found = exported(Exporting([row(1, 9), row(0, 10), row(1, 110, 1)]), "persons")
    in_order = sorted(found, key=lambda each: each[1])
    assert [found.index(each) for each in in_order] == [1, 0, 2]
    assert [is_deleted for *_, is_deleted in in_order] == [False, False, True]


@given(st.integers(1, 200_000), st.integers(0, 3599))
def test_windows_of_arrival_are_whole_hours_and_a_week_at_most_and_leave_no_gap(
    minutes: int, second: int
) -> None:
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


def test_an_export_is_of_a_week_of_arrival_at_most(exported: Any) -> None:
    vendor = Exporting()
    assert exported(vendor, "persons", days=10) == []
    kept = {"model": "persons", "file": {"format": "JSONLines", "compression": "gzip", "max_size_mb": 100}}
    assert vendor.windows == [
        kept
        | {
            "data_interval_start": f"2026-11-{start}T01:00:00Z",
            "data_interval_end": f"2026-11-{end}T01:00:00Z",
        }
        for start, end in (("04", "11"), ("11", "14"))
    ]


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
    reader = answered(
        "posthog", lambda request: httpx.Response(200, json={"next": None, "results": [row, 7]})
    )
    assert reader.read("flag_activity").ids == ["a", ""]


@pytest.mark.parametrize("status", [402, 404])
def test_a_server_without_a_log_of_flags_is_read_without_it(vendor: Served, status: int) -> None:
    refusing = Refusing(status, below("/feature_flags/activity"))
    with pytest.raises(PlanLacks):
        Reader("posthog", vendor.base_url, refusing).read("flag_activity")


@pytest.mark.parametrize("following", ["http://vendor.example/next", "https://elsewhere.example/next"])
def test_the_next_page_stays_on_the_host(following: str) -> None:
    body = {"next": following, "results": [{"id": 1}]}
    with pytest.raises(ForeignHost):
        answered("posthog", lambda request: httpx.Response(200, json=body)).read("surveys")


def test_a_project_is_read_whole_and_its_list_of_events_never_asked(vendor: Served, tmp_path: Path) -> None:
    outcomes = run(vendor, "posthog", tmp_path, Refusing(403, below("/feature_flags/activity")))
    assert outcomes.pop("flag_activity").outcome == "not_available"
    assert {each.outcome for each in outcomes.values()} == {"ok"}
    assert not [path for _, path in vendor.state.requests if path.rstrip("/").endswith("/events")]
