"""Amplitude Export API: `GET /api/2/export`, hours of uploads as a zip of gzipped NDJSON files.

Both hours are inclusive, in UTC, by upload time. An hour can be exported two hours after it ends. An empty
window answers 404, a window with too many events 400: ask for a shorter one.
"""

import gzip
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO

from starlette.responses import Response, StreamingResponse

from sandbox.vendors.amplitude.credentials import AMPLITUDE_API_KEY, AMPLITUDE_SECRET_KEY
from sandbox.vendors.amplitude.records import UPLOAD_LAG
from sandbox.vendors.api import Call, Endpoint, Json, Vendor

PROJECT = "187520"
HOUR = timedelta(hours=1)
MOST_HOURS = 365 * 24
CHUNK = 256 * 1024
IN_MEMORY = 8 * 1024 * 1024


class Api(Vendor):
    name = "amplitude"

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("GET", "/api/2/export", "events", self.export)]

    def authorise(self, call: Call) -> Response | None:
        if call.basic_credentials() == (AMPLITUDE_API_KEY, AMPLITUDE_SECRET_KEY):
            return None
        return self.error(401)

    def error(self, status: int, message: str = "") -> Response:
        texts = {
            400: "The file size of the exported data is too large. Shorten the time ranges and try again.",
            401: "Invalid api key or secret key",
            403: "Your plan does not include this API",
            404: "Raw data files were not found.",
            429: "Too many requests",
            504: "The amount of data is large causing a timeout. Shorten the time ranges and try again.",
        }
        text = message if status == 400 and message else texts.get(status, "Internal server error")
        return Json({"code": status, "error": text}, status_code=status)

    def export(self, call: Call) -> Response:
        start, end = (_hour(call.query.get(name), name) for name in ("start", "end"))
        if end < start:
            raise self.refuse(400, "end is before start")
        if (end - start) / HOUR >= MOST_HOURS:
            raise self.refuse(400, "the window is longer than 365 days")
        # The whole answer goes through a temporary file: its size decides between 200, 400 and 404.
        # It outlives this call: the response closes it once it is sent.
        spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        available_before = self.sandbox.now - UPLOAD_LAG
        events = members = 0
        with zipfile.ZipFile(spool, "w", zipfile.ZIP_STORED) as archive:
            hour = start
            while hour <= end and hour + HOUR <= available_before:
                for number, lines in enumerate(self.sandbox.events(self.name, hour)):
                    if not lines:
                        continue
                    events += lines.count(b"\n")
                    if events > self.sandbox.max_export_events:
                        spool.close()
                        raise self.refuse(400)
                    archive.writestr(_member(hour, number), gzip.compress(lines, 1, mtime=0))
                    members += 1
                hour += HOUR
        if not members:
            spool.close()
            raise self.refuse(404)
        size = spool.tell()
        spool.seek(0)
        headers = {"Content-Length": str(size), "Content-Disposition": 'attachment; filename="export.zip"'}
        return StreamingResponse(_read(spool), media_type="application/zip", headers=headers)


def _hour(text: str | None, name: str) -> datetime:
    try:
        return datetime.strptime(text or "", "%Y%m%dT%H").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{name} must look like 20261109T10") from None


def _member(hour: datetime, number: int) -> zipfile.ZipInfo:
    name = f"{PROJECT}/{PROJECT}_{hour:%Y-%m-%d}_{hour.hour}#{number}.json.gz"
    return zipfile.ZipInfo(name, (hour.year, hour.month, hour.day, hour.hour, 0, 0))


def _read(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while chunk := spool.read(CHUNK):
            yield chunk
