"""Productboard API v2: notes, entities by type, relationships, configurations, and links to Jira.

Lists show a hundred rows a page and hide archived ones unless asked; nothing tells how many there are. The types of
entities are a repeated parameter, `type[]`. The first relationships of a record stand in it, the rest behind a link.
"""

import json
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Vendor
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.productboard.credentials import PRODUCTBOARD_API_TOKEN
from sandbox.vendors.record import Record

SECONDLY = Limit("per_second", 50, 1)
PAGE, RELATIONSHIPS_PAGE = 100, 20
# The streams of records, and the vendor's types in them.
ENTITIES = {
    "components": ("product", "component"),
    "features": ("feature", "subfeature"),
    "initiatives": ("initiative",),
    "objectives": ("objective", "keyResult"),
    "releases": ("release", "releaseGroup"),
    "companies": ("company",),
    "users": ("user",),
}
TYPES = tuple(each for types in ENTITIES.values() for each in types)
_ERRORS = {
    400: ("request.invalid", "Request schema invalid"),
    401: ("auth.invalid", "Invalid authentication"),
    403: ("auth.accessDenied", "Access denied"),
    404: ("resource.notFound", "Resource not found"),
    429: ("rate.limitExceeded", "Rate limit exceeded"),
}


class Api(Vendor):
    name = "productboard"

    def endpoints(self) -> list[Endpoint]:
        def at(path: str, stream: str, handler: Any) -> Endpoint:
            return Endpoint("GET", f"/v2/{path}", stream, handler, SECONDLY)

        return [
            at("notes", "notes", self.notes),
            at("notes/{id}/relationships", "relationships", self.relationships),
            at("entities", "entities", self.entities),
            at("entities/configurations", "configurations", self.configurations),
            at("entities/{id}", "entities", self.entity),
            at("entities/{id}/relationships", "relationships", self.relationships),
            at("jira-integrations", "jira_integrations", self.integrations),
            at("jira-integrations/{id}/connections", "jira_connections", self.connections),
        ]

    def authorise(self, call: Call) -> Response | None:
        if call.headers.get("authorization") == f"Bearer {PRODUCTBOARD_API_TOKEN}":
            return None
        return self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        details = {
            401: "The provided authentication credentials are invalid or have expired.",
            403: "Your authentication token lacks the required OAuth scopes to perform this operation.",
            429: "You have exceeded the allowed number of API requests.",
        }
        code, title = _ERRORS.get(status, ("internal.serverError", "Internal server error"))
        detail = details.get(status) or message or "The request could not be answered."
        error = {"code": code, "title": title, "detail": detail}
        return Json({"id": f"req-{uuid.uuid4()}", "errors": [error]}, status_code=status)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(allowance.limit.requests),
            "X-RateLimit-Remaining": str(allowance.remaining),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {"X-RateLimit-Remaining": "0"}

    def notes(self, call: Call) -> Page:
        bounds = {
            name: datetime.fromisoformat(call.query[name])
            for name in ("createdFrom", "createdTo", "updatedFrom", "updatedTo")
            if name in call.query
        }
        rows = [each for each in self._asked(call, ["notes"]) if _within(each.body, bounds)]
        return self._page(call, [self._shown(call, "notes", each.body) for each in rows])

    def entities(self, call: Call) -> Page:
        if "type" in call.query:
            raise self.refuse(400, "Unable to parse 'type': use 'type[]'.")
        types = call.query.getlist("type[]") or list(TYPES)
        if unknown := [each for each in types if each not in TYPES]:
            raise self.refuse(400, f"Unknown entity type '{unknown[0]}'.")
        streams = [stream for stream, held in ENTITIES.items() if set(held) & set(types)]
        rows = [each.body for each in self._asked(call, streams) if each.body.get("type") in types]
        return self._page(call, [self._shown(call, "entities", body) for body in rows])

    def entity(self, call: Call) -> Response:
        body = self._record(list(ENTITIES), call.params["id"])
        return Json({"data": self._shown(call, "entities", body)})

    def relationships(self, call: Call) -> Page:
        streams = ["notes"] if "/notes/" in call.path else list(ENTITIES)
        shown = self._record(streams, call.params["id"]).get("relationships", {}).get("data", [])
        return self._page(call, shown, RELATIONSHIPS_PAGE)

    def configurations(self, call: Call) -> Page:
        """Which fields there are; a custom field's key is an id, and its name stands here."""
        asked = call.query.getlist("type[]") or list(TYPES)
        names: dict[str, set[str]] = {each: {"name"} for each in asked if each in TYPES}
        for stream in ENTITIES:
            for record in self.sandbox.rows(self.name, stream):
                if record.body.get("type") in names:
                    names[record.body["type"]].update(record.body.get("fields", {}))
        data = [
            {
                "type": kind,
                "fields": {each: _configuration(each) for each in sorted(fields)},
                "relationships": {},
            }
            for kind, fields in names.items()
        ]
        return self._page(call, data)

    def integrations(self, call: Call) -> Page:
        return self._page(call, [each.body for each in self.sandbox.rows(self.name, "jira_integrations")])

    def connections(self, call: Call) -> Page:
        self._record(["jira_integrations"], call.params["id"])
        rows = [each.body for each in self.sandbox.rows(self.name, "jira_connections")]
        for name in ("issueKey", "issueId"):
            if name in call.query:
                rows = [row for row in rows if row["fields"][name] == call.query[name]]
        return self._page(call, rows)

    def _asked(self, call: Call, streams: list[str]) -> list[Record]:
        wanted = call.query.get("archived", "false") == "true"
        rows = (each for stream in streams for each in self.sandbox.rows(self.name, stream))
        return [each for each in rows if each.archived is wanted]

    def _record(self, streams: list[str], asked: str) -> dict[str, Any]:
        for stream in streams:
            for record in self.sandbox.rows(self.name, stream):
                if record.body["id"] == asked:
                    return record.body
        raise self.refuse(404, f"Resource with ID '{asked}' was not found.")

    def _shown(self, call: Call, collection: str, body: dict[str, Any]) -> dict[str, Any]:
        """A record with the first page of its relationships."""
        held = body.get("relationships", {}).get("data", [])
        if len(held) <= RELATIONSHIPS_PAGE:
            return body
        place = f"{call.base_url}/v2/{collection}/{body['id']}/relationships"
        following = f"{place}?{urlencode({'pageCursor': _token(RELATIONSHIPS_PAGE)})}"
        first = {"data": held[:RELATIONSHIPS_PAGE], "links": {"next": following}}
        return body | {"relationships": first}

    def _page(self, call: Call, rows: list[dict[str, Any]], size: int = PAGE) -> Page:
        cursor = call.query.get("pageCursor")
        offset = self._offset(cursor)
        filters = [(name, value) for name, value in call.query.multi_items() if name != "pageCursor"]
        here = f"{call.base_url}{call.path.format(**call.params)}"

        def link(token: str) -> str:
            return f"{here}?{urlencode([*filters, ('pageCursor', token)])}"

        following = link(_token(offset + size)) if offset + size < len(rows) else None
        body = {"data": rows[offset : offset + size], "links": {"next": following}}
        place = ("links", "next")
        return Page(
            body, "data", place, place, link(cursor) if cursor else None, link(_token(offset, "again"))
        )

    def _offset(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        try:
            offset, _ = json.loads(urlsafe_b64decode(cursor))
        except ValueError:
            raise self.refuse(400, "The pageCursor is invalid or expired.") from None
        return int(offset)


def _token(offset: int, note: str = "") -> str:
    return urlsafe_b64encode(json.dumps([offset, note]).encode()).decode()


def _within(body: dict[str, Any], bounds: dict[str, datetime]) -> bool:
    created, updated = (datetime.fromisoformat(body[name]) for name in ("createdAt", "updatedAt"))
    tests = {
        "createdFrom": lambda bound: created >= bound,
        "createdTo": lambda bound: created <= bound,
        "updatedFrom": lambda bound: updated >= bound,
        "updatedTo": lambda bound: updated <= bound,
    }
    return all(tests[name](bound) for name, bound in bounds.items())


def _configuration(name: str) -> dict[str, Any]:
    is_custom = "-" in name
    return {
        "id": name,
        "name": "Effort" if is_custom else name.capitalize(),
        "path": f"/fields/{name}",
        "schema": {"type": "number" if is_custom else "string"},
    }
