"""GitHub's GraphQL API: the lists that belong to a hundred records in one request, in the words of the REST API.

Records are named by the `node_id` that the REST API tells of each. No text and no name of a person is asked for.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from connectors.contract import Page, RawRecord
from connectors.errors import (
    BadRequest,
    MalformedResponse,
    NotFound,
    RateLimited,
    ScopeMissing,
    Unreachable,
    WindowTooLarge,
)
from connectors.github.lists import moment, repository_of
from connectors.habits import Sign, meaning, members
from connectors.http import Http
from connectors.rows import raw_record, value_at

Json = dict[str, Any]

# The vendor takes a hundred ids a query, and shows a hundred entries of a list.
IDS_A_REQUEST = 100
ENTRIES_A_PAGE = 100
# What the vendor says of a query that it gave up after ten seconds; for less of it they may do.
GIVEN_UP = ("something went wrong while executing your query", "couldn't respond to your request in time")
SIGNS = (
    Sign(RateLimited, 200, at="errors[].type", says=("RATE_LIMITED",)),
    Sign(RateLimited, 200, at="errors[].message", says=("secondary rate limit",)),
    Sign(RateLimited, 200, at="message", says=("secondary rate limit",)),
    Sign(ScopeMissing, 200, at="errors[].type", says=("FORBIDDEN", "INSUFFICIENT_SCOPES")),
)
SIGNS_OF_MANY = (
    *SIGNS,
    *meaning(WindowTooLarge, 502, 504),
    Sign(WindowTooLarge, 200, at="errors[].type", says=("RESOURCE_LIMITS", "MAX_NODE_LIMIT")),
    Sign(WindowTooLarge, 200, at="errors[].message", says=GIVEN_UP),
)
SIGNS_OF_ONE = (*SIGNS, Sign(Unreachable, 200, at="errors[].message", says=GIVEN_UP))

WITH_IDS = ("User", "Bot", "Mannequin", "Organization")
AUTHOR = f"__typename {' '.join(f'... on {kind} {{ databaseId }}' for kind in WITH_IDS)}"
# Stream -> the type of the record that its list belongs to, the list's name there, and what is asked of an entry.
LISTS = {
    "reviews": (
        "PullRequest",
        "reviews",
        f"id fullDatabaseId state submittedAt author {{ {AUTHOR} }} commit {{ oid }}",
    ),
    "pull_request_commits": ("PullRequest", "commits", "commit { oid authoredDate committedDate }"),
    "deployment_statuses": ("Deployment", "statuses", "id state environment createdAt updatedAt"),
}
QUERIES = {
    stream: f"""
