"""Client libraries that others wrote, unmodified, read the sandbox to what the company holds."""

from collections.abc import Iterator
from typing import Any

import hubspot
import pytest
import requests
from jira import JIRA
from requests.adapters import HTTPAdapter
from zenpy import Zenpy

from sandbox import credentials
from sandbox.company import Company
from sandbox.running import Sandbox, running_sandbox
from tests.nights import NIGHTS, night_moment

NOW = night_moment(NIGHTS[-1])


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(only=("hubspot", "zendesk", "jira"), now=NOW) as server:
        yield server


def held(company: Company, vendor: str, stream: str) -> set[str]:
    """Ids of what the vendor shows outside its archive."""
    return {str(each.id) for each in company.records(vendor, stream, NOW) if not each.archived}


def test_jira(sandbox: Sandbox, company: Company) -> None:
    client = JIRA(f"{sandbox.base_url}/jira", basic_auth=(credentials.JIRA_EMAIL, credentials.JIRA_API_TOKEN))
    assert client.server_info()["deploymentType"] == "Cloud"
    issues = client.enhanced_search_issues("updated >= 0 ORDER BY updated", maxResults=False)
    assert {issue.id for issue in issues} == held(company, "jira", "issues")
    projects = client.projects()
    assert {project.id for project in projects} == held(company, "jira", "projects")
    versions = [version.id for project in projects for version in client.project_versions(project.id)]
    assert set(versions) == held(company, "jira", "versions")
    boards = client.boards(maxResults=False)
    sprints = [
        sprint.id
        for board in boards
        if board.type == "scrum"
        for sprint in client.sprints(board.id, maxResults=False)
    ]
    assert {str(sprint) for sprint in sprints} == held(company, "jira", "sprints")


def test_hubspot(sandbox: Sandbox, company: Company) -> None:
    client = hubspot.HubSpot(
        access_token=credentials.HUBSPOT_ACCESS_TOKEN, host=f"{sandbox.base_url}/hubspot"
    )
    kinds: dict[str, Any] = {
        "companies": client.crm.companies, "contacts": client.crm.contacts, "deals": client.crm.deals,
    }  # fmt: skip
    for kind, api in kinds.items():
        assert {each.id for each in api.get_all()} == held(company, "hubspot", kind)
    owners = client.crm.owners.get_all()
    assert {owner.id for owner in owners} == held(company, "hubspot", "owners")


class ToSandbox(HTTPAdapter):
    """Zenpy knows only https://<subdomain>.zendesk.com: its session's transport leads to the sandbox."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.base_url = base_url

    def send(self, request: requests.PreparedRequest, *rest: Any, **options: Any) -> requests.Response:
        led = request.copy()
        led.url = str(request.url).replace("https://acme.zendesk.com", self.base_url)
        response = super().send(led, *rest, **options)
        response.request, response.url = request, str(request.url)
        return response


def test_zendesk(sandbox: Sandbox, company: Company) -> None:
    base_url = f"{sandbox.base_url}/zendesk"
    grant = {
        "grant_type": "client_credentials",
        "client_id": credentials.ZENDESK_CLIENT_ID,
        "client_secret": credentials.ZENDESK_CLIENT_SECRET,
    }
    token = requests.post(f"{base_url}/oauth/tokens", json=grant, timeout=10).json()["access_token"]
    session = requests.Session()
    session.mount("https://acme.zendesk.com", ToSandbox(base_url))
    client = Zenpy(subdomain="acme", session=session, oauth_token=token)
    tickets = client.tickets.incremental(start_time=0, paginate_by_time=False)
    assert {str(each.id) for each in tickets} == held(company, "zendesk", "tickets")
    users = client.users.incremental(start_time=0, paginate_by_time=False)
    assert {str(each.id) for each in users} == held(company, "zendesk", "users")
    organizations = client.organizations.incremental(start_time=0)
    assert {str(each.id) for each in organizations} == held(company, "zendesk", "organizations")
