"""Intercom API 2.16: search of conversations and contacts, conversations with parts, the companies' scroll, admins.

Its limit is told by X-RateLimit headers only, in slots of ten seconds. Contacts are searched by whole days of the
workspace's time zone. A workspace has one scroll at a time, which ends after a minute without use.
"""

import secrets
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Refusal, State, Vendor
from sandbox.vendors.intercom.credentials import INTERCOM_ACCESS_TOKEN
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.record import Record

# A sixth of 10,000 a minute.
SLOT = Limit("10_seconds", 1666, 10)
SCROLL_SECONDS = 60
# However fast the windows run, a client needs its time between two pages.
LEAST_SCROLL_SECONDS = 0.5
SCROLL_PAGE, SEARCH_PAGE, MOST_SEARCH_PAGE, MOST_DELETED_PAGE = 100, 20, 150, 60
TIME_ZONE = ZoneInfo("Europe/Berlin")
VERSION = "2.16"
CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    429: "rate_limit_exceeded",
}
MESSAGES = {
    401: "Access Token Invalid",
    403: "You do not have permission to read this.",
    404: "Resource Not Found",
}
Matches = Callable[[dict[str, Any]], bool]


@dataclass
class _Scroll:
    key: str
    shown: int
    used_at: float


class Api(Vendor):
    name = "intercom"
    sends_retry_after = False

    def __init__(self, sandbox: State) -> None:
        super().__init__(sandbox)
        self._scroll: _Scroll | None = None

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/me", "me", self.me, SLOT),
            Endpoint("GET", "/admins", "admins", self.admins, SLOT),
            Endpoint("POST", "/conversations/search", "conversations", self.search_conversations, SLOT),
            Endpoint("GET", "/conversations/deleted", "deleted_conversations", self.deleted, SLOT),
            Endpoint("GET", "/conversations/{id}", "conversation", self.conversation, SLOT),
            Endpoint("POST", "/contacts/search", "contacts", self.search_contacts, SLOT),
            Endpoint("GET", "/companies/scroll", "companies", self.scroll, SLOT),
        ]

    def authorise(self, call: Call) -> Response | None:
        if call.headers.get("authorization") != f"Bearer {INTERCOM_ACCESS_TOKEN}":
            return self.error(401)
        if call.headers.get("intercom-version", VERSION) != VERSION:
            return self.error(400, "The requested version is not available.", "intercom_version_invalid")
        return None

    def error(self, status: int, message: str = "", code: str = "") -> Response:
        said = message or MESSAGES.get(status, "The request failed.")
        if status == 429:
            said = f"Exceeded rate limit of {SLOT.requests} in {SLOT.name}"
        body = {
            "type": "error.list",
            "request_id": str(uuid.uuid4()),
            "errors": [{"code": code or CODES.get(status, "server_error"), "message": said}],
        }
        return Json(body, status_code=status)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(allowance.limit.requests),
            "X-RateLimit-Remaining": str(allowance.remaining),
            **self._reset(allowance.retry_after or allowance.resets_in),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {"X-RateLimit-Remaining": "0", **self._reset(seconds)}

    def _reset(self, seconds: float) -> dict[str, str]:
        return {"X-RateLimit-Reset": str(ceil(time.time() + seconds))}

    def me(self, call: Call) -> Response:
        workspace = {
            "type": "app",
            "id_code": "acmeflow",
            "name": "Acme Flow",
            "created_at": 1_675_000_000,
            "identity_verification": False,
            "timezone": str(TIME_ZONE),
            "region": "EU",
        }
        admin = {
            "type": "admin",
            "id": "1000000000",
            "name": "Product Ops",
            "email": "product-ops@acme-flow.example",
            "email_verified": True,
            "has_inbox_seat": False,
        }
        return Json(admin | {"app": workspace})

    def admins(self, call: Call) -> Response:
        rows = [record.body for record in self.sandbox.rows(self.name, "admins")]
        return Json({"type": "admin.list", "admins": rows})

    def conversation(self, call: Call) -> Response:
        def by_id() -> dict[str, Record]:
            return {each.id: each for each in self._live("conversations")}

        found = self.sandbox.cached("intercom conversations", by_id).get(call.params["id"])
        return Json(found.body) if found is not None else self.error(404)

    def search_conversations(self, call: Call) -> Page:
        return self._search(call, "conversations", "conversation.list", "conversations", _by_moment)

    def search_contacts(self, call: Call) -> Page:
        return self._search(call, "contacts", "list", "data", _by_day)

    def _search(
        self, call: Call, stream: str, kind: str, rows: str, compare: "Callable[[int, str, int], bool]"
    ) -> Page:
        """A page of what meets the query, latest update first; the cursor names the last row that was shown."""
        matches = self._matches(call.body.get("query"), compare)
        pagination = call.body.get("pagination") or {}
        size = min(int(pagination.get("per_page") or SEARCH_PAGE), MOST_SEARCH_PAGE)
        after = pagination.get("starting_after")
        start = self._read_cursor(after) if after else None

        def build() -> list[Record]:
            return sorted(self._live(stream), key=_position)

        found = [
            each for each in self.sandbox.cached(("intercom order", stream), build) if matches(each.body)
        ]
        rest = [each for each in found if start is None or _position(each) > start]
        part = rest[:size]
        pages: dict[str, Any] = {
            "type": "pages",
            "page": (len(found) - len(rest)) // size + 1,
            "per_page": size,
            "total_pages": ceil(len(found) / size),
        }
        if len(rest) > size:
            pages["next"] = {"per_page": size, "starting_after": self._write_cursor(_position(part[-1]))}
        bodies = [
            {name: value for name, value in each.body.items() if name != "conversation_parts"}
            for each in part
        ]
        body = {"type": kind, rows: bodies, "total_count": len(found), "pages": pages}
        again = self._write_cursor(start or (-(2**40), ""), "again")
        return Page(body, rows, ("pages", "next", "starting_after"), this_cursor=after, same_place=again)

    def _matches(self, query: Any, compare: "Callable[[int, str, int], bool]") -> Matches:
        """The query language, as far as whole numbers and equality go: single filters below AND and OR."""
        if not isinstance(query, dict):
            raise self.refuse(400, "query is required")
        operator, value = query.get("operator"), query.get("value")
        if operator in ("AND", "OR"):
            if not isinstance(value, list) or not 1 <= len(value) <= 15:
                raise self.refuse(400, f"{operator} takes 1 to 15 filters")
            parts = [self._matches(each, compare) for each in value]
            join = all if operator == "AND" else any
            return lambda row: join(part(row) for part in parts)
        field = query.get("field")
        if field == "id" and operator == "=":
            return lambda row: row["id"] == str(value)
        if field not in ("updated_at", "created_at") or operator not in ("<", ">", "="):
            raise self.refuse(400, f"the filter {field} {operator} is not supported")
        try:
            bound = int(str(value))
        except ValueError:
            raise self.refuse(400, f"the value of {field} is no time") from None
        return lambda row: compare(row[field], operator, bound)

    def deleted(self, call: Call) -> Page:
        size = call.number("per_page", SEARCH_PAGE, MOST_DELETED_PAGE)
        number = call.number("page", 1, 10**6)
        records = sorted(
            (each for each in self.sandbox.rows(self.name, "conversations") if each.archived),
            key=lambda each: (each.updated_at, each.id),
            reverse=call.query.get("order", "desc") == "desc",
        )
        total = max(1, ceil(len(records) / size))
        pages = {"type": "pages", "page": number, "per_page": size, "total_pages": total}
        if number < total:
            pages["next"] = f"{call.base_url}/conversations/deleted?per_page={size}&page={number + 1}"
        rows = [
            {
                "type": "conversation",
                "id": each.id,
                "metrics_retained": False,
                "deleted_at": int(each.updated_at.timestamp()),
            }
            for each in records[(number - 1) * size : number * size]
        ]
        body = {
            "type": "conversations.list",
            "conversations": rows,
            "total_count": len(records),
            "pages": pages,
        }
        return Page(body, "conversations", link=("pages", "next"))

    def scroll(self, call: Call) -> Response:
        now, key = time.monotonic(), call.query.get("scroll_param")
        held = self._scroll
        if held is not None and now - held.used_at > self._scroll_seconds():
            held = self._scroll = None
        if key is None:
            if held is not None:
                raise Refusal(self.error(400, "scroll already exists for this workspace", "scroll_exists"))
            held = _Scroll(secrets.token_hex(16), 0, now)
        elif held is None or held.key != key:
            raise Refusal(self.error(404, "scroll parameter not found"))
        rows = self.sandbox.rows(self.name, "companies")[held.shown : held.shown + SCROLL_PAGE]
        held.shown, held.used_at = held.shown + len(rows), now
        self._scroll = held if rows else None
        body = {"type": "list", "data": [each.body for each in rows], "scroll_param": held.key}
        return Json(body | {"total_count": None})

    def _live(self, stream: str) -> list[Record]:
        """What was not deleted."""
        return [each for each in self.sandbox.rows(self.name, stream) if not each.archived]

    def _scroll_seconds(self) -> float:
        return max(LEAST_SCROLL_SECONDS, SCROLL_SECONDS / self.sandbox.limiter.pace)

    def _write_cursor(self, position: tuple[int, str], note: str = "") -> str:
        return b64encode(f"{position[0]}|{position[1]}|{note}".encode()).decode()

    def _read_cursor(self, cursor: str) -> tuple[int, str]:
        try:
            moment, row, _ = b64decode(cursor, validate=True).decode().split("|")
            return int(moment), row
        except ValueError:
            raise self.refuse(400, "starting_after is not valid") from None


def _position(record: Record) -> tuple[int, str]:
    """Where a record stands in a search: latest update first."""
    return -int(record.body["updated_at"]), record.id


def _by_moment(value: int, operator: str, bound: int) -> bool:
    """Conversations: to the second; above and below take the bound in."""
    return value == bound if operator == "=" else value >= bound if operator == ">" else value <= bound


def _by_day(value: int, operator: str, bound: int) -> bool:
    """Contacts: by days of the workspace; above begins with the next day, below ends before the day."""
    day, limit = (datetime.fromtimestamp(each, UTC).astimezone(TIME_ZONE).date() for each in (value, bound))
    return day == limit if operator == "=" else day > limit if operator == ">" else day < limit
