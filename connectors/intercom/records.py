"""Intercom's rows as raw records, and its companies: one scroll a workspace, gone after a minute, never to be resumed."""

import json
from collections.abc import Iterator
from typing import Any

from connectors.contract import RawRecord
from connectors.errors import BadRequest, MalformedResponse, NotFound, StuckCursor, Unreachable
from connectors.http import Http

PATH = "/companies/scroll"
# Seconds before a scroll is begun anew; together longer than the minute after which a forgotten one makes way.
PAUSES = (1, 5, 20, 60)


def raw_record(row: dict[str, Any], version: str = "updated_at", is_deleted: bool = False) -> RawRecord:
    """A row as sent. Without an id it is left to the loader, which quarantines it; without a version it has the run's."""
    text = json.dumps(row, ensure_ascii=False)
    return RawRecord(str(row.get("id") or ""), str(row.get(version) or ""), text, is_deleted)


def companies(http: Http) -> Iterator[list[RawRecord]]:
    """Every company, page by page. When a scroll is lost or another one is open, all pages come again from the first.

    What a lost scroll has shown stays: the loader drops the copies, and a company that went in between is noticed by
    the next reading. Raises the last scroll's error when none reached its end.
    """
    for pause in (*PAUSES, None):
        try:
            yield from _one_scroll(http)
            return
        except (BadRequest, NotFound, Unreachable, MalformedResponse):
            if pause is None:
                raise
            http.pause(pause)


def _one_scroll(http: Http) -> Iterator[list[RawRecord]]:
    shown: set[str] = set()
    body = http.get(PATH)
    # An empty page is the end: the vendor says it by nothing else.
    while rows := body["data"]:
        records = [raw_record(row) for row in rows]
        ids = {each.record_id for each in records}
        if ids <= shown:
            raise StuckCursor(place=f"GET {PATH}")
        shown |= ids
        yield records
        # A page whose answer got lost is behind the scroll: asked for again, it would be left out unnoticed.
        body = http.get(PATH, {"scroll_param": body["scroll_param"]}, once=True)