query {stream}($ids: [ID!]!, $first: Int!, $after: String) {{
  nodes(ids: $ids) {{
    ... on {kind} {{
      entries: {field}(first: $first, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {entry} }}
      }}
    }}
  }}
}}"""
    for stream, (kind, field, entry) in LISTS.items()
}


class Owner(NamedTuple):
    """A pull request or deployment whose lists are asked for. `number`: of a pull request in its repository."""

    repository: str
    id: str
    node_id: str
    url: str
    number: int | None


# When a record that has lists was last changed, its id, and how the vendor knows it.
Parent = tuple[datetime, str, Json]


def parent_of(record_id: str, row: Json) -> Parent | None:
    """When a record last changed, its id, and whom to ask for what is part of it; None of one that tells no such thing.

    It is in raw as it came: what is part of it is not asked for, and all others' parts are.
    """
    try:
        changed_at = max(moment(row["created_at"]), moment(row["updated_at"]))
        owner = Owner(repository_of(row), record_id, row["node_id"], row["url"], row.get("number"))
    except (LookupError, TypeError, ValueError):
        return None
    if not isinstance(owner.node_id, str) or not owner.node_id:
        return None
    return changed_at, record_id, owner._asdict()


class Graph:
    """`url`: where the GraphQL API is."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url
        # Once the vendor has given up a query, the run asks for less at a time.
        self._at_once = IDS_A_REQUEST

    def check(self) -> None:
        """Ask for the lists of nothing: it proves that the API is there and takes the token."""
        self._accepted(self._http.post(self._url, _question("reviews", [], None), signs=SIGNS_OF_ONE), 0)

    def pages(self, stream: str, owners: list[Owner]) -> Iterator[Page]:
        """The records of a stream that belong to these owners; one that the vendor does not show any more has none.

        Errors are those of `Http.post`, also where the vendor says them in an answer of status 200.
        """
        while owners:
            asked, owners = owners[: self._at_once], owners[self._at_once :]
            try:
                nodes = self._nodes(stream, asked)
            except WindowTooLarge:
                self._at_once = len(asked) // 2
                owners = asked + owners
                continue
            found = zip(asked, nodes, strict=True)
            lists = ((owner, self._whole(stream, owner, node)) for owner, node in found if node is not None)
            yield Page([record for owner, entries in lists for record in _records(stream, owner, entries)])

    def _nodes(self, stream: str, owners: list[Owner]) -> list[Json | None]:
        signs = SIGNS_OF_MANY if len(owners) > 1 else SIGNS_OF_ONE
        body = self._http.post(self._url, _question(stream, owners, None), signs=signs)
        return self._accepted(body, len(owners))

    def _whole(self, stream: str, owner: Owner, node: Json) -> list[Json]:
        """The entries of an owner's list, whose first page is there."""
        entries, after = _entries(node)
        if after is None:
            return entries

        def following(body: Any) -> Json | None:
            [shown] = self._accepted(body, 1)
            after = _entries(shown)[1] if shown else None
            return None if after is None else _question(stream, [owner], after)

        question = _question(stream, [owner], after)
        for body in self._http.paginate_posts(self._url, question, following, signs=SIGNS_OF_ONE):
            [shown] = self._accepted(body, 1)
            entries += _entries(shown)[0] if shown else []
        return entries

    def _accepted(self, body: Any, count: int) -> list[Json | None]:
        """The nodes of an answer. NOT_FOUND is an owner that is gone; any other error is one of the answer."""
        place = f"POST {httpx.URL(self._url).path}"
        for error in members(body, "errors[]"):
            if value_at(error, "type") != "NOT_FOUND":
                said = str(value_at(error, "message") or "")
                raise BadRequest("The vendor refuses the query.", place=place, vendor_message=said)
        nodes = value_at(body, "data.nodes")
        if not isinstance(nodes, list) or len(nodes) != count:
            raise MalformedResponse("The answer does not show the nodes that were asked for.", place=place)
        if count > 1 and all(node is None for node in nodes):
            raise NotFound(f"The vendor shows none of {count} records by their node_id.", place=place)
        if not all(node is None or isinstance(value_at(node, "entries.nodes"), list) for node in nodes):
            raise MalformedResponse("A node lacks the list that was asked for.", place=place)
        return nodes


def _question(stream: str, owners: list[Owner], after: str | None) -> Json:
    ids = [each.node_id for each in owners]
    variables = {"ids": ids, "first": ENTRIES_A_PAGE, "after": after}
    return {"query": QUERIES[stream], "operationName": stream, "variables": variables}


def _entries(node: Json) -> tuple[list[Json], str | None]:
    """The entries on a page of a list, and where the next page begins."""
    shown = node["entries"]
    has_next = value_at(shown, "pageInfo.hasNextPage")
    after = str(value_at(shown, "pageInfo.endCursor")) if has_next else None
    return [entry for entry in shown["nodes"] if isinstance(entry, dict)], after


def _records(stream: str, owner: Owner, entries: list[Json]) -> list[RawRecord]:
    if stream == "pull_request_commits":
        # One record, so that commits which a force push took away are gone with the next version.
        record = {
            "repository": owner.repository,
            "pull_number": owner.number,
            "commits": [_commit(entry) for entry in entries],
        }
        return [RawRecord(owner.id, "", json.dumps(record, ensure_ascii=False))]
    if stream == "reviews":
        return [raw_record(_review(owner, entry)) for entry in entries]
    return [raw_record(_status(owner, entry), "created_at", key="node_id") for entry in entries]


def _review(owner: Owner, entry: Json) -> Json:
    number, author = entry.get("fullDatabaseId"), entry.get("author")
    return {
        # A big integer, which GraphQL writes as text.
        "id": int(number) if isinstance(number, str) and number.isdecimal() else number,
        "node_id": entry.get("id"),
        # The vendor shows nobody for an account that was closed.
        "user": author and {"id": value_at(author, "databaseId"), "type": value_at(author, "__typename")},
        "state": entry.get("state"),
        "submitted_at": entry.get("submittedAt"),
        "commit_id": value_at(entry, "commit.oid"),
        "pull_request_url": owner.url,
    }


def _commit(entry: Json) -> Json:
    return {
        "sha": value_at(entry, "commit.oid"),
        "commit": {
            "author": {"date": value_at(entry, "commit.authoredDate")},
            "committer": {"date": value_at(entry, "commit.committedDate")},
        },
    }


def _status(owner: Owner, entry: Json) -> Json:
    return {
        "node_id": entry.get("id"),
        "state": str(entry.get("state") or "").lower() or None,
        "environment": entry.get("environment"),
        "created_at": entry.get("createdAt"),
        "updated_at": entry.get("updatedAt"),
        "deployment_url": owner.url,
    }
