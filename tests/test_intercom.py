"""Intercom: searches by day and by second, parts one by one, deletions from a list, a scroll that cannot resume."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from connectors.credentials import ask_credentials, check_source
from connectors.errors import BadRequest, MalformedResponse, StuckCursor, Unreachable
from connectors.intercom import source
from connectors.runner import run_source
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.intercom.credentials import INTERCOM_ACCESS_TOKEN
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Served, answered, served

NEXT_NIGHT = NIGHT + timedelta(days=1)
LONG_AGO = NIGHT - timedelta(days=60)
HEADERS = {"Authorization": f"Bearer {INTERCOM_ACCESS_TOKEN}"}


def epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def put_conversation(data: HandMade, number: int, at: datetime, **more: Any) -> None:
    part = {"id": f"9{number}", "part_type": "comment", "body": "Hello", "created_at": epoch(at)}
    body = {"id": str(number), "created_at": epoch(at), "updated_at": epoch(at), "state": "open"}
    parts = {"conversation_parts": {"conversation_parts": [part], "total_count": 1}}
    data.put("intercom", "conversations", body | parts | more, at)


def delete_conversation(data: HandMade, number: int, at: datetime) -> None:
    body = {"id": str(number), "created_at": epoch(LONG_AGO), "updated_at": epoch(LONG_AGO)}
    data.put("intercom", "conversations", body, at, archived=True)


def put(data: HandMade, stream: str, number: int, at: datetime = LONG_AGO) -> None:
    body = {
        "id": str(number),
        "created_at": epoch(at),
        "updated_at": epoch(at),
        "email": "someone@example.com",
    }
    data.put("intercom", stream, body, at)


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    for number in range(1, 321):
        # Five share each second, as bulk updates do.
        put_conversation(data, number, LONG_AGO + timedelta(seconds=number // 5))
    for number in range(1, 251):
        put(data, "companies", number)
    for number in range(1, 4):
        put(data, "admins", number)
        put(data, "contacts", number, LONG_AGO + timedelta(days=number))
    with served(data) as running:
        yield running


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def test_every_conversation_comes_once_with_its_parts(vendor: Served) -> None:
    reading = vendor.reader("intercom").read("conversations")
    assert sorted(reading.ids, key=int) == numbers(1, 320)
    record = json.loads(reading.records[0].record)
    assert record["conversation_parts"]["conversation_parts"][0]["body"] == "Hello"
    assert reading.records[0].record_version == str(record["updated_at"])
    assert vendor.state.requests["intercom", "POST /conversations/search"] == 3


def test_only_what_changed_is_asked_for_again(vendor: Served) -> None:
    reader = vendor.reader("intercom")
    reader.read("conversations")
    put_conversation(vendor.data, 12, NIGHT + timedelta(hours=3), state="closed")
    vendor.state.now = NEXT_NIGHT
    vendor.state.requests.clear()
    (added,) = reader.read("conversations", NEXT_NIGHT).added
    assert (added.record_id, json.loads(added.record)["state"]) == ("12", "closed")
    assert vendor.state.requests["intercom", "GET /conversations/{id}"] == 1


def test_what_search_showed_late_is_found_by_the_look_back(vendor: Served) -> None:
    reader = vendor.reader("intercom")
    reader.read("conversations")
    # Updated before the first night asked, indexed after it.
    put_conversation(vendor.data, 400, NIGHT - timedelta(minutes=40))
    vendor.state.now = NEXT_NIGHT
    assert [each.record_id for each in reader.read("conversations", NEXT_NIGHT).added] == ["400"]


def test_a_search_by_whole_days_loses_no_contact(vendor: Served) -> None:
    reader = vendor.reader("intercom")
    assert sorted(reader.read("contacts").ids) == ["1", "2", "3"]
    # Two hours after the night, on the same day: "after" that day would begin with the next one.
    put(vendor.data, "contacts", 4, NIGHT + timedelta(hours=2))
    vendor.state.now = NIGHT + timedelta(hours=4)
    assert reader.read("contacts", NIGHT + timedelta(hours=4)).ids == ["4"]


def test_a_deleted_conversation_is_marked_and_says_when(vendor: Served, tmp_path: Path) -> None:
    vendor.run("intercom", tmp_path)
    delete_conversation(vendor.data, 7, NIGHT + timedelta(hours=5))
    run = vendor.run("intercom", tmp_path, NEXT_NIGHT)
    assert {each.stream: each.loaded for each in run.streams if each.loaded} == {"conversations": 1}
    with duckdb.connect(str(tmp_path / "raw" / "intercom.duckdb"), read_only=True) as raw:
        sql = "select record_id, record ->> 'deleted_at' from raw_intercom.conversations where is_deleted"
        assert raw.execute(sql).fetchall() == [("7", str(epoch(NIGHT + timedelta(hours=5))))]


def test_a_conversation_that_goes_while_it_is_read_is_left_to_the_list(vendor: Served) -> None:
    reader = vendor.reader("intercom")
    found = reader.http.get

    def gone(path: str, *arguments: Any, **more: Any) -> Any:
        return found("/conversations/0" if path == "/conversations/5" else path, *arguments, **more)

    reader.http.get = gone  # type: ignore[method-assign]
    assert sorted(reader.read("conversations").ids, key=int) == [
        each for each in numbers(1, 320) if each != "5"
    ]


def test_a_large_first_reading_is_split_and_a_stopped_one_goes_on(
    vendor: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MOST_A_WINDOW", 100)
    for number in range(401, 501):
        put_conversation(vendor.data, number, LONG_AGO + timedelta(days=20, seconds=number))
    env = environment(vendor.base_url, pace=1000, only=["intercom"])
    small = env | {"POPS_INTERCOM_REQUESTS_PER_RUN": "400"}
    first = run_source("intercom", tmp_path, NIGHT, HISTORY_START, small)
    assert first.outcome == "paused"
    conversations = first.streams[0]
    assert (conversations.outcome, conversations.loaded) == ("paused", 320)
    second = run_source("intercom", tmp_path, NIGHT, HISTORY_START, env)
    assert (second.outcome, second.streams[0].loaded) == ("ok", 100)


def test_a_limit_that_is_told_by_its_reset_alone_is_waited_for(vendor: Served) -> None:
    answer = httpx.get(f"{vendor.base_url}/intercom/me", headers=HEADERS)
    assert answer.headers["X-RateLimit-Remaining"] == "1665"
    vendor.fault(vendor="intercom", stream="conversations", kind="429_reset_only", nth=2, seconds=3)
    vendor.fault(vendor="intercom", stream="companies", kind="429_reset_only", nth=2, seconds=3)
    reader = vendor.reader("intercom")
    assert len(reader.read("conversations").ids) == 320
    # A refused request does not move the scroll: the same page may be asked for again.
    assert len(reader.read("companies").ids) == 250


def test_a_cursor_that_is_repeated_is_an_error(vendor: Served) -> None:
    vendor.fault(vendor="intercom", stream="conversations", kind="repeated_cursor", nth=2)
    with pytest.raises(StuckCursor):
        vendor.reader("intercom").read("conversations")


def test_an_empty_page_with_more_to_come_does_not_end_the_reading(vendor: Served) -> None:
    vendor.fault(vendor="intercom", stream="conversations", kind="empty_page", nth=2)
    assert len(vendor.reader("intercom").read("conversations").ids) == 320


def test_a_record_without_an_id_is_quarantined_and_the_others_are_loaded(
    vendor: Served, tmp_path: Path
) -> None:
    vendor.data.put("intercom", "contacts", {"updated_at": epoch(LONG_AGO)}, LONG_AGO, key="nameless")
    run = vendor.run("intercom", tmp_path)
    contacts = next(each for each in run.streams if each.stream == "contacts")
    assert (run.outcome, contacts.loaded, contacts.quarantined) == ("ok", 3, 1)


class Companies:
    """A vendor of three pages of companies; `script` says what happens to each request: ok, busy, lost, expired."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.asked: list[str] = []
        self.place = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        continues = "scroll_param" in request.url.params
        self.asked.append("next" if continues else "first")
        self.place = self.place + 1 if continues else 0
        what = self.script.pop(0) if self.script else "ok"
        if what == "busy":
            return httpx.Response(400, json={"type": "error.list", "errors": [{"code": "scroll_exists"}]})
        if what == "expired":
            return httpx.Response(404, json={"type": "error.list", "errors": [{"code": "not_found"}]})
        if what == "lost":
            raise httpx.ReadError("the answer got lost")
        ids = [str(self.place * 2 + number) for number in (1, 2)] if self.place < 3 else []
        rows = [{"id": each, "updated_at": epoch(LONG_AGO)} for each in ids]
        return httpx.Response(200, json={"type": "list", "data": rows, "scroll_param": "same"})


