"""PagerDuty REST API v2: lists by offset and limit, incidents and log entries between two moments.

A list ends at offset 10,000. Without `since` and `until` a month is meant, and of more than six nothing is shown.
`since` and `until` of incidents go by their creation: what happened to an older one since is on no page of them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Refusal, Vendor
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.pagerduty.credentials import PAGERDUTY_API_KEY
from sandbox.vendors.record import Record

REQUESTS = Limit("requests", 960, 60)
DEFAULT_ROWS, MOST_ROWS, LAST_ROW = 25, 100, 10_000
MONTH, LONGEST = timedelta(days=30), timedelta(days=183)
STATUSES = ("triggered", "acknowledged", "resolved")


class Api(Vendor):
    name = "pagerduty"
    sends_retry_after = False

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/services", "services", self.services, REQUESTS),
            Endpoint("GET", "/incidents", "incidents", self.incidents, REQUESTS),
            Endpoint("GET", "/incidents/{id}", "incidents", self.incident, REQUESTS),
            Endpoint("GET", "/log_entries", "log_entries", self.log_entries, REQUESTS),
        ]

    def authorise(self, call: Call) -> Response | None:
        given = call.headers.get("authorization")
        return None if given == f"Token token={PAGERDUTY_API_KEY}" else self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        text, code = {
            400: ("Invalid Input Provided", 2001),
            401: ("Unauthorized", 2006),
            402: ("Account does not have the abilities to perform the action.", 2012),
            403: ("Access Denied", 2010),
            404: ("Not Found", 2100),
            429: ("Rate Limit Exceeded", 2020),
        }.get(status, ("Internal Server Error", 2000))
        problem: dict[str, Any] = {"message": text, "code": code}
        if message and status == 400:
            problem["errors"] = [message]
        return Json({"error": problem}, status_code=status)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        return {
            "ratelimit-limit": str(allowance.limit.requests),
            "ratelimit-remaining": str(allowance.remaining),
            "ratelimit-reset": str(allowance.whole_seconds),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {"ratelimit-remaining": "0", "ratelimit-reset": str(int(seconds))}

    def services(self, call: Call) -> Page:
        return self._page(call, "services", sorted(self.sandbox.rows(self.name, "services"), key=_name))

    def incidents(self, call: Call) -> Page:
        wanted = call.query.getlist("statuses[]") or STATUSES
        rows = [each for each in self._between(call, "incidents") if each.body["status"] in wanted]
        field, _, order = call.query.get("sort_by", "created_at:asc").partition(":")
        rows.sort(key=lambda each: (str(each.body[field]), each.id), reverse=order == "desc")
        return self._page(call, "incidents", rows)

    def incident(self, call: Call) -> Response:
        for each in self.sandbox.rows(self.name, "incidents"):
            if each.id == call.params["id"]:
                return Json({"incident": each.body})
        raise self.refuse(404)

    def log_entries(self, call: Call) -> Page:
        rows = self._between(call, "log_entries")
        return self._page(call, "log_entries", sorted(rows, key=_created, reverse=True))

    def _between(self, call: Call, stream: str) -> list[Record]:
        until = _moment(call, "until") or (_moment(call, "since") or self.sandbox.now - MONTH) + MONTH
        since = _moment(call, "since") or until - MONTH
        if until - since > LONGEST:
            return []
        rows = self.sandbox.rows(self.name, stream)
        return [each for each in rows if since <= datetime.fromisoformat(each.body["created_at"]) < until]

    def _page(self, call: Call, name: str, rows: list[Record]) -> Page:
        limit = call.number("limit", DEFAULT_ROWS, MOST_ROWS)
        offset = call.number("offset", 0, 10**9, least=0)
        if offset + limit > LAST_ROW:
            problem = {
                "message": "Invalid Input Provided",
                "code": 2002,
                "errors": [f"Offset must be less than or equal to {LAST_ROW - limit}."],
            }
            raise Refusal(Json({"error": problem}, status_code=400))
        shown = [each.body for each in rows[offset : offset + limit]]
        more = offset + limit < len(rows)
        return Page({name: shown, "limit": limit, "offset": offset, "total": None, "more": more}, name)


def _name(row: Record) -> tuple[str, str]:
    return str(row.body.get("name", "")), row.id


def _created(row: Record) -> tuple[datetime, str]:
    return datetime.fromisoformat(row.body["created_at"]), row.id


def _moment(call: Call, name: str) -> datetime | None:
    text = call.query.get(name)
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    # Without a zone the account's own is meant, which is not ours.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC) - timedelta(hours=8)
