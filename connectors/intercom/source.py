"""Intercom: conversations with their parts and rating, contacts, companies, admins. API version 2.16.

Endpoints: search of conversations and contacts by `updated_at`, each changed conversation with its parts, the list of
deleted conversations, the companies' scroll, admins. Access: the token of a private app, see `WHAT_IS_READ`.
Deletes: the vendor lists the conversations that were deleted; a company or an admin vanishes from its whole reading;
a contact that was deleted or merged away is told of by nothing: a weekly sweep over all ids finds it.
Try it: `pops check intercom`.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import MalformedResponse, NotFound, ScopeMissing, StuckCursor, WindowTooLarge
from connectors.http import BearerAuth, Http
from connectors.intercom.scroll import companies
from connectors.planning import first_half, next_span
from connectors.rows import listed_ids, raw_record
from connectors.settings import SourceSettings
from connectors.whole import whole

Json = dict[str, Any]

API_VERSION = "2.16"
FIRST_DAY = datetime(2011, 1, 1, tzinfo=UTC)
ROWS_A_PAGE, DELETED_A_PAGE = 150, 60
# A window with more of them is split: what a killed run reads again, and what one load holds, stay small.
MOST_A_WINDOW = 1500
# Search compares whole days of the workspace's time zone: a day more on both sides, and the rest is left out here.
DAY = timedelta(days=1)
WORKSPACE_ID = "REST API: `id` is unique among all of its kind in the workspace; company_id and external_id are the customer's own."
WHAT_IS_READ = {
    "conversations": "Read conversations",
    "contacts": "Read and list users and companies",
    "admins": "Read admins",
}


class _Auth(BearerAuth):
    """The token, and the version whose answers we understand; without it the app's own default would answer."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Intercom-Version"] = API_VERSION
        yield from super().auth_flow(request)


class IntercomSettings(SourceSettings):
    """Base URL `https://api.intercom.io` (or `api.eu.`, `api.au.`) and an access token."""

    usual_address = "https://api.intercom.io"
    access_token: SecretStr
    # An app may send 10,000 a minute; others share the workspace's limit.
    requests_per_minute: int | None = 1000
    # Each conversation that changed is a request: the first reading of a large workspace takes several nights.
    requests_per_run: int | None = 30_000

    def auth(self) -> httpx.Auth:
        return _Auth(self.access_token)


