"""GitHub's GraphQL API, as much of it as lists what belongs to pull requests and deployments.

The schema's types, fields and arguments are the vendor's own. Its enumerations are scalars here, and some values may be
missing that the vendor always has: a replayed record is shown as it is.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    build_schema,
    execute_sync,
    parse,
    validate,
)

Row = dict[str, Any]
Nodes = Callable[[str], Row | None]

SCHEMA = """
scalar BigInt
scalar DateTime
scalar DeploymentStatusState
scalar GitObjectID
scalar PullRequestReviewState

interface Node { id: ID! }
interface Actor { login: String! }

type Query { nodes(ids: [ID!]!): [Node]! }
type PageInfo { endCursor: String hasNextPage: Boolean! }

type Bot implements Actor & Node { databaseId: Int id: ID! login: String! }
type Mannequin implements Actor & Node { databaseId: Int id: ID! login: String! }
type Organization implements Actor & Node { databaseId: Int id: ID! login: String! }
type User implements Actor & Node { databaseId: Int id: ID! login: String! }

type PullRequest implements Node {
  commits(after: String, first: Int): PullRequestCommitConnection!
  id: ID!
  reviews(after: String, first: Int): PullRequestReviewConnection
}
type PullRequestReviewConnection { nodes: [PullRequestReview] pageInfo: PageInfo! totalCount: Int! }
type PullRequestReview implements Node {
  author: Actor
  body: String!
  commit: Commit
  fullDatabaseId: BigInt
  id: ID!
  state: PullRequestReviewState
  submittedAt: DateTime
}
type PullRequestCommitConnection { nodes: [PullRequestCommit] pageInfo: PageInfo! totalCount: Int! }
type PullRequestCommit implements Node { commit: Commit! id: ID! }
type Commit implements Node {
  authoredDate: DateTime
  committedDate: DateTime
  id: ID!
  message: String!
  oid: GitObjectID!
}

type Deployment implements Node {
  id: ID!
  statuses(after: String, first: Int): DeploymentStatusConnection
}
type DeploymentStatusConnection { nodes: [DeploymentStatus] pageInfo: PageInfo! totalCount: Int! }
type DeploymentStatus implements Node {
  createdAt: DateTime
  description: String
  environment: String
  id: ID!
  state: DeploymentStatusState
  updatedAt: DateTime
}
"""
MOST_IDS = 100
MOST_ENTRIES = 100
MOST_NODES = 500_000
# Status of the REST API -> what GraphQL says in its place.
ERRORS = {
    400: ("BAD_REQUEST", "The question cannot be read."),
    403: ("FORBIDDEN", "Resource not accessible by personal access token"),
    429: ("RATE_LIMITED", "API rate limit already exceeded for user ID 5000."),
    500: (
        "",
        "Something went wrong while executing your query. Please include the request's id when you report it.",
    ),
}
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_schema = build_schema(SCHEMA)


def refusal(status: int, is_secondary: bool = False) -> Row:
    """The body of status 200 in which GraphQL refuses what REST refuses by status."""
    kind, message = ("", _SECONDARY) if is_secondary else ERRORS[status]
    return {"data": None, "errors": [{**({"type": kind} if kind else {}), "message": message}]}


def answer(question: Row, node: Nodes) -> Row:
    """The body of an answer; errors stand in it, with their kind as `type`."""
    text, variables = question.get("query"), question.get("variables") or {}
    if not isinstance(text, str):
        return refusal(400)
    document, errors = _read(text)
    if document is None or errors:
        return {"errors": [_said(each) for each in errors]}
    given = execute_sync(
        _schema, document, {"nodes": _Nodes(node)}, variable_values=variables, operation_name=question.get("operationName")
    )  # fmt: skip
    said = [_said(each) for each in given.errors or []]
    return {"data": given.data, **({"errors": said} if said else {})}


def pull_request(node_id: str, reviews: list[Row], commits: list[Row]) -> Row:
    """A node, whose lists the REST API's `reviews` and `commits` are."""
    return {
        "__typename": "PullRequest",
        "id": node_id,
        "reviews": _connection([_review(each) for each in reviews]),
        "commits": _connection([{"id": f"PRC_{each['sha']}", "commit": _commit(each)} for each in commits]),
    }


