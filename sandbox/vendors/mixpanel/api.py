"""Mixpanel: `GET /api/2.0/export` (a day's events as lines of JSON) and `POST /api/query/engage` (profiles by page).

Days are those of the project's time zone, which is also the clock of the events' times. Nothing says how many events a
day has. Sixty queries an hour, counted apart for events and profiles.
"""

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Vendor
from sandbox.vendors.limits import Limit
from sandbox.vendors.mixpanel.credentials import MIXPANEL_PROJECT, MIXPANEL_SECRET, MIXPANEL_USER

PAGE_SIZE = 1000
EXPORTS = Limit("Too many export requests in progress for this project", 60, 3600)
QUERIES = Limit("Query rate limit exceeded for this project", 60, 3600)


class Api(Vendor):
    name = "mixpanel"

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/api/2.0/export", "events", self.export, EXPORTS),
            Endpoint("POST", "/api/query/engage", "profiles", self.engage, QUERIES),
        ]

    def authorise(self, call: Call) -> Response | None:
        if call.basic_credentials() != (MIXPANEL_USER, MIXPANEL_SECRET):
            return self.error(401)
        if call.query.get("project_id") != MIXPANEL_PROJECT:
            return self.error(403)
        return None

    def error(self, status: int, message: str = "") -> Response:
        texts = {
            401: "Invalid service account credentials",
            403: "The service account is not a member of this project",
            429: message,
            404: "Not found",
        }
        text = texts.get(status) or message or "Internal server error"
        return Json({"status": "error", "error": text}, status_code=status)

    def export(self, call: Call) -> Response:
        first, last = (_day(call, name) for name in ("from_date", "to_date"))
        if last < first:
            raise self.refuse(400, "to_date is before from_date")
        if call.query.get("time_in_ms") != "true":
            raise self.refuse(400, "the sandbox exports times in milliseconds: send time_in_ms=true")
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        body = b"".join(
            file
            for day in days
            for file in self.sandbox.events(
                self.name, datetime.combine(day, time(), self.sandbox.export_zone)
            )
        )
        if call.query.get("limit"):
            most = call.number("limit", 100_000, 100_000)
            body = b"".join(body.splitlines(keepends=True)[:most])
        # As the vendor: neither a length nor a count.
        return Response(body, media_type="text/plain")

    def engage(self, call: Call) -> Page:
        number = call.number("page", 0, 1_000_000, least=0)
        session = str(call.body.get("session_id") or "")
        rows = self.sandbox.rows(self.name, "profiles")
        here = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.sandbox.now.isoformat()} {len(rows)}"))
        if number and session != here:
            raise self.refuse(400, "request for page in uncached query for params")
        shown = rows[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
        body: dict[str, Any] = {
            "page": number,
            "page_size": PAGE_SIZE,
            "session_id": here,
            "status": "ok",
            "total": len(rows),
            "results": [row.body for row in shown],
        }
        return Page(body, "results", cursor=("page",), this_cursor=str(number - 1))


def _day(call: Call, name: str) -> date:
    try:
        return date.fromisoformat(call.query.get(name) or "")
    except ValueError:
        raise ValueError(f"{name} must look like 2026-11-09") from None
