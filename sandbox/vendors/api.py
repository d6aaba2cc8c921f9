"""What the vendors' routes share: a request, a page of rows, and the way in which a vendor refuses.

A vendor's API is a subclass of `Vendor`. Its handlers run in worker threads and read records only through `State`.
"""

import json
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from sandbox.vendors.limits import Allowance, Limit, Limiter
from sandbox.vendors.record import Record

T = TypeVar("T")


class Json(JSONResponse):
    """JSON as vendors send it: letters as they are, but half characters, which UTF-8 has no bytes for, escaped."""

    def render(self, content: Any) -> bytes:
        return json_bytes(content)


def json_bytes(content: Any) -> bytes:
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


class State(Protocol):
    """What a vendor's routes may read of the running sandbox.

    `max_export_events`: larger exports are refused; `token_seconds`: life of a token; `export_zone`: the zone in which
    exports count days and times, where the vendor lets a project choose one.
    """

    max_export_events: int
    token_seconds: float
    export_zone: ZoneInfo
    limiter: Limiter

    @property
    def now(self) -> datetime: ...
    def rows(self, vendor: str, stream: str) -> list[Record]: ...
    def events(self, vendor: str, start: datetime) -> list[bytes]: ...
    def cached(self, key: Hashable, build: Callable[[], T]) -> T: ...


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

    def number(self, name: str, default: int, most: int, least: int = 1) -> int:
        """An integer from the body or the query; `Refusal` 400 is the vendor's, so a bad one raises ValueError."""
        raw = self.body.get(name, self.query.get(name))
        if raw is None or raw == "":
            return default
        value = int(str(raw))
        if value < least:
            raise ValueError(f"{name} must be at least {least}")
        return min(value, most)

    def basic_credentials(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic, None when there are none or they cannot be read."""
        scheme, _, encoded = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return user, password


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
    """`stream` may name path parameters in braces, or `{operation}` of a GraphQL question; `limit` is the rate limit that counts these requests."""

    method: str
    path: str
    stream: str
    handler: Handler
    limit: Limit | None = None
    open_to_all: bool = False
    aliases: tuple[str, ...] = field(default=())


class Vendor(ABC):
    """One vendor's API. Subclasses give the endpoints, authentication, headers and the shape of errors."""

    # The name of the vendor's folder.
    name: str
    # Whether a refusal for the rate limit says in Retry-After how long to wait.
    sends_retry_after = True

    def __init__(self, sandbox: State) -> None:
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

    def error_to(self, call: Call, status: int, message: str = "") -> Response:
        """As `error`, for vendors that refuse by the address that was asked."""
        return self.error(status, message)

    def present(self, call: Call, result: Page | Response) -> Response:
        """What a handler gave, as the vendor sends it."""
        return result if isinstance(result, Response) else Json(result.body, status_code=result.status)

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
