"""One server for each module of these tests; every test serves an application of its own through it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from vendor_client import NOW, START, FakeData, Serve, iso

from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState


@pytest.fixture
def data() -> FakeData:
    fake = FakeData()
    for n in range(1, 251):
        at = START + timedelta(hours=n)
        contact = {"email": f"p{n}@example.com", "jobtitle": "PM", "lastmodifieddate": iso(at)}
        fake.add("hubspot", "contacts", n, at, n % 50 == 0, **crm_object(n, at, contact))
    for n in range(1, 4):
        company = {"name": f"Company {n}", "domain": f"c{n}.example", "hs_lastmodifieddate": iso(START)}
        fake.add("hubspot", "companies", n, START, **crm_object(n, START, company))
        link: dict[str, Any] = {
            "from_type": "contacts",
            "from_id": str(n),
            "to_type": "companies",
            "to_id": "1",
        }
        fake.add("hubspot", "associations", f"link{n}", START, n == 3, **link, types=["primary"])
    fake.add("hubspot", "owners", 9, START, id="9", email="owner@example.com")
    for n in range(1, 26):
        # Five rows share each second, as bulk updates do.
        at = START + timedelta(seconds=n // 5)
        second = int(at.timestamp())
        ticket: dict[str, Any] = {
            "status": "open",
            "created_at": iso(at),
            "metric_set": {"ticket_id": n, "reopens": 0},
        }
        fake.add("zendesk", "tickets", n, at, id=n, generated_timestamp=second, **ticket)
        children = [{"event_type": "Create", "status": "new"}, {"event_type": "Comment", "public": True}]
        fake.add(
            "zendesk", "ticket_events", n, at, id=n, ticket_id=n, timestamp=second, child_events=children
        )
        fake.add("zendesk", "ticket_metric_events", n, at, id=n, ticket_id=n, time=iso(at), type="activate")
        fake.add("zendesk", "satisfaction_ratings", n, at, id=n, score="good", ticket_id=n)
    fake.add("zendesk", "tickets", 99, NOW, id=99, status="new", generated_timestamp=int(NOW.timestamp()))
    fake.add("jira", "projects", 1, START, id="1", key="WEB", name="Web")
    for n in range(1, 131):
        at = START + timedelta(hours=n // 3)
        text = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        project = {"id": "1", "key": "WEB"}
        fields = {"summary": f"Issue {n}", "project": project, "updated": text, "created": text}
        fake.add("jira", "issues", n, at, id=str(n), key=f"WEB-{n}", fields=fields)
        items = [{"field": "status", "fieldId": "status", "from": "1", "to": "3"}]
        history: dict[str, Any] = {"id": str(1000 + n), "issueId": str(n), "created": text, "items": items}
        fake.add("jira", "changelogs", 1000 + n, at, **history)
    for n in range(1, 61):
        fake.add("jira", "sprints", n, START, id=n, name=f"Sprint {n}", originBoardId=1 + n % 2)
        fake.add("jira", "versions", n, START, id=str(n), name=f"1.{n}", projectId=1)
    return fake


def crm_object(number: int, at: datetime, properties: dict[str, str]) -> dict[str, Any]:
    held = {**properties, "hs_object_id": str(number)}
    return {"id": str(number), "properties": held, "createdAt": iso(at), "updatedAt": iso(at)}


@pytest.fixture
def sandbox(data: FakeData) -> SandboxState:
    return SandboxState(data, NOW, pace=100_000)


class Switchboard:
    """One server for the whole module, before whatever application a test serves."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def switchboard() -> Iterator[tuple[Switchboard, httpx.Client]]:
    board = Switchboard()
    with running_app(board) as base_url, httpx.Client(base_url=base_url, timeout=10) as client:
        yield board, client


@pytest.fixture
def serve(switchboard: tuple[Switchboard, httpx.Client]) -> Serve:
    board, client = switchboard

    def start(app: ASGIApp) -> httpx.Client:
        board.app = app
        return client

    return start


@pytest.fixture
def client(sandbox: SandboxState, serve: Serve) -> httpx.Client:
    return serve(create_app(sandbox))
