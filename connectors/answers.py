"""What a vendor's answer means: its JSON, or the error that its status stands for."""

import json
from collections.abc import Collection
from typing import Any

import httpx

from connectors.errors import (
    BadRequest,
    Gone,
    MalformedResponse,
    NotFound,
    QuotaSpent,
    RateLimited,
    Rejected,
    ScopeMissing,
    SourceError,
    Unreachable,
    WindowTooLarge,
)

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
# What a vendor's error says when it will take no request for the rest of the day.
DAILY_QUOTA_SIGNS = ("REQUEST_LIMIT_EXCEEDED", '"policyName": "DAILY"')
_ERRORS: dict[int, type[SourceError]] = {401: Rejected, 403: ScopeMissing, 404: NotFound, 410: Gone}


def json_of(response: httpx.Response, place: str) -> Any:
    """The parsed body. Raises MalformedResponse for HTML, an empty body, broken JSON or text that is not UTF-8."""
    kind = response.headers.get("content-type", "").lower()
    body = response.content
    if kind.startswith("text/html") or body[:64].lstrip().startswith(b"<"):
        raise MalformedResponse(
            "A page of HTML came instead of JSON.", place=place, status=response.status_code
        )
    try:
        return json.loads(body.decode("utf-8-sig"))
    except ValueError as error:
        # The exception's own text would quote the body.
        problem = (
            "text that is not UTF-8" if isinstance(error, UnicodeDecodeError) else "broken or empty JSON"
        )
        raise MalformedResponse(
            f"The answer is {problem} ({len(body)} bytes).", place=place, status=response.status_code
        ) from None


def refusal_of(response: httpx.Response, place: str, too_large: Collection[int]) -> tuple[SourceError, bool]:
    """The error that a status stands for, and whether it may pass when the request is sent again."""
    status = response.status_code
    body = _body(response)
    details: dict[str, Any] = {"place": place, "status": status, "vendor_message": _saying(body)}
    may_pass = False
    if any(sign in json.dumps(body) for sign in DAILY_QUOTA_SIGNS):
        error: SourceError = QuotaSpent(**details)
    elif status in too_large:
        error = WindowTooLarge(**details)
    elif status == 429 or (status == 403 and _is_quota(response, body)):
        error, may_pass = RateLimited(**details), True
    elif status >= 500 or status in MAY_PASS:
        error, may_pass = Unreachable(f"The vendor answers {status}.", **details), True
    elif status in _ERRORS:
        error = _ERRORS[status](**details)
    elif 300 <= status < 400:
        error = BadRequest(
            "The vendor redirects the request.", remedy="Set the base URL to where the API is.", **details
        )
    else:
        error = BadRequest(f"The vendor refuses the request ({status}).", **details)
    error.body = body
    return error, may_pass


def _is_quota(response: httpx.Response, body: Any) -> bool:
    """Some vendors say 403 when they mean that the quota is spent, and some of them only in the body."""
    headers = response.headers
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining", "").strip() == "0"
        or "secondary rate limit" in json.dumps(body)
    )


def _body(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError:
        return None


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
