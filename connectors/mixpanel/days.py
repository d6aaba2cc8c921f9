"""Which days of the export are read for good, and the reading of one day's body."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from os import SEEK_END
from pathlib import Path

from connectors.contract import Cursor, Page
from connectors.lines import line_pages, lines_of

DAY = timedelta(days=1)
LONGEST_LAST_LINE = 16 * 1024 * 1024

# The export is not deduplicated: what has the same name, sender, time and insert id is one event, whose latest version
# is the one that was processed last.
_EVENTS = """
with parsed as (
    select
        line,
        try(json_extract_string(line, [
            '$.event', '$.properties.distinct_id', '$.properties.time', '$.properties."$insert_id"',
            '$.properties.mp_processing_time_ms'
        ])) as found,
    from lines
)
select
    md5(concat_ws(chr(31), found[1], coalesce(found[2], ''), coalesce(found[3], ''), coalesce(found[4], '')))
        as record_id,
    coalesce(found[5], 'unknown') as record_version,
    false as is_deleted,
    line as record,
    case
        when found is null then 'The line is not JSON.'
        when coalesce(found[1], '') = '' then 'The event has no name.'
    end as reason
from parsed
"""


class ReadDays:
    """Days as stretches of (first, last), oldest first, no two of which touch."""

    def __init__(self, stretches: list[tuple[date, date]]) -> None:
        self._stretches = stretches

    @classmethod
    def of(cls, cursor: Cursor | None, zone: str) -> "ReadDays":
        """The days that a cursor names; none when it counted them in another time zone."""
        if cursor is None or cursor["zone"] != zone:
            return cls([])
        return cls([(date.fromisoformat(first), date.fromisoformat(last)) for first, last in cursor["days"]])

    def __contains__(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self._stretches)

    def adding(self, day: date) -> "ReadDays":
        """These days and one more."""
        if day in self:
            return self
        first = last = day
        apart = []
        for stretch in self._stretches:
            if stretch[1] == day - DAY:
                first = stretch[0]
            elif stretch[0] == day + DAY:
                last = stretch[1]
            else:
                apart.append(stretch)
        return ReadDays(sorted([*apart, (first, last)]))

    def cursor(self, zone: str) -> Cursor:
        return {
            "zone": zone,
            "days": [[first.isoformat(), last.isoformat()] for first, last in self._stretches],
        }


def event_pages(path: Path) -> Iterator[Page]:
    """Pages of the events in a downloaded body; lines that are no events are quarantined."""
    with path.open("rb") as body:
        yield from line_pages(lines_of(body), _EVENTS)


def is_whole(path: Path) -> bool:
    """Does the body end with a whole line of JSON? The vendor gives neither a length nor a count.

    What ends in the middle of a line was cut on the way; a vendor that gives up ends with a sentence instead.
    """
    with path.open("rb") as body:
        size = body.seek(0, SEEK_END)
        body.seek(max(0, size - LONGEST_LAST_LINE))
        last_line = body.read().rstrip().rpartition(b"\n")[2]
    try:
        return size == 0 or isinstance(json.loads(last_line), dict)
    except ValueError:
        return False
