"""HubSpot CRM: companies, contacts, deals, owners, and the associations of contacts and deals with companies.

Endpoints (paths dated 2026-09): object lists for the first read and for archived rows, search for what changed, owners,
associations by batch read. Access: a service key with the scopes of `SCOPES`.
Deletes: archived rows come from the list with `archived=true`; what was purged is found by a weekly sweep over all ids; the loser of a merge is archived, and the winner names it
in `hs_merged_object_ids`. An association that vanished becomes a deleted version: nothing else tells of it.
Try it: `pops check hubspot`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import InvalidRegistry, QuotaSpent, ScopeMissing
from connectors.habits import Habits, Sign
from connectors.http import BearerAuth, Http
from connectors.hubspot.associations import associations
from connectors.hubspot.objects import MODIFIED, Objects, following
from connectors.names import crm_properties
from connectors.nearest import meant
from connectors.planning import next_span
from connectors.rows import raw_record
from connectors.settings import SourceSettings

SCOPES = {stream: f"crm.objects.{stream}.read" for stream in (*MODIFIED, "owners")}
PAGES_A_WINDOW = 50
SEARCH_WINDOW = timedelta(days=7)


class HubSpotSettings(SourceSettings):
    """Base URL `https://api.hubapi.com` (or a regional host) and the service key."""

    usual_address = "https://api.hubapi.com"
    habits = Habits(signs=(Sign(QuotaSpent, 429, at="policyName", says=("DAILY",)),))
    access_token: SecretStr
    # Search answers at most five times a second.
    requests_per_minute: int | None = 290

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.access_token)


def _objects(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    return Stream(
        name,
        holds,
        personal_data,
        key_source="CRM objects: `id` (hs_object_id) is unique among the records of an object type.",
        version="updatedAt",
        cursor=f"end of the last window of {MODIFIED[name]}; while a list is being read, the place in it",
        # Search is eventually consistent: what it does not show yet is found by the next night's look-back.
        lag=timedelta(minutes=2),
        look_back=timedelta(minutes=60),
        deletes="archived_pass",
        is_swept=True,
        **more,
    )


class HubSpotConnector(Connector):
    """An object stream is listed whole once; then each night searches what changed and lists what is archived.

    Its cursor: `modified_until`, and while a list is being read also `listing` (live, then archived) and `after`.
    Associations are asked for by the ids that raw holds, so their stream comes last.
    """

    name = "hubspot"
    title = "HubSpot"
    console = "https://app.hubspot.com"
    family = "crm"
    unread = Words(
        "Customers, plans and deals are those of the last good night: what is cut by segment or plan may be out of date.",
        "Clients, formules et affaires sont ceux de la dernière nuit réussie : ce qui est ventilé par segment ou formule peut être dépassé.",
    )
    access = "a service key with the scopes to read companies, contacts, deals and owners."
    Settings = HubSpotSettings
    reads_names = True
    streams = (
        _objects(
            "companies",
            Words(
                "Customers and prospects: plan, segment, owner, and what is paid",
                "Clients et prospects : formule, segment, responsable et montant payé",
            ),
            "properties.name",
            "properties.domain",
            "properties.hs_additional_domains",
            subject="account",
            identifies=("properties.domain", "properties.hs_additional_domains"),
        ),
        _objects(
            "contacts",
            Words("People at customers and prospects", "Personnes chez les clients et prospects"),
            "properties.email",
            "properties.hs_additional_emails",
            "properties.firstname",
            "properties.lastname",
            "properties.jobtitle",
            subject="person",
            identifies=("properties.email", "properties.hs_additional_emails"),
            belongs_to=(("properties.associatedcompanyid", "companies"),),
        ),
        _objects(
            "deals",
            Words(
                "Sales opportunities: amount, stage, and when they closed",
                "Opportunités de vente : montant, étape et date de clôture",
            ),
            "properties.dealname",
            refers=(("properties.hubspot_owner_id", "owners"),),
        ),
        Stream(
            "owners",
            Words("The colleagues who look after customers", "Les collègues qui suivent les clients"),
            ("email", "firstName", "lastName"),
            subject="person",
            identifies=("email",),
            key_source="Owners: `id` is that of the owner; `userId` is another, which several products share.",
            version="updatedAt",
            deletes="archived_pass",
        ),
        Stream(
            "associations",
            Words(
                "Which contact and which deal belongs to which company",
                "Quel contact et quelle affaire appartiennent à quelle entreprise",
            ),
            (),
            key="type and id of both ends",
            belongs_to=(("from_id", "=from_type"), ("to_id", "=to_type")),
            key_source="Associations: a pair of records is one result, whose associationTypes list all of its labels.",
            deletes="vanish",
        ),
    )

    def __init__(self, settings: HubSpotSettings, http: Http) -> None:
        super().__init__(settings, http)
        self._objects = Objects(http)

    def check(self) -> None:
        missing = []
        for stream, scope in SCOPES.items():
            path = "/crm/owners/2026-09" if stream == "owners" else f"/crm/objects/2026-09/{stream}"
            try:
                self._http.get(path, {"limit": 1})["results"]
            except ScopeMissing:
                missing.append(scope)
        if missing:
            raise ScopeMissing(remedy=f"Give the service key {', '.join(missing)}.")
        for kind, names in crm_properties(self.names).items():
            known = self._objects.properties(kind) if names else []
            for name in names:
                if name not in known:
                    # HubSpot answers without a property that it does not have, and says nothing.
                    raise InvalidRegistry(
                        f"{kind.capitalize()} have no property `{name}`.{meant(name, known)}",
                        remedy="Name it in sources.yml as HubSpot's settings have it (internal name), or leave it out.",
                    )

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        end = until - stream.lag
        position = cursor or {"modified_until": end.isoformat(), "listing": "live"}
        if "listing" in position:
            return Window(None, None, position, position)
        span = next_span(
            position, "modified_until", end, end, look_back=stream.look_back, longest=SEARCH_WINDOW
        )
        if span is None:
            return None
        archived = {"listing": "archived"} if span.stop == end else {}
        return Window(span.start, span.stop, span.cursor_after | archived)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "owners":
            return self._owners()
        if stream.name == "associations":
            return associations(self._http, self.known, self.parts[stream.name])
        if window.start is None or window.end is None:
            return self._list(stream.name, window.position or {})
        found = self._objects.modified(stream.name, window.start, window.end)
        return (Page(_raw(rows), vendor_count=count) for rows, count in found)

    def ids(self, stream: Stream) -> Iterator[str]:
        return self._objects.ids(stream.name)

    def by_id(self, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        yield _raw(self._objects.by_id(stream.name, ids, self.parts[stream.name]))

    def _list(self, kind: str, position: Cursor) -> Iterator[Page]:
        """Up to 50 pages of the live or the archived objects, from where `position` stands."""
        for _ in range(PAGES_A_WINDOW):
            archived = position["listing"] == "archived"
            rows, after = self._objects.page(kind, archived, position.get("after"))
            if after is not None:
                position = position | {"after": after}
            else:
                next_list = {} if archived else {"listing": "archived"}
                position = {"modified_until": position["modified_until"]} | next_list
            yield Page(_raw(rows), cursor=position)
            if after is None:
                return

    def _owners(self) -> Iterator[Page]:
        for archived in ("false", "true"):
            for body in self._http.paginate(
                "/crm/owners/2026-09", {"limit": 100, "archived": archived}, following
            ):
                yield Page(_raw(body["results"]))


def _raw(rows: list[dict[str, Any]]) -> list[RawRecord]:
    return [raw_record(row, "updatedAt", is_deleted=bool(row.get("archived"))) for row in rows]
