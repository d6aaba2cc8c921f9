"""Salesforce: accounts, contacts, opportunities and their history, leads, users.

Endpoints (one version, `objects.API`): SOQL by `queryAll`, from 2,000 rows on a Bulk API 2.0 query job; `describe`.
Access: an External Client App with the client-credentials flow, whose user may only read.
Deletes: `queryAll` shows the recycle bin: IsDeleted, and for the loser of a merge MasterRecordId. What was purged from
the bin is found by a weekly sweep over all ids. Opportunity history keeps no moment of deletion; users are never deleted.
Try it: `pops check salesforce`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import MalformedResponse, QuotaSpent
from connectors.habits import Habits, Sign
from connectors.http import ClientCredentials, Http
from connectors.names import crm_properties
from connectors.rows import listed_ids
from connectors.salesforce.bulk import run_job
from connectors.salesforce.objects import API, OBJECTS, Fields, SObject, moment_text, raw_record
from connectors.settings import SourceSettings, prefix

BULK_FROM_ROWS = 2_000
# A longer query does not fit the address of a GET.
LONGEST_REST_QUERY = 12_000
ROWS_A_WINDOW = 50_000
_OF_CRM = {"accounts": "companies", "contacts": "contacts", "opportunities": "deals"}
BEGINNING = "1970-01-01T00:00:00Z"


class SalesforceSettings(SourceSettings):
    """Base URL `https://<my domain>.my.salesforce.com` and the consumer key and secret of the External Client App.

    `fields_done_without`: fields that the mart would read but the credentials may not, such as `Opportunity.Type`,
    separated by commas.
    """

    habits = Habits(signs=(Sign(QuotaSpent, 403, at="[].errorCode", says=("REQUEST_LIMIT_EXCEEDED",)),))
    client_id: str
    client_secret: SecretStr
    fields_done_without: str = ""
    # A small part of the requests that an organisation has in 24 hours, which it shares with its other tools.
    requests_per_run: int | None = 5_000

    def auth(self) -> httpx.Auth:
        token_url = f"{self.root}/services/oauth2/token"
        return ClientCredentials(token_url, self.client_id, self.client_secret, as_form=True)


def _stream(name: str, kind: SObject) -> Stream:
    # A user can be deactivated, and not deleted; stage history goes with its opportunity.
    is_deletable = kind.stamp == "SystemModstamp" and "IsDeleted" in kind.needed
    return Stream(
        name,
        kind.holds,
        kind.personal,
        key="Id",
        key_source="Object Reference: the 18 characters of `Id` are unique in the organisation, whatever the object.",
        version=kind.stamp,
        cursor=f"end of the last window of {kind.stamp}; while one is being read, its last record's stamp and Id",
        # A transaction can commit minutes after the stamp it gave.
        lag=timedelta(minutes=5),
        look_back=timedelta(minutes=30),
        deletes="flag" if is_deletable else "none",
        optional=kind.optional,
        is_swept=is_deletable,
        subject=kind.subject,
        identifies=kind.identifies,
        belongs_to=kind.belongs_to,
        refers=kind.refers,
    )


class SalesforceConnector(Connector):
    """Each stream is read by its stamp and, where records share one, by Id, at most 50,000 records a window.

    Its cursor: `modified_until`, and while the records up to there are being read also `at` and `id` of the last one.
    """

    name = "salesforce"
    title = "Salesforce"
    console = "https://login.salesforce.com"
    family = "crm"
    unread = Words(
        "Customers, plans and opportunities are those of the last good night: what is cut by segment or plan may be out of date.",
        "Clients, formules et opportunités sont ceux de la dernière nuit réussie : ce qui est ventilé par segment ou formule peut être dépassé.",
    )
    access = (
        "an External Client App with the scope api and the client-credentials flow, run by an integration user who may "
        "read (API Enabled, View All) Account, Contact, Opportunity, Lead and User."
    )
    Settings = SalesforceSettings
    reads_names = True
    streams = tuple(_stream(name, kind) for name, kind in OBJECTS.items())

    def __init__(self, settings: SalesforceSettings, http: Http) -> None:
        super().__init__(settings, http)
        names = (name.strip() for name in settings.fields_done_without.split(","))
        self._fields = Fields(http, frozenset(names), f"{prefix(self.name)}FIELDS_DONE_WITHOUT")

    def check(self) -> None:
        self._http.get(f"{API}/limits")
        for stream in self.streams:
            if not stream.optional:
                self._types(stream)

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        end = (until - stream.lag).replace(microsecond=0)
        position = cursor or {"modified_until": moment_text(end), "at": BEGINNING, "id": ""}
        if "at" not in position:
            done = datetime.fromisoformat(position["modified_until"])
            if done >= end:
                return None
            position = {
                "modified_until": moment_text(end),
                "at": moment_text(done - stream.look_back),
                "id": "",
            }
        start, stop = (datetime.fromisoformat(position[name]) for name in ("at", "modified_until"))
        return Window(start, stop, {"modified_until": position["modified_until"]}, position)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        kind, position = OBJECTS[stream.name], window.position or {}
        types = self._types(stream)
        names, stamp = list(types), kind.stamp
        after = f"{stamp} >= {position['at']}"
        if position["id"]:
            after = (
                f"({stamp} > {position['at']} OR ({stamp} = {position['at']} AND Id > '{position['id']}'))"
            )
        condition = f"FROM {kind.name} WHERE {after} AND {stamp} < {position['modified_until']}"
        count = self._http.get(f"{API}/queryAll", {"q": f"SELECT COUNT() {condition}"})["totalSize"]
        query = f"SELECT {', '.join(names)} {condition} ORDER BY {stamp}, Id LIMIT {ROWS_A_WINDOW}"
        is_small = count < BULK_FROM_ROWS and len(query) <= LONGEST_REST_QUERY
        pages = self._by_rest(query) if is_small else self._in_bulk(query, names)
        reached = window.cursor_after
        got, last = 0, None
        for rows, torn, vendor_count, is_cut in pages:
            records = [raw_record(row, kind, types) for row in rows]
            got, last = got + len(rows) + len(torn), records[-1] if records else last
            if is_cut and last is None:
                raise MalformedResponse(
                    "The results end before their first whole row.", place="Bulk API results"
                )
            if last is not None and (is_cut or got >= ROWS_A_WINDOW):
                # More is to come: the next window goes on after the last whole record.
                reached = {**reached, "at": last.record_version, "id": last.record_id}
            quarantined = [("The row is torn: it has not the columns of the query.", text) for text in torn]
            yield Page(records, reached, vendor_count, quarantined)

    def ids(self, stream: Stream) -> Iterator[str]:
        kind = OBJECTS[stream.name]
        self._types(stream)
        query = f"SELECT Id FROM {kind.name}"
        for rows, _, _, _ in self._by_rest(query, "query"):
            yield from listed_ids(rows, "Id")

    def by_id(self, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        kind = OBJECTS[stream.name]
        types = self._types(stream)
        listed = ", ".join(_quoted(each) for each in ids)
        query = f"SELECT {', '.join(types)} FROM {kind.name} WHERE Id IN ({listed})"
        is_small = len(query) <= LONGEST_REST_QUERY
        for rows, torn, _, is_cut in self._by_rest(query) if is_small else self._in_bulk(query, list(types)):
            if torn or is_cut:
                raise MalformedResponse("The results are torn.", place="Bulk API results")
            yield [raw_record(row, kind, types) for row in rows]

    def _types(self, stream: Stream) -> dict[str, str]:
        """The fields that are read, those that sources.yml names among them."""
        named = crm_properties(self.names).get(_OF_CRM.get(stream.name, ""), ())
        return self._fields.of(OBJECTS[stream.name], named)

    def _by_rest(
        self, query: str, resource: str = "queryAll"
    ) -> Iterator[tuple[list[dict[str, Any]], list[str], int, bool]]:
        bodies = self._http.paginate(
            f"{API}/{resource}", {"q": query}, lambda body: body.get("nextRecordsUrl")
        )
        got = total = 0
        for body in bodies:
            got, total = got + len(body["records"]), body["totalSize"]
            yield body["records"], [], total, False
        if got != total:
            raise MalformedResponse(
                f"The answers have {got} rows, their totalSize is {total}.",
                place=f"GET {API}/{resource}",
                remedy="Nothing of the window was kept: the next run reads it again.",
            )

    def _in_bulk(
        self, query: str, names: list[str]
    ) -> Iterator[tuple[list[dict[str, Any]], list[str], int, bool]]:
        for chunk in run_job(self._http, query, names):
            yield list(chunk.rows), chunk.torn, chunk.job_count, chunk.is_cut


def _quoted(text: str) -> str:
    """A text in SOQL: an id is what a record said of itself."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
