"""Jira Cloud platform and agile API: issue search by token, bulk changelogs, projects, boards, sprints, versions.

Search gives ids only unless fields are asked for, never a total, and no token on the last page. The old search
answers 410. Bulk changelogs carry `created` in epoch milliseconds, every other answer ISO text.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, Vendor
from sandbox.vendors.jira import query as jql
from sandbox.vendors.jira.credentials import JIRA_API_TOKEN, JIRA_EMAIL
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.record import Record

BURST = Limit("jira-burst-based", 50, 1)
# A page of whole issues shrinks; ids alone come in thousands.
BULK_ISSUES = 100
FULL_PAGE, ID_PAGE, CHANGELOG_PAGE, CHANGELOG_ISSUES, CHANGELOG_FIELDS = 100, 5000, 10_000, 1000, 10
EMBEDDED_HISTORIES = 40
ACCOUNT_ID = "712020:product-ops"


class Api(Vendor):
    name = "jira"

    def endpoints(self) -> list[Endpoint]:
        def at(method: str, path: str, stream: str, handler: Callable[[Call], Page | Response]) -> Endpoint:
            both = tuple(f"/rest/api/{version}/{path}" for version in ("2", "latest"))
            return Endpoint(method, f"/rest/api/3/{path}", stream, handler, BURST, aliases=both)

        def agile(path: str, stream: str, handler: Callable[[Call], Page | Response]) -> Endpoint:
            return Endpoint("GET", f"/rest/agile/1.0/{path}", stream, handler, BURST)

        return [
            at("GET", "myself", "myself", self.myself),
            at("GET", "serverInfo", "server_info", self.server_info),
            at("GET", "project/search", "projects", self.paged("projects")),
            at("GET", "project", "projects", self.listed("projects")),
            at("GET", "project/{project}/versions", "versions", self.all_versions),
            at("GET", "project/{project}/version", "versions", self.versions),
            at("GET", "status", "statuses", self.listed("statuses")),
            at("GET", "statuses/search", "statuses", self.statuses),
            at("GET", "field", "fields", self.listed("fields")),
            at("GET", "issuetype", "issue_types", self.listed("issue_types")),
            at("GET", "search/jql", "issues", self.search),
            at("POST", "search/jql", "issues", self.search),
            at("POST", "search/approximate-count", "issues_count", self.count),
            at("GET", "search", "issues", self.gone),
            at("POST", "search", "issues", self.gone),
            at("POST", "changelog/bulkfetch", "changelogs", self.changelogs),
            at("GET", "issue/{issue}", "issues", self.issue),
            at("POST", "issue/bulkfetch", "issues_by_id", self.issues_by_id),
            agile("board", "boards", self.boards),
            agile("board/{board}/sprint", "sprints", self.sprints),
        ]

    def authorise(self, call: Call) -> Response | None:
        return None if call.basic_credentials() == (JIRA_EMAIL, JIRA_API_TOKEN) else self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        texts = {
            401: "Client must be authenticated to access this resource.",
            403: "You do not have permission to view this resource.",
            404: message or "The requested resource could not be found.",
            410: "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
            429: "Rate limit exceeded.",
        }
        text = texts.get(status) or message or "The request failed."
        response = Json({"errorMessages": [text], "errors": {}}, status_code=status)
        if status == 429:
            response.headers["RateLimit-Reason"] = {
                "planned": BURST.name,
                "daily": "jira-quota-tenant-based",
            }.get(message, message)
        return response

    def limit_key(self, endpoint: Endpoint) -> str:
        return f"{endpoint.method} {endpoint.path}"

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        headers = {
            "X-RateLimit-Limit": str(allowance.limit.requests),
            "X-RateLimit-Remaining": str(allowance.remaining),
        }
        if allowance.remaining < allowance.limit.requests / 5:
            headers["X-RateLimit-NearLimit"] = "true"
        return headers | (
            self.reset_headers(allowance.resets_in) if allowance.retry_after is not None else {}
        )

    def reset_headers(self, seconds: float) -> dict[str, str]:
        return {
            "X-RateLimit-Reset": (datetime.now(UTC) + timedelta(seconds=seconds)).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            )
        }

    def myself(self, call: Call) -> Response:
        me = {
            "self": f"{call.base_url}/rest/api/3/user?accountId={ACCOUNT_ID}",
            "accountId": ACCOUNT_ID,
            "accountType": "atlassian",
            "emailAddress": JIRA_EMAIL,
            "displayName": "Product Ops",
            "active": True,
            "timeZone": jql.ACCOUNT_ZONE.key,
            "locale": "en_GB",
        }
        return Json(me)

    def server_info(self, call: Call) -> Response:
        moment = self.sandbox.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        info = {
            "baseUrl": call.base_url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100290,
            "buildDate": moment,
            "serverTime": moment,
            "scmInfo": "sandbox",
            "serverTitle": "Jira",
        }
        return Json(info)

    def listed(self, stream: str) -> Callable[[Call], Response]:
        """A stream as one plain list."""
        return lambda call: Json([record.body for record in self.sandbox.rows(self.name, stream)])

    def paged(self, stream: str) -> Callable[[Call], Page]:
        return lambda call: self._numbered(
            call, [record.body for record in self.sandbox.rows(self.name, stream)]
        )

    def statuses(self, call: Call) -> Page:
        categories = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
        values = [
            {
                "id": status["id"],
                "name": status["name"],
                "statusCategory": categories.get(status.get("statusCategory", {}).get("key"), "TODO"),
                "description": status.get("description", ""),
                "scope": {"type": "GLOBAL"},
            }
            for status in (record.body for record in self.sandbox.rows(self.name, "statuses"))
        ]
        return self._numbered(call, values, default=200)

    def versions(self, call: Call) -> Page:
        return self._numbered(call, self._versions(call))

    def all_versions(self, call: Call) -> Response:
        return Json(self._versions(call))

    def _versions(self, call: Call) -> list[dict[str, Any]]:
        asked = call.params["project"]
        projects = [record.body for record in self.sandbox.rows(self.name, "projects")]
        ids = {str(project["id"]) for project in projects if asked in (str(project["id"]), project["key"])}
        if not ids:
            raise self.refuse(404, f"No project could be found with key '{asked}'.")
        held = [record.body for record in self.sandbox.rows(self.name, "versions")]
        return [version for version in held if str(version.get("projectId")) in ids]

    def boards(self, call: Call) -> Page:
        return self._numbered(call, self._boards())

    def sprints(self, call: Call) -> Page:
        asked = call.params["board"]
        board = next((board for board in self._boards() if str(board["id"]) == asked), None)
        if board is None:
            raise self.refuse(
                404, "The requested board cannot be viewed because it either does not exist or is hidden."
            )
        if board.get("type") == "kanban":
            raise self.refuse(400, "The board does not support sprints")
        held = [record.body for record in self.sandbox.rows(self.name, "sprints")]
        return self._numbered(call, [sprint for sprint in held if str(sprint.get("originBoardId")) == asked])

    def _boards(self) -> list[dict[str, Any]]:
        """The boards of the data, or else one for every board that a sprint comes from."""
        if held := [record.body for record in self.sandbox.rows(self.name, "boards")]:
            return held
        origins = {record.body.get("originBoardId") for record in self.sandbox.rows(self.name, "sprints")}
        return [
            {"id": board, "name": f"Board {board}", "type": "scrum"}
            for board in sorted(origin for origin in origins if origin is not None)
        ]

    def search(self, call: Call) -> Page:
        wanted = _fields(call)
        only_ids = set(wanted) <= {"id", "key"}
        size = call.number("maxResults", 50, ID_PAGE if only_ids else FULL_PAGE)
        token = call.body.get("nextPageToken", call.query.get("nextPageToken"))
        text = _query_text(call)
        offset = self._offset(token, text)
        found = self._found(text)
        expand = str(call.body.get("expand", call.query.get("expand", "")))
        part = found[offset : offset + size]
        issues = [self._issue(call, record, wanted, "changelog" in expand) for record in part]
        body: dict[str, Any] = {"issues": issues, "isLast": offset + size >= len(found)}
        if not body["isLast"]:
            body["nextPageToken"] = _token(offset + size, text)
        same = _token(offset, text, "again")
        return Page(
            body, "issues", ("nextPageToken",), this_cursor=token, same_place=same, more=("isLast", False)
        )

    def count(self, call: Call) -> Response:
        return Json({"count": len(self._found(_query_text(call)))})

    def gone(self, call: Call) -> Response:
        return self.error(410)

    def issue(self, call: Call) -> Response:
        asked = call.params["issue"]
        for record in self.sandbox.rows(self.name, "issues"):
            if asked in (record.id, record.body.get("key")):
                wanted = _fields(call) if "fields" in call.query else ["*all"]
                return Json(self._issue(call, record, wanted, "changelog" in call.query.get("expand", "")))
        return self.error(404, "Issue does not exist or you do not have permission to see it.")

    def issues_by_id(self, call: Call) -> Response:
        """Those of up to 100 issues that are there; the others are named among the errors."""
        asked = call.body.get("issueIdsOrKeys")
        if not isinstance(asked, list) or not 1 <= len(asked) <= BULK_ISSUES:
            raise self.refuse(400, f"issueIdsOrKeys must hold between 1 and {BULK_ISSUES} issues.")
        names = {str(name) for name in asked}
        found = [
            record
            for record in self.sandbox.rows(self.name, "issues")
            if names & {record.id, str(record.body.get("key"))}
        ]
        missing = names - {name for record in found for name in (record.id, str(record.body.get("key")))}
        errors = [{"id": name, "errorMessage": "Issue does not exist"} for name in sorted(missing)]
        issues = [self._issue(call, record, _fields(call), False) for record in found]
        return Json({"issues": issues, "issueErrors": errors})

    def changelogs(self, call: Call) -> Page:
        asked, fields = call.body.get("issueIdsOrKeys"), call.body.get("fieldIds") or []
        if not isinstance(asked, list) or not 1 <= len(asked) <= CHANGELOG_ISSUES:
            raise self.refuse(400, f"issueIdsOrKeys must hold between 1 and {CHANGELOG_ISSUES} issues.")
        if len(fields) > CHANGELOG_FIELDS:
            raise self.refuse(400, f"fieldIds must hold at most {CHANGELOG_FIELDS} fields.")
        size = call.number("maxResults", 1000, CHANGELOG_PAGE)
        token = call.body.get("nextPageToken")
        mark = json.dumps([asked, fields])
        offset = self._offset(token, mark)
        keys = self.sandbox.cached("jira keys", self._ids_by_key)
        ids = {keys.get(str(name), str(name)) for name in asked}
        histories = self._histories()
        found = [
            (issue_id, kept)
            for issue_id in sorted(ids)
            for history in histories.get(issue_id, [])
            if (kept := _bulk_history(history, fields)) is not None
        ]
        grouped: dict[str, list[dict[str, Any]]] = {}
        for issue_id, history in found[offset : offset + size]:
            grouped.setdefault(issue_id, []).append(history)
        logs = [{"issueId": issue_id, "changeHistories": group} for issue_id, group in grouped.items()]
        body: dict[str, Any] = {"issueChangeLogs": logs}
        if offset + size < len(found):
            body["nextPageToken"] = _token(offset + size, mark)
        same = _token(offset, mark, "again")
        return Page(body, "issueChangeLogs", ("nextPageToken",), this_cursor=token, same_place=same)

    def _found(self, text: str) -> list[Record]:
        query = jql.parse(text)
        rows = self.sandbox.rows(self.name, "issues")
        return self.sandbox.cached(("jira found", text), lambda: query.select(rows))

    def _offset(self, token: Any, mark: str) -> int:
        if token is None:
            return 0
        try:
            offset, held, _ = json.loads(urlsafe_b64decode(str(token)))
        except ValueError:
            raise self.refuse(400, "The nextPageToken is invalid or expired.") from None
        if held != _mark(mark):
            raise self.refuse(400, "The nextPageToken belongs to another query.")
        return int(offset)

    def _ids_by_key(self) -> dict[str, str]:
        return {str(record.body.get("key")): record.id for record in self.sandbox.rows(self.name, "issues")}

    def _histories(self) -> dict[str, list[dict[str, Any]]]:
        """Histories of every issue, oldest first."""

        def build() -> dict[str, list[dict[str, Any]]]:
            grouped: dict[str, list[Record]] = {}
            for record in self.sandbox.rows(self.name, "changelogs"):
                grouped.setdefault(str(record.body["issueId"]), []).append(record)
            ordered = {
                issue: sorted(held, key=lambda row: (row.updated_at, int(row.id)))
                for issue, held in grouped.items()
            }
            return {issue: [record.body for record in held] for issue, held in ordered.items()}

        return self.sandbox.cached("jira histories", build)

    def _issue(self, call: Call, record: Record, wanted: list[str], with_changelog: bool) -> dict[str, Any]:
        if set(wanted) <= {"id"} and not with_changelog:
            return {"id": record.id}
        body = {name: value for name, value in record.body.items() if name not in ("fields", "changelog")}
        body.setdefault("self", f"{call.base_url}/rest/api/3/issue/{record.id}")
        held = record.body.get("fields", {})
        if {"*all", "*navigable"} & set(wanted):
            dropped = {name[1:] for name in wanted if name.startswith("-")}
            body["fields"] = {name: value for name, value in held.items() if name not in dropped}
        elif not set(wanted) <= {"id", "key"}:
            body["fields"] = {name: held[name] for name in wanted if name in held}
        if with_changelog:
            # Embedded changelogs hold the most recent entries only, newest first.
            histories = self._histories().get(record.id, [])
            recent = [_without_issue(history) for history in reversed(histories[-EMBEDDED_HISTORIES:])]
            body["changelog"] = {
                "startAt": 0,
                "maxResults": len(recent),
                "total": len(histories),
                "histories": recent,
            }
        return body

    def _numbered(self, call: Call, values: list[dict[str, Any]], default: int = 50) -> Page:
        start, size = call.number("startAt", 0, 10**9, least=0), call.number("maxResults", default, 100)
        last = start + size >= len(values)
        body: dict[str, Any] = {
            "maxResults": size,
            "startAt": start,
            "total": len(values),
            "isLast": last,
            "values": values[start : start + size],
        }
        # Pages of the agile API carry no links.
        if "/agile/" in call.path:
            return Page(body, "values")
        here = f"{call.base_url}{call.path.format(**call.params)}"
        body["self"] = f"{here}?startAt={start}&maxResults={size}"
        if not last:
            body["nextPage"] = f"{here}?startAt={start + size}&maxResults={size}"
        return Page(body, "values", link=("nextPage",))


def _query_text(call: Call) -> str:
    return str(call.body.get("jql", call.query.get("jql", "")))


def _fields(call: Call) -> list[str]:
    given = call.body.get("fields") or call.query.getlist("fields") or ["id"]
    return [name.strip() for value in given for name in str(value).split(",") if name.strip()]


def _mark(text: str) -> int:
    return sum(place * ord(letter) for place, letter in enumerate(text, 1)) % 1_000_003


def _token(offset: int, mark: str, note: str = "") -> str:
    return urlsafe_b64encode(json.dumps([offset, _mark(mark), note]).encode()).decode()


def _without_issue(history: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in history.items() if name != "issueId"}


def _bulk_history(history: dict[str, Any], fields: list[str]) -> dict[str, Any] | None:
    items = [item for item in history.get("items") or [] if not fields or item.get("fieldId") in fields]
    if not items:
        return None
    created = history["created"]
    stamp = created if isinstance(created, int) else jql.epoch_ms(str(created))
    return {**_without_issue(history), "created": stamp, "items": items}
