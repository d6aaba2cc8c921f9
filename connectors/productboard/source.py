"""Productboard API v2: notes, the product hierarchy, initiatives, objectives, releases, customers, links to Jira.

Endpoints: `/v2/notes`, `/v2/entities` by type, `/v2/jira-integrations` and their connections.
Access: an API token with the scopes notes:read, entities:read, users:pii:read and jira-integrations:read.
Deletes: entities know no updated-since and nothing tells of a deletion, so every stream is read whole, archived records
in a pass of their own, and what raw holds and the vendor no longer shows becomes a deleted version.
Try it: `pops check productboard`.
"""

from collections.abc import Iterator
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import SEEN, Connector, Page, RawRecord, Stream, Window, Words
from connectors.errors import MalformedResponse
from connectors.http import BearerAuth, Http
from connectors.rows import raw_record, value_at
from connectors.settings import SourceSettings
from connectors.whole import whole

# Stream -> the vendor's types of entities that it holds.
ENTITIES = {
    "features": ("feature", "subfeature"),
    "initiatives": ("initiative",),
    "objectives": ("objective",),
    "releases": ("release",),
    "components": ("product", "component"),
    "companies": ("company",),
    "users": ("user",),
}

HIERARCHY = {
    "features": Words(
        "Features and ideas on the roadmap, with their status and time frame",
        "Fonctionnalités et idées de la feuille de route, avec leur statut et leur échéance",
    ),
    "initiatives": Words(
        "Initiatives that features of the roadmap serve",
        "Initiatives que servent les fonctionnalités de la feuille de route",
    ),
    "objectives": Words("Objectives that the roadmap serves", "Objectifs que sert la feuille de route"),
    "releases": Words("Planned releases of the roadmap", "Versions prévues de la feuille de route"),
    "components": Words(
        "Products and components that the roadmap is cut into",
        "Produits et composants qui découpent la feuille de route",
    ),
}


class ProductboardSettings(SourceSettings):
    """Base URL `https://api.productboard.com` and an API token."""

    usual_address = "https://api.productboard.com"
    api_token: SecretStr
    # The vendor allows 50 requests a second.
    requests_per_minute: int | None = 1500

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.api_token)


def _stream(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    options: dict[str, Any] = {
        "key_source": "API v2: `id` is a UUID, unique among notes and entities.",
        "version": "updatedAt",
        "deletes": "vanish",
    }
    return Stream(name, holds, personal_data, **options | more)


class ProductboardConnector(Connector):
    """Every stream is one window a run; raw keeps what changed since the last one."""

    name = "productboard"
    title = "Productboard"
    console = "https://app.productboard.com"
    family = "roadmap"
    unread = Words(
        "The roadmap and the feedback are those of the last good night: newer notes, statuses and dates are missing.",
        "La feuille de route et les retours sont ceux de la dernière nuit réussie : notes, statuts et dates plus récents manquent.",
    )
    access = (
        "an API token with the scopes notes:read, entities:read and users:pii:read, "
        "and jira-integrations:read for the links to Jira."
    )
    Settings = ProductboardSettings
    streams = (
        _stream(
            "notes",
            Words(
                "Feedback of customers as it was noted down", "Retours de clients tels qu'ils ont été notés"
            ),
            "fields.name",
            "fields.content",
            "fields.owner",
            "fields.creator",
            "fields.source",
            belongs_to=(
                ("relationships.data[].target.id", "users"),
                ("relationships.data[].target.id", "companies"),
            ),
        ),
        *(_stream(name, holds, "fields.owner", "fields.description") for name, holds in HIERARCHY.items()),
        _stream(
            "companies",
            Words("Customers who gave feedback", "Clients qui ont fait des retours"),
            "fields.name",
            "fields.domain",
            "fields.description",
            subject="account",
            identifies=("fields.domain", "metadata.source.recordId"),
        ),
        _stream(
            "users",
            Words("People who gave feedback", "Personnes qui ont fait des retours"),
            "fields.name",
            "fields.email",
            "fields.description",
            subject="person",
            identifies=("fields.email",),
            belongs_to=(("relationships.data[].target.id", "companies"),),
        ),
        _stream(
            "jira_connections",
            Words(
                "Which feature of the roadmap is which epic in Jira",
                "Quelle fonctionnalité de la feuille de route est quel epic dans Jira",
            ),
            key="integration, entity and Jira issue",
            key_source="Jira integrations: the `id` of a connection is that of its entity, which may have several issues.",
            version=SEEN,
            optional=True,
        ),
    )

    def __init__(self, settings: ProductboardSettings, http: Http) -> None:
        super().__init__(settings, http)

    def check(self) -> None:
        for path, params in (("/v2/notes", {}), ("/v2/entities", {"type[]": ["feature"]})):
            _listed(self._http.get(path, params), path)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        found = self._connections() if stream.name == "jira_connections" else self._records(stream)
        return whole(found, self.known(stream.name), self.parts[stream.name])

    def _records(self, stream: Stream) -> Iterator[list[RawRecord]]:
        """Pages of the records that are not archived, then of those that are: lists show these only when asked."""
        types = {"type[]": list(ENTITIES[stream.name])} if stream.name in ENTITIES else {}
        for archived in ("false", "true"):
            path = "/v2/entities" if types else "/v2/notes"
            for rows in self._pages(path, types | {"archived": archived}):
                found = []
                for row in rows:
                    with self.parts[stream.name].reading(f"{stream.name} {value_at(row, 'id')}"):
                        found.append(raw_record(self._complete(row), "updatedAt"))
                yield found

    def _connections(self) -> Iterator[list[RawRecord]]:
        """Links of entities to Jira issues. The vendor gives a link the id of its entity."""
        for integrations in self._pages("/v2/jira-integrations", {}):
            for integration in integrations:
                number = integration["id"]
                with self.parts["jira_connections"].reading(f"integration {number}"):
                    for rows in self._pages(f"/v2/jira-integrations/{number}/connections", {}):
                        yield [_link(raw_record(row), number, row) for row in rows]

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[list[Any]]:
        """Rows of a list, page by page to its end."""
        for body in self._http.paginate(path, params, lambda body: _next(body, path)):
            yield _listed(body, path)

    def _complete(self, row: Any) -> Any:
        """The record with all of its relationships, of which the list shows the first page.

        One that says in another way than by an address that there are more stays as it came.
        """
        following, first = value_at(row, "relationships.links.next"), value_at(row, "relationships.data")
        if isinstance(following, str) and "/v2/" in following and isinstance(first, list):
            shown = row["relationships"]
            shown["data"] = [*first, *(each for page in self._pages(following, {}) for each in page)]
            shown["links"] = {"next": None}
        return row


def _link(record: RawRecord, integration_id: str, row: Any) -> RawRecord:
    """The record under a key of its own: an entity may be linked with several issues; without its id it has none."""
    key = f"{integration_id}:{record.record_id}:{value_at(row, 'fields.issueId')}"
    return record._replace(record_id=key if record.record_id else "")


def _listed(body: Any, path: str) -> list[Any]:
    if not isinstance(value_at(body, "data"), list):
        raise MalformedResponse("The answer has no list `data`.", place=f"GET {path}")
    return list(body["data"])


def _next(body: Any, path: str) -> str | None:
    """The address of the next page; None on the last one. An answer that says neither was cut short."""
    links = value_at(body, "links")
    if not isinstance(links, dict) or "next" not in links:
        raise MalformedResponse("The answer does not say whether a page follows.", place=f"GET {path}")
    return links["next"] or None
