"""Typeform's routes: refused without a token, paged by tokens in both ways, two requests a second, its own errors."""

from datetime import timedelta
from typing import Any

import httpx
from vendor_client import NOW, START, FakeData, Serve, plan

from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.typeform.credentials import TYPEFORM_ACCESS_TOKEN

TOKEN = {"Authorization": f"Bearer {TYPEFORM_ACCESS_TOKEN}"}
RESPONSES = "/typeform/forms/f1/responses"


def with_survey(data: FakeData, pace: float = 100_000) -> SandboxState:
    for form in ("f1", "f2"):
        data.add(
            "typeform", "forms", form, START, id=form, title=form, last_updated_at="2026-10-15T01:00:00Z"
        )
    for number in range(1, 8):
        at = START + timedelta(hours=number)
        data.add(
            "typeform",
            "responses",
            f"f1:t{number}",
            at,
            form_id="f1",
            token=f"t{number}",
            submitted_at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
    return SandboxState(data, NOW, pace=pace)


def tokens(client: httpx.Client, **params: Any) -> list[str]:
    answer = client.get(RESPONSES, params=params, headers=TOKEN)
    assert answer.status_code == 200, answer.text
    return [item["token"] for item in answer.json()["items"]]


def test_a_token_is_needed(serve: Serve, data: FakeData) -> None:
    client = serve(create_app(with_survey(data)))
    refused = client.get("/typeform/forms")
    assert refused.status_code == 401
    assert refused.json()["code"] == "AUTHENTICATION_FAILED"
    assert client.get("/typeform/me", headers=TOKEN).status_code == 200


def test_forms_are_listed_by_page_and_told_one_by_one(serve: Serve, data: FakeData) -> None:
    client = serve(create_app(with_survey(data)))
    page = client.get("/typeform/forms", params={"page_size": 1, "page": 2}, headers=TOKEN).json()
    assert (page["total_items"], page["page_count"], len(page["items"])) == (2, 2, 1)
    assert page["items"][0]["_links"]["responses"].endswith("/responses")
    assert client.get("/typeform/forms/f1", headers=TOKEN).json()["title"] == "f1"
    unknown = client.get("/typeform/forms/none", headers=TOKEN)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "FORM_NOT_FOUND")


def test_responses_come_newest_first_and_after_a_token_oldest_first(serve: Serve, data: FakeData) -> None:
    client = serve(create_app(with_survey(data)))
    assert tokens(client, page_size=3) == ["t7", "t6", "t5"]
    assert tokens(client, page_size=3, before="t5") == ["t4", "t3", "t2"]
    assert tokens(client, page_size=3, after="t5") == ["t6", "t7"]
    since = (START + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S")
    until = int((START + timedelta(hours=4)).timestamp())
    assert tokens(client, since=since, until=until) == ["t4", "t3", "t2"]
    left = client.get(RESPONSES, params={"page_size": 3, "before": "t5"}, headers=TOKEN).json()
    assert (left["total_items"], left["page_count"]) == (4, 2)
    assert "form_id" not in left["items"][0]
    mixed = client.get(RESPONSES, params={"before": "t5", "sort": "submitted_at,asc"}, headers=TOKEN)
    assert mixed.status_code == 400


def test_two_requests_a_second_are_allowed(serve: Serve, data: FakeData) -> None:
    client = serve(create_app(with_survey(data, pace=0.05)))
    statuses = [client.get("/typeform/forms", headers=TOKEN).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_planned_faults_reach_it(serve: Serve, data: FakeData) -> None:
    client = serve(create_app(with_survey(data)))
    plan(client, "typeform", "403", stream="responses")
    refused = client.get(RESPONSES, headers=TOKEN)
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
