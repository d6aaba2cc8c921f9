"""Intercom's companies: one scroll a workspace, gone after a minute, never to be resumed."""

from collections.abc import Iterator

from connectors.contract import RawRecord
from connectors.errors import BadRequest, MalformedResponse, NotFound, StuckCursor, Unreachable
from connectors.http import Http
from connectors.rows import raw_record

PATH = "/companies/scroll"
# Seconds before a scroll is begun anew; together longer than the minute after which a forgotten one makes way.
PAUSES = (1, 5, 20, 60)


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
        records = [raw_record(row, "updated_at") for row in rows]
        ids = {each.record_id for each in records}
        if ids <= shown:
            raise StuckCursor(place=f"GET {PATH}")
        shown |= ids
        yield records
        # A page whose answer got lost is behind the scroll: asked for again, it would be left out unnoticed.
        body = http.get(PATH, {"scroll_param": body["scroll_param"]}, once=True)
