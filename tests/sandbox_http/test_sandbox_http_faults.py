"""Planned faults and planted defects do what their names say, when they are told to."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from vendor_client import (
    AMPLITUDE,
    DAY,
    HUBSPOT,
    JIRA,
    NOW,
    START,
    events_in,
    iso,
    jira_search,
    names_in,
    plan,
    zendesk,
    zendesk_export,
)

from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("429_seconds", "3"),
        ("429_date", " GMT"),
        ("429_no_header", None),
        ("429_reset_only", None),
        ("daily_quota", "3"),
    ],
)
def test_too_many_requests_in_every_way_vendors_say_it(
    client: httpx.Client, kind: str, header: str | None
) -> None:
    plan(client, "jira", kind, seconds=3)
    response = client.get("/jira/rest/api/3/status", auth=JIRA)
    assert response.status_code == 429
    assert response.headers["ratelimit-reason"]
    assert (header in response.headers["retry-after"]) if header else "retry-after" not in response.headers
    assert ("x-ratelimit-reset" in response.headers) == (kind == "429_reset_only")
    assert client.get("/jira/rest/api/3/status", auth=JIRA).status_code == 200


@pytest.mark.parametrize("kind", ["500", "502", "503", "504", "400", "401", "403", "410"])
@pytest.mark.parametrize("vendor", ["amplitude", "hubspot", "jira"])
def test_planned_refusals_strike_once(client: httpx.Client, vendor: str, kind: str) -> None:
    ask: dict[str, Callable[[], httpx.Response]] = {
        "amplitude": lambda: client.get("/amplitude/api/2/export", params=DAY, auth=AMPLITUDE),
        "hubspot": lambda: client.get("/hubspot/crm/owners/2026-09", headers=HUBSPOT),
        "jira": lambda: client.get("/jira/rest/api/3/status", auth=JIRA),
    }
    plan(client, vendor, kind, nth=2)
    assert [ask[vendor]().status_code for _ in range(3)] == [200, int(kind), 200]


def test_an_expired_token_stays_expired(client: httpx.Client) -> None:
    headers = zendesk(client)
    plan(client, "zendesk", "401", stream="tickets_count")
    url = "/zendesk/api/v2/tickets/count.json"
    assert [client.get(url, headers=headers).status_code for _ in range(2)] == [401, 401]
    assert client.get(url, headers=zendesk(client)).status_code == 200


def test_faults_match_their_stream_and_follow_their_seed(client: httpx.Client) -> None:
    def statuses() -> list[int]:
        client.delete("/_sandbox/faults")
        plan(client, "jira", "500", stream="statuses", probability=0.5, seed=3)
        return [client.get("/jira/rest/api/3/status", auth=JIRA).status_code for _ in range(20)]

    first = statuses()
    assert first == statuses()
    assert 4 < first.count(500) < 16
    assert client.get("/jira/rest/api/3/field", auth=JIRA).status_code == 200
    unknown = client.post("/_sandbox/faults", json=[{"vendor": "jira", "kind": "flood"}])
    assert (unknown.status_code, "flood" in unknown.json()["error"]) == (400, True)


def test_a_window_can_be_too_big(client: httpx.Client) -> None:
    plan(client, "amplitude", "too_big", hours=12)
    assert client.get("/amplitude/api/2/export", params=DAY, auth=AMPLITUDE).status_code == 400
    half = {"start": "20261112T00", "end": "20261112T11"}
    assert client.get("/amplitude/api/2/export", params=half, auth=AMPLITUDE).status_code == 200


def test_broken_exports_are_broken_as_named(client: httpx.Client) -> None:
    def export(kind: str) -> bytes:
        plan(client, "amplitude", kind)
        response = client.get("/amplitude/api/2/export", params=DAY, auth=AMPLITUDE)
        assert response.status_code == 200
        client.delete("/_sandbox/faults")
        return response.content

    with pytest.raises(zipfile.BadZipFile):
        names_in(export("bad_zip"))
    assert names_in(export("empty_zip")) == []
    with pytest.raises(gzip.BadGzipFile, match="CRC"):
        events_in(export("bad_gzip_crc"))
    with pytest.raises(json.JSONDecodeError):
        events_in(export("torn_line"))
    with pytest.raises(UnicodeDecodeError):
        events_in(export("invalid_utf8"))
    with zipfile.ZipFile(io.BytesIO(export("byte_order_mark"))) as archive:
        assert gzip.decompress(archive.read(archive.namelist()[0])).startswith(b"\xef\xbb\xbf{")
    assert export("html_200").startswith(b"<!DOCTYPE html>")


def test_paging_faults_reach_every_vendor(client: httpx.Client) -> None:
    headers = zendesk(client)
    contacts = "/hubspot/crm/objects/2026-09/contacts?limit=10"
    first = client.get(contacts, headers=HUBSPOT).json()["paging"]["next"]["after"]
    plan(client, "hubspot", "repeated_cursor")
    stuck = client.get(f"{contacts}&after={first}", headers=HUBSPOT).json()
    assert stuck["paging"]["next"]["after"] == first

    plan(client, "zendesk", "empty_page")
    url = "/zendesk/api/v2/incremental/tickets/cursor.json"
    empty = client.get(url, params={"start_time": 0}, headers=headers).json()
    assert (empty["tickets"], empty["end_of_stream"]) == ([], False)
    resumed = client.get(url, params={"cursor": empty["after_cursor"]}, headers=headers).json()
    assert len(resumed["tickets"]) == 25

    plan(client, "zendesk", "foreign_host", stream="ticket_events")
    away = client.get("/zendesk/api/v2/incremental/ticket_events.json?start_time=0", headers=headers).json()
    assert httpx.URL(away["next_page"]).host == "export.invalid"

    query = {"jql": "project = WEB", "maxResults": 10}
    token = jira_search(client, **query).json()["nextPageToken"]
    plan(client, "jira", "repeated_cursor")
    assert jira_search(client, **query, nextPageToken=token).json()["nextPageToken"] == token
    plan(client, "jira", "empty_page")
    page = jira_search(client, **query).json()
    assert page["issues"] == []
    assert len(jira_search(client, **query, nextPageToken=page["nextPageToken"]).json()["issues"]) == 10


def test_rows_changed_lately_can_be_hidden_until_the_clock_moves(
    client: httpx.Client, sandbox: SandboxState
) -> None:
    sandbox.now = START + timedelta(hours=43)
    plan(client, "jira", "hidden_row", stream="issues", seconds=7200)

    def counted() -> int:
        return len(jira_search(client, jql="project = WEB", maxResults=500).json()["issues"])

    assert counted() == 125
    sandbox.now = START + timedelta(hours=46)
    assert counted() == 130


@pytest.mark.parametrize("kind", ["truncated_body", "connection_reset", "stalled_body"])
def test_broken_transport_is_seen_by_a_real_client(sandbox: SandboxState, kind: str) -> None:
    with running_app(create_app(sandbox)) as base_url, httpx.Client(base_url=base_url, timeout=0.5) as client:
        client.post("/_sandbox/faults", json=[{"vendor": "amplitude", "kind": kind, "seconds": 0.8}])
        with pytest.raises(httpx.TransportError):
            client.get("/amplitude/api/2/export", params=DAY, auth=AMPLITUDE)
        whole = client.get("/amplitude/api/2/export", params=DAY, auth=AMPLITUDE)
        assert len(events_in(whole.content)) == 240


def test_planted_defects_spoil_and_heal(client: httpx.Client, sandbox: SandboxState) -> None:
    sandbox.now = START + timedelta(days=1)
    _, before = zendesk_export(client, "tickets")
    client.post("/_sandbox/defects", json={"names": ["unknown_ticket_status", "ticket_backdated"]})
    _, spoiled = zendesk_export(client, "tickets")
    escalated = [ticket for ticket in spoiled if ticket["status"] == "escalated"]
    assert 0 < len(escalated) < len(spoiled) == len(before)
    assert all(ticket["created_at"] > iso(sandbox.now) for ticket in escalated)
    client.post("/_sandbox/defects", json={"names": []})
    _, healed = zendesk_export(client, "tickets")
    newer = {ticket["id"]: ticket["generated_timestamp"] for ticket in healed}
    assert all(ticket["status"] == "open" for ticket in healed)
    assert all(newer[ticket["id"]] > ticket["generated_timestamp"] for ticket in escalated)
    assert client.post("/_sandbox/defects", json={"names": ["drought"]}).status_code == 400


def test_a_collapse_of_volume_heals_by_late_events(client: httpx.Client, sandbox: SandboxState) -> None:
    def uuids(start: str, end: str) -> list[str]:
        content = client.get(
            "/amplitude/api/2/export", params={"start": start, "end": end}, auth=AMPLITUDE
        ).content
        return [event["uuid"] for event in events_in(content)]

    last_day = ("20261112T23", "20261113T22")
    whole = uuids(*last_day)
    client.post("/_sandbox/defects", json={"names": ["volume_collapse"]})
    thinned = uuids(*last_day)
    assert len(thinned) < len(whole) * 0.15
    sandbox.now = NOW + timedelta(days=1)
    thinned += uuids("20261113T23", "20261114T22")
    client.post("/_sandbox/defects", json={"names": []})
    sandbox.now = NOW + timedelta(days=2)
    late = uuids("20261114T23", "20261114T23")
    assert len(thinned + late) == 2 * len(whole)
    assert len(set(thinned + late)) == 2 * len(whole)
