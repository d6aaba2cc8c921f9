"""Planned faults: what vendors do to clients on bad days, on demand and repeatably.

A fault names a vendor, a stream ("*" for all), a kind, and when it strikes: on the nth matching request and
`times` after it, or with a probability drawn from its own seed.
"""

import asyncio
import gzip
import io
import random
import zipfile
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.vendors.api import Call, Page, Vendor
from sandbox.vendors.record import Record

KINDS = {
    "429_seconds": "too many requests, Retry-After in seconds",
    "429_date": "too many requests, Retry-After as an HTTP date",
    "429_no_header": "too many requests, nothing says how long",
    "429_reset_only": "too many requests, only the vendor's reset header",
    "daily_quota": "the day's quota is spent",
    "secondary_limit": "too many requests at once, said with 403; Retry-After in seconds",
    "500": "internal error",
    "502": "bad gateway, HTML body",
    "503": "unavailable, Retry-After in seconds",
    "504": "gateway timeout",
    "400": "bad request",
    "401": "credentials refused; a Zendesk token expires with it",
    "403": "not in this plan or scope",
    "410": "gone",
    "too_big": "refused with `status` (400) when the window is longer than `hours`",
    "html_200": "an HTML page with status 200",
    "truncated_body": "fewer bytes than announced",
    "stalled_body": "half the body, then silence for `seconds`",
    "connection_reset": "the connection is dropped in mid-body",
    "torn_line": "the body (or each NDJSON file) ends in the middle of a line",
    "byte_order_mark": "a byte order mark before the body (or each NDJSON file)",
    "invalid_utf8": "bytes that are not UTF-8 in the middle",
    "bad_zip": "the zip lacks its end",
    "bad_gzip_crc": "gzip members with a wrong checksum",
    "empty_zip": "a zip with no files",
    "repeated_cursor": "the next cursor is the one just used",
    "empty_page": "no rows, but more to come",
    "repeated_edge": "each page begins with the last row of the page before",
    "foreign_host": "the link to the next page leads to another host",
    "hidden_row": "rows changed in the last `seconds` of the company's time are not indexed yet",
}
FOREIGN_URL = "https://export.invalid/next"
HTML = b"<!DOCTYPE html><html><body><h1>We are doing some maintenance</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """See the module; `seconds` is real time for waits, the company's time for hidden_row; `share` of rows hidden.

    `asking`: a text that must stand in the request's query, for vendors that answer several streams on one address.
    """

    vendor: str
    kind: str
    stream: str = "*"
    nth: int = 1
    times: int = 1
    probability: float | None = None
    seed: int = 0
    seconds: float = 1.0
    hours: int = 1
    status: int = 400
    share: float = 1.0
    asking: str = ""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fault":
        """ValueError names the field that is wrong and what it may be."""
        names = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - names):
            raise ValueError(f"a fault has no field {', '.join(unknown)}: use {', '.join(sorted(names))}")
        if missing := [name for name in ("vendor", "kind") if name not in values]:
            raise ValueError(f"a fault needs {' and '.join(missing)}")
        if values["kind"] not in KINDS:
            raise ValueError(f"no fault kind {values['kind']!r}: use {', '.join(KINDS)}")
        return cls(**values)


class FaultPlan:
    """The faults in force, each with its own count of matching requests."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        # The last row that each `repeated_edge` has seen.
        self.edges: dict[Fault, Any] = {}

    def add(self, faults: list[Fault]) -> None:
        self._rules += [_Rule(fault) for fault in faults]

    def clear(self) -> None:
        self._rules = []
        self.edges = {}

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {**asdict(rule.fault), "matched": rule.matched, "struck": rule.struck} for rule in self._rules
        ]

    def draw(self, vendor: str, stream: str, query: Mapping[str, str]) -> Fault | None:
        """The fault that strikes this request, if any. Every matching rule counts the request."""
        striking = [rule.fault for rule in self._rules if rule.strikes(vendor, stream, query)]
        return striking[0] if striking else None

    def hides(self, vendor: str, stream: str, record: Record, now: datetime) -> bool:
        """Whether a record is too new to be indexed."""
        for rule in self._rules:
            fault = rule.fault
            if fault.kind == "hidden_row" and rule.matches(vendor, stream):
                fresh = now - record.updated_at < timedelta(seconds=fault.seconds)
                if fresh and zlib.crc32(record.id.encode()) % 1000 < fault.share * 1000:
                    return True
        return False


class _Rule:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.matched = 0
        self.struck = 0
        self._random = random.Random(fault.seed)

    def matches(self, vendor: str, stream: str) -> bool:
        return self.fault.vendor in ("*", vendor) and self.fault.stream in ("*", stream)

    def strikes(self, vendor: str, stream: str, query: Mapping[str, str]) -> bool:
        fault = self.fault
        if fault.kind == "hidden_row" or not self.matches(vendor, stream):
            return False
        if fault.asking and not any(fault.asking in value for value in query.values()):
            return False
        if fault.kind == "too_big":
            return _window_hours(query) > fault.hours
        self.matched += 1
        if fault.probability is not None:
            hit = self._random.random() < fault.probability
        else:
            hit = fault.nth <= self.matched < fault.nth + fault.times
        self.struck += hit
        return hit


def _window_hours(query: Mapping[str, str]) -> int:
    try:
        start, end = (datetime.strptime(query[name], "%Y%m%dT%H") for name in ("start", "end"))
    except (KeyError, ValueError):
        return 0
    return int((end - start) / timedelta(hours=1)) + 1


