"""Which days of the export are read for good, and the reading of one day's body."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from os import SEEK_END
from pathlib import Path

from connectors.bodies import parse_json
from connectors.contract import Cursor, Page
from connectors.lines import line_pages, lines_of

DAY = timedelta(days=1)
LONGEST_LAST_LINE = 16 * 1024 * 1024
# A query asks for as many days as bring about half of this much, and for so many at most.
MOST_BYTES = 256 * 1024 * 1024
MOST_DAYS = 31

# A warehouse on the way may have kept the properties as a text of JSON.
_PROPERTIES = """
case
    when try(json_type({0}, '$.properties')) = 'VARCHAR' then json_extract_string({0}, '$.properties')
    else try(cast(json_extract({0}, '$.properties') as varchar))
end
"""
_OF_PROPERTIES = "try(json_extract_string({0}, ['$.distinct_id', '$.time', '$.\"$insert_id\"']))"
_KEY = f"""
[try(json_extract_string({{0}}, '$.event'))]
|| coalesce({_OF_PROPERTIES.format(f"({_PROPERTIES})")}, [null, null, null])
"""
# The export is not deduplicated: what has the same name, sender, time and insert id is one event, whose latest version
# is the one that was processed last. What lacks one of them is the same as nothing but itself.
_RECORD_ID = """
case
    when coalesce(len(list_filter({1}, lambda part: part <> '')), 0) < 4 then md5({0})
    when contains(array_to_string({1}, ''), chr(31)) then md5(cast(to_json({1}) as varchar))
    else md5(array_to_string({1}, chr(31)))
end
"""
_EVENTS = f"""
with parsed as (
    select
        line,
        {_KEY.format("line")} as key,
        try(json_extract_string({_PROPERTIES.format("line")}, '$.mp_processing_time_ms')) as processed,
    from lines
)
select
    {_RECORD_ID.format("line", "key")} as record_id,
    coalesce(processed, 'unknown') as record_version,
    false as is_deleted,
    line as record,
    case
        when not json_valid(line) then 'The line is not JSON.'
        when coalesce(key[1], '') = '' then 'The event has no name.'
    end as reason
from parsed
"""
# Before, events that lack an insert id had one id if their name, sender and time were the same, and those whose properties
# are a text were equal to nothing but themselves.
OLDER_KEY = _RECORD_ID.format("record", _KEY.format("record"))


class ReadDays:
    """Days as stretches of (first, last), oldest first, no two of which touch."""

    def __init__(self, stretches: list[tuple[date, date]]) -> None:
        self._stretches = stretches

    @classmethod
    def of(cls, days: list[list[str]]) -> "ReadDays":
        return cls([(date.fromisoformat(first), date.fromisoformat(last)) for first, last in days])

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

    def as_json(self) -> list[list[str]]:
        return [[first.isoformat(), last.isoformat()] for first, last in self._stretches]


@dataclass(frozen=True)
class Progress:
    """The days of a time zone that are read for good, and those besides that the reading to `until` has asked for.

    `at_once`: for so many days the next query asks.
    """

    zone: str
    until: datetime
    settled: ReadDays
    asked: ReadDays
    at_once: int = 1

    @classmethod
    def of(cls, cursor: Cursor | None, zone: str, until: datetime) -> "Progress":
        """What a cursor says; of one that counts days in another time zone nothing holds."""
        if cursor is None or cursor["zone"] != zone:
            cursor = {"days": []}
        is_same = cursor.get("until") == until.isoformat()
        return cls(
            zone,
            until,
            ReadDays.of(cursor["days"]),
            ReadDays.of(cursor.get("asked", []) if is_same else []),
            cursor.get("at_once", 1),
        )

    def __contains__(self, day: date) -> bool:
        return day in self.settled or day in self.asked

    def having(self, day: date, is_settled: bool) -> "Progress":
        """This and one more day, read for good or to be read again by another reading."""
        if is_settled:
            return replace(self, settled=self.settled.adding(day))
        return replace(self, asked=self.asked.adding(day))

    def sized(self, days: int, size: int) -> "Progress":
        """This after a query of so many days brought so many bytes: twice the days next time, half of them, or as many."""
        if size > MOST_BYTES:
            return replace(self, at_once=max(1, days // 2))
        if days < self.at_once or size > MOST_BYTES // 2:
            return self
        return replace(self, at_once=min(2 * days, MOST_DAYS))

    def next_days(self, newest: date, oldest: date) -> tuple[date, date] | None:
        """First and last of the days to be asked for next: the newest that are not read, as far as they follow each other."""
        days = (newest - number * DAY for number in range((newest - oldest).days + 1))
        last = next((day for day in days if day not in self), None)
        if last is None:
            return None
        first = last
        while first - DAY >= oldest and first - DAY not in self and (last - first).days + 1 < self.at_once:
            first -= DAY
        return first, last

    def cursor(self) -> Cursor:
        return {
            "zone": self.zone,
            "days": self.settled.as_json(),
            "until": self.until.isoformat(),
            "asked": self.asked.as_json(),
            "at_once": self.at_once,
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
        return size == 0 or isinstance(parse_json(last_line), dict)
    except ValueError:
        return False
