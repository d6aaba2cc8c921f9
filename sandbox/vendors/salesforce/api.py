"""Salesforce: OAuth client credentials, describe, limits, SOQL over REST, and Bulk API 2.0 query jobs.

`query` shows what is not deleted, `queryAll` the recycle bin too. Pages have 2,000 rows, a job's results as many as the
client asks for. A spent quota is a 403 with REQUEST_LIMIT_EXCEEDED. Every call of a job names the version that made it.
"""

import csv
import io
import itertools
import secrets
import time
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.vendors.api import Call, Endpoint, Json, Page, State, Vendor
from sandbox.vendors.limits import Allowance, Limit
from sandbox.vendors.salesforce.credentials import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from sandbox.vendors.salesforce.objects import STREAMS, describe, further_fields, visible_fields
from sandbox.vendors.salesforce.query import MalformedQuery, Query, parse
from sandbox.vendors.salesforce.records import stamp

API = "/services/data/v{version}"
DAILY = Limit("DailyApiRequests", 100_000, 86_400)
REST_PAGE, LEAST_REST_PAGE, BULK_PAGE = 2000, 200, 50_000
# Answers to a status question before a job is done.
POLLS = 2
MOST_KEPT = 200
_FIELDLESS = ("address", "location", "base64", "complexvalue")


@dataclass
class Job:
    id: str
    version: str
    operation: str
    query: Query
    rows: list[dict[str, Any]]
    created: str
    polls: int = 0

    @property
    def state(self) -> str:
        return ("UploadComplete", "InProgress", "JobComplete")[min(self.polls, POLLS)]


