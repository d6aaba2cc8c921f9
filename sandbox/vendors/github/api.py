"""GitHub's REST API: lists with Link headers, ETags whose 304 costs nothing, 403 where others say 429; GraphQL beside it.

Served below the mount as `https://api.github.com` is; addresses in the bodies are made to lead here.
"""

import hashlib
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Handler, Json, Page, Vendor, json_bytes
from sandbox.vendors.github import graph
from sandbox.vendors.github.credentials import GITHUB_OWNER, GITHUB_TOKEN
from sandbox.vendors.limits import Allowance, Limit

CORE = Limit("core", 5000, 3600)
# Points, of which a query of a hundred records and one list of each costs one.
GRAPHQL = Limit("graphql", 5000, 3600)
GRAPHQL_PATH = "/graphql"
API = "https://api.github.com"
API_VERSIONS = ("2022-11-28", "2026-03-10")
# A search for workflow runs shows no more than this.
MOST_RUNS_FOUND = 1000
DOCUMENTATION = "https://docs.github.com/rest"
Row = dict[str, Any]


class Api(Vendor):
    name = "github"

    def endpoints(self) -> list[Endpoint]:
        def at(path: str, stream: str, handler: Handler) -> Endpoint:
            return Endpoint("GET", path, stream, handler, CORE)

        def of(path: str, stream: str, handler: Handler) -> Endpoint:
            return at(f"/repos/{{owner}}/{{repo}}{path}", stream, handler)

        return [
            at("/orgs/{owner}", "organisation", self.organisation),
            at("/orgs/{owner}/repos", "repositories", self.repositories),
            of("", "repositories", self.repository),
            of("/pulls", "pull_requests", self.pulls),
            of("/pulls/{number}", "pull_requests", self.one("pull_requests", "number")),
            of("/pulls/{number}/reviews", "reviews", self.children("reviews", "pull_request_url", "pulls")),
            of(
                "/pulls/{number}/commits",
                "pull_request_commits",
                self.children("pull_request_commits", "pull_request_url", "pulls"),
            ),
            of("/releases", "releases", self.releases),
            of("/releases/{id}", "releases", self.one("releases", "id")),
            of("/deployments", "deployments", self.deployments),
            of("/deployments/{number}", "deployments", self.one("deployments", "id", "number")),
            of(
                "/deployments/{number}/statuses",
                "deployment_statuses",
                self.children("deployment_statuses", "deployment_url", "deployments", newest_first=True),
            ),
            of("/actions/runs", "workflow_runs", self.runs),
            of("/issues", "issues", self.issues),
            of("/issues/{number}", "issues", self.one("issues", "number")),
            Endpoint("POST", GRAPHQL_PATH, "{operation}", self.graphql, GRAPHQL),
        ]

    def authorise(self, call: Call) -> Response | None:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        if kind.lower() not in ("bearer", "token") or token != GITHUB_TOKEN:
            return self.error(401)
        version = call.headers.get("x-github-api-version", API_VERSIONS[0])
        if version not in API_VERSIONS:
            return self.error(400, f'"{version}" is not a supported version.')
        return None

    def error(self, status: int, message: str = "") -> Response:
        texts = {
            401: "Bad credentials",
            403: "Resource not accessible by personal access token",
            404: "Not Found",
            500: "Server Error",
        }
        headers = {}
        if message == "secondary" or (status == 429 and message == "planned"):
            text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        elif status == 429:
            # The primary limit is told with 403, and with a remaining of zero.
            status, text = 403, "API rate limit exceeded for user ID 5000."
            headers = {"X-RateLimit-Remaining": "0"}
        else:
            text = texts.get(status) or message or "Validation Failed"
        body = {"message": text, "documentation_url": DOCUMENTATION, "status": str(status)}
        return Json(body, status_code=status, headers=headers)

    def error_to(self, call: Call, status: int, message: str = "") -> Response:
        """GraphQL says within a 200 what REST says by status, except that the token is wrong or the server is down."""
        if call.path != GRAPHQL_PATH or status not in graph.ERRORS:
            return self.error(status, message)
        is_secondary = message == "secondary"
        headers = {"X-RateLimit-Remaining": "0"} if status == 429 else {}
        return Json(graph.refusal(429 if is_secondary else status, is_secondary), headers=headers)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        used = allowance.limit.requests - allowance.remaining
        return {
            "X-RateLimit-Limit": str(allowance.limit.requests),
            "X-RateLimit-Remaining": str(allowance.remaining),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Resource": allowance.limit.name,
            **self.reset_headers(allowance.resets_in),
        }

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {"X-RateLimit-Reset": str(int(time.time() + seconds + 1))}

    def present(self, call: Call, result: Page | Response) -> Response:
        """As every vendor, but rows are a plain list, and what does not change is answered with 304, for nothing."""
        headers = {"X-GitHub-Media-Type": "github.v3; format=json"}
        if call.path == GRAPHQL_PATH and isinstance(result, Response):
            return result
        if isinstance(result, Response):
            body = bytes(result.body)
            if result.status_code != 200:
                return result
        else:
            rows = result.body[result.rows]
            shown = rows if "total_count" not in result.body else result.body
            if link := result.body.pop("next", None):
                headers["Link"] = f'<{link}>; rel="next"'
            body = json_bytes(shown)
        body = body.replace(API.encode(), call.base_url.encode())
        etag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        headers["ETag"] = etag
        if call.headers.get("if-none-match") == etag:
            self.sandbox.limiter.give_back(CORE, self.name, "")
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json; charset=utf-8")

    def organisation(self, call: Call) -> Response:
        self._known_owner(call)
        return Json(
            {"login": GITHUB_OWNER, "id": 4_000, "url": f"{API}/orgs/{GITHUB_OWNER}", "type": "Organization"}
        )

    def repositories(self, call: Call) -> Page:
        self._known_owner(call)
        return self._page(call, sorted(self._rows("repositories"), key=lambda row: str(row["name"])))

    def repository(self, call: Call) -> Response:
        return Json(self._repository(call))

    def pulls(self, call: Call) -> Page:
        rows = self._of_repository(call, "pull_requests", lambda row: row["base"]["repo"]["name"])
        rows = _in_state(rows, call.query.get("state", "open"))
        if base := call.query.get("base"):
            rows = [row for row in rows if row["base"]["ref"] == base]
        return self._page(call, _sorted(call, rows))

    def issues(self, call: Call) -> Page:
        rows = self._of_repository(call, "issues", _named)
        rows = _in_state(rows, call.query.get("state", "open"))
        if since := call.query.get("since"):
            rows = [row for row in rows if _moment(row["updated_at"]) >= _moment(since)]
        for label in filter(None, call.query.get("labels", "").split(",")):
            rows = [row for row in rows if label in [each["name"] for each in row["labels"]]]
        return self._page(call, _sorted(call, rows))

    def releases(self, call: Call) -> Page:
        rows = self._of_repository(call, "releases", lambda row: _repository_in(row["url"]))
        return self._page(call, sorted(rows, key=lambda row: str(row["created_at"]), reverse=True))

    def deployments(self, call: Call) -> Page:
        rows = self._of_repository(call, "deployments", _named)
        for name in ("sha", "ref", "task", "environment"):
            if name in call.query:
                rows = [row for row in rows if row[name] == call.query[name]]
        return self._page(call, sorted(rows, key=lambda row: int(row.get("id", 0)), reverse=True))

    def runs(self, call: Call) -> Page:
        rows = self._of_repository(call, "workflow_runs", lambda row: row["repository"]["name"])
        searched = [
            name
            for name in ("created", "branch", "event", "status", "head_sha", "actor")
            if name in call.query
        ]
        if created := call.query.get("created"):
            start, _, end = created.partition("..")
            rows = [row for row in rows if _moment(start) <= _moment(row["created_at"]) <= _moment(end)]
        rows = sorted(rows, key=lambda row: int(row.get("id", 0)), reverse=True)
        page = self._page(call, rows[:MOST_RUNS_FOUND] if searched else rows, "workflow_runs")
        page.body["total_count"] = len(rows)
        return page

    def one(self, stream: str, field: str, parameter: str = "") -> Callable[[Call], Response]:
        """One record of a repository by its number or id."""

        def handler(call: Call) -> Response:
            self._repository(call)
            asked = call.params[parameter or field]
            for row in self._rows(stream):
                if str(row[field]) == asked and _repository_in(row["url"]) == call.params["repo"]:
                    return Json(row)
            return self.error(404)

        return handler

    def children(
        self, stream: str, parent: str, parents: str, *, newest_first: bool = False
    ) -> Callable[[Call], Page]:
        """The records that name a pull request or a deployment in their field `parent`."""

        def handler(call: Call) -> Page:
            self._repository(call)
            rows = self._children_of(
                f"{call.params['repo']}/{parents}/{call.params['number']}", stream, parent
            )
            return self._page(call, rows[::-1] if newest_first else rows)

        return handler

    def graphql(self, call: Call) -> Response:
        return Json(graph.answer(call.body, self._node))

    def _node(self, node_id: str) -> Row | None:
        """A pull request or deployment by its global id, with the lists that belong to it."""

        def found() -> dict[str, tuple[str, Row]]:
            return {
                str(row["node_id"]): (stream, row)
                for stream in ("pull_requests", "deployments")
                for row in self._rows(stream)
            }

        stream, row = self.sandbox.cached(("github", "nodes"), found).get(node_id, ("", {}))
        if not row:
            return None
        place = _place(row["url"])
        if stream == "deployments":
            statuses = self._children_of(place, "deployment_statuses", "deployment_url")
            return graph.deployment(node_id, statuses[::-1])
        return graph.pull_request(
            node_id,
            self._children_of(place, "reviews", "pull_request_url"),
            self._children_of(place, "pull_request_commits", "pull_request_url"),
        )

    def _children_of(self, place: str, stream: str, parent: str) -> list[Row]:
        """The records that name in their field `parent` what is at `place`, a repository and what follows it."""

        def grouped() -> dict[str, list[Row]]:
            groups: dict[str, list[Row]] = {}
            for row in self._rows(stream):
                shown = row["commit"] if stream == "pull_request_commits" else row
                groups.setdefault(_place(row[parent]), []).append(shown)
            return groups

        return self.sandbox.cached(("github", stream), grouped).get(place, [])

    def _rows(self, stream: str) -> list[Row]:
        """The records, each with a global id: what is replayed may lack it."""
        rows = (record.body for record in self.sandbox.rows(self.name, stream))
        return [{"node_id": f"{stream}_{row['id']}", **row} if "id" in row else row for row in rows]

    def _known_owner(self, call: Call) -> None:
        if call.params["owner"] != GITHUB_OWNER:
            raise self.refuse(404)

    def _repository(self, call: Call) -> Row:
        self._known_owner(call)
        for row in self._rows("repositories"):
            if row["name"] == call.params["repo"]:
                return row
        raise self.refuse(404)

    def _of_repository(self, call: Call, stream: str, named: Callable[[Row], str]) -> list[Row]:
        self._repository(call)

        def grouped() -> dict[str, list[Row]]:
            groups: dict[str, list[Row]] = {}
            for row in self._rows(stream):
                groups.setdefault(named(row), []).append(row)
            return groups

        return self.sandbox.cached(("github", stream), grouped).get(call.params["repo"], [])

    def _page(self, call: Call, rows: list[Row], name: str = "rows") -> Page:
        """A page by number; what is no number, and a size above 100, are silently taken for the default or the most."""
        size = min(_number(call.query.get("per_page"), 30), 100)
        page = _number(call.query.get("page"), 1)
        part = rows[(page - 1) * size : page * size]
        body: Row = {"total_count": len(rows)} if name != "rows" else {}
        body[name] = part
        here = f"{call.base_url}{call.path.format(**call.params)}"

        def address(number: int, **more: str) -> str:
            return f"{here}?{urlencode({**call.query, 'page': number, **more})}"

        if page * size < len(rows):
            body["next"] = address(page + 1)
        return Page(
            body, name, ("next",), ("next",), this_cursor=address(page), same_place=address(page, again="1")
        )


def _named(row: Row) -> str:
    return str(row["repository_url"]).rpartition("/")[2]


def _place(url: str) -> str:
    """The repository and what follows it in an address, whoever the owner is."""
    return url.partition("/repos/")[2].partition("/")[2]


def _repository_in(url: str) -> str:
    found = re.search(r"/repos/[^/]+/([^/]+)", url)
    return found.group(1) if found else ""


def _in_state(rows: list[Row], state: str) -> list[Row]:
    return rows if state == "all" else [row for row in rows if row["state"] == state]


def _sorted(call: Call, rows: list[Row]) -> list[Row]:
    field = {"updated": "updated_at"}.get(call.query.get("sort", "created"), "created_at")
    is_descending = call.query.get("direction", "desc") == "desc"
    return sorted(rows, key=lambda row: (str(row[field]), int(row.get("id", 0))), reverse=is_descending)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() and int(text) > 0 else default
