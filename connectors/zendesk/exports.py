"""Where Zendesk's streams are, and how an answer tells where the next one begins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.contract import Cursor

Json = dict[str, Any]
# Of the time-based exports.
ROWS_A_PAGE = 1000


def _after_cursor(body: Json, position: Cursor) -> tuple[Cursor, bool]:
    # A first request that finds nothing has no cursor to go on from.
    reached = {"cursor": body["after_cursor"]} if body.get("after_cursor") else position
    return reached, body["end_of_stream"]


def _after_time(body: Json, position: Cursor) -> tuple[Cursor, bool]:
    reached = {"start_time": body["end_time"]} if body.get("end_time") else position
    return reached, body["end_of_stream"]


def _after_metric_events(body: Json, position: Cursor) -> tuple[Cursor, bool]:
    # The answer does not say whether it is the last: it is when less than a page lies at the second where it ends.
    reached = {"start_time": body["end_time"]} if body.get("end_time") else position
    return reached, reached == position and len(body["ticket_metric_events"]) < ROWS_A_PAGE


def _after_list(body: Json, position: Cursor) -> tuple[Cursor, bool]:
    if body["meta"]["has_more"]:
        return {**position, "page[after]": body["meta"]["after_cursor"]}, False
    return {"start_time": position["end_time"]}, True


@dataclass(frozen=True)
class Export:
    """Where a stream is, how an answer tells (next position, is this the end), and how a deleted row looks."""

    path: str
    params: Json
    next_position: Callable[[Json, Cursor], tuple[Cursor, bool]]
    is_deleted: Callable[[Json], bool] = lambda row: False


EXPORTS = {
    "tickets": Export(
        "/api/v2/incremental/tickets/cursor",
        {"include": "metric_sets"},
        _after_cursor,
        lambda row: row.get("status") == "deleted",
    ),
    "ticket_events": Export("/api/v2/incremental/ticket_events", {"include": "comment_events"}, _after_time),
    "ticket_metric_events": Export(
        "/api/v2/incremental/ticket_metric_events", {"include_changes": "true"}, _after_metric_events
    ),
    "users": Export(
        "/api/v2/incremental/users/cursor", {}, _after_cursor, lambda row: row.get("active") is False
    ),
    "organizations": Export(
        "/api/v2/incremental/organizations", {}, _after_time, lambda row: bool(row.get("deleted_at"))
    ),
    "satisfaction_ratings": Export("/api/v2/satisfaction_ratings", {"page[size]": 100}, _after_list),
}


def rows_of(name: str, body: Json) -> list[Json]:
    """The rows of an answer; a ticket gets its metric set, which comes inside the ticket or beside all of them."""
    rows: list[Json] = body[name]
    # By the text of an id: a record may hold anything in its place.
    metrics = {str(each.get("ticket_id")): each for each in body.get("metric_sets", [])}
    return [
        row | {"metric_set": metrics[str(row.get("id"))]} if str(row.get("id")) in metrics else row
        for row in rows
    ]
