"""Typeform: forms with their definitions, and the completed responses to them.

Endpoints: `GET /forms` and `GET /forms/{id}`; `GET /forms/{id}/responses`, newest first, paged back by `before` tokens.
Access: a personal token with the scopes forms:read and responses:read.
Deletes: the vendor tells of none. A form that the list no longer shows becomes a deleted version, its responses stay.
A form is read whole once a week, and whenever its number of responses is not the one that raw holds: what is gone then
becomes a deleted version.
Try it: `pops check typeform`.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import AnyHttpUrl, SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.http import BearerAuth, Http
from connectors.rows import raw_record
from connectors.settings import SourceSettings
from connectors.whole import whole

FORMS_A_PAGE, RESPONSES_A_PAGE = 200, 1000
# "Very recent responses (say within the last 30 minutes) may not be returned."
VENDOR_DELAY = timedelta(minutes=30)
# What takes longer to show is found by reading the last days again, and by comparing counts; one response that is gone
# and one that shows late make up for each other in a count, so everything is read from time to time.
LOOK_BACK = timedelta(days=2)
WHOLE_EVERY = timedelta(days=7)
NEVER = {"to": "", "whole": ""}
Json = dict[str, Any]


class TypeformSettings(SourceSettings):
    """Base URL `https://api.typeform.com`, or `https://api.eu.typeform.com` (EU data centre), and a personal token."""

    usual_address = "https://api.typeform.com"
    base_url: AnyHttpUrl
    access_token: SecretStr
    # Two a second are allowed.
    requests_per_minute: int | None = 120

    def auth(self) -> httpx.Auth:
        return BearerAuth(self.access_token)


class TypeformConnector(Connector):
    """Responses are read form by form, one window each: from where the form stands, less the look-back, to the lag.

    A record of `responses` has the id `<form id>:<token>` and the form's id in `form_id`, which the vendor leaves out.
    """

    name = "typeform"
    title = "Typeform"
    console = "https://admin.typeform.com"
    family = "surveys"
    unread = Words(
        "Answers to surveys since then are missing: scores rest on fewer answers.",
        "Les réponses aux enquêtes depuis lors manquent : les scores reposent sur moins de réponses.",
    )
    access = "a personal token with the scopes forms:read and responses:read."
    Settings = TypeformSettings
    streams = (
        Stream(
            "forms",
            Words("The surveys, with their questions", "Les enquêtes, avec leurs questions"),
            ("settings.notifications",),
            key_source="Create API: `id` is that of a form, and stands in its address.",
            deletes="vanish",
        ),
        Stream(
            "responses",
            Words("The answers to the surveys", "Les réponses aux enquêtes"),
            ("answers", "hidden", "metadata", "variables"),
            identifies=("hidden.*", "answers[].email"),
            key="form_id and token",
            key_source="Responses API: a response has a token; it is asked for below its form.",
            cursor="by form, up to which moment its responses were read, and when they were last read whole",
            lag=VENDOR_DELAY,
            look_back=LOOK_BACK,
            deletes="vanish",
        ),
    )

    def __init__(self, settings: TypeformSettings, http: Http) -> None:
        super().__init__(settings, http)
        self._held: dict[str, set[str]] | None = None
        self._listed: set[str] | None = None

    def check(self) -> None:
        forms = self._http.get("/forms", {"page_size": 1})
        if forms["total_items"]:
            self._http.get(_responses(forms["items"][0]["id"]), {"page_size": 1})

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        end = until - stream.lag
        held = {form: (cursor or {}).get(form, NEVER) for form in self._listed_forms()}
        refused = self.parts[stream.name].refused
        waiting = [
            form
            for form, place in held.items()
            if place["to"] < _moment(end) and f"form {form}" not in refused
        ]
        if not waiting:
            return None
        # What an earlier run did not come to is first.
        form = min(waiting, key=lambda each: (held[each]["to"], each))
        place = held[form]
        is_due = place["whole"] <= _moment(end - WHOLE_EVERY)
        start = None if is_due else datetime.fromisoformat(place["to"]) - stream.look_back
        held[form] = {"to": _moment(end), "whole": _moment(end) if is_due else place["whole"]}
        after = {each: place for each, place in held.items() if place != NEVER}
        before = {each: (cursor or {})[each] for each in held if each in (cursor or {})}
        return Window(start, end, after, {"form": form, "before": before})

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "forms":
            yield from whole(self._definitions(), self.known("forms"), self.parts["forms"])
            return
        position = window.position or {}
        form: str = position["form"]
        with self.parts[stream.name].reading(f"form {form}"):
            yield from self._changed(form, window)
        if f"form {form}" in self.parts[stream.name].refused:
            # Gone since it was listed, or no longer shared with the token's account: it stands where it stood.
            yield Page([], cursor=position["before"])

    def _changed(self, form: str, window: Window) -> Iterator[Page]:
        params: Json = {"response_type": "completed", "until": _seconds(window.end)}
        if window.start is None:
            yield from self._read_whole(form, params)
            return
        seen = set(self._held_ids(form))
        for records, _ in self._read(form, params | {"since": _seconds(window.start)}):
            seen.update(each.record_id for each in records)
            yield Page(records)
        if len(seen) != self._http.get(_responses(form), params | {"page_size": 1})["total_items"]:
            yield from self._read_whole(form, params)

    def _listed_forms(self) -> set[str]:
        """Ids of the forms, asked for once a run."""
        if self._listed is None:
            self._listed = {form["id"] for page in self._forms() for form in page if form.get("id")}
        return self._listed

    def _forms(self) -> Iterator[list[Json]]:
        params = {"page": 1, "page_size": FORMS_A_PAGE}

        def following(body: Json) -> Json | None:
            params["page"] += 1
            return {"page": params["page"]} if params["page"] <= body["page_count"] else None

        for body in self._http.paginate("/forms", dict(params), following):
            yield body["items"]

    def _definitions(self) -> Iterator[list[RawRecord]]:
        for page in self._forms():
            for form in page:
                with self.parts["forms"].reading(f"form {form.get('id')}"):
                    is_known = bool(form.get("id"))
                    yield [raw_record(form | self._http.get(f"/forms/{form['id']}") if is_known else form)]

    def _read(self, form: str, params: Json) -> Iterator[tuple[list[RawRecord], int]]:
        """Pages of a form's responses, newest first, and how many there are from this page on, as the vendor counts."""

        def following(body: Json) -> Json | None:
            if body["page_count"] <= 1:
                return None
            # An empty page with more to come asks for itself again, which is refused as a cursor that does not move.
            return {"before": body["items"][-1]["token"]} if body["items"] else {}

        params = params | {"page_size": RESPONSES_A_PAGE}
        for body in self._http.paginate(_responses(form), params, following):
            yield [_response(form, each) for each in body["items"]], body["total_items"]

    def _read_whole(self, form: str, params: Json) -> Iterator[Page]:
        """All responses of a form; then, as deleted, those that are gone, if the vendor counts as many as it shows."""
        shown: set[str] = set()
        counts: list[int] = []
        for records, count in self._read(form, params):
            shown.update(each.record_id for each in records)
            counts.append(count)
            yield Page(records, vendor_count=counts[0])
        if len(shown) == counts[0]:
            held = (each for each in self.known("responses") if _form_of(each) == form)
            yield Page(
                [
                    each._replace(record_version="", is_deleted=True)
                    for each in held
                    if each.record_id not in shown
                ]
            )

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
    # Without a token there is no id: the record is quarantined.
    record_id = f"{form}:{row['token']}" if row.get("token") else ""
    return RawRecord(record_id, "", json.dumps({"form_id": form, **row}, ensure_ascii=False))


def _form_of(record: RawRecord) -> str:
    return record.record_id.partition(":")[0]


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _seconds(moment: datetime | None) -> str:
    """UTC without its letter, as the vendor wants it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
