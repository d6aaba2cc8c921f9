"""Jira: searches by epoch milliseconds, changelogs of what changed, lists from which things vanish."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.credentials import ask_credentials
from connectors.errors import ScopeMissing, StuckCursor
from connectors.jira import source
from tests.vendor_reading import NIGHT, HandMade, Reader, Served, answered, served

NEXT_NIGHT = NIGHT + timedelta(days=1)
LONG_AGO = NIGHT - timedelta(days=60)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def put_issue(data: HandMade, number: int, at: datetime, status: str = "To Do") -> None:
    fields = {"updated": text_of(at), "created": text_of(LONG_AGO), "status": {"name": status}}
    data.put("jira", "issues", {"id": str(number), "key": f"ACME-{number}", "fields": fields}, at)


def put_history(data: HandMade, number: int, issue: int, at: datetime) -> None:
    item = {"field": "status", "fieldId": "status", "fromString": "To Do", "toString": "Done"}
    body = {"id": str(number), "issueId": str(issue), "created": text_of(at), "items": [item]}
    data.put("jira", "changelogs", body, at)


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    data.put("jira", "projects", {"id": "10", "key": "ACME"}, LONG_AGO)
    for number in range(1, 351):
        moment = LONG_AGO + timedelta(minutes=number)
        put_issue(data, number, moment)
        put_history(data, number + 5000, number, moment)
    with served(data) as running:
        yield running


def test_issues_are_read_whole_and_counted(vendor: Served) -> None:
    reading = vendor.reader("jira").read("issues")
    assert reading.ids == [str(number) for number in range(1, 351)]
    assert reading.vendor_counts == [350]
    assert reading.window_count == 1
    assert reading.records[0].record_version == json.loads(reading.records[0].record)["fields"]["updated"]


def test_what_people_write_in_an_issue_stays_at_the_vendor(vendor: Served) -> None:
    written = {
        "description": "They said",
        "environment": "At home",
        "comment": {"comments": [{"body": "No"}]},
    }
    kept = {"updated": text_of(LONG_AGO), "summary": "Broken", "customfield_1": 3}
    vendor.data.put("jira", "issues", {"id": "1", "key": "A-1", "fields": {**kept, **written}}, LONG_AGO)
    reader = vendor.reader("jira")
    [read] = [each for each in reader.read("issues").records if each.record_id == "1"]
    issues = next(each for each in reader.connector.streams if each.name == "issues")
    [[asked]] = reader.connector.by_id(issues, ["1"])
    assert json.loads(read.record)["fields"] == json.loads(asked.record)["fields"] == kept


def test_second_reading_of_the_same_night_asks_nothing(vendor: Served) -> None:
    reader = vendor.reader("jira")
    for stream in ("issues", "changelogs", "projects"):
        reader.read(stream)
    asked = reader.http.request_count
    for stream in ("issues", "changelogs", "projects"):
        assert reader.read(stream).records == []
    assert reader.http.request_count == asked


def test_a_changed_issue_brings_its_new_histories_only(vendor: Served) -> None:
    reader = vendor.reader("jira")
    first = reader.read("changelogs")
    assert sorted(map(int, first.ids)) == list(range(5001, 5351))
    reader.read("issues")
    changed_at = NIGHT + timedelta(hours=8)
    put_issue(vendor.data, 17, changed_at, "Done")
    put_history(vendor.data, 9000, 17, changed_at)
    vendor.state.now = NEXT_NIGHT
    assert [each.record_id for each in reader.read("issues", NEXT_NIGHT).added] == ["17"]
    (added,) = reader.read("changelogs", NEXT_NIGHT).added
    history = json.loads(added.record)
    assert (history["id"], history["issueId"], history["items"][0]["toString"]) == ("9000", "17", "Done")
    # This endpoint, unlike the others, gives moments as milliseconds since 1970.
    assert history["created"] == int(changed_at.timestamp() * 1000)


def test_an_issue_that_the_index_shows_late_is_found_by_the_look_back(vendor: Served) -> None:
    put_issue(vendor.data, 17, NIGHT - timedelta(minutes=20), "Done")
    vendor.fault(vendor="jira", stream="issues", kind="hidden_row", seconds=3600)
    vendor.state.forget()
    reader = vendor.reader("jira")
    assert "17" not in reader.read("issues").ids
    vendor.state.faults.clear()
    vendor.state.now = NEXT_NIGHT
    assert [each.record_id for each in reader.read("issues", NEXT_NIGHT).added] == ["17"]


@pytest.mark.parametrize("stream", ["issues", "changelogs"])
def test_a_killed_reading_goes_on_where_it_stood(
    vendor: Served, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    monkeypatch.setattr(source, "PAGES_A_WINDOW", 1)
    reader = vendor.reader("jira")
    before = reader.read(stream, windows=2)
    assert 0 < len(before.added) < 350
    after = reader.read(stream)
    assert len({*before.ids, *after.ids}) == 350
    assert reader.read(stream).records == []


def test_issues_that_a_bulk_change_gave_one_moment_are_all_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PAGES_A_WINDOW", 1)
    data = HandMade()
    for number in range(1, 451):
        put_issue(data, number, LONG_AGO if number < 400 else LONG_AGO + timedelta(minutes=number))
    with served(data) as running:
        reading = running.reader("jira").read("issues")
    assert len({*reading.ids}) == 450
    assert reading.vendor_counts != []


class Vendor:
    """Jira as a function of path and body; remembers the searches."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.searches: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/search/jql"):
            self.searches.append(json.loads(request.content))
        for path, answer in self.answers.items():
            if request.url.path.endswith(path):
                return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
        return httpx.Response(404, json={"errorMessages": ["Not here"]})


