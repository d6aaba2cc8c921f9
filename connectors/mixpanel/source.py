"""Mixpanel: every event by the day on which it happened, and the profiles of who sent them.

Endpoints: `GET /api/2.0/export` on the data host (one line of JSON an event), `POST /api/query/engage` on the query host.
Access: a service account with the role Consumer in the project. The base URL is the data host: `https://data.mixpanel.com`,
`https://data-eu.mixpanel.com` or `https://data-in.mixpanel.com`.
The vendor allows 60 queries an hour, and a query reads a day: a run has a budget and reads the days that may still change
first, newest first, then older ones back to where history starts; the next run goes on where the budget ended.
Deletes: events never; a profile that a complete reading does not show is deleted.
Try it: `pops check mixpanel`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from connectors.contract import (
    Cursor,
    Family,
    Known,
    NeverTooLarge,
    Page,
    Stream,
    Window,
    nothing_known,
)
from connectors.errors import QuotaSpent, RateLimited
from connectors.http import Http
from connectors.mixpanel.days import DAY, ReadDays, event_pages, is_whole
from connectors.mixpanel.profiles import profile_pages
from connectors.mixpanel.settings import LOOK_BACK_DAYS, MixpanelSettings
from connectors.settings import SourceSettings
from connectors.whole import whole

EXPORT = "/api/2.0/export"
# Each attempt is a query of the hour's sixty.
DOWNLOADS = 2
# Old enough to be there, whatever the clock here says.
CHECK_AGE = timedelta(days=3)
LAG = timedelta(hours=2)


class MixpanelConnector(NeverTooLarge):
    """Profiles whole; events a day a window, of which the cursor names those that are read for good."""

    name: ClassVar[str] = "mixpanel"
    family: ClassVar[Family] = "product_analytics"
    access: ClassVar[str] = (
        "A service account with the role Consumer in the project, and the project's number."
    )
    Settings: ClassVar[type[SourceSettings]] = MixpanelSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        # First, because they are few queries, and without their addresses nobody is matched with another tool.
        Stream(
            "profiles",
            key="$distinct_id",
            version="moment of the reading",
            cursor="none: read whole",
            lag=timedelta(0),
            look_back=timedelta(0),
            deletes="vanish",
            personal_data=("$distinct_id", "$properties"),
        ),
        Stream(
            "events",
            key="hash of event, distinct_id, time and $insert_id",
            version="mp_processing_time_ms",
            cursor="the days that are read for good, as stretches, and the time zone they are counted in",
            lag=LAG,
            look_back=timedelta(days=LOOK_BACK_DAYS),
            deletes="none",
            personal_data=(
                "properties.distinct_id",
                "properties.$user_id",
                "properties.$device_id",
                "properties.$email",
                "properties.$city",
                "properties.$region",
                "properties.ip",
            ),
            is_event=True,
        ),
    )

    def __init__(self, settings: MixpanelSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._zone = ZoneInfo(settings.project_timezone)
        self._project = {"project_id": str(settings.project_id)}
        self._cut: set[date] = set()
        self.known: Known = nothing_known

    def check(self) -> None:
        day = (self._http.now() - CHECK_AGE).date()
        self._download(day, {"limit": "1"})
        next(profile_pages(self._http, self._settings))

    def windows(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Iterator[Window]:
        if stream.name == "profiles":
            yield Window(None, None, {"read_at": until.isoformat()})
            return
        zone = self._settings.project_timezone
        read = ReadDays.of(cursor, zone)
        oldest = history_start.astimezone(self._zone).date()
        day = (until - LAG).astimezone(self._zone).date()
        while day >= oldest:
            if day not in read:
                start, end = self._midnight(day), self._midnight(day + DAY)
                # What is younger is read again by the next run.
                is_settled = until >= end + timedelta(days=self._settings.look_back_days)
                done = read.adding(day) if is_settled else read
                yield Window(start, end, done.cursor(zone), position=read.cursor(zone))
                if day not in self._cut:
                    read = done
            day -= DAY

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        try:
            yield from self._profiles() if stream.name == "profiles" else self._events(window)
        except QuotaSpent:
            raise
        except RateLimited as error:
            # Sixty an hour, by whomever: to wait for it would take longer than a run may.
            raise QuotaSpent(place=error.place, vendor_message=error.vendor_message) from error

    def _events(self, window: Window) -> Iterator[Page]:
        if window.start is None:
            raise ValueError("An export needs a day.")
        day = window.start.astimezone(self._zone).date()
        file = self._http.scratch / "events.ndjson"
        for _ in range(DOWNLOADS):
            self._download(day, {})
            if is_whole(file):
                break
        else:
            # What came is kept; the day is not taken for read.
            self._cut.add(day)
        yield from event_pages(file)
        if day in self._cut:
            yield Page([], cursor=window.position)
        file.unlink()

    def _download(self, day: date, options: dict[str, str]) -> None:
        days = {"from_date": day.isoformat(), "to_date": day.isoformat(), "time_in_ms": "true"}
        file = self._http.scratch / "events.ndjson"
        self._http.stream_to_file(EXPORT, self._project | days | options, file)

    def _profiles(self) -> Iterator[Page]:
        return whole(profile_pages(self._http, self._settings), self.known("profiles"))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)
