"""HubSpot: lists, search beyond its cap, archived and merged objects, associations that go and come back."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.credentials import ask_credentials
from connectors.errors import MalformedResponse, StuckCursor
from connectors.hubspot import source
from tests.vendor_reading import NIGHT, HandMade, Served, answered, served

NEXT_NIGHT = NIGHT + timedelta(days=1)
LONG_AGO = NIGHT - timedelta(days=30)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def put_contact(
    data: HandMade,
    number: int,
    at: datetime,
    *,
    archived: bool = False,
    more: dict[str, str] | None = None,
    **properties: str,
) -> None:
    held = {"hs_object_id": str(number), "email": "a@b.example", "hs_merged_object_ids": ""}
    body: dict[str, Any] = {
        "id": str(number),
        "properties": held | {"lastmodifieddate": text_of(at)} | properties | (more or {}),
        "createdAt": text_of(LONG_AGO),
        "updatedAt": text_of(at),
    }
    data.put(
        "hubspot", "contacts", body | ({"archivedAt": text_of(at)} if archived else {}), at, archived=archived
    )


def put_link(data: HandMade, contact: int, company: int, *labels: str) -> None:
    types = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": label} for label in labels]
    link = {
        "from_type": "contacts", "from_id": str(contact), "to_type": "companies", "to_id": str(company), "types": types
    }  # fmt: skip
    data.put("hubspot", "associations", link, LONG_AGO, key=f"contacts:{contact}:companies:{company}")


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    for number in range(1, 251):
        put_contact(data, number, LONG_AGO, archived=number % 50 == 0)
    with served(data) as running:
        yield running


def test_first_reading_has_the_live_and_the_archived_objects(vendor: Served) -> None:
    reader = vendor.reader("hubspot")
    first = reader.read("contacts")
    assert sorted(map(int, first.ids)) == list(range(1, 251))
    assert [each.record_id for each in first.records if each.is_deleted] == ["50", "100", "150", "200", "250"]
    assert reader.stream("contacts").deletes == "archived_pass"


def test_second_reading_of_the_same_night_asks_nothing(vendor: Served) -> None:
    reader = vendor.reader("hubspot")
    reader.read("contacts")
    asked = reader.http.request_count
    assert reader.read("contacts").records == []
    assert reader.http.request_count == asked


def test_a_night_without_news_adds_nothing(vendor: Served) -> None:
    reader = vendor.reader("hubspot")
    reader.read("contacts")
    vendor.state.now = NEXT_NIGHT
    assert reader.read("contacts", NEXT_NIGHT).added == []


def test_a_changed_and_an_archived_object_come_as_new_versions(vendor: Served) -> None:
    reader = vendor.reader("hubspot")
    reader.read("contacts")
    put_contact(vendor.data, 4, NIGHT + timedelta(hours=5), email="new@b.example", hs_merged_object_ids="5;6")
    put_contact(vendor.data, 5, NIGHT + timedelta(hours=5), archived=True)
    vendor.state.now = NEXT_NIGHT
    added = {each.record_id: each for each in reader.read("contacts", NEXT_NIGHT).added}
    assert added.keys() == {"4", "5"}
    assert json.loads(added["4"].record)["properties"]["hs_merged_object_ids"] == "5;6"
    assert added["5"].is_deleted
    assert json.loads(added["5"].record)["archivedAt"] == text_of(NIGHT + timedelta(hours=5))


def test_what_search_shows_late_is_found_by_the_look_back(vendor: Served) -> None:
    reader = vendor.reader("hubspot")
    reader.read("contacts")
    put_contact(vendor.data, 7, NIGHT - timedelta(minutes=30), email="late@b.example")
    vendor.state.now = NEXT_NIGHT
    assert [each.record_id for each in reader.read("contacts", NEXT_NIGHT).added] == ["7"]


def test_a_killed_first_reading_goes_on_where_it_stood(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PAGES_A_WINDOW", 1)
    reader = vendor.reader("hubspot")
    before = reader.read("contacts", windows=1)
    assert before.cursor is not None
    assert before.cursor["listing"] == "live"
    after = reader.read("contacts")
    assert sorted(map(int, before.ids + after.ids)) == list(range(1, 251))


def test_a_list_that_repeats_its_cursor_is_an_error(vendor: Served) -> None:
    vendor.fault(vendor="hubspot", stream="contacts", kind="repeated_cursor", nth=2)
    with pytest.raises(StuckCursor, match="does not move"):
        vendor.reader("hubspot").read("contacts")


def test_every_property_is_asked_for_however_many_there_are() -> None:
    data = HandMade()
    names = [f"property_with_a_long_name_{number:04}" for number in range(900)]
    put_contact(data, 1, LONG_AGO, more={name: name[-4:] for name in names})
    with served(data) as running:
        (record,) = running.reader("hubspot").read("contacts").records
    properties = json.loads(record.record)["properties"]
    assert {name: properties[name] for name in names} == {name: name[-4:] for name in names}


class SearchOnly:
    """HubSpot's search over `count` contacts, all modified at one moment; nothing beyond 10,000 results."""

    def __init__(self, count: int) -> None:
        self.ids = range(1, count + 1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/crm/properties"):
            return httpx.Response(200, json={"results": [{"name": "email"}]})
        if request.method == "GET":
            return httpx.Response(200, json={"results": []})
        query = json.loads(request.content)
        assert query["limit"] <= 200
        assert "after" not in query
        last = next(
            int(each["value"]) for each in query["filterGroups"][0]["filters"] if each["operator"] == "GT"
        )
        found = self.ids[last:]
        rows = [
            {"id": str(each), "updatedAt": text_of(LONG_AGO), "properties": {}}
            for each in found[: query["limit"]]
        ]
        return httpx.Response(200, json={"total": len(found), "results": rows})


def test_search_reads_more_than_ten_thousand_changes() -> None:
    reader = answered("hubspot", SearchOnly(10_001))
    reader.cursors["contacts"] = {"modified_until": (NIGHT - timedelta(days=1)).isoformat()}
    reading = reader.read("contacts")
    assert list(map(int, reading.ids)) == list(range(1, 10_002))
    assert set(reading.vendor_counts) == {10_001}


def test_a_search_that_gives_the_same_rows_again_is_an_error() -> None:
    rows = [{"id": "7", "updatedAt": text_of(LONG_AGO), "properties": {}}]

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json={"total": 2, "results": rows if request.method == "POST" else [{"name": "email"}]}
        )

    reader = answered("hubspot", handler)
    reader.cursors["contacts"] = {"modified_until": (NIGHT - timedelta(days=1)).isoformat()}
    with pytest.raises(StuckCursor):
        reader.read("contacts")


