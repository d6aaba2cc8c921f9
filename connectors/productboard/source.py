"""Productboard API v2: notes, the product hierarchy, initiatives, objectives, releases, customers, links to Jira.

Endpoints: `/v2/notes`, `/v2/entities` by type, `/v2/jira-integrations` and their connections.
Access: an API token with the scopes notes:read, entities:read, users:pii:read and jira-integrations:read.
Deletes: entities know no updated-since and nothing tells of a deletion, so every stream is read whole, archived records
in a pass of their own, and what raw holds and the vendor no longer shows becomes a deleted version.
Try it: `pops check productboard`.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
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
        torn: list[tuple[str, str]] = []
        found = self._connections(torn) if stream.name == "jira_connections" else self._records(stream, torn)
        torn_count = 0
        for page in whole(found, self.known(stream.name)):
            torn_count += len(torn)
            # Whose record came without an id cannot be told: it must not count as vanished.
            kept = [each for each in page.records if not (torn_count and each.is_deleted)]
            yield replace(page, records=kept, quarantined=torn.copy())
            torn.clear()

    def _records(self, stream: Stream, torn: list[tuple[str, str]]) -> Iterator[list[RawRecord]]:
        """Pages of the records that are not archived, then of those that are: lists show these only when asked."""
        types = {"type[]": list(ENTITIES[stream.name])} if stream.name in ENTITIES else {}
        for archived in ("false", "true"):
            path = "/v2/entities" if types else "/v2/notes"
            for rows in self._pages(path, types | {"archived": archived}, torn):
                yield [_raw(row["id"], str(row.get("updatedAt") or ""), self._complete(row)) for row in rows]

    def _connections(self, torn: list[tuple[str, str]]) -> Iterator[list[RawRecord]]:
        """Links of entities to Jira issues. The vendor gives a link the id of its entity."""
        for integrations in self._pages("/v2/jira-integrations", {}, torn):
            for integration in integrations:
                path = f"/v2/jira-integrations/{integration['id']}/connections"
                for rows in self._pages(path, {}, torn):
                    keys = (f"{integration['id']}:{row['id']}:{_issue_id(row)}" for row in rows)
                    yield [_raw(key, "", row) for key, row in zip(keys, rows, strict=True)]

    def _pages(
        self, path: str, params: dict[str, Any], torn: list[tuple[str, str]]
    ) -> Iterator[list[dict[str, Any]]]:
        """Rows of a list, page by page to its end; those without an id go to `torn`."""
        for body in self._http.paginate(path, params, lambda body: _next(body, path)):
            rows = _listed(body, path)
            good = [row for row in rows if isinstance(row, dict) and row.get("id")]
            torn += [("A record without an id.", json.dumps(row)) for row in rows if row not in good]
            yield good

    def _complete(self, row: dict[str, Any]) -> dict[str, Any]:
        """The record with all of its relationships, of which the list shows the first page."""
        shown = row.get("relationships")
        if isinstance(shown, dict) and (following := (shown.get("links") or {}).get("next")):
            bodies = self._http.paginate(following, {}, lambda body: _next(body, following))
            shown["data"] = [*shown["data"], *(each for body in bodies for each in _listed(body, following))]
            shown["links"] = {"next": None}
        return row


def _listed(body: Any, path: str) -> list[Any]:
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise MalformedResponse("The answer has no list `data`.", place=f"GET {path}")
    return list(body["data"])


def _next(body: Any, path: str) -> str | None:
    """The address of the next page; None on the last one. An answer that says neither was cut short."""
    links = body.get("links") if isinstance(body, dict) else None
    if not isinstance(links, dict) or "next" not in links:
        raise MalformedResponse("The answer does not say whether a page follows.", place=f"GET {path}")
    return links["next"] or None


def _issue_id(row: dict[str, Any]) -> str:
    return str((row.get("fields") or {}).get("issueId"))


def _raw(key: str, version: str, row: dict[str, Any]) -> RawRecord:
    return RawRecord(str(key), version, json.dumps(row, ensure_ascii=False))
