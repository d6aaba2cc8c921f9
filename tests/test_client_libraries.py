"""Client libraries that others wrote, unmodified, read the sandbox to what the company holds."""

from collections.abc import Iterator
from typing import Any

import github
import hubspot
import pytest
import requests
from jira import JIRA
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from zenpy import Zenpy

from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.running import Sandbox, running_sandbox
from sandbox.vendors.github.credentials import GITHUB_OWNER, GITHUB_TOKEN
from sandbox.vendors.hubspot.credentials import HUBSPOT_ACCESS_TOKEN
from sandbox.vendors.jira.credentials import JIRA_API_TOKEN, JIRA_EMAIL
from sandbox.vendors.salesforce.credentials import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from sandbox.vendors.zendesk.credentials import ZENDESK_CLIENT_ID, ZENDESK_CLIENT_SECRET
from tests.nights import NIGHTS, night_moment

NOW = night_moment(NIGHTS[-1])
SALESFORCE_OBJECTS = {
    "accounts": "Account", "contacts": "Contact", "opportunities": "Opportunity", "leads": "Lead", "users": "User",
}  # fmt: skip


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(only=("hubspot", "salesforce", "zendesk", "jira", "github"), now=NOW) as server:
        yield server


def held(company: Company, vendor: str, stream: str) -> set[str]:
    """Ids of what the vendor shows outside its archive."""
    return {str(each.id) for each in CompanyData(company).records(vendor, stream, NOW) if not each.archived}


def test_jira(sandbox: Sandbox, company: Company) -> None:
    client = JIRA(f"{sandbox.base_url}/jira", basic_auth=(JIRA_EMAIL, JIRA_API_TOKEN))
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
    client = hubspot.HubSpot(access_token=HUBSPOT_ACCESS_TOKEN, host=f"{sandbox.base_url}/hubspot")
    kinds: dict[str, Any] = {
        "companies": client.crm.companies, "contacts": client.crm.contacts, "deals": client.crm.deals,
    }  # fmt: skip
    for kind, api in kinds.items():
        assert {each.id for each in api.get_all()} == held(company, "hubspot", kind)
    owners = client.crm.owners.get_all()
    assert {owner.id for owner in owners} == held(company, "hubspot", "owners")


class ToSandbox(HTTPAdapter):
    """For libraries that know only https and their vendor's host: their session's transport leads to the sandbox."""

    def __init__(self, host: str, base_url: str) -> None:
        super().__init__()
        self.host, self.base_url = host, base_url

    def send(self, request: requests.PreparedRequest, *rest: Any, **options: Any) -> requests.Response:
        led = request.copy()
        led.url = str(request.url).replace(self.host, self.base_url)
        response = super().send(led, *rest, **options)
        response.request, response.url = request, str(request.url)
        return response


def leading(host: str, base_url: str) -> requests.Session:
    session = requests.Session()
    session.mount(host, ToSandbox(host, base_url))
    return session


def test_zendesk(sandbox: Sandbox, company: Company) -> None:
    base_url = f"{sandbox.base_url}/zendesk"
    grant = {
        "grant_type": "client_credentials",
        "client_id": ZENDESK_CLIENT_ID,
        "client_secret": ZENDESK_CLIENT_SECRET,
    }
    token = requests.post(f"{base_url}/oauth/tokens", json=grant, timeout=10).json()["access_token"]
    session = leading("https://acme.zendesk.com", base_url)
    client = Zenpy(subdomain="acme", session=session, oauth_token=token)
    tickets = client.tickets.incremental(start_time=0, paginate_by_time=False)
    assert {str(each.id) for each in tickets} == held(company, "zendesk", "tickets")
    users = client.users.incremental(start_time=0, paginate_by_time=False)
    assert {str(each.id) for each in users} == held(company, "zendesk", "users")
    organizations = client.organizations.incremental(start_time=0)
    assert {str(each.id) for each in organizations} == held(company, "zendesk", "organizations")


def test_salesforce(sandbox: Sandbox, company: Company) -> None:
    base_url = f"{sandbox.base_url}/salesforce"
    grant = {
        "grant_type": "client_credentials",
        "client_id": SALESFORCE_CLIENT_ID,
        "client_secret": SALESFORCE_CLIENT_SECRET,
    }
    token = requests.post(f"{base_url}/services/oauth2/token", data=grant, timeout=10).json()["access_token"]
    host = "https://acme.my.salesforce.com"
    session = leading(host, base_url)
    client = Salesforce(instance_url=host, session_id=token, session=session)
    for stream, kind in SALESFORCE_OBJECTS.items():
        live = held(company, "salesforce", stream)
        rows = list(client.query_all_iter(f"SELECT Id FROM {kind}"))
        assert {row["Id"] for row in rows} == live
    # The library waits seconds for each job: one is enough.
    bulk = "".join(client.bulk2.Contact.query("SELECT Id FROM Contact"))
    assert {line.strip('"') for line in bulk.split()[1:]} == held(company, "salesforce", "contacts")


def test_github(sandbox: Sandbox, company: Company) -> None:
    client = github.Github(auth=github.Auth.Token(GITHUB_TOKEN), base_url=f"{sandbox.base_url}/github")
    repositories = list(client.get_organization(GITHUB_OWNER).get_repos())
    assert {str(each.id) for each in repositories} == held(company, "github", "repositories")
    found: dict[str, set[str]] = {
        "pull_requests": set(),
        "issues": set(),
        "deployments": set(),
        "releases": set(),
    }
    for repository in repositories:
        found["pull_requests"] |= {str(each.id) for each in repository.get_pulls(state="all")}
        found["issues"] |= {str(each.id) for each in repository.get_issues(state="all")}
        found["deployments"] |= {str(each.id) for each in repository.get_deployments()}
        found["releases"] |= {str(each.id) for each in repository.get_releases()}
    for stream, ids in found.items():
        # A pull request is an issue too, which the company keeps apart.
        assert ids == {each.removeprefix("pull:") for each in held(company, "github", stream)}, stream
