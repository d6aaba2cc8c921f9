"""Amplitude Export API: every event, by the hour in which it was uploaded.

Endpoint: `GET /api/2/export?start=YYYYMMDDTHH&end=...`, both hours inclusive, UTC. Access: API key and secret key of the
project (Basic). The base URL is `https://amplitude.com`, or `https://analytics.eu.amplitude.com` for EU projects.
The hours are hours of upload: an event may have happened long before. An hour is complete two hours after its end.
The answer is a zip of gzipped NDJSON files; 404 says that there are no events; 400 and 504 ask for a shorter window.
Deletes: none. What a privacy request deletes at the vendor must be deleted here too.
Try it: `pops check amplitude`.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr

from connectors.amplitude.archive import event_pages, sound_archive
from connectors.contract import Connector, Cursor, Page, Stream, Window, Words
from connectors.errors import MalformedResponse, NotFound, WindowTooLarge
from connectors.habits import meaning
from connectors.http import BasicAuth, Http
from connectors.planning import first_half, next_window
from connectors.settings import SourceSettings

HOUR = timedelta(hours=1)
BACKFILL_WINDOW = timedelta(days=7)
# Over 4 GB, or not ready within the gateway's time.
TOO_LARGE = meaning(WindowTooLarge, 400, 504)
DOWNLOADS = 3
EXPORT = "/api/2/export"
# Old enough to be complete, whatever the clock here says.
CHECK_AGE = timedelta(days=3)


class AmplitudeSettings(SourceSettings):
    """Base URL, API key and secret key of the project."""

    usual_address = "https://amplitude.com"
    api_key: SecretStr
    secret_key: SecretStr
    requests_per_minute: int | None = 60

    def auth(self) -> httpx.Auth:
        return BasicAuth(self.api_key.get_secret_value(), self.secret_key)


class AmplitudeConnector(Connector):
    """Windows of whole hours: a week each while the history is read, then what is new, with three hours read again."""

    name = "amplitude"
    title = "Amplitude"
    console = "https://app.amplitude.com"
    family = "product_analytics"
    unread = Words(
        "Use of the products since then is missing: adoption, funnels and active people are those of the last good night.",
        "L'usage des produits depuis lors manque : adoption, entonnoirs et personnes actives sont ceux de la dernière nuit réussie.",
    )
    access = "API key and secret key of the project, on a plan that includes the Export API."
    Settings = AmplitudeSettings
    streams = (
        Stream(
            "events",
            Words(
                "What people did in the products: one event an action, with the person, the time and the properties",
                "Ce que les gens ont fait dans les produits : un événement par action, avec la personne, le moment et les propriétés",
            ),
            key="uuid",
            key_source="Export API: `uuid` is that of one ingested event; copies of an event, by device_id and $insert_id, have "
            "each their own.",
            version="processed_time",
            cursor="end of the last upload hour read",
            lag=timedelta(hours=2),
            look_back=timedelta(hours=3),
            deletes="none",
            personal_data=(
                "user_id",
                "device_id",
                "ip_address",
                "city",
                "location_lat",
                "location_lng",
                "user_properties",
            ),
            identifies=("user_id", "device_id"),
            happened="event_time",
            is_event=True,
        ),
    )

    def __init__(self, settings: AmplitudeSettings, http: Http) -> None:
        super().__init__(settings, http)

    def check(self) -> None:
        hour = self._http.now() - CHECK_AGE
        with suppress(NotFound, WindowTooLarge):
            self._download(Window(hour, hour + HOUR, {})).unlink(missing_ok=True)

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        return next_window(
            cursor,
            "uploaded_until",
            _whole_hour(until - stream.lag),
            _whole_hour(history_start),
            look_back=stream.look_back,
            longest=BACKFILL_WINDOW,
        )

    def shortened(self, window: Window) -> Window | None:
        return first_half(window, "uploaded_until", HOUR)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        try:
            archive = self._download(window)
        except NotFound:
            return
        yield from event_pages(archive)
        archive.unlink()

    def _download(self, window: Window) -> Path:
        """The zip of a window, proven whole. Raises NotFound when the window has no events."""
        start, end = _bounds(window)
        archive = self._http.scratch / "export.zip"
        params = {"start": f"{start:%Y%m%dT%H}", "end": f"{end - HOUR:%Y%m%dT%H}"}
        for attempt in range(1, DOWNLOADS + 1):
            self._http.stream_to_file(EXPORT, params, archive, signs=TOO_LARGE)
            try:
                sound_archive(archive)
                break
            except MalformedResponse:
                if attempt == DOWNLOADS:
                    raise
        return archive


def _bounds(window: Window) -> tuple[datetime, datetime]:
    if window.start is None or window.end is None:
        raise ValueError("An export needs a window of hours.")
    return window.start, window.end


def _whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