def refusal(fault: Fault, vendor: Vendor, call: Call) -> Response | None:
    """The answer that replaces the vendor's, for the faults that refuse; None for those that break an answer."""
    kind = fault.kind
    if kind.startswith("429") or kind == "daily_quota":
        response = vendor.error_to(call, 429, "daily" if kind == "daily_quota" else "planned")
        if kind in ("429_seconds", "daily_quota"):
            response.headers["Retry-After"] = str(int(fault.seconds))
        elif kind == "429_date":
            moment = datetime.now(UTC) + timedelta(seconds=fault.seconds)
            response.headers["Retry-After"] = format_datetime(moment, usegmt=True)
        elif kind == "429_reset_only":
            response.headers.update(vendor.reset_headers(fault.seconds))
        return response
    if kind == "secondary_limit":
        response = vendor.error_to(call, 403, "secondary")
        response.headers["Retry-After"] = str(int(fault.seconds))
        return response
    if kind == "too_big":
        return vendor.error_to(call, fault.status)
    if kind == "401":
        vendor.expire(call)
        return vendor.error_to(call, 401, "expired")
    if kind in ("502", "html_200"):
        return Response(HTML, status_code=502 if kind == "502" else 200, media_type="text/html")
    if kind.isdigit():
        response = vendor.error_to(call, int(kind))
        if kind == "503":
            response.headers["Retry-After"] = str(int(fault.seconds))
        return response
    return None


def break_page(fault: Fault, page: Page, edges: dict[Fault, Any]) -> None:
    """Falsify the paging of an answer in place. A page that has no such place stays as it is.

    `edges`: kept between the pages of a fault. Pages that count rows are left alone: another row would move the next.
    """
    if fault.kind == "repeated_edge" and page.cursor:
        rows = page.body[page.rows]
        if rows:
            last, edges[fault] = edges.get(fault), rows[-1]
            page.body[page.rows] = rows if last is None else [last, *rows]
        return
    if fault.kind == "repeated_cursor" and page.this_cursor is not None:
        place, value = page.cursor, page.this_cursor
    elif fault.kind == "empty_page" and page.same_place is not None:
        place, value = page.cursor, page.same_place
        page.body[page.rows] = []
    elif fault.kind == "foreign_host" and page.link:
        place, value = page.link, FOREIGN_URL
    else:
        return
    if page.more is not None:
        page.body[page.more[0]] = page.more[1]
    _put(page.body, place, value)


def _put(body: dict[str, Any], place: tuple[str, ...], value: str) -> None:
    *parents, last = place
    for parent in parents:
        child = body.get(parent)
        if not isinstance(child, dict):
            child = body[parent] = {}
        body = child
    body[last] = value


def break_response(fault: Fault, response: Response, request: Request) -> Response:
    """Break the bytes or the transport of an answer."""
    kind = fault.kind
    if kind in ("truncated_body", "stalled_body", "connection_reset"):
        return _BrokenTransport(response, kind, fault.seconds)
    if kind in ("torn_line", "byte_order_mark", "invalid_utf8", "bad_zip", "bad_gzip_crc", "empty_zip"):
        return _BrokenBytes(response, kind)
    return response


def break_bytes(kind: str, body: bytes) -> bytes:
    """Break an answer's bytes; the files inside a zip are broken one by one."""
    if kind == "bad_zip":
        return body[:-22] if len(body) > 22 else b""
    if kind == "empty_zip":
        return _zip({})
    if zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        if kind == "bad_gzip_crc":
            return _zip({name: data[:-8] + b"\0\0\0\0" + data[-4:] for name, data in members.items()})
        return _zip(
            {
                name: gzip.compress(_break_text(kind, gzip.decompress(data)), 1)
                for name, data in members.items()
            }
        )
    return _break_text(kind, body)


def _break_text(kind: str, text: bytes) -> bytes:
    if kind == "torn_line":
        return text[: -max(2, len(text.splitlines()[-1]) // 2)] if text else text
    if kind == "byte_order_mark":
        return b"\xef\xbb\xbf" + text
    if kind == "invalid_utf8":
        middle = text.find(b'": "', len(text) // 2)
        middle = middle + 4 if middle >= 0 else len(text) // 2
        return text[:middle] + b"\xff\xfe" + text[middle:]
    return text


def _zip(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


async def _chunks(response: Response) -> AsyncIterator[bytes]:
    if hasattr(response, "body_iterator"):
        async for chunk in response.body_iterator:
            yield chunk if isinstance(chunk, bytes) else bytes(chunk, "utf-8")
    else:
        yield bytes(response.body)


async def _whole(response: Response) -> bytes:
    return b"".join([chunk async for chunk in _chunks(response)])


class _BrokenBytes(Response):
    """Another answer with its bytes broken and its length true."""

    def __init__(self, original: Response, kind: str) -> None:
        super().__init__(status_code=original.status_code)
        self._original, self._kind = original, kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = break_bytes(self._kind, await _whole(self._original))
        headers = {name: value for name, value in self._original.headers.items() if name != "content-length"}
        await Response(body, self.status_code, headers)(scope, receive, send)


class _BrokenTransport(Response):
    """Another answer announced whole and sent by half."""

    def __init__(self, original: Response, kind: str, seconds: float) -> None:
        super().__init__(status_code=original.status_code)
        self._original, self._kind, self._seconds = original, kind, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _whole(self._original)
        headers = [(name, value) for name, value in self._original.raw_headers if name != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        if self._kind == "stalled_body":
            await asyncio.sleep(self._seconds)
        elif self._kind == "connection_reset":
            # Leave the client time to read what it got; then the server's own transport is dropped.
            await asyncio.sleep(0.05)
            if (abort := scope.get("sandbox.abort")) is not None:
                abort()
                return
            raise ConnectionResetError("planned fault: the connection is dropped")
        await send({"type": "http.response.body", "body": b"", "more_body": False})
