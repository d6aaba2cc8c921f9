"""PagerDuty: services, incidents, and the log of what happened to incidents.

Endpoints: `GET /services`, `/incidents`, `/incidents/{id}`, `/log_entries`.
Access: a read-only API key.
Deletes: the vendor keeps incidents for good; a service that the list no longer shows becomes a deleted version.
Limits: a list ends at offset 10,000, and one of more than six months is empty: windows are 30 days, and halved as needed.
Try it: `pops check pagerduty`.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import AnyHttpUrl, SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import StuckCursor, WindowTooLarge
from connectors.habits import Habits
from connectors.http import HeaderAuth
from connectors.planning import first_half, next_window
from connectors.rows import raw_record, value_at
from connectors.settings import SourceSettings
from connectors.whole import whole

ROWS_A_PAGE = 100
# "The sum of offset + limit may not exceed 10,000."
LAST_ROW = 10_000
LONGEST_WINDOW = timedelta(days=30)
READ_UNTIL = "read_until"
Json = dict[str, Any]


class PagerDutySettings(SourceSettings):
    """Base URL `https://api.pagerduty.com`, or `https://api.eu.pagerduty.com` (EU service region), and a read-only API key."""

    usual_address = "https://api.pagerduty.com"
    habits = Habits(headers={"Accept": "application/vnd.pagerduty+json;version=2"})
    base_url: AnyHttpUrl
    api_key: SecretStr
    # 960 a minute are allowed.
    requests_per_minute: int | None = 900

    def auth(self) -> httpx.Auth:
        return HeaderAuth("Authorization", "Token token={}", self.api_key)


class PagerDutyConnector(Connector):
    """Incidents and log entries are read by their creation, from where the cursor stands, less the look-back, to the lag.

    The vendor finds incidents by creation alone, so the last window of a run asks for those that raw holds as open by
    their ids, however old they are.
    """

    name = "pagerduty"
    title = "PagerDuty"
    console = "https://app.pagerduty.com"
    family = "delivery"
    unread = Words(
        "Incidents since then are missing, and open ones look as if they went on: failures and recoveries are out of date.",
        "Les incidents depuis lors manquent, et ceux en cours semblent durer : défaillances et rétablissements ne sont plus à jour.",
    )
    access = "a read-only API key of the account (Integrations, API Access Keys)."
    Settings = PagerDutySettings
    streams = (
        Stream(
            "services",
            Words(
                "What can fail, as the on-call tool has it",
                "Ce qui peut tomber en panne, selon l'outil d'astreinte",
            ),
            key_source="REST API: `id` is that of a service, and stands in its address.",
            personal_data=(),
            deletes="vanish",
        ),
        Stream(
            "incidents",
            Words(
                "Troubles for which somebody was called out, with their service and urgency",
                "Pannes pour lesquelles quelqu'un a été appelé, avec leur service et leur urgence",
            ),
            (
                "title",
                "description",
                "summary",
                "assignments",
                "acknowledgements",
                "last_status_change_by",
                "body",
            ),
            key_source="REST API: `id` is that of an incident, and stands in its address.",
            version="updated_at",
            cursor="up to which moment of creation incidents were read",
            lag=timedelta(minutes=5),
            look_back=timedelta(days=1),
        ),
        Stream(
            "log_entries",
            Words(
                "What happened to each trouble: called out, passed on, acknowledged, resolved",
                "Ce qui est arrivé à chaque panne : appel, transfert, prise en charge, résolution",
            ),
            ("agent", "channel", "user", "assignees", "summary", "incident.summary", "contexts"),
            key_source="REST API: `id` is that of a log entry, and stands in its address.",
            version="created_at",
            cursor="up to which moment log entries were read",
            happened="created_at",
            lag=timedelta(minutes=5),
            look_back=timedelta(hours=1),
            is_event=True,
        ),
    )

    def check(self) -> None:
        for name in ("services", "incidents", "log_entries"):
            self._http.get(f"/{name}", {"limit": 1})[name]

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        return next_window(
            cursor,
            READ_UNTIL,
            until - stream.lag,
            history_start,
            look_back=stream.look_back,
            longest=LONGEST_WINDOW,
        )

    def shortened(self, window: Window) -> Window | None:
        return first_half(window, READ_UNTIL)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.is_whole:
            yield from whole(self._listed(stream, {}), self.known(stream.name))
            return
        query: Json = {"since": _utc(window.start), "until": _utc(window.end)}
        if stream.name == "log_entries":
            query |= {"is_overview": "true"}
        else:
            query |= {
                "statuses[]": ["triggered", "acknowledged", "resolved"],
                "sort_by": "created_at:asc",
                "time_zone": "UTC",
            }
        shown: set[str] = set()
        for records in self._listed(stream, query):
            shown.update(each.record_id for each in records)
            yield Page(records)
        is_last = window.cursor_after[READ_UNTIL] == window.cursor_after["toward"]
        if stream.name == "incidents" and is_last:
            yield from self._still_open(shown)

    def _still_open(self, shown: set[str]) -> Iterator[Page]:
        """Incidents that raw holds as not resolved, as they are now, less those that were just shown."""
        for held in list(self.known("incidents")):
            if held.record_id in shown or value_at(json.loads(held.record), "status") == "resolved":
                continue
            with self.parts["incidents"].reading(f"incident {held.record_id}"):
                body = self._http.get(f"/incidents/{held.record_id}")
                yield Page([raw_record(body["incident"], "updated_at")])

    def _listed(self, stream: Stream, query: Json) -> Iterator[list[RawRecord]]:
        """Pages of a list. Raises WindowTooLarge when it goes on where the vendor stops."""

        def following(body: Json) -> Json | None:
            if not body["more"]:
                return None
            if not body[stream.name]:
                raise StuckCursor(place=f"GET /{stream.name}")
            # By what came, so that nothing is jumped over where a page is shorter than it says.
            offset = body["offset"] + len(body[stream.name])
            if offset + ROWS_A_PAGE > LAST_ROW:
                raise WindowTooLarge(f"The list goes on after {LAST_ROW:,} rows, where the vendor stops.")
            return {"offset": offset}

        first = query | {"limit": ROWS_A_PAGE, "offset": 0}
        version = stream.version if stream.cursor else ""
        for body in self._http.paginate(f"/{stream.name}", first, following):
            yield [raw_record(row, version) for row in body[stream.name]]


def _utc(moment: datetime | None) -> str:
    """With its zone: without one the vendor would take it for the account's own."""
    assert moment is not None
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