def _stream(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    options: dict[str, Any] = {
        "key_source": WORKSPACE_ID,
        "version": "updated_at",
        "cursor": "end of the last window of updated_at",
        # Search is eventually consistent: what it does not show yet is found by the next night's look-back.
        "lag": timedelta(minutes=2),
        "look_back": timedelta(hours=1),
    }
    return Stream(name, holds, personal_data, **options | more)


class IntercomConnector(Connector):
    """Searched streams go on from `updated_until`; the others are read whole. All times are epoch seconds."""

    name = "intercom"
    title = "Intercom"
    console = "https://app.intercom.com"
    family = "support"
    unread = Words(
        "Conversations since then are missing, and open ones look as old as the last good night: support numbers are too low.",
        "Les conversations depuis lors manquent, et celles en cours sont figées à la dernière nuit réussie : les chiffres du support sont trop bas.",
    )
    access = f"an access token of a private app with the permissions {', '.join(WHAT_IS_READ.values())}."
    Settings = IntercomSettings
    # A search takes at most 15 filters.
    ids_at_once = 15
    streams = (
        _stream(
            "conversations",
            Words(
                "Conversations with people who ask for help, their parts and rating",
                "Conversations avec les personnes qui demandent de l'aide, leurs messages et leur note",
            ),
            "title",
            "source",
            "contacts",
            "company",
            "conversation_parts",
            "conversation_rating.remark",
            "custom_attributes",
            belongs_to=(
                ("source.author.id", "contacts"),
                ("contacts.contacts[].id", "contacts"),
                ("company.id", "companies"),
            ),
            refers=(
                ("conversation_parts.conversation_parts[].author.id", "contacts"),
                ("conversation_parts.conversation_parts[].author.id", "admins"),
                ("source.author.id", "admins"),
                ("admin_assignee_id", "admins"),
                ("teammates.teammates[].id", "admins"),
            ),
            deletes="archived_pass",
        ),
        _stream(
            "contacts",
            Words("People who ask for help, and visitors", "Personnes qui demandent de l'aide, et visiteurs"),
            "name",
            "email",
            "phone",
            "avatar",
            "location",
            "custom_attributes",
            subject="person",
            identifies=("email", "external_id"),
            belongs_to=(("companies.data[].id", "companies"),),
            is_swept=True,
        ),
        Stream(
            "companies",
            Words(
                "The customers to which the people who ask for help belong",
                "Les clients auxquels appartiennent les personnes qui demandent de l'aide",
            ),
            ("name", "website", "custom_attributes"),
            subject="account",
            identifies=("company_id", "website"),
            key_source=WORKSPACE_ID,
            version="updated_at",
            deletes="vanish",
        ),
        Stream(
            "admins",
            Words("The colleagues who answer", "Les collègues qui répondent"),
            ("name", "email", "avatar"),
            subject="person",
            identifies=("email",),
            key_source=WORKSPACE_ID,
            deletes="vanish",
        ),
    )

    def __init__(self, settings: IntercomSettings, http: Http) -> None:
        super().__init__(settings, http)

    def check(self) -> None:
        if self._http.get("/me")["type"] != "admin":
            raise MalformedResponse(place="GET /me")
        missing = []
        for stream, permission in WHAT_IS_READ.items():
            try:
                if stream == "admins":
                    self._http.get("/admins")
                else:
                    self._found(stream, _between(FIRST_DAY, FIRST_DAY + DAY), {"per_page": 1})
            except ScopeMissing:
                missing.append(permission)
        if missing:
            raise ScopeMissing(remedy=f"Give the private app the permission {', '.join(missing)}.")

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        end = (until - stream.lag).replace(microsecond=0)
        span = next_span(cursor, "read_until", end, FIRST_DAY, look_back=stream.look_back)
        if span is not None:
            return Window(*span, position={"left_out": (cursor or {}).get("left_out", [])})
        if stream.name == "conversations" and (cursor or {}).get("deleted_until") != end.isoformat():
            return Window(None, end, {**(cursor or {}), "deleted_until": end.isoformat()})
        return None

    def shortened(self, window: Window) -> Window | None:
        return first_half(window, "read_until")

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "companies":
            return whole(companies(self._http), self.known("companies"))
        if stream.name == "admins":
            admins = self._http.get("/admins")["admins"]
            return whole([[raw_record(row, "updated_at") for row in admins]], self.known("admins"))
        if window.start is None or window.end is None:
            return self._deleted()
        pages = self._changed(stream.name, window.start, window.end)
        return self._with_left_out(window, pages) if stream.name == "conversations" else pages

    def _with_left_out(self, window: Window, pages: Iterator[Page]) -> Iterator[Page]:
        """Also the conversations that earlier runs were refused; those of now are in the cursor, for the next run."""
        parts = self.parts["conversations"]
        yield from pages
        # The list is shown: what is refused of a conversation is its own.
        parts.is_any_read = True
        waiting = [{"id": each} for each in (window.position or {})["left_out"] if each not in parts.refused]
        found = [each for row in waiting if (each := self._with_parts(row)) is not None]
        left_out = {"left_out": sorted(parts.refused)} if parts.refused else {}
        yield Page([raw_record(row, "updated_at") for row in found], cursor=window.cursor_after | left_out)

    def _changed(self, stream: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was updated from `start` to before `end`. Raises WindowTooLarge when that is too much for one load."""
        for number, body in enumerate(self._pages(stream, _between(start, end))):
            if not number and body["total_count"] > MOST_A_WINDOW and end - start > DAY:
                raise WindowTooLarge(place=f"POST /{stream}/search")
            rows: list[Json] = body["conversations" if stream == "conversations" else "data"]
            found = [row for row in rows if start.timestamp() <= _updated(row, start) < end.timestamp()]
            if stream == "conversations":
                found = [each for row in found if (each := self._with_parts(row)) is not None]
            yield Page([raw_record(row, "updated_at") for row in found])

    def ids(self, stream: Stream) -> Iterator[str]:
        since = {"field": "created_at", "operator": ">", "value": int(FIRST_DAY.timestamp())}
        for body in self._pages(stream.name, since):
            yield from listed_ids(body["data"])

    def by_id(self, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        rules = [{"field": "id", "operator": "=", "value": each} for each in ids]
        for body in self._pages(stream.name, {"operator": "OR", "value": rules}):
            yield [raw_record(row, "updated_at") for row in body["data"]]

    def _pages(self, stream: str, query: Json) -> Iterator[Json]:
        """The answers to a search, to its last page."""
        pagination: Json = {"per_page": ROWS_A_PAGE}
        asked: set[str] = set()
        while True:
            body = self._found(stream, query, pagination)
            yield body
            after = ((body.get("pages") or {}).get("next") or {}).get("starting_after")
            if after is None:
                return
            if after in asked:
                raise StuckCursor(place=f"POST /{stream}/search")
            asked.add(after)
            pagination = {"per_page": ROWS_A_PAGE, "starting_after": after}

    def _found(self, stream: str, query: Json, pagination: Json) -> Any:
        return self._http.post(f"/{stream}/search", {"query": query, "pagination": pagination})

    def _with_parts(self, found: dict[str, Any]) -> dict[str, Any] | None:
        if not found.get("id"):
            return found
        conversation: dict[str, Any] | None = None
        # One that was deleted since the search is not found: the list of deleted conversations has it.
        with self.parts["conversations"].reading(str(found["id"])), suppress(NotFound):
            conversation = self._http.get(f"/conversations/{found['id']}")
        return conversation

    def _deleted(self) -> Iterator[Page]:
        """All that were ever deleted, whether raw holds them or not: the order of the list is not to be relied on."""
        number = 1
        while True:
            body = self._http.get("/conversations/deleted", {"per_page": DELETED_A_PAGE, "page": number})
            rows = body["conversations"]
            yield Page([raw_record(row, "deleted_at", is_deleted=True) for row in rows])
            if number >= body["pages"]["total_pages"]:
                return
            number += 1


def _between(start: datetime, end: datetime) -> Json:
    """The query for what was updated from `start` to before `end`, and a day more on both sides."""
    bounds = ((">", start - DAY), ("<", end + DAY))
    rules = [
        {"field": "updated_at", "operator": operator, "value": max(0, int(moment.timestamp()))}
        for operator, moment in bounds
    ]
    return {"operator": "AND", "value": rules}


def _updated(row: dict[str, Any], otherwise: datetime) -> float:
    """When a row was updated; one that does not say is taken along."""
    moment = row.get("updated_at")
    return moment if isinstance(moment, int) else otherwise.timestamp()
