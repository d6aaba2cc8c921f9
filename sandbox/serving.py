"""What the vendors' routes share: the data they serve, the clock, and the way of one request.

A request goes: planned fault, authentication, rate limit, the vendor's handler, then whatever the fault
breaks in the answer. Handlers run in worker threads and read records only through `SandboxState`.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox import faults
from sandbox.alterations import Alteration, Alterations
from sandbox.credentials import VENDORS
from sandbox.defects import Defects
from sandbox.limits import Allowance, Limit, Limiter
from sandbox.records import Record, VendorData

T = TypeVar("T")
UTC_ZONE = ZoneInfo("UTC")


class SandboxState:
    """State of one running sandbox. The clock stands still until it is set, so that a night reads one moment."""

    def __init__(
        self,
        data: VendorData,
        now: datetime,
        *,
        only: Collection[str] | None = None,
        pace: float = 1.0,
        max_export_events: int = 400_000,
        token_seconds: float = 1800.0,
        mixpanel_zone: ZoneInfo = UTC_ZONE,
    ) -> None:
        """`max_export_events`: an Amplitude export above it is refused; `token_seconds`: life of a Zendesk token;
        `mixpanel_zone`: the zone in which a Mixpanel export counts days and times.
        """
        unknown = sorted(set(only or ()) - set(VENDORS))
        if unknown:
            raise ValueError(f"unknown vendor {', '.join(unknown)}: choose from {', '.join(VENDORS)}")
        self.data = data
        self.vendors = tuple(vendor for vendor in VENDORS if only is None or vendor in only)
        self.max_export_events = max_export_events
        self.token_seconds = token_seconds
        self.mixpanel_zone = mixpanel_zone
        self.limiter = Limiter(pace)
        self.faults = faults.FaultPlan()
        self.defects = Defects()
        self.alterations = Alterations()
        self.requests: Counter[tuple[str, str]] = Counter()
        self._lock = threading.RLock()
        self._cache: dict[Hashable, Any] = {}
        self._followers: list[Callable[[datetime], object]] = []
        self.now = now

    @property
    def now(self) -> datetime:
        """The company's present, aware UTC."""
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no time zone: write it like 2026-11-16T01:00:00Z")
        self._now = moment.astimezone(UTC)
        self.forget()
        for follower in self._followers:
            follower(self._now)

    def follow(self, follower: Callable[[datetime], object]) -> None:
        """Call `follower` with the clock, now and whenever it is set."""
        self._followers.append(follower)
        follower(self._now)

    def forget(self) -> None:
        """Drop what was derived from the records; needed when the clock, the defects or the faults change."""
        with self._lock:
            self._cache.clear()

    def alter(self, *alterations: Alteration) -> None:
        """Change single records, from each alteration's own moment on."""
        for each in alterations:
            self.alterations.add(each)
        self.forget()

    def cached(self, key: Hashable, build: Callable[[], T]) -> T:
        """`build()` once per state of the sandbox. One thread at a time reads the data."""
        with self._lock:
            if key not in self._cache:
                self._cache[key] = build()
            result: T = self._cache[key]
            return result

    def warm_up(self) -> None:
        """Read a little of every vendor, so that what the data make at first use is made before anyone waits."""
        for vendor, stream in (
            ("hubspot", "companies"),
            ("zendesk", "tickets"),
            ("intercom", "conversations"),
            ("jira", "issues"),
            ("productboard", "features"),
        ):
            if vendor in self.vendors:
                self.rows(vendor, stream)
        if "mixpanel" in self.vendors:
            self.mixpanel_day((self.now - timedelta(days=1)).date())
        if "amplitude" in self.vendors:
            self.amplitude_hour((self.now - timedelta(days=1)).replace(minute=0, second=0, microsecond=0))

    def rows(self, vendor: str, stream: str) -> list[Record]:
        """A stream's records as the vendor shows them now: planted defects in, rows not yet indexed out."""

        def build() -> list[Record]:
            records = self.data.records(vendor, stream, self.now)
            flawed = self.defects.apply(vendor, stream, records, self.now)
            flawed = self.alterations.apply(vendor, stream, flawed, self.now)
            return [record for record in flawed if not self.faults.hides(vendor, stream, record, self.now)]

        return self.cached(("rows", vendor, stream), build)

    def amplitude_hour(self, hour: datetime) -> list[bytes]:
        """The NDJSON files of one upload hour, planted defects in."""
        with self._lock:
            return self.defects.apply_hour(
                hour, self.now, lambda past: self.data.amplitude_hour(past, self.now)
            )

    def mixpanel_day(self, day: date) -> bytes:
        """The events of one day of the project, planted defects in."""
        with self._lock:
            return self.defects.apply_day(self.data.mixpanel_day(day, self.mixpanel_zone, self.now))


@dataclass
class Call:
    """One request, read whole. `base_url` is the vendor's own root as the client addressed it, without a slash."""

    method: str
    base_url: str
    path: str
    stream: str
    query: QueryParams
    params: Mapping[str, Any]
    headers: Mapping[str, str]
    body: dict[str, Any]
    content: bytes = b""
    fault: faults.Fault | None = None

    def number(self, name: str, default: int, most: int, least: int = 1) -> int:
        """An integer from the body or the query; `Refusal` 400 is the vendor's, so a bad one raises ValueError."""
        raw = self.body.get(name, self.query.get(name))
        if raw is None or raw == "":
            return default
        value = int(str(raw))
        if value < least:
            raise ValueError(f"{name} must be at least {least}")
        return min(value, most)


