"""Zendesk Support: tickets with their metric sets, ticket events, audits, metric events, users, organizations, ratings.

Endpoints: the incremental exports (by cursor: tickets, users; by time: ticket events, ticket metric events,
organizations) and the legacy satisfaction ratings. Metric events and ratings are optional streams: a plan without them
answers 403. Tickets that are older than the history of events have their audits read, ticket by ticket.
Access: an OAuth client (client credentials, scope `read`) that acts for an admin, as incremental exports demand.
Deletes: a ticket gets the status `deleted`, a user `active: false`, an organization a `deleted_at`.
Try it: `pops check zendesk`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import ScopeMissing, StuckCursor
from connectors.http import ClientCredentials, Http
from connectors.rows import raw_record
from connectors.settings import SourceSettings
from connectors.zendesk.audits import older_histories, tickets_of
from connectors.zendesk.exports import EXPORTS, rows_of

PAGES_A_WINDOW = 50
# The vendor holds back what changed within a minute of the request.
VENDOR_DELAY = timedelta(minutes=1)
# A rating can change until its ticket closes, which is at most 28 days after it was solved.
RATING_LOOK_BACK = timedelta(days=30)
NEVER = "1970-01-01T00:00:00+00:00"


class ZendeskSettings(SourceSettings):
    """Base URL `https://<subdomain>.zendesk.com` and the OAuth client of an admin."""

    client_id: str
    client_secret: SecretStr
    # The limit of the incremental exports.
    requests_per_minute: int | None = 10

    def auth(self) -> httpx.Auth:
        return ClientCredentials(
            f"{self.root}/oauth/tokens", self.client_id, self.client_secret, scope="read"
        )


OF_TICKET = (("ticket_id", "tickets"),)


def _written_by(events: str) -> tuple[tuple[str, str], ...]:
    """Whom the events of a ticket name."""
    people = tuple((f"{events}[].{name}", "users") for name in ("author_id", "requester_id", "assignee_id"))
    return (("updater_id", "users"), *people, (f"{events}[].organization_id", "organizations"))


def _stream(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    options: dict[str, Any] = {
        "key_source": "JSON format of each resource: `id` is assigned automatically and unique in the account.",
        "version": "updated_at",
        "deletes": "flag",
    }
    cursor = "where the vendor's export stands: its after_cursor, or its end_time"
    return Stream(name, holds, personal_data, cursor=cursor, lag=VENDOR_DELAY, **options | more)


class ZendeskConnector(Connector):
    """Every stream goes on from a position, which is the vendor's own request parameter: cursor or start_time.

    A window is at most 50 pages from there. Nothing is filtered by `updated_at`: the vendor goes by the moment a row
    was generated, so a ticket that the system closed comes with an older one.
    """

    name = "zendesk"
    title = "Zendesk"
    console = "https://www.zendesk.com/login"
    family = "support"
    unread = Words(
        "Requests for help since then are missing, and open ones look as old as the last good night: support numbers are too low.",
        "Les demandes d'aide depuis lors manquent, et celles en cours sont figées à la dernière nuit réussie : les chiffres du support sont trop bas.",
    )
    access = "an OAuth client with the scope read that acts for an admin, as incremental exports demand."
    Settings = ZendeskSettings
    streams = (
        _stream(
            "tickets",
            Words(
                "Requests for help: status, priority, tags, who asked, how fast they were answered",
                "Demandes d'aide : statut, priorité, étiquettes, demandeur, rapidité de réponse",
            ),
            "subject",
            "description",
            "via.source",
            "custom_fields",
            belongs_to=(("requester_id", "users"), ("organization_id", "organizations")),
            refers=tuple(
                (path, "users")
                for path in (
                    "submitter_id",
                    "assignee_id",
                    "collaborator_ids[]",
                    "follower_ids[]",
                    "email_cc_ids[]",
                )
            ),
            version="generated_timestamp",
        ),
        _stream(
            "ticket_events",
            Words(
                "Everything that happened to a request for help: replies, changes of status, assignments",
                "Tout ce qui est arrivé à une demande d'aide : réponses, changements de statut, affectations",
            ),
            "via",
            "system",
            "child_events",
            belongs_to=OF_TICKET,
            refers=_written_by("child_events"),
            happened="timestamp",
            version="timestamp",
            deletes="none",
            is_event=True,
        ),
        _stream(
            "ticket_audits",
            Words(
                "What had happened to requests for help that were open when the history of events begins",
                "Ce qui était arrivé aux demandes d'aide ouvertes quand l'historique des événements commence",
            ),
            "via",
            "metadata",
            "events",
            belongs_to=OF_TICKET,
            refers=(("author_id", "users"), *_written_by("events")),
            version="created_at",
            deletes="none",
        ),
        _stream(
            "ticket_metric_events",
            Words(
                "When the clocks of a request for help ran, and whether what was promised for them was kept",
                "Quand les délais d'une demande d'aide ont couru, et si ce qui était promis a été tenu",
            ),
            belongs_to=OF_TICKET,
            happened="time",
            version="time",
            deletes="none",
            is_event=True,
            optional=True,
        ),
        _stream(
            "users",
            Words(
                "People who ask for help, and the agents who answer",
                "Personnes qui demandent de l'aide, et agents qui répondent",
            ),
            "name",
            "email",
            "phone",
            "photo",
            "details",
            "notes",
            "signature",
            "user_fields",
            subject="person",
            identifies=("email", "external_id"),
            belongs_to=(("organization_id", "organizations"),),
        ),
        _stream(
            "organizations",
            Words(
                "The customers to which the people who ask for help belong",
                "Les clients auxquels appartiennent les personnes qui demandent de l'aide",
            ),
            "name",
            "details",
            "notes",
            subject="account",
            identifies=("external_id", "domain_names[]"),
        ),
        _stream(
            "satisfaction_ratings",
            Words(
                "How satisfied people were with the help they got",
                "La satisfaction des personnes quant à l'aide reçue",
            ),
            "comment",
            belongs_to=(*OF_TICKET, ("requester_id", "users")),
            refers=(("assignee_id", "users"),),
            deletes="none",
            look_back=RATING_LOOK_BACK,
            optional=True,
        ),
    )

    def __init__(self, settings: ZendeskSettings, http: Http) -> None:
        super().__init__(settings, http)

    def check(self) -> None:
        if self._http.get("/api/v2/users/me")["user"]["role"] != "admin":
            raise ScopeMissing("The OAuth client acts for somebody who is no admin.")

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        since = int(history_start.timestamp())
        position = cursor or {"start_time": since if stream.is_event else 0}
        if stream.name == "ticket_audits" and cursor is None:
            created_before = history_start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            position = {"start_time": since, "created_before": created_before}
        if stream.name == "satisfaction_ratings":
            return _rated(stream, position, int((until - stream.lag).timestamp()))
        if datetime.fromisoformat(position.get("read_until", NEVER)) >= until:
            return None
        position = {name: value for name, value in position.items() if name != "read_until"}
        return Window(None, until, position, position)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "ticket_audits":
            held = tickets_of(iter(self.known(stream.name)))
            yield from older_histories(self._http, window, held, stream.version, self.parts[stream.name])
            return
        export = EXPORTS[stream.name]
        position, previous = window.position or {}, set[RawRecord]()
        for _ in range(PAGES_A_WINDOW):
            body = self._http.get(export.path, {**export.params, **position})
            records = [
                raw_record(row, stream.version, is_deleted=export.is_deleted(row))
                for row in rows_of(stream.name, body)
            ]
            reached, ended = export.next_position(body, position)
            if reached == position and not ended:
                raise StuckCursor(place=f"GET {export.path}")
            is_read = {"read_until": window.end.isoformat()} if ended and window.end is not None else {}
            # Time-based exports begin again at the second where the last page ended.
            yield Page([record for record in records if record not in previous], cursor=reached | is_read)
            if ended:
                return
            position, previous = reached, set(records)


def _rated(stream: Stream, position: Cursor, end: int) -> Window | None:
    """Ratings are listed from a start_time to an end_time; a list that a killed night began is ended first."""
    if "end_time" not in position:
        if position["start_time"] >= end:
            return None
        start = position["start_time"] - int(stream.look_back.total_seconds())
        position = {"start_time": max(0, start), "end_time": end}
    return Window(None, None, position, position)
