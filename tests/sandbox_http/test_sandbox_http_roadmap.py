"""Productboard as the sandbox speaks it: types as a repeated parameter, pages by link, errors, limits."""

from datetime import timedelta
from typing import Any

import httpx
from vendor_client import NOW, START, FakeData

from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.limits import Limiter
from sandbox.vendors.productboard.credentials import PRODUCTBOARD_API_TOKEN

TOKEN = {"Authorization": f"Bearer {PRODUCTBOARD_API_TOKEN}"}


def tool(serve: Any) -> httpx.Client:
    data = FakeData()
    stamps = {"createdAt": "2026-10-15T01:00:00Z", "updatedAt": "2026-10-16T01:00:00Z"}
    for number in range(130):
        data.add("productboard", "features", f"f{number}", START, id=f"f{number}", type="feature", **stamps)
        data.add(
            "productboard", "notes", f"n{number}", START, number % 2 == 0,
            id=f"n{number}", type="textNote", fields={}, **stamps,
        )  # fmt: skip
    data.add(
        "productboard", "initiatives", "i1", START, id="i1", type="initiative", fields={"name": "x"}, **stamps
    )
    data.add("productboard", "jira_integrations", "j1", START, id="j1")
    fields = {"issueKey": "ATL-1", "issueId": "20001"}
    data.add("productboard", "jira_connections", "f1", START, id="f1", fields=fields)
    client: httpx.Client = serve(create_app(SandboxState(data, NOW, pace=1)))
    return client


def test_pages_lead_to_one_another_and_keep_the_filter(serve: Any) -> None:
    client = tool(serve)
    first = client.get("/productboard/v2/entities", params={"type[]": ["feature"]}, headers=TOKEN)
    assert first.headers["X-RateLimit-Limit"] == "50"
    assert len(first.json()["data"]) == 100
    second = client.get(first.json()["links"]["next"], headers=TOKEN).json()
    assert {row["type"] for row in second["data"]} == {"feature"}
    assert (len(second["data"]), second["links"]["next"]) == (30, None)


def test_archived_notes_are_shown_only_when_asked_for(serve: Any) -> None:
    client = tool(serve)
    for asked, count in (({}, 65), ({"archived": "false"}, 65), ({"archived": "true"}, 65)):
        body = client.get("/productboard/v2/notes", params=asked, headers=TOKEN).json()
        assert len(body["data"]) == count
    since = (NOW - timedelta(days=1)).isoformat()
    none = client.get("/productboard/v2/notes", params={"updatedFrom": since}, headers=TOKEN)
    assert none.json() == {"data": [], "links": {"next": None}}


def test_errors_have_the_vendors_shape(serve: Any) -> None:
    client = tool(serve)
    asked = {
        401: client.get("/productboard/v2/notes"),
        400: client.get("/productboard/v2/entities", params={"type": "feature"}, headers=TOKEN),
        404: client.get("/productboard/v2/entities/nobody", headers=TOKEN),
    }
    for status, answer in asked.items():
        assert answer.status_code == status
        assert {"code", "title", "detail"} == set(answer.json()["errors"][0])
    bad_cursor = client.get("/productboard/v2/notes", params={"pageCursor": "x"}, headers=TOKEN)
    assert bad_cursor.status_code == 400


def test_the_fifty_first_request_of_a_second_waits(serve: Any) -> None:
    limiter = Limiter(clock=lambda: 0.0)
    state = SandboxState(FakeData(), NOW)
    state.limiter = limiter
    client: httpx.Client = serve(create_app(state))
    answers = [client.get("/productboard/v2/jira-integrations", headers=TOKEN) for _ in range(51)]
    assert {each.status_code for each in answers[:50]} == {200}
    assert (answers[50].status_code, answers[50].headers["Retry-After"]) == (429, "1")


def test_links_to_jira_and_configurations_are_there(serve: Any) -> None:
    client = tool(serve)
    path = "/productboard/v2/jira-integrations/j1/connections"
    assert len(client.get(path, params={"issueKey": "ATL-1"}, headers=TOKEN).json()["data"]) == 1
    assert client.get(path, params={"issueId": "7"}, headers=TOKEN).json()["data"] == []
    found = client.get("/productboard/v2/entities/configurations", headers=TOKEN).json()["data"]
    assert (
        next(each for each in found if each["type"] == "initiative")["fields"]["name"]["path"]
        == "/fields/name"
    )
    one = client.get("/productboard/v2/entities/i1", headers=TOKEN).json()["data"]
    assert one["fields"] == {"name": "x"}
    related = client.get("/productboard/v2/entities/i1/relationships", headers=TOKEN).json()
    assert related == {"data": [], "links": {"next": None}}