def deployment(node_id: str, statuses: list[Row]) -> Row:
    """A node, whose list the REST API's `statuses` are, newest first."""
    return {
        "__typename": "Deployment",
        "id": node_id,
        "statuses": _connection([_status(each) for each in statuses]),
    }


class _Nodes:
    """Resolves `nodes`: each id's record, or the error that there is none."""

    def __init__(self, node: Nodes) -> None:
        self._node = node

    def __call__(self, info: GraphQLResolveInfo, ids: list[str]) -> list[Row | GraphQLError]:
        if len(ids) > MOST_IDS:
            raise _error(
                "ARGUMENT_LIMIT",
                f"You may not provide more than {MOST_IDS} node ids; you provided {len(ids)}.",
            )
        if len(ids) * (1 + MOST_ENTRIES) > MOST_NODES:
            raise _error("MAX_NODE_LIMIT_EXCEEDED", f"The query requests more than {MOST_NODES:,} nodes.")
        return [
            self._node(each) or _error("NOT_FOUND", f"Could not resolve to a node with the global id of '{each}'.")
            for each in ids
        ]  # fmt: skip


def _connection(entries: list[Row]) -> Callable[..., Row]:
    def page(info: GraphQLResolveInfo, first: int | None = None, after: str | None = None) -> Row:
        if first is None:
            raise _error(
                "MISSING_PAGINATION_BOUNDARIES",
                f"You must provide a `first` or `last` value on `{info.field_name}`.",
            )
        if not 0 < first <= MOST_ENTRIES:
            raise _error("EXCESSIVE_PAGINATION", f"`first` is outside of 1 to {MOST_ENTRIES}.")
        start = int(after or 0)
        shown = entries[start : start + first]
        end = start + len(shown)
        info_of_page = {"hasNextPage": end < len(entries), "endCursor": str(end) if shown else None}
        return {"nodes": shown, "pageInfo": info_of_page, "totalCount": len(entries)}

    return page


def _review(row: Row) -> Row:
    return {
        "id": row["node_id"],
        "fullDatabaseId": str(row["id"]),
        "state": row.get("state"),
        "submittedAt": row.get("submitted_at"),
        "body": row.get("body") or "",
        "author": _actor(row.get("user")),
        "commit": {"oid": row["commit_id"]} if row.get("commit_id") else None,
    }


def _actor(user: Any) -> Row | None:
    if not isinstance(user, dict):
        return None
    kind = user.get("type")
    return {
        "__typename": kind if kind in ("Bot", "Mannequin", "Organization") else "User",
        "id": user.get("node_id") or f"U_{user.get('id')}",
        "databaseId": user.get("id"),
        "login": user.get("login") or "ghost",
    }


def _commit(row: Row) -> Row:
    commit = row.get("commit") or {}
    author, committer = (commit.get(name) or {} for name in ("author", "committer"))
    return {
        "id": row.get("node_id") or f"C_{row['sha']}",
        "oid": row["sha"],
        "authoredDate": author.get("date"),
        "committedDate": committer.get("date"),
        "message": commit.get("message") or "",
    }


def _status(row: Row) -> Row:
    return {
        "id": row["node_id"],
        "state": row["state"].upper() if isinstance(row.get("state"), str) else row.get("state"),
        "environment": row.get("environment"),
        "description": row.get("description"),
        "createdAt": row.get("created_at"),
        "updatedAt": row.get("updated_at") or row.get("created_at"),
    }


@lru_cache(maxsize=32)
def _read(text: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """A question parsed, and what is wrong with it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, [error]
    return document, validate(_schema, document)


def _error(kind: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind})


def _said(error: GraphQLError) -> Row:
    """An error as the vendor writes it: the kind stands beside the message."""
    written: Row = dict(error.formatted)
    kind = (written.pop("extensions", None) or {}).get("type")
    return {**({"type": kind} if kind else {}), **written}
