"""GrowthBook REST API 5: lists by offset.

Ten rows a page where nothing is said. Archived features are on no list that does not ask for them; experiments are on all.
"""

from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Vendor
from sandbox.vendors.growthbook.credentials import GROWTHBOOK_SECRET_KEY
from sandbox.vendors.limits import Limit
from sandbox.vendors.record import Record

REQUESTS = Limit("requests", 60, 60)
DEFAULT_ROWS, MOST_ROWS = 10, 100


class Api(Vendor):
    name = "growthbook"
    sends_retry_after = False

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v1/experiments/results", "results", self.results, REQUESTS),
            Endpoint("GET", "/v1/experiments/{id}/results", "results", self.result, REQUESTS),
            Endpoint("GET", "/v1/experiments", "experiments", self.experiments, REQUESTS),
            Endpoint("GET", "/v2/features", "features", self.features, REQUESTS),
            Endpoint("GET", "/v2/feature-revisions", "feature_revisions", self.revisions, REQUESTS),
            Endpoint("GET", "/v1/learnings", "learnings", self.learnings, REQUESTS),
        ]

    def authorise(self, call: Call) -> Response | None:
        given = call.headers.get("authorization", "")
        return None if given == f"Bearer {GROWTHBOOK_SECRET_KEY}" else self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        text = {
            401: "Missing or invalid API key",
            402: "This feature requires a paid plan",
            403: "You do not have permission to complete that action",
            404: "Not found",
            429: "Too many requests, limit to 60 per minute",
        }.get(status, message or "An error occurred")
        return Json({"message": text}, status_code=status)

    def experiments(self, call: Call) -> Page:
        wanted = call.query.get("status")
        rows = sorted(self.sandbox.rows(self.name, "experiments"), key=_updated)
        return self._page(
            call, "experiments", [each for each in rows if wanted in (None, each.body.get("status"))]
        )

    def results(self, call: Call) -> Page:
        return self._page(call, "experimentResults", self.sandbox.rows(self.name, "results"))

    def result(self, call: Call) -> Response:
        found = [
            each.body
            for each in self.sandbox.rows(self.name, "results")
            if each.body.get("experimentId") == call.params["id"]
        ]
        if not found:
            raise self.refuse(404)
        return Json({"result": found[-1]})

    def features(self, call: Call) -> Page:
        is_archived = call.query.get("archived") == "true"
        rows = self.sandbox.rows(self.name, "features")
        return self._page(
            call, "features", [each for each in rows if bool(each.body.get("archived")) == is_archived]
        )

    def revisions(self, call: Call) -> Page:
        return self._page(call, "revisions", self.sandbox.rows(self.name, "feature_revisions"))

    def learnings(self, call: Call) -> Response:
        return Json({"learnings": [each.body for each in self.sandbox.rows(self.name, "learnings")]})

    def _page(self, call: Call, name: str, rows: list[Record]) -> Page:
        limit = call.number("limit", DEFAULT_ROWS, MOST_ROWS)
        offset = call.number("offset", 0, 10**9, least=0)
        has_more = offset + limit < len(rows)
        body: dict[str, Any] = {
            name: [each.body for each in rows[offset : offset + limit]],
            "limit": limit,
            "offset": offset,
            "count": len(rows[offset : offset + limit]),
            "total": len(rows),
            "hasMore": has_more,
            "nextOffset": offset + limit if has_more else None,
        }
        return Page(body, name)


def _updated(row: Record) -> tuple[str, str]:
    return str(row.body.get("dateUpdated", "")), row.id
