"""The Mixpanel connector against the sandbox: a night's budget, the look-back, cut bodies, time zones, profiles."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import httpx
import pytest

from connectors.credentials import check_source
from connectors.errors import InvalidSettings
from connectors.mixpanel import days
from connectors.mixpanel.settings import MixpanelSettings
from connectors.runner import SourceRun, run_source
from connectors.settings import load_settings
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData, VendorData
from sandbox.serving.environment import environment
from sandbox.serving.faults import Fault
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from tests.vendor_reading import HandMade, Impatient

NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)
A_DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")


class Days(HandMade):
    """Lines by day, put in by hand, and profiles as records."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[date, list[bytes]] = {}

    def event(self, day: date, insert_id: str, processed: datetime, **more: Any) -> None:
        properties = {
            "time": int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000),
            "distinct_id": "usr_1",
            "$insert_id": insert_id,
            "mp_processing_time_ms": int(processed.timestamp() * 1000),
        }
        line = json.dumps({"event": "board_opened", "properties": properties | more})
        self.lines.setdefault(day, []).append(line.encode())

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        return [b"".join(line + b"\n" for line in self.lines.get(start.date(), []))]


class Served:
    """A running sandbox that shows Mixpanel alone, and runs of the connector against it."""

    def __init__(self, state: SandboxState, base_url: str) -> None:
        self.state = state
        self.env = environment(base_url, pace=1000, only=("mixpanel",)) | {
            "POPS_MIXPANEL_LOOK_BACK_DAYS": "5",
            "POPS_MIXPANEL_REQUESTS_PER_RUN": "1000",
        }

    def run(
        self, home: Path, until: datetime = NIGHT, start: date = date(2026, 11, 1), **env: str
    ) -> SourceRun:
        self.state.now = until
        begin = datetime(start.year, start.month, start.day, tzinfo=UTC)
        given = self.env | {f"POPS_MIXPANEL_{name}": value for name, value in env.items()}
        return run_source("mixpanel", home, until, begin, given, clock=Impatient())

    def fault(self, **fault: Any) -> None:
        self.state.faults.add([Fault.from_json({"vendor": "mixpanel", **fault})])

    def exports(self) -> int:
        return self.state.requests["mixpanel", "GET /api/2.0/export"]


@contextmanager
def served(data: VendorData, zone: ZoneInfo = UTC_ZONE) -> Iterator[Served]:
    state = SandboxState(data, NIGHT, only=("mixpanel",), pace=100_000, export_zone=zone)
    with running_app(create_app(state)) as base_url:
        yield Served(state, base_url)


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "raw" / "mixpanel.duckdb"), read_only=True) as raw:
        return raw.execute(sql).fetchall()


def held(home: Path) -> set[str]:
    return {record for (record,) in query(home, "select record from raw_mixpanel.events")}


def cursor(home: Path) -> Any:
    ((text,),) = query(home, "select cursor from raw_mixpanel._pops_cursors where stream = 'events'")
    return json.loads(text)


def stream(run: SourceRun, name: str) -> Any:
    return next(each for each in run.streams if each.stream == name)


