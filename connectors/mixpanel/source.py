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
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.contract import Connector, Cursor, Page, Stream, Window, Words
from connectors.errors import MalformedResponse, QuotaSpent, RateLimited
from connectors.http import Http
from connectors.mixpanel.days import DAY, OLDER_KEY, Progress, event_pages, is_whole
from connectors.mixpanel.profiles import profile_pages
from connectors.mixpanel.settings import LOOK_BACK_DAYS, MixpanelSettings
from connectors.whole import whole

EXPORT = "/api/2.0/export"
# Each attempt is a query of the hour's sixty.
DOWNLOADS = 2
# A load costs more than a day's query; a stopped run loses the queries of the window in flight.
DAYS_A_WINDOW = 7
# Old enough to be there, whatever the clock here says.
CHECK_AGE = timedelta(days=30)
LAG = timedelta(hours=2)


class MixpanelConnector(Connector):
    """Profiles whole; events a day a query, a week a load. The cursor names the days that are read for good."""

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
            key_version=2,
            older_key=OLDER_KEY,
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
        super().__init__(settings, http)
        self._zone = ZoneInfo(settings.project_timezone)

    def check(self) -> None:
        day = (self._http.now() - CHECK_AGE).date()
        self._download(day, {"limit": "1"}).unlink()
        next(profile_pages(self._http, self._settings))

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        read = Progress.of(cursor, self._zone.key, until)
        newest = (until - stream.lag).astimezone(self._zone).date()
        oldest = history_start.astimezone(self._zone).date()
        days = (newest - number * DAY for number in range((newest - oldest).days + 1))
        unread = [day for day in days if day not in read][:DAYS_A_WINDOW]
        if not unread:
            return None
        return Window(
            self._midnight(unread[-1]),
            self._midnight(unread[0] + DAY),
            read.cursor(),
            position={"days": [day.isoformat() for day in unread], "until": until.isoformat()},
        )

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "profiles":
            with _limit_is_quota():
                yield from whole(profile_pages(self._http, self._settings), self.known("profiles"))
            return
        position = window.position or {}
        until = datetime.fromisoformat(position["until"])
        read = Progress.of(window.cursor_after, self._zone.key, until)
        for number, day in enumerate(map(date.fromisoformat, position["days"])):
            try:
                file, is_cut = self._body(day)
            except QuotaSpent:
                if not number:
                    raise
                # The days before it are loaded first; the next window meets the quota again.
                return
            yield from event_pages(file)
            # What came of a body that was cut is kept, but the day is not taken for read. Younger days may still change.
            is_settled = not is_cut and self._midnight(day + DAY) <= until - self._settings.look_back
            read = read.having(day, is_settled)
            yield Page([], cursor=read.cursor())
            file.unlink()

    def _body(self, day: date) -> tuple[Path, bool]:
        """The day's events, and whether they end in the middle of one."""
        for _ in range(DOWNLOADS):
            file = self._download(day, {})
            if is_whole(file):
                return file, False
        return file, True

    def _download(self, day: date, options: dict[str, str]) -> Path:
        project = {"project_id": str(self._settings.project_id), "time_in_ms": "true"}
        days = {"from_date": day.isoformat(), "to_date": day.isoformat()}
        file = self._http.scratch / "events.ndjson"
        with _limit_is_quota():
            answer = self._http.stream_to_file(EXPORT, project | days | options, file)
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