@dataclass
class Page:
    """A page of rows, with the places of its rows and its next cursor so that faults can reach them.

    `this_cursor`: the cursor that was asked for; `same_place`: another spelling of the place where this page
    begins, with which a client can come back for the same rows; `more`: (key, value) that says "not the end".
    """

    body: dict[str, Any]
    rows: str
    cursor: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    this_cursor: str | None = None
    same_place: str | None = None
    more: tuple[str, Any] | None = None
    status: int = 200


class Refusal(Exception):
    """Raised by a handler to answer with an error in the vendor's shape."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"answered with status {response.status_code}")
        self.response = response


Handler = Callable[[Call], Page | Response]


@dataclass(frozen=True)
class Endpoint:
    """`stream` may name path parameters in braces; `limit` is the rate limit that counts these requests."""

    method: str
    path: str
    stream: str
    handler: Handler
    limit: Limit | None = None
    open_to_all: bool = False
    aliases: tuple[str, ...] = field(default=())


class Vendor(ABC):
    """One vendor's API. Subclasses give the endpoints, authentication, headers and the shape of errors."""

    name: str
    # Whether a refusal for the rate limit says in Retry-After how long to wait.
    sends_retry_after = True

    def __init__(self, sandbox: SandboxState) -> None:
        self.sandbox = sandbox

    @abstractmethod
    def endpoints(self) -> list[Endpoint]:
        """What this vendor answers, path by path."""

    @abstractmethod
    def authorise(self, call: Call) -> Response | None:
        """None when the credentials are right, else the vendor's refusal."""

    @abstractmethod
    def error(self, status: int, message: str = "") -> Response:
        """An error answer in the vendor's shape, without waiting-time headers."""

    def limit_key(self, endpoint: Endpoint) -> str:
        """What shares one limit; by default everything that names it."""
        return ""

    def limit_headers(self, allowance: Allowance) -> dict[str, str]:
        return {}

    def reset_headers(self, seconds: float) -> dict[str, str]:
        """Headers that say when the limit resets, for answers without Retry-After."""
        return {}

    def expire(self, call: Call) -> None:  # noqa: B027 - most credentials never expire
        """Called when a fault makes the presented credentials expire."""

    def refuse(self, status: int, message: str = "") -> Refusal:
        return Refusal(self.error(status, message))

    async def answer(self, endpoint: Endpoint, request: Request) -> Response:
        call = await read_call(self.name, endpoint, request)
        self.sandbox.requests[(self.name, f"{call.method} {call.path}")] += 1
        call.fault = fault = self.sandbox.faults.draw(self.name, call.stream, call.query)
        if fault is not None and (early := faults.refusal(fault, self, call)) is not None:
            return early
        if not endpoint.open_to_all and (refused := self.authorise(call)) is not None:
            return refused
        headers: dict[str, str] = {}
        if endpoint.limit is not None:
            allowance = self.sandbox.limiter.take(endpoint.limit, self.name, self.limit_key(endpoint))
            headers = self.limit_headers(allowance)
            if allowance.retry_after is not None:
                response = self.error(429, endpoint.limit.name)
                response.headers.update(headers)
                if self.sends_retry_after:
                    response.headers["Retry-After"] = str(allowance.whole_seconds)
                return response
        response = await run_in_threadpool(self._handle, endpoint.handler, call)
        response.headers.update(headers)
        return faults.break_response(fault, response, request) if fault is not None else response

    def _handle(self, handler: Handler, call: Call) -> Response:
        try:
            result = handler(call)
        except Refusal as refusal:
            return refusal.response
        except ValueError as problem:
            return self.error(400, str(problem))
        if isinstance(result, Response):
            return result
        if call.fault is not None:
            faults.break_page(call.fault, result, self.sandbox.faults.edges)
        return JSONResponse(result.body, status_code=result.status)

    def mount(self) -> Mount:
        routes: list[Route] = []
        for endpoint in self.endpoints():

            async def serve(request: Request, endpoint: Endpoint = endpoint) -> Response:
                return await self.answer(endpoint, request)

            for path in (endpoint.path, *endpoint.aliases):
                routes.append(Route(path, serve, methods=[endpoint.method]))

        async def nowhere(request: Request) -> Response:
            self.sandbox.requests[(self.name, f"{request.method} (unknown path)")] += 1
            return self.error(404, f"no such path: {request.url.path}")

        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Mount(f"/{self.name}", routes=[*routes, Route("/{rest:path}", nowhere, methods=methods)])


async def read_call(vendor: str, endpoint: Endpoint, request: Request) -> Call:
    """Read a request: a JSON object or a form is the body; anything else counts as an empty one. `content`: the bytes."""
    raw = await request.body()
    body: Any = {}
    if raw and "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        body = {name: values[-1] for name, values in parse_qs(raw.decode(errors="replace")).items()}
    elif raw:
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
    return Call(
        method=request.method,
        base_url=f"{request.url.scheme}://{request.url.netloc}/{vendor}",
        path=endpoint.path,
        stream=endpoint.stream.format(**request.path_params),
        query=request.query_params,
        params=request.path_params,
        headers=request.headers,
        body=body if isinstance(body, dict) else {},
        content=raw,
    )
