"""Shows the roadmap's objects as its API does: every stream in the state of a moment.

The records are whole; the routes cut long lists of relationships into pages. Addresses are relative to the API.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.company.catalogue import INTERNAL_EMAIL_DOMAINS
from sandbox.company.company import Company
from sandbox.company.roadmap.board import Roadmap
from sandbox.company.roadmap.model import Connection, Customer, Item, Note
from sandbox.vendors.record import Record

API = "https://api.productboard.com/v2"
SITE = "https://acmeflow.productboard.com"
INTEGRATION_ID = str(uuid5(NAMESPACE_URL, "jira-integration"))
# A custom field: its key is an id, and configurations tell its name.
EFFORT_FIELD = str(uuid5(NAMESPACE_URL, "custom-field-effort"))
# The streams of items, and the types in them.
TYPES = {
    "components": ("product", "component"),
    "features": ("feature", "subfeature"),
    "initiatives": ("initiative",),
    "objectives": ("objective",),
    "releases": ("release",),
}
OPENED = datetime(2025, 3, 3, 9, tzinfo=UTC)


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    roadmap = company.roadmap
    if stream == "notes":
        # Newest first, as the tool lists them.
        notes = sorted(roadmap.feedback.notes, key=lambda note: note.created_at, reverse=True)
        return [_note(note, now) for note in notes if note.exists(now)]
    if stream in ("companies", "users"):
        kind = {"companies": "company", "users": "user"}[stream]
        return [_customer(roadmap, each) for each in roadmap.feedback.customers if each.kind == kind]
    if stream in TYPES:
        return [
            _entity(item, now) for item in roadmap.items if item.type in TYPES[stream] and item.exists(now)
        ]
    if stream == "jira_integrations":
        fields = {"name": "Jira", "integrationStatus": "enabled"}
        links = {"self": f"{API}/jira-integrations/{INTEGRATION_ID}", "html": f"{SITE}/settings/jira"}
        body = {"id": INTEGRATION_ID, "type": "jiraIntegration", "fields": fields, "links": links}
        return [Record(INTEGRATION_ID, OPENED, body | {"createdAt": _iso(OPENED)})]
    if stream == "jira_connections":
        return [_connection(each) for each in roadmap.connections if each.exists(now)]
    return []


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _uuid(text: str) -> str:
    return str(uuid5(NAMESPACE_URL, text))


def _member(number: int) -> dict[str, Any]:
    return {"id": _uuid(f"member-{number}"), "email": f"product.{number + 1}@{INTERNAL_EMAIL_DOMAINS[0]}"}


def _links(entity_id: str) -> dict[str, str]:
    return {"self": f"{API}/entities/{entity_id}", "html": f"{SITE}/detail/{entity_id}"}


def _relation(kind: str, target: Item | Customer) -> dict[str, Any]:
    target_type = target.type if isinstance(target, Item) else target.kind
    return {
        "type": kind,
        "target": {"id": target.id, "type": target_type, "links": _links(target.id)},
    }


def _entity(item: Item, now: datetime) -> Record:
    state = item.at(now)
    fields: dict[str, Any] = {"name": state.name, "archived": state.is_archived}
    if item.type not in ("product", "component"):
        fields["description"] = f"<p>{state.name}, asked for by several customers.</p>"
        fields["owner"] = _member(state.owner)
    if state.status is not None:
        fields["status"] = {"id": _uuid(f"status-{state.status}"), "name": state.status}
    if state.ends_on is not None and state.starts_on is not None:
        fields["timeframe"] = {
            "startDate": state.starts_on.isoformat(),
            "endDate": state.ends_on.isoformat(),
            "granularity": state.granularity,
        }
    if item.type == "feature":
        fields[EFFORT_FIELD] = 1 + int(item.id[:2], 16) % 13
    relations = [] if item.parent is None else [_relation("parent", item.parent)]
    relations += [_relation("link", each) for each in item.links if each.exists(now)]
    body: dict[str, Any] = {
        "id": item.id,
        "type": item.type,
        "fields": fields,
        "relationships": {"data": relations, "links": {"next": None}},
        "links": _links(item.id),
        "createdAt": _iso(item.created_at),
        "updatedAt": _iso(item.updated_at(now)),
    }
    if item.imported_from is not None:
        key = item.imported_from.key
        body["metadata"] = {
            "source": {
                "system": "Jira",
                "recordId": key,
                "url": f"https://acmeflow.atlassian.net/browse/{key}",
            }
        }
    return Record(item.id, item.updated_at(now), body, archived=state.is_archived)


def _customer(roadmap: Roadmap, customer: Customer) -> Record:
    fields: dict[str, Any]
    body: dict[str, Any] = {"id": customer.id, "type": customer.kind}
    relations = []
    if customer.kind == "user":
        assert customer.person_index is not None
        person = roadmap.company.people[customer.person_index]
        email = person.email.title() if person.index % 5 == 0 else person.email
        fields = {"name": f"{person.first_name} {person.last_name}", "email": email}
        if customer.company is not None:
            relations = [_relation("parent", customer.company)]
    else:
        assert customer.account_index is not None
        account = roadmap.company.accounts[customer.account_index]
        fields = {"name": account.name} | ({"domain": account.domain} if customer.has_domain else {})
        if customer.names_account:
            body["metadata"] = {"source": {"system": "acme-flow", "recordId": account.app_account_id}}
    body |= {
        "fields": fields | {"archived": False},
        "relationships": {"data": relations, "links": {"next": None}},
        "links": _links(customer.id),
        "createdAt": _iso(customer.created_at),
        "updatedAt": _iso(customer.created_at),
    }
    return Record(customer.id, customer.created_at, body)


def _note(note: Note, now: datetime) -> Record:
    state = note.at(now)
    relations = [] if state.customer is None else [_relation("customer", state.customer)]
    relations += [_relation("link", item) for item in note.about if item.exists(now)]
    fields: dict[str, Any] = {
        "name": note.title,
        "content": note.body,
        "tags": [{"id": _uuid(f"tag-{tag}"), "name": tag} for tag in note.tags],
        "owner": _member(note.number % 6),
        "creator": _member(note.number % 5),
        # Archived notes are always shown as not processed.
        "processed": state.is_processed and not state.is_archived,
        "archived": state.is_archived,
    }
    if note.source is not None:
        fields["source"] = {
            "id": None,
            "origin": note.source,
            "recordId": f"{note.source}-{note.number}",
            "url": None,
        }
    body = {
        "id": note.id,
        "type": "textNote",
        "fields": fields,
        "relationships": {"data": relations, "links": {"next": None}},
        "links": {"self": f"{API}/notes/{note.id}", "html": f"{SITE}/all-notes/notes/{note.number}"},
        "createdAt": _iso(note.created_at),
        "updatedAt": _iso(note.updated_at(now)),
    }
    return Record(note.id, note.updated_at(now), body, archived=state.is_archived)


def _connection(connection: Connection) -> Record:
    fields = {"issueKey": connection.issue_key, "issueId": connection.issue_id}
    place = f"{API}/jira-integrations/{INTEGRATION_ID}/connections/{connection.item.id}"
    # The tool gives a connection the id of its entity.
    body = {
        "id": connection.item.id,
        "type": "jiraIntegrationConnection",
        "fields": fields,
        "links": {"self": place},
    }
    key = f"{INTEGRATION_ID}:{connection.item.id}:{connection.issue_id}"
    return Record(key, connection.made_at, body)