def lines(company: Company, wanted: list[date], now: datetime, zone: ZoneInfo = UTC_ZONE) -> set[str]:
    data = CompanyData(company)
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in wanted]
    files = [file for start in starts for file in data.events("mixpanel", start, now)]
    return {line for file in files for line in file.decode().splitlines()}


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.fixture
def day_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query takes a day, as where a day brings very much."""
    monkeypatch.setattr(days, "MOST_DAYS", 1)


@pytest.mark.usefixtures("day_by_day")
@pytest.mark.slow
def test_history_is_read_over_nights_and_the_newest_days_every_night(
    company: Company, tmp_path: Path
) -> None:
    start = date(2026, 9, 28)
    with served(CompanyData(company)) as vendor:
        outcomes, asked = [], []
        for night in range(4):
            until = NIGHT + night * A_DAY
            before = vendor.exports()
            run = vendor.run(tmp_path, until, start, REQUESTS_PER_RUN="20")
            outcomes.append((run.outcome, stream(run, "profiles").outcome, stream(run, "events").outcome))
            asked.append(vendor.exports() - before)
            yesterday = (until - A_DAY).date()
            newest = days_between(yesterday - 5 * A_DAY, yesterday)
            assert lines(company, newest, until) <= held(tmp_path)
    assert outcomes == [("paused", "ok", "paused")] * 3 + [("ok", "ok", "ok")]
    # Twenty a night, one of which is for the profiles, and six for days that may still change.
    assert asked == [19, 19, 19, 6 + 2]
    assert cursor(tmp_path) == {
        "zone": "UTC",
        "days": [["2026-09-28", "2026-11-11"]],
        "until": "2026-11-17T01:00:00+00:00",
        "asked": [["2026-11-12", "2026-11-16"]],
        "at_once": 1,
    }
    assert lines(company, days_between(start, date(2026, 11, 16)), NIGHT) <= held(tmp_path)
    before = len(held(tmp_path))
    with served(CompanyData(company)) as vendor:
        again = vendor.run(tmp_path, NIGHT + 3 * A_DAY + timedelta(minutes=1), start)
        assert (again.outcome, len(held(tmp_path)), vendor.exports()) == ("ok", before, 5)


def test_an_event_that_arrives_within_the_look_back_is_read(tmp_path: Path) -> None:
    data = Days()
    with served(data) as vendor:
        vendor.run(tmp_path)
        for days_late in (1, 4, 7):
            data.event(NIGHT.date() - days_late * A_DAY, f"late-{days_late}", NIGHT + timedelta(hours=20))
        run = vendor.run(tmp_path, NIGHT + A_DAY)
    assert stream(run, "events").loaded == 2
    assert {json.loads(each)["properties"]["$insert_id"] for each in held(tmp_path)} == {"late-1", "late-4"}


def test_days_missed_while_nothing_ran_are_read_again(tmp_path: Path) -> None:
    data = Days()
    with served(data) as vendor:
        vendor.run(tmp_path)
        for days_late in range(1, 9):
            data.event(NIGHT.date() - days_late * A_DAY, f"{days_late}", NIGHT + A_DAY)
        vendor.run(tmp_path, NIGHT + 30 * A_DAY)
    # At the first night the last five days were not settled.
    assert {json.loads(each)["properties"]["$insert_id"] for each in held(tmp_path)} == {*"12345"}


def test_the_version_processed_last_is_the_latest(tmp_path: Path) -> None:
    data = Days()
    with served(data) as vendor:
        for hour, kind in ((2, "corrected"), (1, "first")):
            data.event(date(2026, 11, 12), "a", NIGHT - timedelta(hours=24 - hour), kind=kind)
        data.lines[date(2026, 11, 12)] *= 2
        run = vendor.run(tmp_path)
    assert (stream(run, "events").loaded, stream(run, "events").duplicates) == (2, 2)
    versions = query(
        tmp_path, "select record_id, record from raw_mixpanel.events order by record_version desc"
    )
    assert len({key for key, _ in versions}) == 1
    assert json.loads(versions[0][1])["properties"]["kind"] == "corrected"


@pytest.mark.usefixtures("day_by_day")
def test_a_cut_body_keeps_its_good_lines_and_the_day_is_read_again(tmp_path: Path) -> None:
    data, day = Days(), date(2026, 11, 3)
    for number in range(3):
        data.event(day, f"{number}", NIGHT - 5 * A_DAY)
    newest_first = (NIGHT.date() - A_DAY - day).days + 1
    with served(data) as vendor:
        vendor.fault(stream="events", kind="torn_line", nth=newest_first, times=2)
        run = vendor.run(tmp_path)
        assert run.outcome == "ok"
        assert (stream(run, "events").loaded, stream(run, "events").quarantined) == (2, 1)
        assert cursor(tmp_path)["days"] == [["2026-11-01", "2026-11-02"], ["2026-11-04", "2026-11-08"]]
        assert query(tmp_path, "select reason from raw_mixpanel._pops_quarantine") == [
            ("The line is not JSON.",)
        ]
        run = vendor.run(tmp_path, NIGHT + A_DAY)
    assert stream(run, "events").loaded == 1
    assert cursor(tmp_path)["days"] == [["2026-11-01", "2026-11-09"]]


def test_a_body_cut_once_is_fetched_again(tmp_path: Path) -> None:
    data, day = Days(), NIGHT.date() - A_DAY
    data.event(day, "a", NIGHT)
    with served(data) as vendor:
        vendor.fault(stream="events", kind="torn_line")
        run = vendor.run(tmp_path)
    assert (stream(run, "events").loaded, stream(run, "events").quarantined) == (1, 0)


def test_a_line_that_is_no_event_is_quarantined_and_the_day_counts_as_read(tmp_path: Path) -> None:
    data, day = Days(), date(2026, 11, 3)
    data.lines[day] = [b'{"event": "torn', b'{"properties": {}}', b"\xff"]
    data.event(day, "a", NIGHT - 5 * A_DAY)
    with served(data) as vendor:
        run = vendor.run(tmp_path)
    assert (stream(run, "events").loaded, stream(run, "events").quarantined) == (1, 3)
    assert cursor(tmp_path)["days"] == [["2026-11-01", "2026-11-08"]]


@pytest.mark.usefixtures("day_by_day")
def test_a_vendor_that_wants_no_more_queries_pauses_the_run(tmp_path: Path) -> None:
    data = Days()
    data.event(date(2026, 11, 2), "a", NIGHT - 10 * A_DAY)
    with served(data) as vendor:
        vendor.fault(stream="events", kind="429_no_header", nth=4, times=100)
        run = vendor.run(tmp_path)
        assert (run.outcome, stream(run, "events").windows) == ("paused", 3)
        vendor.state.faults.clear()
        vendor.fault(stream="events", kind="429_seconds", nth=2)
        run = vendor.run(tmp_path)
    assert (run.outcome, len(held(tmp_path))) == ("ok", 1)


@pytest.mark.parametrize("kind", ["400", "410", "html_200"])
def test_a_refused_day_fails_the_events_and_not_the_profiles(tmp_path: Path, kind: str) -> None:
    data = Days()
    data.put("mixpanel", "profiles", {"$distinct_id": "a", "$properties": {}}, NIGHT - A_DAY, key="a")
    with served(data) as vendor:
        vendor.fault(stream="events", kind=kind)
        run = vendor.run(tmp_path)
    assert (stream(run, "profiles").outcome, stream(run, "events").outcome) == ("ok", "failed")
    assert "mixpanel events, GET " in (run.error or "")


def test_wrong_credentials_name_the_remedy_and_no_secret(tmp_path: Path) -> None:
    with served(Days()) as vendor:
        run = vendor.run(tmp_path, SERVICE_ACCOUNT_SECRET="canary-secret")
        assert run.outcome == "failed"
        assert "POPS_MIXPANEL_SERVICE_ACCOUNT_SECRET" in (run.error or "")
        assert "canary" not in (run.error or "")
        good = check_source("mixpanel", vendor.env)
        wrong = check_source(
            "mixpanel", vendor.env | {"POPS_MIXPANEL_SERVICE_ACCOUNT_SECRET": "canary-secret"}
        )
        foreign = check_source("mixpanel", vendor.env | {"POPS_MIXPANEL_PROJECT_ID": "1"})
    assert (good and good.state, wrong and wrong.state) == ("ok", "rejected")
    assert foreign is not None
    assert foreign.state == "scope_missing"
    assert "Consumer" in foreign.remedy


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Tokyo"])
def test_days_are_those_of_the_project(company: Company, tmp_path: Path, zone: str) -> None:
    project = ZoneInfo(zone)
    until = datetime(2026, 11, 3, 1, tzinfo=UTC)
    with served(CompanyData(company), project) as vendor:
        run = vendor.run(tmp_path, until, date(2026, 10, 23), PROJECT_TIMEZONE=zone)
    assert run.outcome == "ok"
    expected = lines(company, days_between(date(2026, 10, 22), date(2026, 11, 3)), until, project)
    local = (until - timedelta(hours=2)).astimezone(project).date()
    first = datetime(2026, 10, 23, tzinfo=UTC).astimezone(project).date()
    assert held(tmp_path) == lines(company, days_between(first, local), until, project)
    assert held(tmp_path) <= expected
    ((begin, end),) = query(
        tmp_path,
        "select min(window_start), max(window_end) from raw_mixpanel._pops_loads where stream = 'events'",
    )
    # The clock went back in between, but in Japan.
    count = (local - first).days + 1
    assert (end - begin) / timedelta(hours=1) == 24 * count + (zone != "Asia/Tokyo")
    # Whatever the zone, what the reporting zone needs of yesterday is there.
    needed = lines(company, [date(2026, 11, 1), date(2026, 11, 2)], until)
    inserted = {json.loads(each)["properties"]["$insert_id"] for each in held(tmp_path)}
    before = datetime(2026, 11, 2, 23, tzinfo=UTC).timestamp() * 1000
    for each in map(json.loads, needed):
        assert each["properties"]["$insert_id"] in inserted or each["properties"]["time"] >= before


@pytest.mark.usefixtures("day_by_day")
def test_a_project_whose_zone_was_corrected_is_read_anew(tmp_path: Path) -> None:
    with served(Days()) as vendor:
        vendor.run(tmp_path)
        before = vendor.exports()
        vendor.run(tmp_path, PROJECT_TIMEZONE="Europe/Berlin")
        assert vendor.exports() - before == 14
    assert cursor(tmp_path)["zone"] == "Europe/Berlin"


def test_profiles_are_read_whole_and_those_that_vanish_are_deleted(tmp_path: Path) -> None:
    data = Days()
    for number in range(2500):
        body = {"$distinct_id": f"usr_{number}", "$properties": {"$email": f"{number}@x.example"}}
        data.put("mixpanel", "profiles", body, NIGHT - A_DAY, key=f"usr_{number}")
    with served(data) as vendor:
        run = vendor.run(tmp_path)
        assert stream(run, "profiles").loaded == 2500
        data.drop("mixpanel", "profiles", "usr_7")
        edited = {"$distinct_id": "usr_8", "$properties": {"$email": "new@x.example"}}
        data.put("mixpanel", "profiles", edited, NIGHT, key="usr_8")
        assert stream(vendor.run(tmp_path, NIGHT + A_DAY), "profiles").loaded == 2
        assert stream(vendor.run(tmp_path, NIGHT + 2 * A_DAY), "profiles").loaded == 0
        vendor.fault(stream="profiles", kind="repeated_cursor", nth=2)
        assert "does not move" in (vendor.run(tmp_path, NIGHT + 3 * A_DAY).error or "")
    latest = query(
        tmp_path,
        "select record_id from raw_mixpanel.profiles where is_deleted order by extracted_at desc",
    )
    assert latest == [("usr_7",)]


@pytest.mark.usefixtures("day_by_day")
def test_profiles_that_leave_no_room_for_events_say_so_and_events_are_read(tmp_path: Path) -> None:
    data = Days()
    for number in range(9_500):
        data.put(
            "mixpanel", "profiles", {"$distinct_id": f"{number}", "$properties": {}}, NIGHT, key=f"{number}"
        )
    with served(data) as vendor:
        run = vendor.run(tmp_path, REQUESTS_PER_RUN="15")
    assert vendor.exports() == 13
    assert "POPS_MIXPANEL_REQUESTS_PER_RUN to 17" in stream(run, "profiles").error


@pytest.mark.parametrize(
    ("data_host", "query_host"),
    [("data", "mixpanel.com"), ("data-eu", "eu.mixpanel.com"), ("data-in", "in.mixpanel.com")],
)
def test_profiles_are_asked_for_on_the_query_host_of_the_region(
    tmp_path: Path, data_host: str, query_host: str
) -> None:
    hosts = set()

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.add((request.url.host, request.url.path))
        if request.method == "GET":
            return httpx.Response(200, stream=httpx.ByteStream(b""))
        body = {"page": 0, "page_size": 1000, "total": 0, "session_id": "s", "results": []}
        return httpx.Response(200, json=body)

    env = environment("https://x.example", only=("mixpanel",)) | {
        "POPS_MIXPANEL_BASE_URL": f"https://{data_host}.mixpanel.com"
    }
    run = run_source(
        "mixpanel",
        tmp_path,
        NIGHT,
        NIGHT - A_DAY,
        env,
        transport=httpx.MockTransport(answer),
        clock=Impatient(),
    )
    assert run.outcome == "ok"
    assert hosts == {
        (f"{data_host}.mixpanel.com", "/api/2.0/export"),
        (query_host, "/api/query/engage"),
    }


@pytest.mark.parametrize(
    ("name", "value"), [("PROJECT_TIMEZONE", "Berlin"), ("LOOK_BACK_DAYS", "0"), ("PROJECT_ID", "x")]
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    env = environment("https://x.example", pace=1, only=("mixpanel",)) | {f"POPS_MIXPANEL_{name}": value}
    with pytest.raises(InvalidSettings, match=f"POPS_MIXPANEL_{name}"):
        load_settings("mixpanel", MixpanelSettings, env)
