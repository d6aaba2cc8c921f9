"""Readings by time: where the next window begins and ends, from nothing but the committed cursor.

The cursor of such a reading is `<name>`: the moment that it has come to, `toward`: the moment that it goes to, and
`step`: how many seconds its windows are long since the vendor wanted shorter ones. Times are UTC, in ISO 8601.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.contract import Cursor, Window


class Span(NamedTuple):
    """[start, stop), and the cursor once it is read."""

    start: datetime
    stop: datetime
    cursor_after: Cursor


def next_span(
    cursor: Cursor | None,
    name: str,
    end: datetime,
    beginning: datetime,
    *,
    look_back: timedelta = timedelta(0),
    longest: timedelta | None = None,
) -> Span | None:
    """What follows `cursor` on the way to `end`, at most `longest`; None when it has come there, or nothing lies before `end`.

    `look_back` is read again by a reading to another `end`: within one, a window begins where the last one stopped.
    """
    step = longest
    if cursor is None:
        start = beginning
        if start >= end:
            return None
    else:
        start = datetime.fromisoformat(cursor[name])
        if start >= end:
            return None
        if cursor.get("toward") == end.isoformat():
            step = timedelta(seconds=cursor["step"]) if "step" in cursor else longest
        else:
            start -= look_back
    stop = end if step is None else min(start + step, end)
    kept = {"step": cursor["step"]} if cursor and step != longest else {}
    return Span(start, stop, reached(name, stop, end) | kept)


def next_window(
    cursor: Cursor | None,
    name: str,
    end: datetime,
    beginning: datetime,
    *,
    look_back: timedelta = timedelta(0),
    longest: timedelta | None = None,
) -> Window | None:
    """`next_span` as a window, where a stream is read by nothing but time."""
    span = next_span(cursor, name, end, beginning, look_back=look_back, longest=longest)
    return None if span is None else Window(*span)


def reached(name: str, done: datetime, end: datetime) -> Cursor:
    """The cursor of a reading to `end` that has come to `done`."""
    return {name: done.isoformat(), "toward": end.isoformat()}


def first_half(window: Window, name: str, unit: timedelta = timedelta(seconds=1)) -> Window | None:
    """The first half of a window, in whole `unit`s, after which the windows stay as short; None when it is one unit."""
    if window.start is None or window.end is None:
        return None
    half = (window.end - window.start) // unit // 2 * unit
    if not half:
        return None
    middle = window.start + half
    after = window.cursor_after | {name: middle.isoformat(), "step": half.total_seconds()}
    return Window(window.start, middle, after, window.position)
