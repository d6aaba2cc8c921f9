"""Zendesk's audits of single tickets: what happened to tickets that are older than the event history."""

import json
from collections.abc import Iterator
from typing import Any

from connectors.contract import Cursor, Page, RawRecord, Window
from connectors.errors import NotFound, StuckCursor
from connectors.http import Http
from connectors.parts import Parts
from connectors.rows import raw_record

TICKETS = "/api/v2/incremental/tickets/cursor"
# A ticket is a request of its own, and the run's budget is that of the exports: what is left waits for the next run.
TICKETS_A_RUN = 200
PAGES_A_WINDOW = 50
AUDITS_A_PAGE = 100


def older_histories(http: Http, window: Window, held: set[str], version: str, parts: Parts) -> Iterator[Page]:
    """The audits of tickets that changed from the window's start_time on and were created before its created_before.

    `held`: ids of tickets whose audits raw holds; what happens to them later comes as ticket events. One that the vendor
    refuses is among the `parts`, and in the cursor's `left_out`: the next run asks for it again. Raises StuckCursor when the
    export does not move on.
    """
    position, left = dict(window.position or {}), TICKETS_A_RUN
    created_before = position.pop("created_before")
    for ticket in position.pop("left_out", []):
        if ticket not in parts.refused and ticket not in held:
            yield _history(http, ticket, version, parts)
    for _ in range(PAGES_A_WINDOW):
        body = http.get(TICKETS, position)
        missing = [
            str(row["id"])
            for row in body["tickets"]
            if _is_older(row, created_before) and str(row["id"]) not in held
        ]
        # The tickets are shown: what is refused of one is its own.
        parts.is_any_read = True
        for ticket in missing[:left]:
            yield _history(http, ticket, version, parts)
        held |= set(missing[:left])
        left -= len(missing)
        ended = body["end_of_stream"] or left < 0
        reached = {"cursor": body["after_cursor"]} if body.get("after_cursor") and left >= 0 else position
        if reached == position and not ended:
            raise StuckCursor(place=f"GET {TICKETS}")
        is_read = {"read_until": window.end.isoformat()} if ended and window.end is not None else {}
        left_out = {"left_out": sorted(parts.refused)} if parts.refused else {}
        yield Page([], cursor=reached | {"created_before": created_before} | left_out | is_read)
        if ended:
            return
        position = reached


def tickets_of(audits: Iterator[RawRecord]) -> set[str]:
    return {str(json.loads(each.record).get("ticket_id")) for each in audits}


def _is_older(row: dict[str, Any], moment: str) -> bool:
    created_at = row.get("created_at")
    return isinstance(created_at, str) and created_at < moment and bool(row.get("id"))


def _history(http: Http, ticket: str, version: str, parts: Parts) -> Page:
    audits: list[dict[str, Any]] = []
    with parts.reading(ticket):
        audits = _audits(http, ticket)
    return Page([raw_record(audit, version) for audit in audits])


def _audits(http: Http, ticket: str) -> list[dict[str, Any]]:
    path, found = f"/api/v2/tickets/{ticket}/audits", []
    position: Cursor = {}
    while True:
        try:
            body = http.get(path, {"page[size]": AUDITS_A_PAGE, **position})
        except NotFound:
            # It was deleted for good since.
            return []
        found += body["audits"]
        # Of an archived ticket all audits come at once, without a word on pages.
        meta = body.get("meta") or {}
        if not meta.get("has_more"):
            return found
        if position.get("page[after]") == meta["after_cursor"]:
            raise StuckCursor(place=f"GET {path}")
        position = {"page[after]": meta["after_cursor"]}
