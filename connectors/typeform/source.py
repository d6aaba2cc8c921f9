"""Typeform: forms with their definitions, and the completed responses to them.

Endpoints: `GET /forms` and `GET /forms/{id}`; `GET /forms/{id}/responses`, newest first, paged back by `before` tokens.
Access: a personal token with the scopes forms:read and responses:read.
Deletes: the vendor tells of none. A form that the list no longer shows becomes a deleted version, its responses stay.
A form whose number of responses is not the one that raw holds is read whole, and what is gone becomes a deleted version.
Try it: `pops check typeform`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
from pydantic import AnyHttpUrl, SecretStr

from connectors.contract import (
    Cursor,
    Family,
    Known,
    NeverTooLarge,
    Page,
    RawRecord,
    Stream,
    Window,
    nothing_known,
)
from connectors.errors import NotFound
from connectors.http import BearerAuth, Http
from connectors.settings import SourceSettings
from connectors.whole import whole

FORMS_A_PAGE, RESPONSES_A_PAGE = 200, 1000
# "Very recent responses (say within the last 30 minutes) may not be returned."
VENDOR_DELAY = timedelta(minutes=30)
# What takes longer to show is found by reading the last days again, and by comparing counts.
LOOK_BACK = timedelta(days=2)
Json = dict[str, Any]


class TypeformSettings(SourceSettings):
    """Base URL `https://api.typeform.com`, or `https://api.eu.typeform.com` (EU data centre), and a personal token."""

    base_url: AnyHttpUrl
    access_token: SecretStr
    # Two a second are allowed.
    requests_per_minute: int | None = 120

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.access_token)


class TypeformConnector(NeverTooLarge):
    """Responses are read form by form, one window each: from where the form stands, less the look-back, to the lag.

    A record of `responses` has the id `<form id>:<token>` and the form's id in `form_id`, which the vendor leaves out.
    """

    name: ClassVar[str] = "typeform"
    family: ClassVar[Family] = "surveys"
    access: ClassVar[str] = "a personal token with the scopes forms:read and responses:read."
    Settings: ClassVar[type[SourceSettings]] = TypeformSettings
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream(
            "forms",
            key="id",
            version="last_updated_at",
            cursor="none: read whole",
            lag=timedelta(0),
            look_back=timedelta(0),
            deletes="vanish",
            personal_data=("settings.notifications",),
        ),
        Stream(
            "responses",
            key="form_id and token",
            version="submitted_at",
            cursor="by form, the moment up to which its responses were read",
            lag=VENDOR_DELAY,
            look_back=LOOK_BACK,
            deletes="vanish",
            personal_data=("answers", "hidden", "metadata", "variables"),
        ),
    )

    def __init__(self, settings: TypeformSettings, http: Http) -> None:
        self.known: Known = nothing_known
        self._http = http
        self._held: dict[str, set[str]] | None = None

    def check(self) -> None:
        for form in self._http.get("/forms", {"page_size": 1})["items"]:
            self._http.get(_responses(form["id"]), {"page_size": 1})

    def windows(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Iterator[Window]:
        if stream.name == "forms":
            yield Window(None, until, {"read_at": until.isoformat()})
            return
        end = until - stream.lag
        listed = {form["id"] for page in self._forms() for form in page}
        reached = {form: moment for form, moment in (cursor or {}).items() if form in listed}
        # What an earlier run did not come to is first.
        for form in sorted(listed, key=lambda each: (reached.get(each, ""), each)):
            start = datetime.fromisoformat(reached[form]) - stream.look_back if form in reached else None
            reached[form] = max(reached.get(form, ""), end.isoformat(timespec="seconds"))
            yield Window(start, end, dict(reached), {"form": form})

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "forms":
            yield from whole(self._definitions(), self.known("forms"))
            return
        form: str = (window.position or {})["form"]
        params: Json = {"response_type": "completed", "until": _seconds(window.end)}
        try:
            if window.start is None:
                yield from self._read(form, params)
                return
            seen = set(self._held_ids(form))
            for page in self._read(form, params | {"since": _seconds(window.start)}):
                seen.update(each.record_id for each in page.records)
                yield page
            if len(seen) != self._http.get(_responses(form), params | {"page_size": 1})["total_items"]:
                yield from self._read_whole(form, params)
        except NotFound:
            # Deleted since it was listed: the next reading of the forms will say so.
            return

    def _forms(self) -> Iterator[list[Json]]:
        params = {"page": 1, "page_size": FORMS_A_PAGE}

        def following(body: Json) -> Json | None:
            params["page"] += 1
            return {"page": params["page"]} if params["page"] <= body["page_count"] else None

        for body in self._http.paginate("/forms", dict(params), following):
            yield body["items"]

    def _definitions(self) -> Iterator[list[RawRecord]]:
        for page in self._forms():
            whole_forms = [form | self._http.get(f"/forms/{form['id']}") for form in page]
            yield [
                RawRecord(each["id"], each["last_updated_at"], json.dumps(each, ensure_ascii=False))
                for each in whole_forms
            ]

    def _read(self, form: str, params: Json) -> Iterator[Page]:
        """Pages of a form's responses, newest first."""

        def following(body: Json) -> Json | None:
            if body["page_count"] <= 1:
                return None
            # An empty page with more to come asks for itself again, which is refused as a cursor that does not move.
            return {"before": body["items"][-1]["token"]} if body["items"] else {}

        params = params | {"page_size": RESPONSES_A_PAGE}
        vendor_count: int | None = None
        for body in self._http.paginate(_responses(form), params, following):
            vendor_count = body["total_items"] if vendor_count is None else vendor_count
            yield Page([_response(form, each) for each in body["items"]], vendor_count=vendor_count)

    def _read_whole(self, form: str, params: Json) -> Iterator[Page]:
        """All responses of a form, then as deleted those that are gone, if the vendor counts as many as it shows."""
        shown: set[str] = set()
        for page in self._read(form, params):
            shown.update(each.record_id for each in page.records)
            # The state of now: without a version of its own, a response that has come back is a new version.
            yield Page([each._replace(record_version="") for each in page.records])
        if len(shown) == page.vendor_count:
            held = (each for each in self.known("responses") if _form_of(each) == form)
            gone = [each._replace(record_version="", is_deleted=True) for each in held]
            yield Page([each for each in gone if each.record_id not in shown])

    def _held_ids(self, form: str) -> set[str]:
        """Ids of the form's responses that raw holds as not deleted."""
        if self._held is None:
            self._held = defaultdict(set)
            for each in self.known("responses"):
                self._held[_form_of(each)].add(each.record_id)
        return self._held.get(form, set())


def _responses(form: str) -> str:
    return f"/forms/{form}/responses"


def _response(form: str, row: Json) -> RawRecord:
    text = json.dumps({"form_id": form, **row}, ensure_ascii=False)
    # Without a token there is no id: the record is quarantined.
    record_id = f"{form}:{row['token']}" if row.get("token") else ""
    return RawRecord(record_id, row.get("submitted_at") or "", text)


def _form_of(record: RawRecord) -> str:
    return record.record_id.partition(":")[0]


def _seconds(moment: datetime | None) -> str:
    """UTC without its letter, as the vendor wants it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
