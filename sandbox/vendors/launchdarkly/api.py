"""LaunchDarkly REST API, version 20240415: projects, environments, flags, audit log, experiments.

A flag shows the environments that `env` names, three at most, and none without it; archived ones need a filter of their own.
The audit log lists twenty entries a page, newest first, without the versions that an entry has when it is asked for.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Vendor
from sandbox.vendors.launchdarkly.credentials import LAUNCHDARKLY_ACCESS_TOKEN
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.record import Record

REQUESTS = Limit("requests", 60, 10)
DEFAULT_ROWS, MOST_ROWS = 20, 100
AUDIT_PAGE = 20
MOST_ENVIRONMENTS = 3
STATES = ("live", "deprecated", "archived")


class Api(Vendor):
    name = "launchdarkly"
    sends_retry_after = False

    def endpoints(self) -> list[Endpoint]:
        environment = "/api/v2/projects/{project}/environments/{environment}"
        return [
            Endpoint("GET", "/api/v2/projects", "projects", self.projects, REQUESTS),
            Endpoint(
                "GET", "/api/v2/projects/{project}/environments", "environments", self.environments, REQUESTS
            ),
            Endpoint("GET", "/api/v2/flags/{project}", "flags", self.flags, REQUESTS),
            Endpoint("GET", "/api/v2/auditlog", "audit_log", self.audit_log, REQUESTS),
            Endpoint("GET", "/api/v2/auditlog/{id}", "audit_log", self.audit_entry, REQUESTS),
            Endpoint("GET", f"{environment}/experiments", "experiments", self.experiments, REQUESTS),
        ]

    def authorise(self, call: Call) -> Response | None:
        given = call.headers.get("authorization")
        return None if given == LAUNCHDARKLY_ACCESS_TOKEN else self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        code, text = {
            400: ("invalid_request", "Invalid request"),
            401: ("unauthorized", "Invalid access token"),
            403: ("forbidden", "Access to the requested resource was denied"),
            404: ("not_found", "Invalid resource identifier"),
            409: ("optimistic_locking_error", "Conflict"),
            429: ("rate_limited", "You've exceeded the API rate limit. Try again later."),
        }.get(status, ("internal_service_error", "An unexpected error occurred"))
        return Json(
            {"code": code, "message": message if status == 400 and message else text}, status_code=status
        )

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        return {
            "X-Ratelimit-Global-Remaining": str(allowance.remaining),
            "X-Ratelimit-Route-Remaining": str(allowance.remaining),
            **self.reset_headers(allowance.resets_in),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        """The moment at which the limit resets, as milliseconds since 1970."""
        return {"X-Ratelimit-Reset": str(int((datetime.now(UTC).timestamp() + seconds) * 1000))}

    def projects(self, call: Call) -> Page:
        rows = [
            {
                "_links": {"self": _link(f"projects/{key}")},
                "_id": f"57be1db38b75bf0772d1138{number}",
                "key": key,
                "includeInSnippetByDefault": False,
                "name": key.capitalize(),
                "tags": [],
            }
            for number, key in enumerate(self._projects())
        ]
        return self._page(call, rows, "projects")

    def environments(self, call: Call) -> Page:
        project = self._project(call)
        rows = [
            {
                "_links": {"self": _link(f"projects/{project}/environments/{key}")},
                "_id": f"57be1db38b75bf0772d1139{number}",
                "key": key,
                "name": key.capitalize(),
                "apiKey": "sdk-never-shown",
                "mobileKey": "mob-never-shown",
                "color": "417505",
                "defaultTtl": 0,
                "secureMode": False,
                "defaultTrackEvents": False,
                "requireComments": False,
                "confirmChanges": False,
                "tags": [],
                "critical": key == "production",
            }
            for number, key in enumerate(self._environments(project))
        ]
        return self._page(call, rows, f"projects/{project}/environments")

    def flags(self, call: Call) -> Page:
        project = self._project(call)
        wanted = [name for name in call.query.get("env", "").split(",") if name]
        if len(wanted) > MOST_ENVIRONMENTS:
            raise ValueError(f"cannot filter by more than {MOST_ENVIRONMENTS} environments")
        filters = dict(part.partition(":")[::2] for part in call.query.get("filter", "").split(",") if part)
        state = filters.get("state", "live")
        if state not in STATES:
            raise ValueError(f"unknown state {state}")
        rows = [
            _seen(each.body, wanted, call.query.get("summary") == "0")
            for each in self.sandbox.rows(self.name, "flags")
            if each.body.get("project_key") == project and _state(each.body) == state
        ]
        return self._page(call, rows, f"flags/{project}")

    def audit_log(self, call: Call) -> Page:
        limit = call.number("limit", 10, AUDIT_PAGE)
        before = call.number("before", 10**15, 10**15)
        after = call.number("after", 0, 10**15, least=0)
        rows = sorted(self.sandbox.rows(self.name, "audit_log"), key=_dated, reverse=True)
        rows = [each for each in rows if after < each.body["date"] < before]
        shown = rows[:limit]
        links: dict[str, Any] = {"self": _link("auditlog")}
        if len(rows) > limit:
            query = dict(call.query) | {"before": shown[-1].body["date"]}
            links["next"] = {"href": f"{_root(call)}/auditlog?{urlencode(query)}", "type": "application/json"}
        body = {"items": [_listed(each.body) for each in shown], "_links": links}
        return Page(body, "items")

    def audit_entry(self, call: Call) -> Response:
        for each in self.sandbox.rows(self.name, "audit_log"):
            if each.id == call.params["id"]:
                return Json(each.body)
        raise self.refuse(404)

    def experiments(self, call: Call) -> Page:
        project, environment = self._project(call), str(call.params["environment"])
        states = call.query.get("lifecycleState", "active").split(",")
        rows = [
            {name: value for name, value in each.body.items() if name != "project_key"}
            for each in self.sandbox.rows(self.name, "experiments")
            if (each.body.get("project_key"), each.body.get("environmentKey")) == (project, environment)
            and ("archived" if each.body.get("archivedDate") else "active") in states
        ]
        page = self._page(call, rows, f"projects/{project}/environments/{environment}/experiments")
        page.body["total_count"] = page.body.pop("totalCount")
        return page

    def _page(self, call: Call, rows: list[dict[str, Any]], path: str) -> Page:
        limit = call.number("limit", DEFAULT_ROWS, MOST_ROWS)
        offset = call.number("offset", 0, 10**9, least=0)
        links: dict[str, Any] = {"self": _link(path)}
        if offset + limit < len(rows):
            query = dict(call.query) | {"limit": limit, "offset": offset + limit}
            links["next"] = {"href": f"{_root(call)}/{path}?{urlencode(query)}", "type": "application/json"}
        body = {"items": rows[offset : offset + limit], "totalCount": len(rows), "_links": links}
        return Page(body, "items")

    def _projects(self) -> list[str]:
        streams = ("flags", "experiments")
        found = {
            str(each.body["project_key"]) for name in streams for each in self.sandbox.rows(self.name, name)
        }
        return sorted(found)

    def _project(self, call: Call) -> str:
        project = str(call.params["project"])
        if project not in self._projects():
            raise self.refuse(404)
        return project

    def _environments(self, project: str) -> list[str]:
        found: dict[str, None] = {}
        for each in self.sandbox.rows(self.name, "flags"):
            environments = each.body.get("environments")
            if each.body.get("project_key") == project and isinstance(environments, dict):
                found |= dict.fromkeys(environments)
        for each in self.sandbox.rows(self.name, "experiments"):
            if each.body.get("project_key") == project:
                found[str(each.body["environmentKey"])] = None
        return list(found)


def _root(call: Call) -> str:
    """The vendor writes links from the root of its host."""
    return "/" + call.base_url.split("/", 3)[3] + "/api/v2"


def _link(path: str) -> dict[str, str]:
    return {"href": f"/api/v2/{path}", "type": "application/json"}


def _state(body: dict[str, Any]) -> str:
    return "archived" if body.get("archived") else "deprecated" if body.get("deprecated") else "live"


def _seen(body: dict[str, Any], environments: list[str], is_whole: bool) -> dict[str, Any]:
    """A flag with the environments that are asked for; without their targets and rules, unless all of it is."""
    shown = {name: value for name, value in body.items() if name not in ("project_key", "environments")}
    held = body.get("environments")
    if environments and isinstance(held, dict):
        left_out = () if is_whole else ("targets", "contextTargets", "rules", "prerequisites", "fallthrough")
        shown["environments"] = {
            name: {key: value for key, value in held[name].items() if key not in left_out}
            for name in environments
            if name in held
        }
    return shown


def _listed(body: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in body.items()
        if name not in ("currentVersion", "previousVersion", "delta")
    }


def _dated(row: Record) -> tuple[int, str]:
    return row.body["date"], row.id
