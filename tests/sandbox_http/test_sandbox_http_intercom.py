"""Intercom as the sandbox speaks it: searches, parts, deletions, the scroll, its limit and its errors."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from vendor_client import START, FakeData

from sandbox.serving.state import SandboxState
from sandbox.vendors.intercom.credentials import INTERCOM_ACCESS_TOKEN

HEADERS = {"Authorization": f"Bearer {INTERCOM_ACCESS_TOKEN}", "Intercom-Version": "2.16"}
Search = Callable[..., dict[str, Any]]


@pytest.fixture
def data(data: FakeData) -> FakeData:
    for n in range(1, 26):
        at = START + timedelta(seconds=n // 5)
        times = {"created_at": int(at.timestamp()), "updated_at": int(at.timestamp())}
        parts = {"conversation_parts": {"conversation_parts": [{"id": str(n)}]}}
        data.add("intercom", "conversations", n, at, n == 7, id=str(n), **times, **parts)
        data.add("intercom", "contacts", n, at, id=str(n), **times)
    for n in range(1, 251):
        data.add("intercom", "companies", n, START, id=str(n), updated_at=1)
    data.add("intercom", "admins", 1, START, id="1")
    return data


@pytest.fixture
def search(client: httpx.Client) -> Search:
    def ask(stream: str, *filters: tuple[str, str, Any], **pagination: Any) -> dict[str, Any]:
        rules = [dict(zip(("field", "operator", "value"), each, strict=True)) for each in filters]
        body = {"query": {"operator": "AND", "value": rules}, "pagination": pagination}
        response = client.post(f"/intercom/{stream}/search", json=body, headers=HEADERS)
        return {"status": response.status_code, **response.json()}

    return ask


def test_a_search_shows_every_live_conversation_once_and_no_parts(search: Search) -> None:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = search("conversations", ("updated_at", ">", 0), per_page=4, **after)
        assert (page["total_count"], page["pages"]["total_pages"]) == (24, 6)
        assert not any("conversation_parts" in row for row in page["conversations"])
        seen += [row["id"] for row in page["conversations"]]
        if "next" not in page["pages"]:
            break
        after = {"starting_after": page["pages"]["next"]["starting_after"]}
    assert sorted(seen, key=int) == [str(n) for n in range(1, 26) if n != 7]


def test_conversations_are_compared_by_seconds_and_contacts_by_days(search: Search) -> None:
    bound = int(START.timestamp()) + 3
    later = search("conversations", ("updated_at", ">", bound))
    assert {row["id"] for row in later["conversations"]} == {str(n) for n in range(15, 26)}
    assert search("contacts", ("updated_at", ">", bound))["total_count"] == 0
    assert search("contacts", ("updated_at", ">", bound - 86_400))["total_count"] == 25
    assert search("contacts", ("updated_at", "<", bound))["total_count"] == 0
    assert search("contacts", ("updated_at", "=", bound))["total_count"] == 25


def test_a_conversation_has_its_parts_and_a_deleted_one_is_only_listed(client: httpx.Client) -> None:
    whole = client.get("/intercom/conversations/5", headers=HEADERS).json()
    assert whole["conversation_parts"]["conversation_parts"] == [{"id": "5"}]
    assert client.get("/intercom/conversations/7", headers=HEADERS).status_code == 404
    listed = client.get("/intercom/conversations/deleted", headers=HEADERS).json()
    assert [(row["id"], row["deleted_at"]) for row in listed["conversations"]] == [
        ("7", int(START.timestamp()) + 1)
    ]


def test_one_scroll_at_a_time_to_an_empty_page(client: httpx.Client) -> None:
    path = "/intercom/companies/scroll"
    body = client.get(path, headers=HEADERS).json()
    busy = client.get(path, headers=HEADERS)
    assert (busy.status_code, busy.json()["errors"][0]["code"]) == (400, "scroll_exists")
    seen = []
    while body["data"]:
        seen += [row["id"] for row in body["data"]]
        scroll = {"scroll_param": body["scroll_param"]}
        body = client.get(path, params=scroll, headers=HEADERS).json()
    assert seen == [str(n) for n in range(1, 251)]
    assert client.get(path, params=scroll, headers=HEADERS).status_code == 404


def test_the_limit_is_told_by_its_reset_alone(
    client: httpx.Client, sandbox: SandboxState, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.limiter.pace = 1
    answers = [client.get("/intercom/me", headers=HEADERS) for _ in range(2)]
    assert [int(each.headers["X-RateLimit-Remaining"]) for each in answers] == [1665, 1664]
    allowed = sandbox.limiter.take
    monkeypatch.setattr(
        sandbox.limiter, "take", lambda *of: replace(allowed(*of), remaining=0, retry_after=4.0)
    )
    refused = client.get("/intercom/me", headers=HEADERS)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "rate_limit_exceeded")
    assert "Retry-After" not in refused.headers
    assert 3 <= int(refused.headers["X-RateLimit-Reset"]) - time.time() <= 5


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthorized"),
        ({"Authorization": "Bearer nobody's"}, 401, "unauthorized"),
        (HEADERS | {"Intercom-Version": "1.0"}, 400, "intercom_version_invalid"),
    ],
)
def test_errors_are_lists(client: httpx.Client, headers: dict[str, str], status: int, code: str) -> None:
    response = client.get("/intercom/admins", headers=headers)
    body = response.json()
    assert (response.status_code, body["type"], body["errors"][0]["code"]) == (status, "error.list", code)


def test_a_search_that_is_not_understood_is_refused(client: httpx.Client, search: Search) -> None:
    assert search("contacts", ("updated_at", ">=", 1))["status"] == 400
    assert search("contacts", ("updated_at", ">", "yesterday"))["status"] == 400
    assert search("contacts", ("updated_at", ">", 0), starting_after="nonsense")["status"] == 400
    assert client.post("/intercom/contacts/search", json={}, headers=HEADERS).status_code == 400
