"""The Amplitude connector against an export made up here: hours of uploads as zips of gzipped lines."""

import gzip
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.amplitude.archive import event_pages, sound_archive
from connectors.amplitude.source import AmplitudeConnector, AmplitudeSettings
from connectors.contract import Window
from connectors.credentials import ask_credentials
from connectors.errors import MalformedResponse
from connectors.http import Http
from connectors.runner import SourceRun, run_source
from connectors.settings import load_settings
from connectors.waiting import Clock

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 2, tzinfo=UTC)
NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)
ENV = {
    "POPS_AMPLITUDE_BASE_URL": "https://amplitude.example",
    "POPS_AMPLITUDE_API_KEY": "canary-api-key",
    "POPS_AMPLITUDE_SECRET_KEY": "canary-secret-key",
    "POPS_AMPLITUDE_REQUESTS_PER_MINUTE": "60000",
}


class Impatient(Clock):
    def sleep(self, seconds: float) -> None:
        return


def event(key: str, **more: Any) -> bytes:
    return json.dumps(
        {"uuid": key, "processed_time": "2026-11-02 01:00:00.000000"} | more, ensure_ascii=False
    ).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def sent(body: bytes) -> httpx.Response:
    """A download that is still to be read."""
    return httpx.Response(200, headers={"content-length": str(len(body))}, stream=httpx.ByteStream(body))


