"""What a vendor's answer means: its JSON, or the error that its status, its headers and its body stand for."""

from collections.abc import Collection
from typing import Any

import httpx

from connectors.bodies import parse_json
from connectors.errors import (
    BadRequest,
    Gone,
    MalformedResponse,
    NotFound,
    PlanLacks,
    QuotaSpent,
    RateLimited,
    Rejected,
    ScopeMissing,
    SourceError,
    Unreachable,
)
from connectors.habits import Sign

MAY_PASS = (408, 425, 429)
SAYING = (
    "message",
    "error_description",
    "description",
    "errorMessages",
    "detail",
    "title",
    "error",
    "errors",
)
# Some vendors say 403 when they mean that the quota is spent.
COMMON_SIGNS = (
    Sign(RateLimited, 403, header=("retry-after", "")),
    Sign(RateLimited, 403, header=("x-ratelimit-remaining", "0")),
)
_ERRORS: dict[int, type[SourceError]] = {
    401: Rejected,
    402: PlanLacks,
    403: ScopeMissing,
    404: NotFound,
    410: Gone,
    429: RateLimited,
}


def json_of(response: httpx.Response, place: str) -> Any:
    """The parsed body. Raises MalformedResponse for HTML, an empty body, broken or deep JSON, text that is not UTF-8."""
    kind = response.headers.get("content-type", "").lower()
    body = response.content
    if kind.startswith("text/html") or body[:64].lstrip().startswith(b"<"):
        raise MalformedResponse(
            "A page of HTML came instead of JSON.", place=place, status=response.status_code
        )
    try:
        return parse_json(body)
    except ValueError as error:
        raise MalformedResponse(
            f"The answer is {error} ({len(body)} bytes).", place=place, status=response.status_code
        ) from None


def body_of(response: httpx.Response) -> Any:
    """The parsed body; None when it is no JSON."""
    try:
        return parse_json(response.content)
    except ValueError:
        return None


def refusal_of(
    response: httpx.Response, body: Any, place: str, signs: tuple[Sign, ...], normal: Collection[int] = ()
) -> SourceError | None:
    """The error that an answer stands for; None: it is none.

    `signs`: those of the request and of its vendor. `normal`: statuses that are none although they are no 2xx.
    """
    status = response.status_code
    meant = next((each.means for each in signs if each.fits(status, response.headers, body)), None)
    if meant is None and (response.is_success or status in normal):
        return None
    details: dict[str, Any] = {"place": place, "status": status, "vendor_message": _saying(body)}
    if meant is None:
        common = (each.means for each in COMMON_SIGNS if each.fits(status, response.headers, body))
        meant = next(common, _ERRORS.get(status))
    if meant is not None:
        error = meant(**details)
    elif status >= 500 or status in MAY_PASS:
        error = Unreachable(f"The vendor answers {status}.", **details)
    elif 300 <= status < 400:
        error = BadRequest(
            "The vendor redirects the request.", remedy="Set the base URL to where the API is.", **details
        )
    else:
        error = BadRequest(f"The vendor refuses the request ({status}).", **details)
    error.body = body
    return error


def may_pass(error: SourceError) -> bool:
    """May the same request succeed later in this run?"""
    return isinstance(error, RateLimited | Unreachable) and not isinstance(error, QuotaSpent)


def _saying(body: Any) -> str:
    """The vendor's sentence in an error body of any usual shape; empty when there is none."""
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "; ".join(filter(None, map(_saying, body[:3])))
    if isinstance(body, dict):
        for name in SAYING:
            if body.get(name):
                return _saying(body[name])
    return ""
