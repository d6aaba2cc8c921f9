"""Mixpanel: every event by the day on which it happened, and the profiles of who sent them.

Endpoints: `GET /api/2.0/export` on the data host (one line of JSON an event), `POST /api/query/engage` on the query host.
Access: a service account with the role Consumer in the project. The base URL is the data host: `https://data.mixpanel.com`,
`https://data-eu.mixpanel.com` or `https://data-in.mixpanel.com`.
The vendor allows 60 queries an hour: a run has a budget and reads the days that may still change first, newest first, then
older ones back to where history starts; the next run goes on where the budget ended. A query reads as many days as its
answers were small, a day at least.
Deletes: events never; a profile that a complete reading does not show is deleted.
Try it: `pops check mixpanel`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.contract import Connector, Cursor, Page, Stream, Window, Words
from connectors.errors import MalformedResponse, QuotaSpent, RateLimited, WindowTooLarge
from connectors.habits import Sign, meaning
from connectors.http import Http
from connectors.mixpanel.days import DAY, OLDER_KEY, Progress, event_pages, is_whole
from connectors.mixpanel.profiles import profile_pages
from connectors.mixpanel.settings import LOOK_BACK_DAYS, MixpanelSettings
from connectors.whole import whole

EXPORT = "/api/2.0/export"
# Of a body that is cut. Each attempt is a query of the hour's sixty.
DOWNLOADS = 2
# The answers to a query of more days than the vendor bears.
TOO_MUCH = meaning(WindowTooLarge, 413, 504)
# Old enough to be there, whatever the clock here says.
CHECK_AGE = timedelta(days=30)
LAG = timedelta(hours=2)


class MixpanelConnector(Connector):
    """Profiles whole; events some days a query, a query a load. The cursor names the days that are read for good."""

    name = "mixpanel"
    title = "Mixpanel"
    console = "https://mixpanel.com/project"
    family = "product_analytics"
    unread = Words(
        "Use of the products since then is missing: adoption, funnels and active people are those of the last good night.",
        "L'usage des produits depuis lors manque : adoption, entonnoirs et personnes actives sont ceux de la dernière nuit réussie.",
    )
    access = "A service account with the role Consumer in the project, and the project's number."
    Settings = MixpanelSettings
    streams = (
        # First, because they are few queries, and without their addresses nobody is matched with another tool.
        Stream(
            "profiles",
            Words(
                "The people that Mixpanel knows, with the properties that it keeps of them",
                "Les personnes que Mixpanel connaît, avec les propriétés qu'il en garde",
            ),
            ("$distinct_id", "$properties"),
            subject="person",
            identifies=("$distinct_id", "$properties.$email"),
            key="$distinct_id",
            key_source="Query Profiles: `$distinct_id` names a profile of the project.",
            deletes="vanish",
        ),
        Stream(
            "events",
            Words(
                "What people did in the products: one event an action, with the person, the time and the properties",
                "Ce que les gens ont fait dans les produits : un événement par action, avec la personne, le moment et les propriétés",
            ),
            key="hash of event, distinct_id, time and $insert_id; of the whole line where one of them is missing",
            key_source="Event Deduplication: two events are one if event, distinct_id, time and $insert_id are identical; "
            "one that came without $insert_id is never deduplicated.",
            key_version=3,
            older_key=OLDER_KEY,
            version="mp_processing_time_ms",
            cursor="the days that are read for good, as stretches, the time zone they are counted in, and how many days a query takes",
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
            identifies=("properties.$user_id", "properties.distinct_id", "properties.$device_id"),
            happened="properties.time",
            is_event=True,
        ),
    )

    def __init__(self, settings: MixpanelSettings, http: Http) -> None:
        self._settings = settings
        super().__init__(settings, http)
        self._zone = ZoneInfo(settings.project_timezone)

    def check(self) -> None:
        day = (self._http.now() - CHECK_AGE).date()
        self._download(day, day, {"limit": "1"}).unlink()
        next(profile_pages(self._http, self._settings, self.name))

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        read = Progress.of(cursor, self._zone.key, until)
        newest = (until - stream.lag).astimezone(self._zone).date()
        oldest = history_start.astimezone(self._zone).date()
        days = read.next_days(newest, oldest)
        return None if days is None else self._window(read, *days)

    def shortened(self, window: Window) -> Window | None:
        """The younger half of the days, after which the queries stay as short."""
        first, last, read = self._planned(window)
        days = (last - first).days + 1
        if days == 1:
            return None
        return self._window(replace(read, at_once=days // 2), last - (days // 2 - 1) * DAY, last)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "profiles":
            with _limit_is_quota():
                yield from whole(profile_pages(self._http, self._settings, self.name), self.known("profiles"))
            return
        first, last, read = self._planned(window)
        days = [first + number * DAY for number in range((last - first).days + 1)]
        file, is_cut = self._body(first, last)
        read = read.sized(len(days), file.stat().st_size)
        yield from event_pages(file)
        for day in days:
            # What came of a body that was cut is kept, but the day is not taken for read. Younger days may still change.
            is_settled = not is_cut and self._midnight(day + DAY) <= read.until - self._settings.look_back
            read = read.having(day, is_settled)
        yield Page([], cursor=read.cursor())
        file.unlink()

    def _window(self, read: Progress, first: date, last: date) -> Window:
        position = {"first": first.isoformat(), "last": last.isoformat(), "until": read.until.isoformat()}
        return Window(self._midnight(first), self._midnight(last + DAY), read.cursor(), position)

    def _planned(self, window: Window) -> tuple[date, date, Progress]:
        """First and last day of a window, and what is read before it."""
        position = window.position or {}
        until = datetime.fromisoformat(position["until"])
        read = Progress.of(window.cursor_after, self._zone.key, until)
        return date.fromisoformat(position["first"]), date.fromisoformat(position["last"]), read

    def _body(self, first: date, last: date) -> tuple[Path, bool]:
        """The events of some days, and whether they end in the middle of one. Raises WindowTooLarge for more than one day."""
        if first < last:
            file = self._download(first, last, {}, TOO_MUCH)
            if not is_whole(file):
                raise WindowTooLarge("The vendor's answer ends in the middle of an event.")
            return file, False
        for _ in range(DOWNLOADS):
            file = self._download(first, last, {})
            if is_whole(file):
                return file, False
        return file, True

    def _download(
        self, first: date, last: date, options: dict[str, str], signs: tuple[Sign, ...] = ()
    ) -> Path:
        project = {"project_id": str(self._settings.project_id), "time_in_ms": "true"}
        days = {"from_date": first.isoformat(), "to_date": last.isoformat()}
        file = self._http.scratch / "events.ndjson"
        with _limit_is_quota():
            answer = self._http.stream_to_file(EXPORT, project | days | options, file, signs=signs)
        if answer.headers.get("content-type", "").startswith("application/json"):
            raise MalformedResponse(
                "One piece of JSON came instead of lines of events.", place=f"GET {EXPORT}"
            )
        return file

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)


@contextmanager
def _limit_is_quota() -> Iterator[None]:
    """Sixty queries an hour, whoever asked them: to wait for the hour's end takes longer than a run may."""
    try:
        yield
    except QuotaSpent:
        raise
    except RateLimited as error:
        raise QuotaSpent(place=error.place, vendor_message=error.vendor_message) from error