def test_an_association_that_goes_and_comes_back_is_a_version_each_time(vendor: Served) -> None:
    put_link(vendor.data, 1, 9, "Primary")
    put_link(vendor.data, 2, 9, "Primary", "Billing")
    reader = vendor.reader("hubspot")
    reader.read("contacts")
    first = reader.read("associations")
    assert sorted(first.ids) == ["contacts:1:companies:9", "contacts:2:companies:9"]
    link = json.loads(first.records[1].record)
    assert (link["from_type"], link["from_id"], link["to_type"], link["to_id"]) == (
        "contacts",
        "2",
        "companies",
        "9",
    )
    assert [each["label"] for each in link["types"]] == ["Primary", "Billing"]

    vendor.data.drop("hubspot", "associations", "contacts:1:companies:9")
    vendor.state.now = NEXT_NIGHT
    (gone,) = reader.read("associations", NEXT_NIGHT).added
    assert gone == ("contacts:1:companies:9", "", first.records[0].record, True)

    put_link(vendor.data, 1, 9, "Primary")
    vendor.state.now = NEXT_NIGHT + timedelta(days=1)
    (back,) = reader.read("associations", NEXT_NIGHT + timedelta(days=1)).added
    assert back == ("contacts:1:companies:9", "", first.records[0].record, False)


def test_associations_of_an_object_come_in_pages() -> None:
    data = HandMade()
    put_contact(data, 1, LONG_AGO)
    for company in range(1, 1202):
        put_link(data, 1, company, "Primary")
    with served(data) as running:
        reader = running.reader("hubspot")
        reader.read("contacts")
        assert len(set(reader.read("associations").ids)) == 1201


def test_an_association_that_could_not_be_read_is_not_taken_for_removed() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        failed: list[dict[str, Any]] = [{"category": "INTERNAL_ERROR", "message": "Try again later."}]
        row: dict[str, Any] = {"id": "1", "updatedAt": text_of(LONG_AGO), "properties": {}}
        if request.method == "POST":
            return httpx.Response(207, json={"results": [], "numErrors": 1, "errors": failed})
        rows = [{"name": "email"}] if "properties" in request.url.path else [row]
        return httpx.Response(200, json={"results": rows})

    reader = answered("hubspot", handler)
    reader.read("contacts")
    with pytest.raises(MalformedResponse, match="Try again later"):
        reader.read("associations")


