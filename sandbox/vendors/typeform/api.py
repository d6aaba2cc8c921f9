"""Typeform Create and Responses API: forms by page number, definitions, completed responses by token.

Responses come newest first, after a token oldest first. `since` and `until` go by `submitted_at`, both inclusive and
to the second. `total_items` and `page_count` speak of what is left before (or after) the token.
"""

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Refusal, Vendor
from sandbox.vendors.limits import Limit
from sandbox.vendors.record import Record
from sandbox.vendors.typeform.credentials import TYPEFORM_ACCESS_TOKEN

REQUESTS = Limit("requests", 2, 1)
FORMS_LIMIT, RESPONSES_LIMIT = 200, 1000
DEFAULT_FORMS, DEFAULT_RESPONSES = 10, 25
TYPES = ("started", "partial", "completed")
API = "https://api.typeform.com"


class Api(Vendor):
    name = "typeform"

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/me", "me", self.me, REQUESTS),
            Endpoint("GET", "/forms", "forms", self.forms, REQUESTS),
            Endpoint("GET", "/forms/{form_id}", "forms", self.form, REQUESTS),
            Endpoint("GET", "/forms/{form_id}/responses", "responses", self.responses, REQUESTS),
        ]

    def authorise(self, call: Call) -> Response | None:
        given = call.headers.get("authorization", "")
        return None if given.lower() == f"bearer {TYPEFORM_ACCESS_TOKEN}".lower() else self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        code, text = {
            400: ("VALIDATION_ERROR", "Invalid request"),
            401: ("AUTHENTICATION_FAILED", "Authentication credentials not found on the Request Headers"),
            403: ("FORBIDDEN", "The token lacks the scope that this endpoint needs"),
            404: ("NOT_FOUND", "Resource not found"),
            429: ("TOO_MANY_REQUESTS", "Rate limit exceeded"),
        }.get(status, ("INTERNAL_SERVER_ERROR", "Something went wrong"))
        if status in (401, 429):
            # What is said here is the same whatever the reason.
            message = ""
        return Json({"code": code, "description": message or text}, status_code=status)

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(seconds))}

    def me(self, call: Call) -> Response:
        return Json({"alias": "Product Ops", "email": "product-ops@acme-flow.example", "language": "en"})

    def forms(self, call: Call) -> Page:
        size = call.number("page_size", DEFAULT_FORMS, FORMS_LIMIT)
        page = call.number("page", 1, 1_000_000)
        rows = sorted(
            self._forms().values(), key=lambda row: (row.body["last_updated_at"], row.id), reverse=True
        )
        part = rows[(page - 1) * size : page * size]
        body = {
            "total_items": len(rows),
            "page_count": -(-len(rows) // size),
            "items": [_listed(row.body) for row in part],
        }
        return Page(body, "items")

    def form(self, call: Call) -> Response:
        body = self._form(call).body
        hidden = ("created_at", "last_updated_at")
        links = {
            "_links": {"display": _display(body["id"]), "responses": f"{API}/forms/{body['id']}/responses"}
        }
        return Json({name: value for name, value in body.items() if name not in hidden} | links)

    def responses(self, call: Call) -> Page:
        form_id = self._form(call).id
        size = call.number("page_size", DEFAULT_RESPONSES, RESPONSES_LIMIT)
        before, after = call.query.get("before"), call.query.get("after")
        if (before or after) and "sort" in call.query:
            raise ValueError("before and after cannot be used together with sort")
        wanted = call.query.get("response_type", "completed").split(",")
        if unknown := sorted(set(wanted) - set(TYPES)):
            raise ValueError(f"unknown response_type {unknown[0]}")
        since, until = _moment(call, "since"), _moment(call, "until")
        rows = [
            row
            for row in self._responses().get(form_id, [])
            if row.body.get("response_type", "completed") in wanted
            and (since is None or _submitted(row) >= since)
            and (until is None or _submitted(row) <= until)
        ]
        if token := before or after:
            place = next((place for place, row in enumerate(rows) if row.body.get("token") == token), None)
            if place is None:
                raise ValueError(f"unknown token {token}")
            rows = rows[place + 1 :] if before else rows[:place][::-1]
        body = {
            "total_items": len(rows),
            "page_count": -(-len(rows) // size),
            "items": [_without_form(row.body) for row in rows[:size]],
        }
        return Page(body, "items")

    def _forms(self) -> dict[str, Record]:
        rows = self.sandbox.rows(self.name, "forms")
        return self.sandbox.cached(("typeform forms",), lambda: {row.id: row for row in rows})

    def _form(self, call: Call) -> Record:
        form_id = str(call.params["form_id"])
        if form_id not in self._forms():
            problem = {"code": "FORM_NOT_FOUND", "description": f"Non existing form with uid {form_id}"}
            raise Refusal(Json(problem, status_code=404))
        return self._forms()[form_id]

    def _responses(self) -> dict[str, list[Record]]:
        """By form, newest first."""

        def build() -> dict[str, list[Record]]:
            by_form: dict[str, list[Record]] = {}
            for row in sorted(self.sandbox.rows(self.name, "responses"), key=_order, reverse=True):
                by_form.setdefault(row.body["form_id"], []).append(row)
            return by_form

        return self.sandbox.cached(("typeform responses",), build)


def _display(form_id: str) -> str:
    return f"https://acme-flow.typeform.example/to/{form_id}"


def _listed(body: dict[str, Any]) -> dict[str, Any]:
    """A form as the list shows it."""
    form_id = body["id"]
    return {
        "id": form_id,
        "type": body.get("type", "quiz"),
        "title": body.get("title", ""),
        "created_at": body.get("created_at", body["last_updated_at"]),
        "last_updated_at": body["last_updated_at"],
        "settings": {"is_public": True, "is_trial": False},
        "self": {"href": f"{API}/forms/{form_id}"},
        "theme": {"href": f"{API}/themes/qHWOQ7"},
        "_links": {"display": _display(form_id), "responses": f"{API}/forms/{form_id}/responses"},
    }


def _without_form(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "form_id"}


def _submitted(row: Record) -> datetime:
    return datetime.fromisoformat(row.body["submitted_at"])


def _order(row: Record) -> tuple[datetime, str]:
    return _submitted(row), row.id


def _moment(call: Call, name: str) -> datetime | None:
    text = call.query.get(name)
    if not text:
        return None
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)
