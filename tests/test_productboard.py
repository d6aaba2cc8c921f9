"""Productboard: whole readings in two passes, relationships behind a link, links to Jira, what vanished."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.credentials import check_source
from connectors.errors import ForeignHost, MalformedResponse, Rejected, StuckCursor
from connectors.runner import run_source
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from tests.nights import NIGHTS, night_moment
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Served, answered, served

BEFORE = NIGHT - timedelta(days=30)
LATER = NIGHT + timedelta(minutes=1)
STREAMS = ("notes", "features", "initiatives", "objectives", "releases", "components", "companies", "users")


def put(data: HandMade, stream: str, key: str, kind: str, *, archived: bool = False, **more: Any) -> None:
    stamp = BEFORE.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    body = {"id": key, "type": kind, "fields": {"name": key, "archived": archived}, "updatedAt": stamp}
    data.put("productboard", stream, body | {"createdAt": stamp} | more, BEFORE, archived=archived)


def connect(data: HandMade, entity: str, issue: str) -> None:
    body = {"id": entity, "fields": {"issueKey": f"ATL-{issue}", "issueId": issue}}
    data.put("productboard", "jira_connections", body, BEFORE, key=f"jira-1:{entity}:{issue}")


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    for number in range(1, 251):
        put(data, "notes", f"note-{number}", "textNote", archived=number % 10 == 0)
        put(data, "features", f"feature-{number}", "subfeature" if number % 3 == 0 else "feature")
    put(data, "components", "studio", "product")
    data.put("productboard", "jira_integrations", {"id": "jira-1"}, BEFORE)
    for number in range(1, 121):
        connect(data, f"feature-{number}", str(20_000 + number))
    with served(data) as running:
        yield running


def test_a_night_reads_what_the_company_has(tmp_path: Path) -> None:
    company = Company.create("small")
    state = SandboxState(CompanyData(company), night_moment(NIGHTS[0]), pace=1000)
    with running_app(create_app(state)) as base_url:
        env = environment(base_url, pace=1000)
        checked = check_source("productboard", env)
        first = run_source("productboard", tmp_path, state.now, HISTORY_START, env)
        again = run_source("productboard", tmp_path, state.now, HISTORY_START, env)
        state.now = night_moment(NIGHTS[2])
        last = run_source("productboard", tmp_path, state.now, HISTORY_START, env)
    assert checked is not None
    assert checked.state == "ok"
    assert first.error is None
    assert [each.loaded for each in again.streams] == [0] * len(again.streams)
    expected = {
        stream: len(CompanyData(company).records("productboard", stream, night_moment(NIGHTS[0])))
        for stream in (*STREAMS, "jira_connections")
    }
    assert {each.stream: each.loaded for each in first.streams} == expected
    # Changed, new and vanished between the nights.
    changed = {each.stream: each.loaded for each in last.streams}
    assert changed["features"] > 5
    assert changed["notes"] > 2
    # One link was made, one removed.
    assert changed["jira_connections"] == 2


def test_archived_records_come_too(vendor: Served) -> None:
    reading = vendor.reader("productboard").read("notes")
    assert len(reading.ids) == len(set(reading.ids)) == 250
    archived = [each for each in reading.records if json.loads(each.record)["fields"]["archived"]]
    assert len(archived) == 25
    assert reading.records[0].record_version.startswith("2026-10-15T01:00:00")


def test_subfeatures_come_with_features_and_products_with_components(vendor: Served) -> None:
    reader = vendor.reader("productboard")
    kinds = {json.loads(each.record)["type"] for each in reader.read("features").records}
    assert kinds == {"feature", "subfeature"}
    assert reader.read("components").ids == ["studio"]


def test_a_second_reading_adds_nothing_and_an_edit_replaces(vendor: Served) -> None:
    reader = vendor.reader("productboard")
    reader.read("features")
    assert reader.read("features", LATER).added == []
    put(vendor.data, "features", "feature-7", "feature", fields={"name": "Renamed", "archived": False})
    vendor.state.forget()
    (edited,) = reader.read("features", LATER + timedelta(minutes=1)).added
    assert json.loads(edited.record)["fields"]["name"] == "Renamed"


def test_what_vanished_is_deleted(vendor: Served) -> None:
    reader = vendor.reader("productboard")
    reader.read("features")
    reader.read("jira_connections")
    vendor.data.drop("productboard", "features", "feature-9")
    vendor.data.drop("productboard", "jira_connections", "jira-1:feature-3:20003")
    vendor.state.forget()
    (gone,) = reader.read("features", LATER).added
    assert (gone.record_id, gone.is_deleted, gone.record_version) == ("feature-9", True, "")
    (unlinked,) = reader.read("jira_connections", LATER).added
    assert (unlinked.record_id, unlinked.is_deleted) == ("jira-1:feature-3:20003", True)


def test_a_reading_that_shows_too_little_deletes_nothing(vendor: Served) -> None:
    reader = vendor.reader("productboard")
    reader.read("features")
    for number in range(1, 200):
        vendor.data.drop("productboard", "features", f"feature-{number}")
    vendor.state.forget()
    with pytest.raises(MalformedResponse, match="too few to be true"):
        reader.read("features", LATER)


def test_links_to_jira_have_a_key_of_their_own(vendor: Served) -> None:
    reading = vendor.reader("productboard").read("jira_connections")
    assert len(set(reading.ids)) == 120
    assert reading.ids[0] == "jira-1:feature-1:20001"


def test_relationships_beyond_the_first_page_are_fetched() -> None:
    data = HandMade()
    related = [{"type": "link", "target": {"id": f"f{number}", "type": "feature"}} for number in range(55)]
    relationships = {"data": related, "links": {"next": None}}
    put(data, "initiatives", "big", "initiative", relationships=relationships)
    with served(data) as running:
        (record,) = running.reader("productboard").read("initiatives").records
    assert json.loads(record.record)["relationships"] == relationships


@pytest.mark.parametrize("kind", ["empty_page", "429_seconds", "503", "truncated_body"])
def test_bad_days_lose_nothing(vendor: Served, kind: str) -> None:
    vendor.fault(vendor="productboard", stream="entities", kind=kind, nth=2, seconds=0)
    assert len(set(vendor.reader("productboard").read("features").ids)) == 250


def test_a_cursor_that_is_repeated_is_an_error(vendor: Served) -> None:
    vendor.fault(vendor="productboard", stream="entities", kind="repeated_cursor", nth=2)
    with pytest.raises(StuckCursor):
        vendor.reader("productboard").read("features")


def test_a_link_to_another_host_is_refused(vendor: Served) -> None:
    vendor.fault(vendor="productboard", stream="entities", kind="foreign_host")
    with pytest.raises(ForeignHost):
        vendor.reader("productboard").read("features")


def test_links_to_jira_that_a_plan_lacks_are_no_failure(vendor: Served, tmp_path: Path) -> None:
    vendor.fault(vendor="productboard", stream="jira_integrations", kind="403", times=99)
    run = vendor.run("productboard", tmp_path)
    assert run.outcome == "ok"
    assert run.streams[-1].outcome == "not_available"


def test_after_a_record_without_an_id_nothing_is_taken_for_deleted() -> None:
    pages = {"torn": False}

    def vendor(request: httpx.Request) -> httpx.Response:
        rows: list[Any] = [{"id": f"o{number}", "type": "objective"} for number in range(3)]
        if pages["torn"]:
            rows = [rows[0], {"type": "objective"}, "nonsense"]
        is_live = request.url.params["archived"] == "false"
        return httpx.Response(200, json={"data": rows if is_live else [], "links": {"next": None}})

    reader = answered("productboard", vendor)
    assert reader.read("objectives").ids == ["o0", "o1", "o2"]
    pages["torn"] = True
    connector = reader.connector
    stream = reader.stream("objectives")
    window = connector.next_window(stream, None, NIGHT, HISTORY_START)
    assert window is not None
    found = list(connector.fetch(stream, window))
    # Raw quarantines those without an id.
    assert [each.record_id for page in found for each in page.records] == ["o0", "", ""]


@pytest.mark.parametrize(
    "body", [{"data": []}, {"links": {"next": None}}, {"data": {}, "links": {"next": None}}]
)
def test_an_answer_of_another_shape_ends_no_reading(body: dict[str, Any]) -> None:
    reader = answered("productboard", lambda request: httpx.Response(200, json=body))
    with pytest.raises(MalformedResponse):
        reader.read("objectives")


def test_a_wrong_token_is_told_without_showing_it(vendor: Served) -> None:
    env = environment(vendor.base_url, pace=1000) | {"POPS_PRODUCTBOARD_API_TOKEN": "not-this-one"}
    checked = check_source("productboard", env)
    assert checked is not None
    assert checked.state == "rejected"
    assert "POPS_PRODUCTBOARD_API_TOKEN" in checked.remedy
    assert "notes:read" in checked.remedy
    assert "not-this-one" not in checked.remedy


def test_a_token_that_expires_in_mid_run_stops_the_reading(vendor: Served) -> None:
    vendor.fault(vendor="productboard", stream="notes", kind="401", nth=2)
    with pytest.raises(Rejected):
        vendor.reader("productboard").read("notes")