def _batch_answers(first: dict[str, Any], then: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """A HubSpot of the contacts 1 to 3, whose batches of associations answer one thing and then another."""
    waiting = iter((first, then))

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(207, json=next(waiting))
        rows = [{"id": str(each), "updatedAt": text_of(LONG_AGO), "properties": {}} for each in (1, 2, 3)]
        return httpx.Response(
            200, json={"results": [{"name": "email"}] if "properties" in request.url.path else rows}
        )

    return handler


def test_a_contact_that_a_batch_refuses_costs_its_own_associations_and_no_others() -> None:
    types = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}]
    linked = [
        {"from": {"id": str(each)}, "to": [{"toObjectId": 9, "associationTypes": types}]}
        for each in (1, 2, 3)
    ]
    forbidden = {"category": "FORBIDDEN", "message": "No access.", "context": {"fromObjectId": ["1"]}}
    none_left = {"category": "OBJECT_NOT_FOUND", "message": "None.", "context": {"fromObjectId": ["2"]}}
    reader = answered(
        "hubspot",
        _batch_answers({"results": linked}, {"results": linked[2:], "errors": [forbidden, none_left]}),
    )
    reader.read("contacts")
    assert len(reader.read("associations").ids) == 3

    later = reader.read("associations", NEXT_NIGHT)
    assert [(each.record_id, each.is_deleted) for each in later.added] == [("contacts:2:companies:9", True)]
    assert {part: error.vendor_message for part, error in later.left_out.items()} == {
        "contacts 1": "No access."
    }


def test_a_batch_that_refuses_all_it_is_asked_for_fails_the_stream() -> None:
    forbidden = {
        "category": "FORBIDDEN",
        "message": "No access.",
        "context": {"fromObjectId": ["1", "2", "3"]},
    }
    refusal = {"results": [], "errors": [forbidden]}
    reader = answered("hubspot", _batch_answers(refusal, refusal))
    reader.read("contacts")
    with pytest.raises(MalformedResponse, match="No access"):
        reader.read("associations")


def test_an_object_that_is_refused_by_its_id_is_named_and_not_taken_for_gone() -> None:
    forbidden = {"category": "FORBIDDEN", "message": "No access.", "context": {"ids": ["1"]}}
    missing = {"category": "OBJECT_NOT_FOUND", "message": "Gone.", "context": {"ids": ["2"]}}
    answer = {"results": [{"id": "3", "updatedAt": text_of(LONG_AGO)}], "errors": [missing, forbidden]}
    reader = answered("hubspot", _batch_answers(answer, {}))
    pages = list(reader.connector.by_id(reader.stream("contacts"), ["1", "2", "3"]))
    assert [each.record_id for page in pages for each in page] == ["3"]
    assert list(reader.connector.parts["contacts"].left_out()) == ["1"]


def test_owners_include_the_archived() -> None:
    data = HandMade()
    for number in range(1, 151):
        owner = {"id": str(number), "email": "o@b.example", "updatedAt": text_of(LONG_AGO)}
        data.put("hubspot", "owners", owner, LONG_AGO, archived=number == 3)
    with served(data) as running:
        reading = running.reader("hubspot").read("owners")
    assert len(reading.ids) == len(set(reading.ids)) == 150
    assert [each.record_id for each in reading.records if each.is_deleted] == ["3"]


def test_check_says_what_is_wrong(vendor: Served) -> None:
    reader = vendor.reader("hubspot")
    reader.connector.names = {"user": "email"}
    assert ask_credentials(reader.connector).state == "ok"
    reader.connector.names = {"user": "emial"}
    answer = ask_credentials(reader.connector)
    assert answer.state == "rejected"
    assert "Contacts have no property `emial`. Did you mean `email`?" in answer.remedy
    reader.connector.names = {}
    vendor.fault(vendor="hubspot", stream="owners", kind="403")
    missing = ask_credentials(reader.connector)
    assert missing.state == "scope_missing"
    assert missing.remedy.endswith("Give the service key crm.objects.owners.read.")
    vendor.fault(vendor="hubspot", kind="401")
    assert ask_credentials(reader.connector).state == "rejected"
    vendor.fault(vendor="hubspot", kind="503", times=100)
    assert ask_credentials(reader.connector).state == "unreachable"


def test_runs_into_raw_add_only_what_changed(vendor: Served, tmp_path: Path) -> None:
    put_link(vendor.data, 1, 9, "Primary")
    first = {each.stream: each for each in vendor.run("hubspot", tmp_path).streams}
    assert (first["contacts"].loaded, first["associations"].loaded) == (250, 1)
    put_contact(vendor.data, 4, NIGHT + timedelta(hours=5), email="new@b.example")
    vendor.data.drop("hubspot", "associations", "contacts:1:companies:9")
    second = {each.stream: each for each in vendor.run("hubspot", tmp_path, NEXT_NIGHT).streams}
    assert (second["contacts"].loaded, second["contacts"].vendor_count, second["associations"].loaded) == (
        1,
        1,
        1,
    )
    put_link(vendor.data, 1, 9, "Primary")
    third = vendor.run("hubspot", tmp_path, NEXT_NIGHT + timedelta(days=1))
    assert {each.stream: each.loaded for each in third.streams if each.loaded} == {"associations": 1}
    assert third.outcome == "ok"