class Api(Vendor):
    name = "salesforce"

    def __init__(self, sandbox: State) -> None:
        super().__init__(sandbox)
        self._tokens: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self._cursors: dict[str, tuple[str, list[dict[str, Any]]]] = {}
        self._jobs: dict[str, Job] = {}
        self._remaining = DAILY.requests

    def endpoints(self) -> list[Endpoint]:
        def get(path: str, stream: str, handler: Any) -> Endpoint:
            return Endpoint("GET", API + path, stream, handler, DAILY, aliases=(f"{API}{path}/",))

        jobs = f"{API}/jobs/query"
        return [
            Endpoint("POST", "/services/oauth2/token", "token", self.token, open_to_all=True),
            get("/limits", "limits", self.limits),
            get("/sobjects", "sobjects", self.objects),
            get("/sobjects/{object}/describe", "describe", self.describe),
            get("/query", "query", self.query),
            get("/queryAll", "query", self.query),
            get("/query/{locator}", "query", self.more),
            get("/queryAll/{locator}", "query", self.more),
            Endpoint("POST", jobs, "jobs", self.create_job, DAILY, aliases=(f"{jobs}/",)),
            get("/jobs/query/{job}", "jobs", self.job),
            get("/jobs/query/{job}/results", "results", self.results),
        ]

    def authorise(self, call: Call) -> Response | None:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._tokens.get(token, 0.0) > time.monotonic():
            return None
        return self.error(401)

    def expire(self, call: Call) -> None:
        self._tokens.pop(call.headers.get("authorization", "").partition(" ")[2], None)

    def error(self, status: int, message: str = "") -> Response:
        if status == 429:
            # Salesforce has no 429: whoever has used up the day's requests is forbidden.
            return _problem(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if status == 400:
            is_field = message.startswith("No such column")
            return _problem(
                400, "INVALID_FIELD" if is_field else "MALFORMED_QUERY", message or "unexpected token"
            )
        code, text = {
            401: ("INVALID_SESSION_ID", "Session expired or invalid"),
            403: ("INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id"),
            404: ("NOT_FOUND", "The requested resource does not exist"),
            409: ("API_CURRENTLY_DISABLED", "The job was made with another version of the API"),
        }.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
        return _problem(status, code, message or text)

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        self._remaining = allowance.remaining
        used = allowance.limit.requests - allowance.remaining
        return {"Sforce-Limit-Info": f"api-usage={used}/{allowance.limit.requests}"}

    def token(self, call: Call) -> Response:
        if "x-www-form-urlencoded" not in call.headers.get("content-type", ""):
            return _refused("invalid_request", "content type must be application/x-www-form-urlencoded")
        if call.body.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", "grant type not supported")
        given = (call.body.get("client_id"), call.body.get("client_secret"))
        if given != (SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET):
            return _refused("invalid_client", "invalid client credentials")
        token = f"00D5g0000000001!{secrets.token_urlsafe(32)}"
        self._tokens[token] = time.monotonic() + self.sandbox.token_seconds
        return Json(
            {
                "access_token": token,
                "instance_url": call.base_url,
                "id": f"{call.base_url}/id/00D5g0000000001EAA/0055g0000000001AAA",
                "token_type": "Bearer",
                "scope": "api",
                "issued_at": str(int(self.sandbox.now.timestamp() * 1000)),
            }
        )

    def limits(self, call: Call) -> Response:
        jobs = {"Max": 10_000, "Remaining": 10_000 - len(self._jobs)}
        daily = {"Max": DAILY.requests, "Remaining": self._remaining}
        return Json({"DailyApiRequests": daily, "DailyBulkV2QueryJobs": jobs})

    def objects(self, call: Call) -> Response:
        shown = [{"name": name, "label": name, "queryable": True} for name in STREAMS if visible_fields(name)]
        return Json({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})

    def describe(self, call: Call) -> Response:
        name = call.params["object"]
        if not visible_fields(name):
            return self.error(404)
        return Json(describe(name, self._further_fields(name)))

    def query(self, call: Call) -> Page:
        query = self._parsed(call.query.get("q", ""))
        rows = self._found(query, "queryAll" in call.path)
        if query.is_count:
            return Page({"totalSize": len(rows), "done": True, "records": []}, "records")
        locator = f"0r8{next(self._numbers):012d}AAA"
        self._cursors[locator] = (
            query.object,
            [{name: row.get(name) for name in query.fields} for row in rows],
        )
        while len(self._cursors) > MOST_KEPT:
            del self._cursors[next(iter(self._cursors))]
        return self._page(call, locator, 0)

    def more(self, call: Call) -> Page:
        locator, _, offset = call.params["locator"].partition("-")
        if locator not in self._cursors or not offset.isdigit():
            raise self.refuse(400, "invalid query locator")
        return self._page(call, locator, int(offset))

    def _page(self, call: Call, locator: str, offset: int) -> Page:
        name, rows = self._cursors[locator]
        path = (API + "/query").format(**call.params)
        size = REST_PAGE
        for part in call.headers.get("sforce-query-options", "").split(","):
            key, _, value = part.strip().partition("=")
            if key.lower() == "batchsize" and value.isdigit():
                size = min(REST_PAGE, max(LEAST_REST_PAGE, int(value)))
        end = offset + size
        records = [{"attributes": _attributes(path, name, row), **row} for row in rows[offset:end]]
        body: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": records}
        if end < len(rows):
            body["nextRecordsUrl"] = f"{path}/{locator}-{end}"
        place = ("nextRecordsUrl",)
        this = f"{path}/{locator}-{offset}"
        return Page(
            body, "records", place, place,
            this_cursor=this, same_place=f"{path}/{locator}-0{offset}", more=("done", False),
        )  # fmt: skip

    def create_job(self, call: Call) -> Response:
        operation = call.body.get("operation")
        if operation not in ("query", "queryAll"):
            return _problem(400, "INVALIDJOB", f"Unsupported operation: {operation}")
        query = self._parsed(str(call.body.get("query", "")))
        if query.is_count:
            return _problem(400, "API_ERROR", "Aggregate Relationships not supported in Bulk Query")
        kinds = visible_fields(query.object, self._further_fields(query.object))
        if compound := [name for name in query.fields if kinds[name] in _FIELDLESS]:
            return _problem(
                400, "API_ERROR", f"Selecting compound data not supported in Bulk Query: {compound[0]}"
            )
        number = next(self._numbers)
        job = Job(
            id=f"750{number:012d}AAA",
            version=call.params["version"],
            operation=operation,
            query=query,
            rows=self._found(query, operation == "queryAll"),
            created=stamp(self.sandbox.now),
        )
        self._jobs[job.id] = job
        while len(self._jobs) > MOST_KEPT:
            del self._jobs[next(iter(self._jobs))]
        return Json(_shown(job))

    def job(self, call: Call) -> Response:
        job = self._job(call)
        job.polls += 1
        return Json(_shown(job))

    def results(self, call: Call) -> Response:
        """A chunk as CSV: a header, then the rows; empty values are nulls, newlines stand inside quotes."""
        job = self._job(call)
        if job.state != "JobComplete":
            return _problem(400, "INVALIDJOBSTATE", "The job is not complete.")
        locator = call.query.get("locator", "")
        if locator and not locator.removeprefix("MTA").isdigit():
            return _problem(400, "INVALID_LOCATOR", "Invalid locator")
        offset = int(locator.removeprefix("MTA") or 0)
        part = job.rows[offset : offset + call.number("maxRecords", BULK_PAGE, 250_000)]
        target = io.StringIO()
        # Every value is quoted, as in Salesforce's own files.
        writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(job.query.fields)
        writer.writerows([_cell(row.get(name)) for name in job.query.fields] for row in part)
        end = offset + len(part)
        headers = {
            "Sforce-NumberOfRecords": str(len(part)),
            "Sforce-Locator": f"MTA{end}" if end < len(job.rows) else "null",
        }
        return Response(target.getvalue(), headers=headers, media_type="text/csv")

    def _job(self, call: Call) -> Job:
        job = self._jobs.get(call.params["job"])
        if job is None:
            raise self.refuse(404)
        if job.version != call.params["version"]:
            raise self.refuse(409)
        return job

    def _parsed(self, text: str) -> Query:
        """The query, if every field it names is one that the client may see."""
        try:
            query = parse(text)
        except MalformedQuery as problem:
            raise self.refuse(400, str(problem)) from None
        if not visible_fields(query.object):
            raise self.refuse(400, f"sObject type '{query.object}' is not supported.")
        known = visible_fields(query.object, self._further_fields(query.object))
        for name in query.names:
            if name not in known:
                raise self.refuse(400, f"No such column '{name}' on entity '{query.object}'.")
        return query

    def _further_fields(self, name: str) -> dict[str, str]:
        """What the records of a replay have besides; of the make-believe company they have none."""
        return further_fields(name, (each.body for each in self.sandbox.rows(self.name, STREAMS[name])))

    def _found(self, query: Query, with_deleted: bool) -> list[dict[str, Any]]:
        records = self.sandbox.rows(self.name, STREAMS[query.object])
        rows = query.select(record.body for record in records if with_deleted or not record.archived)
        return [dict(row) for row in rows]


def _problem(status: int, code: str, message: str) -> Response:
    return Json([{"message": message, "errorCode": code}], status_code=status)


def _refused(error: str, description: str) -> Response:
    return Json({"error": error, "error_description": description}, status_code=400)


def _attributes(path: str, name: str, row: dict[str, Any]) -> dict[str, str]:
    shown = {"type": name}
    if "Id" in row:
        shown["url"] = f"{path.removesuffix('/query')}/sobjects/{name}/{row['Id']}"
    return shown


def _shown(job: Job) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.query.object,
        "createdById": "0055g0000000001AAA",
        "createdDate": job.created,
        "systemModstamp": job.created,
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    if job.state == "JobComplete":
        shown |= {
            "jobType": "V2Query",
            "numberRecordsProcessed": len(job.rows),
            "retries": 0,
            "totalProcessingTime": 153,
        }
    return shown


def _cell(value: Any) -> str:
    """A value as Bulk writes it: everything is text, and a date-time ends in Z."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"{text[:-5]}Z" if text.endswith("+0000") and text[10:11] == "T" else text