def test_companies_are_scrolled_to_the_empty_page(vendor: Served) -> None:
    assert vendor.reader("intercom").read("companies").ids == numbers(1, 250)
    assert vendor.state.requests["intercom", "GET /companies/scroll"] == 4


@pytest.mark.parametrize("trouble", ["lost", "expired"])
def test_a_lost_scroll_begins_anew_and_misses_no_page(trouble: str) -> None:
    companies = Companies("ok", trouble)
    reading = answered("intercom", companies).read("companies")
    # The page behind the lost answer would have been left out, had it been asked for once more.
    assert companies.asked == ["first", "next", "first", "next", "next", "next"]
    assert set(reading.ids) == set(numbers(1, 6))
    assert len(reading.added) == 6


def test_a_busy_scroll_is_waited_for_and_not_for_ever() -> None:
    assert set(answered("intercom", Companies("busy", "busy")).read("companies").ids) == set(numbers(1, 6))
    with pytest.raises(BadRequest):
        answered("intercom", Companies(*["busy"] * 9)).read("companies")
    hopeless = Companies(*["ok", "lost"] * 9)
    with pytest.raises(Unreachable):
        answered("intercom", hopeless).read("companies")
    assert hopeless.asked.count("first") == 5


def test_a_scroll_that_shows_the_same_page_again_is_an_error() -> None:
    rows = [{"id": "1", "updated_at": 1}]
    endless = httpx.Response(200, json={"data": rows, "scroll_param": "same"})
    with pytest.raises(StuckCursor):
        answered("intercom", lambda request: endless).read("companies")