class Export:
    """The vendor: lines by hour of upload; `faults` are answers given first."""

    def __init__(self) -> None:
        self.hours: dict[datetime, list[bytes]] = {}
        self.most_hours = 10_000
        self.faults: list[httpx.Response] = []
        self.asked: list[tuple[datetime, datetime]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/2/export"
        if (
            request.headers["authorization"]
            != "Basic " + b64encode(b"canary-api-key:canary-secret-key").decode()
        ):
            return httpx.Response(401, text="Invalid key")
        start, end = (
            datetime.strptime(request.url.params[name], "%Y%m%dT%H").replace(tzinfo=UTC)
            for name in ("start", "end")
        )
        self.asked.append((start, end))
        if self.faults:
            return self.faults.pop(0)
        if (end - start) / HOUR + 1 > self.most_hours:
            return httpx.Response(400, json={"error": "too large"})
        files = {
            f"187520/187520_{hour:%Y-%m-%d}_{hour.hour}#0.json.gz": gzip.compress(b"\n".join(lines) + b"\n")
            for hour, lines in sorted(self.hours.items())
            if start <= hour <= end
        }
        return sent(zipped(files)) if files else httpx.Response(404, json={"error": "none"})

    def run(self, home: Path, until: datetime = NIGHT, env: dict[str, str] = ENV) -> SourceRun:
        return run_source(
            "amplitude", home, until, START, env=env, transport=httpx.MockTransport(self), clock=Impatient()
        )

    def connector(self, env: dict[str, str] = ENV) -> AmplitudeConnector:
        found = load_settings("amplitude", AmplitudeSettings, env)
        assert found is not None
        return AmplitudeConnector(
            found, Http(found.root, auth=found.auth(), transport=httpx.MockTransport(self), clock=Impatient())
        )


@pytest.fixture
def export() -> Export:
    return Export()


def content(home: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(home / "raw" / "amplitude.duckdb"), read_only=True) as connection:
        return connection.execute(
            "select record_id, record from raw_amplitude.events order by all"
        ).fetchall()


def quarantine(home: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(home / "raw" / "amplitude.duckdb"), read_only=True) as connection:
        return connection.execute(
            "select reason, record from raw_amplitude._pops_quarantine order by all"
        ).fetchall()


def test_history_comes_in_weeks_and_nights_read_three_hours_again(export: Export, tmp_path: Path) -> None:
    export.hours = {START: [event("a"), event("b")], NIGHT - 4 * HOUR: [event("b"), event("c")]}
    run = export.run(tmp_path)
    assert (run.outcome, run.streams[0].fetched, run.streams[0].loaded) == ("ok", 4, 3)
    last = NIGHT - 3 * HOUR
    assert export.asked == [(START, START + timedelta(days=7) - HOUR), (START + timedelta(days=7), last)]
    export.hours[NIGHT - 5 * HOUR] = [event("late")]
    export.asked.clear()
    run = export.run(tmp_path, NIGHT + timedelta(days=1))
    assert export.asked == [(last + HOUR - 3 * HOUR, NIGHT + timedelta(days=1) - 3 * HOUR)]
    assert run.streams[0].loaded == 1
    export.asked.clear()
    assert export.run(tmp_path, NIGHT + timedelta(days=1)).streams[0].windows == 0
    assert export.asked == []


def test_lines_are_kept_byte_for_byte(export: Export, tmp_path: Path) -> None:
    lines = [
        b'{ "uuid" : "x" ,"n":1.10, "big":12345678901234567890, "t":"\\u00e9\xc3\xa9\\n" }',
        b'{"uuid":"y","nested":{"uuid":"z"},"n":1e400}',
        '{"uuid":"w","text":"عربي 🎉 =cmd|\' /C calc\'!A0"}'.encode(),
    ]
    export.hours = {START: lines}
    export.run(tmp_path)
    assert sorted(record.encode() for _, record in content(tmp_path)) == sorted(lines)


def test_what_is_no_event_is_quarantined_with_a_reason(export: Export, tmp_path: Path) -> None:
    export.hours = {
        START: [event("a"), b'{"uuid": "torn', b"\xff\xfe", b'{"no": "uuid"}', b"", b"[1]", event("b")]
    }
    run = export.run(tmp_path)
    assert (run.streams[0].loaded, run.streams[0].quarantined, run.streams[0].fetched) == (2, 4, 6)
    assert quarantine(tmp_path) == [
        ("The event has no uuid.", "[1]"),
        ("The event has no uuid.", '{"no": "uuid"}'),
        ("The line is not JSON.", '{"uuid": "torn'),
        ("The line is not UTF-8.", "\\xff\\xfe"),
    ]


def test_a_byte_order_mark_is_not_part_of_the_line(export: Export, tmp_path: Path) -> None:
    export.hours = {START: [b"\xef\xbb\xbf" + event("a")]}
    export.run(tmp_path)
    assert content(tmp_path) == [("a", event("a").decode())]


def test_windows_are_halved_down_to_an_hour(export: Export, tmp_path: Path) -> None:
    export.hours = {START + number * HOUR: [event(str(number))] for number in range(200)}
    export.most_hours = 30
    run = export.run(tmp_path)
    assert run.outcome == "ok"
    assert len(content(tmp_path)) == 200
    whole = [(start, end) for start, end in export.asked if (end - start) / HOUR + 1 <= 30]
    assert sum((end - start) / HOUR + 1 for start, end in whole) == (NIGHT - 2 * HOUR - START) / HOUR
    export.most_hours = 0
    assert "too large" in (export.run(tmp_path, NIGHT + timedelta(days=1)).error or "")


def test_an_empty_history_is_a_success(export: Export, tmp_path: Path) -> None:
    run = export.run(tmp_path)
    assert (run.outcome, run.streams[0].fetched, run.streams[0].windows) == ("ok", 0, 2)


def _damaged(body: bytes) -> bytes:
    """The zip with one byte of its gzipped member changed."""
    place = body.index(b"\x1f\x8b") + 12
    return body[:place] + bytes([body[place] ^ 0xFF]) + body[place + 1 :]


SOUND = zipped({"1/a.json.gz": gzip.compress(event("a") * 50)})
BROKEN: dict[str, bytes] = {
    "cut short": SOUND[:-30],
    "no zip": b"nothing of the kind",
    "damaged member": _damaged(SOUND),
    "no file": zipped({}),
    "no events": zipped({"readme.txt": b"hello"}),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_archive_is_fetched_again_and_never_empty(
    export: Export, tmp_path: Path, body: bytes
) -> None:
    export.hours = {START: [event("a")]}
    export.faults = [sent(body) for _ in range(2)]
    assert export.run(tmp_path).streams[0].loaded == 1
    export.faults = [sent(body) for _ in range(3)]
    run = export.run(tmp_path, NIGHT + timedelta(days=1))
    assert run.outcome == "failed"
    assert "amplitude events, GET /api/2/export" in (run.error or "")


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(event("a"), mtime=0)[:-6], gzip.compress(event("a"), mtime=0)[:-8] + b"\0" * 8, b"plain"],
    # The packed bytes hold the second in which they were packed.
    ids=["cut short", "wrong checksum", "not packed"],
)
def test_a_broken_gzip_member_is_an_error(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(zipped({"1/a.json.gz": packed}))
    sound_archive(path)
    with pytest.raises(MalformedResponse, match=r"1/a\.json\.gz"):
        list(event_pages(path))


def test_members_of_several_gzip_streams_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    packed = gzip.compress(event("a") + b"\n") + gzip.compress(event("b") + b"\r\n" + event("c"))
    path.write_bytes(zipped({"1/a.json.gz": packed, "1/b.json.gz": gzip.compress(b""), "1/readme.txt": b"x"}))
    assert [key for page in event_pages(path) for key in page.records["record_id"].to_pylist()] == [
        "a",
        "b",
        "c",
    ]


@settings(max_examples=25, deadline=None)
@given(
    keys=st.lists(st.integers(0, 30), max_size=60), page_bytes=st.integers(1, 400), chunk=st.integers(1, 90)
)
def test_no_line_is_lost_or_cut_at_any_page_size(
    tmp_path_factory: pytest.TempPathFactory, keys: list[int], page_bytes: int, chunk: int
) -> None:
    path = tmp_path_factory.mktemp("zip") / "export.zip"
    lines = [event(str(key)) for key in keys]
    path.write_bytes(zipped({"1/a.json.gz": gzip.compress(b"\n".join(lines))}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.lines.PAGE_BYTES", page_bytes)
        patch.setattr("connectors.lines.CHUNK_BYTES", chunk)
        pages = list(event_pages(path))
    assert [text.encode() for page in pages for text in page.records["record"].to_pylist()] == lines
    assert not [each for page in pages for each in page.quarantined]


def test_the_shortest_window_cannot_be_shorter(export: Export) -> None:
    connector = export.connector()
    assert connector.shortened(Window(START, START + HOUR, {})) is None
    half = connector.shortened(Window(START, START + 5 * HOUR, {"toward": "then"}))
    assert half == Window(
        START,
        START + 2 * HOUR,
        {"uploaded_until": (START + 2 * HOUR).isoformat(), "toward": "then", "step": 7200.0},
    )


def _answering(status: int) -> Callable[[Export], None]:
    return lambda export: export.faults.extend([httpx.Response(status, json={})] * 50)


@pytest.mark.parametrize(
    ("status", "state"),
    [(404, "ok"), (400, "ok"), (401, "rejected"), (403, "scope_missing"), (500, "unreachable")],
)
def test_check_tells_the_credentials_state(export: Export, status: int, state: str) -> None:
    _answering(status)(export)
    credentials = ask_credentials(export.connector())
    assert credentials.state == state
    assert bool(credentials.remedy) == (state != "ok")


def test_check_with_events_and_with_a_wrong_key(export: Export) -> None:
    export.faults = [sent(SOUND)]
    assert ask_credentials(export.connector()).state == "ok"
    wrong = ask_credentials(export.connector(ENV | {"POPS_AMPLITUDE_SECRET_KEY": "canary-wrong-key"}))
    assert wrong.state == "rejected"
    assert "canary" not in wrong.remedy
