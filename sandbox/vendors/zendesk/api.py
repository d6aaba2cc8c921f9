"""Zendesk Support API: OAuth client credentials, incremental exports, satisfaction ratings, counts.

Cursor exports are ordered by the moment a row was generated and leave out the last minute. Time-based exports
start again at the second of the last row, so rows at a page's edge come twice.
"""

import secrets
import time
from base64 import b64decode, b64encode
from bisect import bisect_left
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Refusal, State, Vendor
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.record import Record
from sandbox.vendors.zendesk.audits import audit_of_event
from sandbox.vendors.zendesk.credentials import ZENDESK_CLIENT_ID, ZENDESK_CLIENT_SECRET

EXPORTS = Limit("incremental-exports", 10, 60)
ACCOUNT = Limit("account", 400, 60)
LAST_MINUTE = timedelta(seconds=60)
EXPORT_PAGE, LIST_PAGE = 1000, 100


class Api(Vendor):
    name = "zendesk"

    def __init__(self, sandbox: State) -> None:
        super().__init__(sandbox)
        self._tokens: dict[str, float] = {}

    def endpoints(self) -> list[Endpoint]:
        def get(path: str, stream: str, handler: Any, limit: Limit) -> Endpoint:
            return Endpoint(
                "GET", f"/api/v2/{path}.json", stream, handler, limit, aliases=(f"/api/v2/{path}",)
            )

        return [
            Endpoint("POST", "/oauth/tokens", "token", self.token, open_to_all=True),
            get("incremental/tickets/cursor", "tickets", self.by_cursor, EXPORTS),
            get("incremental/users/cursor", "users", self.by_cursor, EXPORTS),
            get("incremental/ticket_events", "ticket_events", self.by_time, EXPORTS),
            get("incremental/organizations", "organizations", self.by_time, EXPORTS),
            get("incremental/ticket_metric_events", "ticket_metric_events", self.by_time, EXPORTS),
            get("tickets/{id}/audits", "ticket_audits", self.audits, ACCOUNT),
            get("satisfaction_ratings", "satisfaction_ratings", self.ratings, ACCOUNT),
            get("tickets/count", "tickets_count", self.count, ACCOUNT),
            get("users/me", "me", self.me, ACCOUNT),
        ]

    def authorise(self, call: Call) -> Response | None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return self.error(401)
        if self._tokens.get(token, 0.0) <= time.monotonic():
            return self.error(401, "expired")
        return None

    def expire(self, call: Call) -> None:
        self._tokens.pop(call.headers.get("authorization", "").partition(" ")[2], None)

    def error(self, status: int, message: str = "") -> Response:
        body: dict[str, Any]
        if status == 401 and message == "expired":
            text = "The access token provided is expired, revoked, malformed or invalid for other reasons."
            body = {"error": "invalid_token", "error_description": text}
        elif status == 401:
            body = {"error": message or "Couldn't authenticate you"}
        elif status == 403:
            text = "You do not have access to this page. Please contact the account owner of this help desk."
            body = {"error": {"title": "Forbidden", "message": text}}
        elif status == 404:
            body = {"error": {"title": "Invalid host or path", "message": message or "RecordNotFound"}}
        elif status == 429:
            body = {
                "error": "APIRateLimitExceeded",
                "description": f"Number of allowed {message} API requests per minute exceeded",
            }
        else:
            body = {"error": message or "InternalError", "description": message or "The request failed"}
        return Json(body, status_code=status)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        headers = {
            "ratelimit-limit": str(allowance.limit.requests),
            "ratelimit-remaining": str(allowance.remaining),
            "ratelimit-reset": str(allowance.whole_seconds),
        }
        if allowance.limit is EXPORTS:
            state = (
                f"total={EXPORTS.requests}; remaining={allowance.remaining}; resets={allowance.whole_seconds}"
            )
            return {**headers, f"Zendesk-RateLimit-{EXPORTS.name}": state}
        return {
            **headers,
            "X-Rate-Limit": headers["ratelimit-limit"],
            "X-Rate-Limit-Remaining": str(allowance.remaining),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {"ratelimit-remaining": "0", "ratelimit-reset": str(int(seconds))}

    def token(self, call: Call) -> Response:
        given = (call.body.get("client_id"), call.body.get("client_secret"))
        if call.body.get("grant_type") != "client_credentials":
            problem = {
                "error": "unsupported_grant_type",
                "error_description": "grant_type must be client_credentials",
            }
            return Json(problem, status_code=400)
        if given != (ZENDESK_CLIENT_ID, ZENDESK_CLIENT_SECRET):
            problem = {"error": "invalid_client", "error_description": "Client authentication failed"}
            return Json(problem, status_code=401)
        token = secrets.token_urlsafe(24)
        life = self.sandbox.token_seconds
        self._tokens[token] = time.monotonic() + life
        scope = str(call.body.get("scope") or "read")
        return Json({"access_token": token, "token_type": "bearer", "scope": scope, "expires_in": int(life)})

    def by_cursor(self, call: Call) -> Page:
        stream = call.stream
        size = call.number("per_page", EXPORT_PAGE, EXPORT_PAGE)
        cursor = call.query.get("cursor")
        start = self._read_cursor(cursor) if cursor else (self._start_time(call), -1)
        limit = int((self.sandbox.now - LAST_MINUTE).timestamp())
        part, is_last = self._slice(stream, (start[0], start[1] + 1), limit, size)
        following = self._write_cursor(_generated_key(part[-1])) if part else cursor
        body: dict[str, Any] = {stream: [self._without_metrics(record) for record in part]}
        if stream == "tickets" and "metric_sets" in call.query.get("include", "").split(","):
            held = [record.body["metric_set"] for record in part if record.body.get("metric_set")]
            body["metric_sets"] = held
        include = {"include": call.query["include"]} if "include" in call.query else {}
        more = (
            f"{call.base_url}{call.path}?{urlencode({**include, 'cursor': following})}" if following else None
        )
        body.update(
            after_url=more,
            before_url=None,
            after_cursor=following,
            before_cursor=None,
            end_of_stream=is_last,
        )
        return Page(
            body,
            stream,
            ("after_cursor",),
            ("after_url",),
            this_cursor=cursor,
            same_place=self._write_cursor(start, "again"),
            more=("end_of_stream", False),
        )

    def by_time(self, call: Call) -> Page:
        stream = call.stream
        size = call.number("per_page", EXPORT_PAGE, EXPORT_PAGE)
        start = self._start_time(call)
        limit = int((self.sandbox.now - LAST_MINUTE).timestamp())
        part, is_last = self._slice(stream, (start, -1), limit, size)
        end_time = _generated_key(part[-1])[0] if part else start
        rows = [record.body for record in part]
        if stream == "ticket_events" and "comment_events" not in call.query.get("include", "").split(","):
            rows = [
                {
                    **row,
                    "child_events": [
                        event for event in row.get("child_events", []) if event.get("event_type") != "Comment"
                    ],
                }
                for row in rows
            ]
        kept = {name: value for name, value in call.query.items() if name in ("include", "per_page")}
        link = f"{call.base_url}{call.path}?{urlencode({**kept, 'start_time': end_time})}"
        body = {
            stream: rows,
            "count": len(part),
            "end_time": end_time,
            "end_of_stream": is_last,
            "next_page": link,
        }
        again = f"{call.base_url}{call.path}?{urlencode({**kept, 'start_time': start})}"
        if stream == "ticket_metric_events":
            # This export alone does not say whether it is at its end.
            del body["end_of_stream"]
            return Page(body, stream, ("next_page",), ("next_page",), this_cursor=again)
        return Page(
            body, stream, ("next_page",), ("next_page",), this_cursor=again, more=("end_of_stream", False)
        )

    def ratings(self, call: Call) -> Page:
        size = int(call.query.get("page[size]", str(LIST_PAGE)))
        if not 1 <= size <= LIST_PAGE:
            raise self.refuse(400, "InvalidPaginationParameter")
        after = call.query.get("page[after]")
        start = self._read_cursor(after) if after else (-1, -1)
        since = int(call.query.get("start_time", "0"))
        until = int(call.query.get("end_time", str(2**40)))
        first = max((start[0], start[1] + 1), (since, -1))
        part, is_last = self._slice("satisfaction_ratings", first, until, size)
        has_more = not is_last
        following = self._write_cursor(_generated_key(part[-1])) if part else after
        kept = {name: value for name, value in call.query.items() if name != "page[after]"}
        link = (
            f"{call.base_url}{call.path}?{urlencode({**kept, 'page[after]': following})}"
            if has_more
            else None
        )
        meta = {"has_more": has_more, "after_cursor": following, "before_cursor": None}
        body = {
            "satisfaction_ratings": [record.body for record in part],
            "meta": meta,
            "links": {"next": link, "prev": None},
        }
        place = ("meta", "after_cursor")
        same = self._write_cursor(start, "again")
        more = ("meta", {**meta, "has_more": True})
        link_place = ("links", "next")
        return Page(
            body, "satisfaction_ratings", place, link_place, this_cursor=after, same_place=same, more=more
        )

    def audits(self, call: Call) -> Page:
        def by_ticket() -> dict[str, list[Record]]:
            found: dict[str, list[Record]] = {}
            for record in sorted(self.sandbox.rows(self.name, "ticket_events"), key=_generated_key):
                found.setdefault(str(record.body["ticket_id"]), []).append(record)
            return found

        size = call.number("page[size]", LIST_PAGE, LIST_PAGE)
        after = call.query.get("page[after]")
        start = self._read_cursor(after) if after else (-1, -1)
        all_of_them = self.sandbox.cached("zendesk audits", by_ticket).get(str(call.params["id"]))
        if all_of_them is None:
            raise self.refuse(404, "RecordNotFound")
        rest = [each for each in all_of_them if _generated_key(each) > start]
        part, has_more = rest[:size], len(rest) > size
        following = self._write_cursor(_generated_key(part[-1])) if part else after
        meta = {"has_more": has_more, "after_cursor": following, "before_cursor": None}
        body = {"audits": [audit_of_event(each.body) for each in part], "meta": meta}
        return Page(
            body,
            "audits",
            ("meta", "after_cursor"),
            this_cursor=after,
            same_place=self._write_cursor(start, "again"),
            more=("meta", {**meta, "has_more": True}),
        )

    def count(self, call: Call) -> Response:
        tickets = self.sandbox.rows(self.name, "tickets")
        value = sum(record.body.get("status") != "deleted" for record in tickets)
        moment = self.sandbox.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return Json({"count": {"value": value, "refreshed_at": moment}})

    def me(self, call: Call) -> Response:
        user = {
            "id": 1,
            "name": "Product Ops",
            "email": "product-ops@acme-flow.example",
            "role": "admin",
            "active": True,
            "verified": True,
            "time_zone": "Berlin",
        }
        return Json({"user": user})

    def _start_time(self, call: Call) -> int:
        text = call.query.get("start_time")
        if text is None or not text.lstrip("-").isdigit():
            raise self.refuse(400, "start_time must be seconds since 1970")
        latest = int((self.sandbox.now - LAST_MINUTE).timestamp())
        if int(text) > latest:
            problem = {"error": "StartTimeTooRecent", "description": f"start_time must be before {latest}"}
            raise Refusal(Json(problem, status_code=422))
        return int(text)

    def _slice(self, stream: str, first: tuple[int, int], until: int, size: int) -> tuple[list[Record], bool]:
        """Up to `size` rows from the key `first` on, generated by the second `until`; and whether these are all."""

        def build() -> tuple[list[tuple[int, int]], list[Record]]:
            rows = sorted(self.sandbox.rows(self.name, stream), key=_generated_key)
            return [_generated_key(row) for row in rows], rows

        keys, rows = self.sandbox.cached(("zendesk generated", stream), build)
        start = bisect_left(keys, first)
        end = bisect_left(keys, (until + 1, -1))
        return rows[start : min(start + size, max(start, end))], end <= start + size

    def _without_metrics(self, record: Record) -> dict[str, Any]:
        return {name: value for name, value in record.body.items() if name != "metric_set"}

    def _write_cursor(self, key: tuple[int, int], note: str = "") -> str:
        return b64encode(f"{key[0]}.0||{key[1]}|{note}".encode()).decode()

    def _read_cursor(self, cursor: str) -> tuple[int, int]:
        try:
            moment, _, row, _ = b64decode(cursor, validate=True).decode().split("|")
            return int(float(moment)), int(row)
        except ValueError:
            problem = {"error": "InvalidValue", "description": "cursor is not valid"}
            raise Refusal(Json(problem, status_code=400)) from None


def _generated_key(record: Record) -> tuple[int, int]:
    body = record.body
    stamp = body.get("generated_timestamp", body.get("timestamp"))
    if not isinstance(stamp, int):
        stamp = int(record.updated_at.timestamp())
    return stamp, int(record.id)
