"""Mixpanel as the sandbox speaks it, over the same usage that Amplitude shows."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from vendor_client import AMPLITUDE, Serve, events_in

from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.replay import Replay
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.mixpanel.credentials import MIXPANEL_PROJECT, MIXPANEL_SECRET, MIXPANEL_USER

NOW = datetime(2026, 11, 14, 1, tzinfo=UTC)
MIXPANEL = (MIXPANEL_USER, MIXPANEL_SECRET)
PROJECT = {"project_id": MIXPANEL_PROJECT}
EXPORT, ENGAGE = "/mixpanel/api/2.0/export", "/mixpanel/api/query/engage"
BOTH = ("amplitude", "mixpanel")


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture
def state(company: Company) -> SandboxState:
    return SandboxState(CompanyData(company), NOW, only=BOTH, pace=100_000)


@pytest.fixture
def mixpanel(state: SandboxState, serve: Serve) -> httpx.Client:
    return serve(create_app(state))


def day(client: httpx.Client, which: str, **more: str) -> list[dict[str, Any]]:
    params = PROJECT | {"from_date": which, "to_date": which, "time_in_ms": "true"} | more
    answer = client.get(EXPORT, params=params, auth=MIXPANEL)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_strangers_and_members_of_other_projects_are_refused(mixpanel: httpx.Client) -> None:
    window = {"from_date": "2026-11-12", "to_date": "2026-11-12", "time_in_ms": "true"}
    wrong = mixpanel.get(EXPORT, params=PROJECT | window, auth=(MIXPANEL_USER, "wrong"))
    assert (wrong.status_code, wrong.json()["status"]) == (401, "error")
    other = mixpanel.get(EXPORT, params={"project_id": "1"} | window, auth=MIXPANEL)
    assert other.status_code == 403
    for bad in ({"from_date": "12 Nov"}, {"to_date": "2026-11-11"}):
        assert mixpanel.get(EXPORT, params=PROJECT | window | bad, auth=MIXPANEL).status_code == 400


def test_a_day_is_what_amplitude_has_of_it(mixpanel: httpx.Client) -> None:
    window = {"start": "20261101T00", "end": "20261113T22"}
    archive = mixpanel.get("/amplitude/api/2/export", params=window, auth=AMPLITUDE).content
    there = {
        (
            event["$insert_id"],
            event["device_id"],
            event["user_id"],
            # What their libraries send by themselves, each calls by its own name.
            event["event_type"].replace("[Amplitude] Rage Click", "$mp_rage_click"),
            event["event_time"][:23],
        )
        for event in events_in(archive)
        if event["event_time"].startswith("2026-11-10")
    }
    here = set()
    for event in day(mixpanel, "2026-11-10"):
        known = event["properties"]
        happened = datetime.fromtimestamp(known["time"] / 1000, UTC)
        if known["mp_processing_time_ms"] / 1000 < datetime(2026, 11, 13, 23, tzinfo=UTC).timestamp():
            stamp = happened.strftime("%Y-%m-%d %H:%M:%S.%f")[:23]
            here.add((known["$insert_id"], known["$device_id"], known.get("$user_id"), event["event"], stamp))
    assert here == there


def test_the_same_event_comes_again_and_nothing_of_the_future(mixpanel: httpx.Client) -> None:
    events = [event for number in range(1, 14) for event in day(mixpanel, f"2026-11-{number:02d}")]
    keys = [(each["properties"]["$insert_id"], each["properties"]["time"]) for each in events]
    assert len(keys) > len(set(keys))
    assert all(each["properties"]["mp_processing_time_ms"] < NOW.timestamp() * 1000 for each in events)
    assert len(day(mixpanel, "2026-11-10", limit="3")) == 3


def test_a_project_with_its_own_clock_shows_it(company: Company, serve: Serve) -> None:
    zone = ZoneInfo("Europe/Berlin")
    client = serve(
        create_app(SandboxState(CompanyData(company), NOW, only=BOTH, pace=100_000, export_zone=zone))
    )
    shown = [
        datetime.fromtimestamp(each["properties"]["time"] / 1000, UTC) for each in day(client, "2026-10-25")
    ]
    assert {moment.date() for moment in shown} == {date(2026, 10, 25)}
    assert min(shown) == datetime(2026, 10, 25, tzinfo=UTC)
    # Half past two comes twice on this day: half an hour after midnight and half past one, in UTC.
    assert shown.count(datetime(2026, 10, 25, 2, 30, tzinfo=UTC)) >= 2


def test_profiles_come_by_page_within_a_session(
    mixpanel: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.vendors.mixpanel.api.PAGE_SIZE", 100)
    first = mixpanel.post(ENGAGE, params=PROJECT, auth=MIXPANEL).json()
    rows = list(first["results"])
    for number in (1, 2, 3):
        form = {"page": str(number), "session_id": first["session_id"]}
        rows += mixpanel.post(ENGAGE, params=PROJECT, data=form, auth=MIXPANEL).json()["results"]
    assert len({row["$distinct_id"] for row in rows}) == len(rows) == first["total"]
    assert any("$email" in row["$properties"] for row in rows)
    assert mixpanel.post(ENGAGE, params=PROJECT, data={"page": "1"}, auth=MIXPANEL).status_code == 400


def test_profiles_of_visitors_vanish(state: SandboxState) -> None:
    def anonymous() -> set[str]:
        return {row.id for row in state.rows("mixpanel", "profiles") if row.id.startswith("$device:")}

    seen = anonymous()
    state.now = NOW + timedelta(days=31)
    assert seen
    assert not seen & anonymous()


def test_sixty_queries_an_hour(company: Company, serve: Serve) -> None:
    client = serve(create_app(SandboxState(CompanyData(company), NOW, only=BOTH, pace=1)))
    for _ in range(60):
        assert client.post(ENGAGE, params=PROJECT, auth=MIXPANEL).status_code == 200
    refused = client.post(ENGAGE, params=PROJECT, auth=MIXPANEL)
    assert (refused.status_code, refused.json()["status"]) == (429, "error")
    # Exports are counted apart.
    assert day(client, "2026-11-12")


def test_ad_blockers_hide_other_events_from_each_tool(state: SandboxState) -> None:
    def ids() -> tuple[set[str], set[str]]:
        hours = [datetime(2026, 11, 9, tzinfo=UTC) + timedelta(hours=number) for number in range(96)]
        amplitude = {
            json.loads(line)["$insert_id"]
            for hour in hours
            for file in state.events("amplitude", hour)
            for line in file.splitlines()
        }
        mixpanel = {
            json.loads(line)["properties"]["$insert_id"]
            for number in range(9, 13)
            for file in state.events("mixpanel", datetime(2026, 11, number, tzinfo=UTC))
            for line in file.splitlines()
        }
        return amplitude, mixpanel

    every_amplitude, every_mixpanel = ids()
    state.defects.plant(["amplitude_misses_events", "mixpanel_misses_events"], state.now)
    amplitude, mixpanel = ids()
    lost = every_amplitude - amplitude, every_mixpanel - mixpanel
    assert all(0.01 < len(each) / len(every_amplitude) < 0.12 for each in lost)
    assert not lost[0] & lost[1]
    state.defects.plant([], state.now)
    assert ids() == (every_amplitude, every_mixpanel)


def test_an_export_of_ones_own_is_served_by_its_own_days(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / "mixpanel").mkdir()
    moment = int(datetime(2024, 2, 1, 23, 59, tzinfo=UTC).timestamp() * 1000)
    event = {"event": "open", "properties": {"time": moment, "distinct_id": "a", "$insert_id": "i"}}
    (tmp_path / "mixpanel" / "events.jsonl").write_text(json.dumps(event) + "\n")
    profile = {"$distinct_id": "a", "$properties": {}}
    (tmp_path / "mixpanel" / "profiles.jsonl").write_text(json.dumps(profile) + "\n")
    replay = Replay(tmp_path)
    client = serve(create_app(SandboxState(replay, NOW, only=("mixpanel",), pace=100_000)))
    assert day(client, "2024-02-01") == [event]
    assert day(client, "2024-02-02") == []
    assert client.post(ENGAGE, params=PROJECT, auth=MIXPANEL).json()["results"] == [profile]
