"""Productboard API v2: notes, the product hierarchy, initiatives, objectives, releases, customers, links to Jira.

Endpoints: `/v2/notes`, `/v2/entities` by type, `/v2/jira-integrations` and their connections.
Access: an API token with the scopes notes:read, entities:read, users:pii:read and jira-integrations:read.
Deletes: entities know no updated-since and nothing tells of a deletion, so every stream is read whole, archived records
in a pass of their own, and what raw holds and the vendor no longer shows becomes a deleted version.
Try it: `pops check productboard`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
from pydantic import SecretStr

from connectors.contract import (
    Cursor,
    Family,
    Known,
    NeverTooLarge,
    Page,
    RawRecord,
    Stream,
    Window,
    nothing_known,
)
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
NO_TIME = timedelta(0)


class ProductboardSettings(SourceSettings):
    """Base URL `https://api.productboard.com` and an API token."""

    api_token: SecretStr
    # The vendor allows 50 requests a second.
    requests_per_minute: int | None = 1500

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.api_token)


def _stream(name: str, *personal_data: str, **more: Any) -> Stream:
    options: dict[str, Any] = {"key": "id", "version": "updatedAt"}
    return Stream(
        name,
        cursor="moment of the last reading, which is whole",
        lag=NO_TIME,
        look_back=NO_TIME,
        deletes="vanish",
        personal_data=personal_data,
        **options | more,
    )


class ProductboardConnector(NeverTooLarge):
    """Every stream is one window a run; raw keeps what changed since the last one."""

    name: ClassVar[str] = "productboard"
    family: ClassVar[Family] = "roadmap"
    access: ClassVar[str] = (
        "an API token with the scopes notes:read, entities:read and users:pii:read, "
        "and jira-integrations:read for the links to Jira."
    )
    Settings: ClassVar[type[SourceSettings]] = ProductboardSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        _stream("notes", "fields.name", "fields.content", "fields.owner", "fields.creator", "fields.source"),
        *(
            _stream(name, "fields.owner", "fields.description")
            for name in ("features", "initiatives", "objectives", "releases", "components")
        ),
        _stream("companies", "fields.name", "fields.domain", "fields.description"),
        _stream("users", "fields.name", "fields.email", "fields.description"),
        _stream(
            "jira_connections",
            key="integration, entity and Jira issue",
            version="run in which it was seen to change",
            optional=True,
        ),
    )

    def __init__(self, settings: ProductboardSettings, http: Http) -> None:
        self.known: Known = nothing_known
        self._http = http

    def check(self) -> None:
        for path, params in (("/v2/notes", {}), ("/v2/entities", {"type[]": ["feature"]})):
            _listed(self._http.get(path, params), path)

    def windows(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Iterator[Window]:
        yield Window(None, until, {"read_until": until.isoformat()})

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        found = self._connections() if stream.name == "jira_connections" else self._records(stream)
        return whole(found, self.known(stream.name))

    def _records(self, stream: Stream) -> Iterator[list[RawRecord]]:
        """Pages of the records that are not archived, then of those that are: lists show these only when asked."""
        types = {"type[]": list(ENTITIES[stream.name])} if stream.name in ENTITIES else {}
        for archived in ("false", "true"):
            path = "/v2/entities" if types else "/v2/notes"
            for rows in self._pages(path, types | {"archived": archived}):
                yield [raw_record(self._complete(row), "updatedAt") for row in rows]

    def _connections(self) -> Iterator[list[RawRecord]]:
        """Links of entities to Jira issues. The vendor gives a link the id of its entity."""
        for integrations in self._pages("/v2/jira-integrations", {}):
            for integration in integrations:
                for rows in self._pages(f"/v2/jira-integrations/{integration['id']}/connections", {}):
                    records = (raw_record(row) for row in rows)
                    yield [
                        _link(each, integration["id"], row) for each, row in zip(records, rows, strict=True)
                    ]

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[list[Any]]:
        """Rows of a list, page by page to its end."""
        for body in self._http.paginate(path, params, lambda body: _next(body, path)):
            yield _listed(body, path)

    def _complete(self, row: Any) -> Any:
        """The record with all of its relationships, of which the list shows the first page."""
        following = value_at(row, "relationships.links.next")
        if following:
            shown = row["relationships"]
            shown["data"] = [*shown["data"], *(each for page in self._pages(following, {}) for each in page)]
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