def test_windows_are_epoch_milliseconds_with_look_back_and_lag() -> None:
    vendor = Vendor({"/search/jql": {"issues": [], "isLast": True}, "/approximate-count": {"count": 0}})
    reader = answered("jira", vendor)
    reader.cursors["issues"] = {"read_until": (NIGHT - timedelta(days=1)).isoformat()}
    reader.read("issues")
    (search,) = vendor.searches
    start = int((NIGHT - timedelta(days=1, minutes=60)).timestamp() * 1000)
    end = int((NIGHT - timedelta(minutes=5)).timestamp() * 1000)
    assert search["jql"] == f"updated >= {start} AND updated < {end} ORDER BY updated ASC"
    assert search["fields"] == source.ISSUE_FIELDS


def test_an_embedded_changelog_stays_as_sent() -> None:
    issue = {
        "id": "1",
        "key": "A-1",
        "fields": {"updated": text_of(LONG_AGO)},
        "changelog": {"histories": [{"id": "3"}]},
    }
    vendor = Vendor({"/search/jql": {"issues": [issue]}, "/approximate-count": {"count": 1}})
    (record,) = answered("jira", vendor).read("issues").records
    assert json.loads(record.record) == issue


def test_a_token_that_comes_again_is_an_error() -> None:
    vendor = Vendor({"/search/jql": {"issues": [], "nextPageToken": "again"}})
    with pytest.raises(StuckCursor, match="does not move"):
        answered("jira", vendor).read("issues")


def test_a_list_that_stops_moving_is_an_error() -> None:
    vendor = Vendor({"/project/search": {"values": [], "isLast": False}})
    with pytest.raises(StuckCursor):
        answered("jira", vendor).read("projects")


def put_sprint(data: HandMade, number: int, board: int) -> None:
    data.put("jira", "sprints", {"id": number, "name": f"Sprint {number}", "originBoardId": board}, LONG_AGO)


def test_sprints_of_all_boards_but_those_that_have_none(vendor: Served) -> None:
    for number in range(1, 61):
        put_sprint(vendor.data, number, 1)
    put_sprint(vendor.data, 61, 3)
    for board, kind in ((1, "scrum"), (2, "kanban"), (3, "simple")):
        vendor.data.put("jira", "boards", {"id": board, "type": kind}, LONG_AGO)
    assert len(vendor.reader("jira").read("sprints").ids) == 61


def test_a_strange_sprint_board_or_project_costs_itself_alone() -> None:
    """A sprint comes as it is, to be quarantined; of what has no id to be asked for by nothing is read."""
    strange: list[Any] = [{"id": ["7"]}, {"id": {"a": 1}}, {"name": "none"}, "text", None]
    unasked: list[Any] = [{"id": "../../2"}, {"id": True}]
    good = {"id": 7, "name": "Sprint 7"}
    answers = {
        "/rest/agile/1.0/board": [*strange, *unasked, {"id": 1}, {"id": 2}],
        "/rest/agile/1.0/board/1/sprint": [*strange, good],
        "/rest/agile/1.0/board/2/sprint": [good],
        "/rest/api/3/project/search": [*strange, *unasked, {"id": "1"}],
        "/rest/api/3/project/1/version": [*strange, good],
    }

    def listed(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json={"values": answers[request.url.path.removeprefix("/jira")], "isLast": True}
        )

    for stream in ("sprints", "versions"):
        reader = answered("jira", listed)
        found = [each.record for each in reader.read(stream).added]
        assert found.count(json.dumps(good)) == 1, stream
        assert all(json.dumps(each) in found for each in strange), stream
        assert reader.connector.parts[stream].refused


