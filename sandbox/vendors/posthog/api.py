"""PostHog: lists by `next`, and exports of files as jobs whose files lie on another host.

An export's window is the time at which rows came in, a week at most. A file's address is good for whoever has it, and refuses a
request that shows credentials besides. Archived experiments are on no list that does not ask for them. The list of events
says less than there is, and does not say so.
"""

import gzip
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, State, Vendor, json_bytes
from sandbox.vendors.limits import Limit
from sandbox.vendors.posthog.credentials import POSTHOG_PERSONAL_API_KEY, POSTHOG_PROJECT
from sandbox.vendors.record import Record

CRUD = Limit("Request was throttled.", 480, 60)
ANALYTICS = Limit("Request was throttled.", 240, 60)
DEFAULT_ROWS, MOST_ROWS = 100, 500
DEFAULT_ENTRIES = 10
# A job of so many is not done when it is first asked for.
SLOW_EVERY = 20
MOST_KEPT = 50
LINES_A_FILE = 5000
LONGEST = timedelta(days=7)
HOUR = timedelta(hours=1)


@dataclass
class Job:
    files: list[bytes]
    polls_left: int

    @property
    def state(self) -> str:
        return "Running" if self.polls_left else "Completed"


class Api(Vendor):
    name = "posthog"

    def __init__(self, sandbox: State) -> None:
        super().__init__(sandbox)
        self._jobs: dict[str, Job] = {}
        self._begun = 0

    def endpoints(self) -> list[Endpoint]:
        project = "/api/projects/{project}"
        exports = "/api/environments/{project}/file_download_batch_exports"

        def get(path: str, stream: str, handler: Any, limit: Limit = CRUD) -> Endpoint:
            return Endpoint("GET", f"{path}/", stream, handler, limit, aliases=(path,))

        return [
            get(f"{project}/feature_flags", "feature_flags", self.listed),
            get(f"{project}/feature_flags/activity", "flag_activity", self.activity),
            get(f"{project}/experiments", "experiments", self.experiments),
            get(f"{project}/surveys", "surveys", self.listed),
            get(f"{project}/events", "events_list", self.few_events, ANALYTICS),
            Endpoint("POST", f"{exports}/", "exports", self.begin, CRUD, aliases=(exports,)),
            get(exports + "/{job}", "export", self.state_of),
            get(exports + "/{job}/download/{part}", "download", self.download),
            Endpoint("GET", "/files/{job}/{part}", "file", self.file, open_to_all=True),
        ]

    def authorise(self, call: Call) -> Response | None:
        if call.headers.get("authorization") != f"Bearer {POSTHOG_PERSONAL_API_KEY}":
            return self.error(401)
        if call.params.get("project") != POSTHOG_PROJECT:
            return self.error(403)
        return None

    def error(self, status: int, message: str = "") -> Response:
        kind, code, text = {
            401: ("authentication_error", "authentication_failed", "Invalid personal API key."),
            403: ("authentication_error", "permission_denied", "You don't have access to the project."),
            404: ("invalid_request", "not_found", "Not found."),
            429: ("throttled_error", "throttled", "Request was throttled."),
        }.get(status, ("validation_error", "invalid_input", message or "A server error occurred."))
        body = {"type": kind, "code": code, "detail": message or text, "attr": None}
        return Json(body, status_code=status)

    def listed(self, call: Call) -> Page:
        return self._page(call, self.sandbox.rows(self.name, call.stream), "offset", DEFAULT_ROWS)

    def experiments(self, call: Call) -> Page:
        is_archived = call.query.get("archived") == "true"
        rows = self.sandbox.rows(self.name, "experiments")
        return self._page(
            call,
            [each for each in rows if bool(each.body.get("archived")) == is_archived],
            "offset",
            DEFAULT_ROWS,
        )

    def activity(self, call: Call) -> Page:
        """Newest first, by pages that are numbered from 1."""
        rows = sorted(self.sandbox.rows(self.name, "flag_activity"), key=lambda row: row.updated_at)
        return self._page(call, rows[::-1], "page", DEFAULT_ENTRIES)

    def few_events(self, call: Call) -> Response:
        return Json({"next": None, "results": []})

    def _page(self, call: Call, rows: list[Record], place: str, usual: int) -> Page:
        limit = call.number("limit", usual, MOST_ROWS)
        number = call.number(place, 1 if place == "page" else 0, 10**9, least=0)
        start, step = ((number - 1) * limit, 1) if place == "page" else (number, limit)
        shown = rows[start : start + limit]
        kept = [(name, value) for name, value in call.query.multi_items() if name not in (place, "limit")]

        def url(at: int, *more: tuple[str, str]) -> str:
            query = urlencode([*kept, ("limit", limit), (place, at), *more])
            return f"{call.base_url}{call.path.format(**call.params)}?{query}"

        body: dict[str, Any] = {
            "total_count" if place == "page" else "count": len(rows),
            "next": url(number + step) if start + limit < len(rows) else None,
            "previous": None,
            "results": [each.body for each in shown],
        }
        return Page(
            body,
            "results",
            cursor=("next",),
            link=("next",),
            this_cursor=url(number) if place in call.query else None,
            same_place=url(number, ("again", "1")),
        )

    def begin(self, call: Call) -> Response:
        file, model = call.body.get("file") or {}, call.body.get("model")
        start, end = (_moment(call, name) for name in ("data_interval_start", "data_interval_end"))
        if model not in ("events", "persons"):
            raise self.refuse(400, f'"{model}" is not a valid choice.')
        if (file.get("format"), file.get("compression")) != ("JSONLines", "gzip"):
            raise self.refuse(400, "the sandbox writes gzipped JSONLines")
        if not start < end <= start + LONGEST:
            raise self.refuse(400, "The data interval must be positive and at most one week.")
        lines = [*self._events(start, end)] if model == "events" else [*self._persons(start, end)]
        files = [
            gzip.compress(b"".join(lines[first : first + LINES_A_FILE]), 1, mtime=0)
            for first in range(0, len(lines), LINES_A_FILE)
        ]
        key = str(uuid.uuid4())
        self._begun += 1
        self._jobs[key] = Job(files, int(self._begun % SLOW_EVERY == 1))
        while len(self._jobs) > MOST_KEPT:
            self._jobs.pop(next(iter(self._jobs)))
        return Json({"id": key}, status_code=202)

    def _events(self, start: datetime, end: datetime) -> Iterator[bytes]:
        """What came in within a window, by whole hours where the window has whole hours."""
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end:
            is_whole = start <= hour and hour + HOUR <= end
            for lines in self.sandbox.events(self.name, hour):
                for line in lines.splitlines(keepends=True):
                    if is_whole or start <= _arrival(json.loads(line)) < end:
                        yield line
            hour += HOUR

    def _persons(self, start: datetime, end: datetime) -> Iterator[bytes]:
        for row in self.sandbox.rows(self.name, "persons"):
            if start <= row.updated_at < end:
                yield json_bytes(row.body) + b"\n"

    def state_of(self, call: Call) -> Response:
        job = self._job(call)
        state = job.state
        job.polls_left = max(0, job.polls_left - 1)
        files = [f"part-{number}" for number in range(len(job.files))] if state == "Completed" else []
        return Json({"id": call.params["job"], "status": state, "files": files, "error": None})

    def download(self, call: Call) -> Response:
        if self._job(call).state != "Completed":
            raise self.refuse(400, "Batch export run is still in progress")
        root = urlsplit(call.base_url)
        address = f"{root.scheme}://localhost:{root.port}{root.path}/files/{call.params['job']}/{call.params['part']}"
        return RedirectResponse(f"{address}?X-Amz-Signature=sandbox", status_code=302)

    def file(self, call: Call) -> Response:
        if "authorization" in call.headers or call.query.get("X-Amz-Signature") != "sandbox":
            return Response(b"<Error><Code>InvalidArgument</Code></Error>", 400, media_type="application/xml")
        part = str(call.params["part"]).removeprefix("part-")
        files = self._job(call).files
        if not part.isdecimal() or int(part) >= len(files):
            raise self.refuse(404)
        return Response(files[int(part)], media_type="application/gzip")

    def _job(self, call: Call) -> Job:
        if (job := self._jobs.get(call.params["job"])) is None:
            raise self.refuse(404)
        return job


def _moment(call: Call, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(call.body.get(name)))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{name} must look like 2026-11-09T10:00:00Z") from None


def _arrival(event: dict[str, Any]) -> datetime:
    for name in ("_inserted_at", "created_at", "timestamp"):
        if event.get(name):
            moment = datetime.fromisoformat(event[name])
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime(1970, 1, 1, tzinfo=UTC)
