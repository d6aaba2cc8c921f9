"""Jira's ways of paging (by token, by place in a list), and the streams that are lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from connectors.errors import BadRequest, NotFound, StuckCursor
from connectors.http import Http
from connectors.parts import Parts
from connectors.rows import value_at

Json = dict[str, Any]

ROWS_A_LIST_PAGE = 50
HISTORIES_A_PAGE = 1000
BOARDS = "/rest/agile/1.0/board"


def whole_list(http: Http, stream: str, parts: Parts) -> Iterator[list[Json]]:
    """Pages of everything that a stream without a search has. `parts`: the boards, or projects, that are asked one by one."""
    match stream:
        case "projects":
            yield from listed(http, "/rest/api/3/project/search")
        case "statuses":
            yield http.get("/rest/api/3/status")
        case "fields":
            yield http.get("/rest/api/3/field")
        case "sprints":
            yield from sprints(http, parts)
        case "versions":
            yield from versions(http, parts)
        case _:
            raise ValueError(f"Jira has no list of {stream}")


def by_token(http: Http, path: str, query: Json) -> Iterator[Json]:
    """Answers until one has no nextPageToken. Raises StuckCursor for a token that was already followed."""

    def following(body: Json) -> Json | None:
        token = body.get("nextPageToken")
        return None if token is None else {"nextPageToken": token}

    return http.paginate_posts(path, query, following)


def histories(http: Http, issue_ids: list[str]) -> Iterator[list[Json]]:
    """Pages of every history of up to 1,000 issues, each with its `issueId`; `created` is epoch ms or text as sent.

    What is no history comes as it is, to be quarantined.
    """
    query = {"issueIdsOrKeys": issue_ids, "maxResults": HISTORIES_A_PAGE}
    for body in by_token(http, "/rest/api/3/changelog/bulkfetch", query):
        yield [history for log in body["issueChangeLogs"] for history in _histories_of(log)]


def _histories_of(log: Any) -> list[Any]:
    if not isinstance(log, dict):
        return [log]
    histories = log.get("changeHistories")
    if not isinstance(histories, list):
        return [] if histories is None else [histories]
    return [each | {"issueId": log.get("issueId")} if isinstance(each, dict) else each for each in histories]


def asked_by(record: Any) -> str | None:
    """The id that a record can be asked for by; None: it came without one that can be."""
    found = value_at(record, "id")
    is_id = isinstance(found, int | str) and not isinstance(found, bool) and str(found).isalnum()
    return str(found) if is_id else None


def _address(path: str, part: Any) -> str:
    """The address of a board or project, to be asked within `parts.reading`."""
    if (found := asked_by(part)) is None:
        raise NotFound(
            f"An entry of GET {path} has no id that it could be asked for by.",
            remedy="Open it in Jira; if it is sound there, report the answer to the vendor.",
        )
    return f"{path}/{found}"


def listed(http: Http, path: str) -> Iterator[list[Json]]:
    """Pages of a list that counts by startAt; a page may be shorter than what was asked for."""
    start = 0
    while True:
        body = http.get(path, {"startAt": start, "maxResults": ROWS_A_LIST_PAGE})
        yield body["values"]
        if body["isLast"]:
            return
        if not body["values"]:
            raise StuckCursor(place=f"GET {path}")
        start += len(body["values"])


def sprints(http: Http, parts: Parts) -> Iterator[list[Any]]:
    """Sprints of all boards; one that is on several boards comes once."""
    seen: set[str] = set()
    for boards in listed(http, BOARDS):
        for board in boards:
            with parts.reading(f"board {value_at(board, 'id')}"), _no_sprints():
                for page in listed(http, f"{_address(BOARDS, board)}/sprint"):
                    keys = [value_at(sprint, "id") for sprint in page]
                    yield [
                        sprint
                        for sprint, key in zip(page, keys, strict=True)
                        if key is None or str(key) not in seen
                    ]
                    seen.update(map(str, keys))


@contextmanager
def _no_sprints() -> Iterator[None]:
    """A board without sprints (kanban, or switched off) takes the question for a bad one."""
    try:
        yield
    except BadRequest as refusal:
        if refusal.status != httpx.codes.BAD_REQUEST:
            raise


def versions(http: Http, parts: Parts) -> Iterator[list[Any]]:
    """Versions of all projects that the account may browse."""
    for projects in listed(http, "/rest/api/3/project/search"):
        for project in projects:
            with parts.reading(f"project {value_at(project, 'key') or value_at(project, 'id')}"):
                yield from listed(http, f"{_address('/rest/api/3/project', project)}/version")