def test_histories_of_strange_issues_are_asked_for_of_the_others() -> None:
    """A list of histories that is none comes as it is; an issue without an id to be asked for by is left out."""
    asked: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/search/jql"):
            return httpx.Response(200, json={"issues": [{"id": ["1"]}, "text", None, {}, {"id": "2"}]})
        asked.append(json.loads(request.content)["issueIdsOrKeys"])
        histories = [{"id": "5", "created": text_of(LONG_AGO)}]
        return httpx.Response(
            200, json={"issueChangeLogs": [None, "text", {"issueId": "2", "changeHistories": histories}]}
        )

    found = answered("jira", answer).read("changelogs").added
    assert {tuple(each) for each in asked} == {("2",)}
    assert {"", "5"} == {each.record_id for each in found}


def test_a_site_without_boards_lacks_an_optional_stream(vendor: Served) -> None:
    vendor.fault(vendor="jira", stream="boards", kind="403")
    reader = vendor.reader("jira")
    with pytest.raises(ScopeMissing):
        reader.read("sprints")
    assert [each.name for each in reader.connector.streams if each.optional] == ["sprints"]


def read_lists(reader: Reader, night: datetime) -> dict[str, list[tuple[str, bool]]]:
    streams = ("projects", "statuses", "fields", "versions")
    return {
        name: [(each.record_id, each.is_deleted) for each in reader.read(name, night).added]
        for name in streams
    }


def test_what_vanished_from_a_list_is_deleted_but_statuses_and_fields_stay(vendor: Served) -> None:
    for number in (1, 2):
        vendor.data.put("jira", "statuses", {"id": str(number), "name": f"Status {number}"}, LONG_AGO)
        vendor.data.put("jira", "fields", {"id": f"customfield_{number}", "name": "Points"}, LONG_AGO)
        vendor.data.put("jira", "versions", {"id": str(number), "projectId": 10, "released": False}, LONG_AGO)
    reader = vendor.reader("jira")
    assert [len(added) for added in read_lists(reader, NIGHT).values()] == [1, 2, 2, 2]
    for stream, key in (("statuses", "1"), ("fields", "customfield_1"), ("versions", "1")):
        vendor.data.drop("jira", stream, key)
    vendor.data.put("jira", "versions", {"id": "2", "projectId": 10, "released": True}, LONG_AGO)
    vendor.state.now = NEXT_NIGHT
    assert read_lists(reader, NEXT_NIGHT) == {
        "projects": [],
        "statuses": [],
        "fields": [],
        "versions": [("2", False), ("1", True)],
    }


def test_check_says_what_is_wrong(vendor: Served) -> None:
    reader = vendor.reader("jira")
    assert ask_credentials(reader.connector).state == "ok"
    for kind, state in (("401", "rejected"), ("403", "scope_missing"), ("503", "unreachable")):
        vendor.fault(vendor="jira", stream="myself", kind=kind, times=100)
        assert ask_credentials(reader.connector).state == state
        vendor.state.faults.clear()


def test_check_notices_an_account_that_may_not_browse() -> None:
    vendor = Vendor({"/myself": {"accountId": "1"}, "/project/search": {"values": [], "isLast": True}})
    found = ask_credentials(answered("jira", vendor).connector)
    assert found.state == "scope_missing"
    assert found.remedy.endswith("Give the account the permission Browse projects.")


def test_runs_into_raw_add_only_what_changed(vendor: Served, tmp_path: Path) -> None:
    vendor.data.put("jira", "versions", {"id": "1", "projectId": 10, "released": False}, LONG_AGO)
    first = {each.stream: each for each in vendor.run("jira", tmp_path).streams}
    assert (first["issues"].loaded, first["issues"].vendor_count, first["changelogs"].loaded) == (
        350,
        350,
        350,
    )
    put_issue(vendor.data, 17, NIGHT + timedelta(hours=8), "Done")
    vendor.data.drop("jira", "versions", "1")
    second = vendor.run("jira", tmp_path, NEXT_NIGHT)
    assert second.outcome == "ok"
    assert {each.stream: each.loaded for each in second.streams if each.loaded} == {
        "issues": 1,
        "versions": 1,
    }
    third = vendor.run("jira", tmp_path, NEXT_NIGHT + timedelta(days=1))
    assert [each.stream for each in third.streams if each.loaded] == []