def test_a_company_that_vanished_is_marked_and_a_short_list_is_not_believed(vendor: Served) -> None:
    reader = vendor.reader("intercom")
    reader.read("companies")
    vendor.data.drop("intercom", "companies", "5")
    vendor.state.now = NEXT_NIGHT
    gone = [each for each in reader.read("companies", NEXT_NIGHT).records if each.is_deleted]
    assert [each.record_id for each in gone] == ["5"]
    for number in range(10, 250):
        vendor.data.drop("intercom", "companies", str(number))
    vendor.state.forget()
    vendor.state.now = NEXT_NIGHT + timedelta(days=1)
    with pytest.raises(MalformedResponse, match="too few"):
        reader.read("companies", NEXT_NIGHT + timedelta(days=1))


def test_check_says_what_is_wrong(vendor: Served) -> None:
    env = environment(vendor.base_url, pace=1000, only=["intercom"])
    states = [check_source("intercom", env)]
    states.append(check_source("intercom", env | {"POPS_INTERCOM_ACCESS_TOKEN": "wrong"}))
    states.append(check_source("intercom", env | {"POPS_INTERCOM_BASE_URL": f"{vendor.base_url}/zendesk"}))
    vendor.fault(vendor="intercom", stream="contacts", kind="403")
    states.append(check_source("intercom", env))
    assert [each.state for each in states if each] == ["ok", "rejected", "unreachable", "scope_missing"]
    assert states[1] is not None
    assert "POPS_INTERCOM_ACCESS_TOKEN" in states[1].remedy
    assert states[3] is not None
    assert "Read and list users and companies" in states[3].remedy
    stranger = answered("intercom", lambda request: httpx.Response(200, json={"ok": True}))
    assert ask_credentials(stranger.connector).state == "unreachable"


def test_the_version_that_is_understood_is_asked_for() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["intercom-version"])
        return httpx.Response(200, json={"type": "admin.list", "admins": []})

    answered("intercom", handler).read("admins")
    assert seen == ["2.16"]


def test_runs_over_the_company_load_each_thing_once(tmp_path: Path) -> None:
    company = Company.create("small")
    sandbox = SandboxState(CompanyData(company), NIGHT, pace=1000, only=["intercom"])
    with running_app(create_app(sandbox)) as base_url:
        env = environment(base_url, 1000, ["intercom"])
        loaded = []
        for _ in range(2):
            run = run_source("intercom", tmp_path, NIGHT, HISTORY_START, env)
            assert run.outcome == "ok", run.error
            loaded.append({each.stream: each.loaded for each in run.streams})
    desk = company.support
    assert loaded == [
        {
            # Of those that were deleted before, the note of it.
            "conversations": sum(each.created_at <= NIGHT for each in desk.tickets),
            "contacts": sum(each.role == "end-user" and each.created_at <= NIGHT for each in desk.users),
            "companies": sum(each.created_at <= NIGHT for each in desk.organizations),
            "admins": len(desk.agents),
        },
        dict.fromkeys(("conversations", "contacts", "companies", "admins"), 0),
    ]
