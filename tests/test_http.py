"""The HTTP layer: waiting, retrying, refusing, and keeping secrets, against answers made up here."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.errors import (
    BadRequest,
    ForeignHost,
    Gone,
    MalformedResponse,
    NotFound,
    RateLimited,
    Rejected,
    ScopeMissing,
    SourceError,
    StuckCursor,
    Unreachable,
    WindowTooLarge,
)
from connectors.habits import meaning
from connectors.http import BasicAuth, BearerAuth, ClientCredentials, Http
from connectors.waiting import Backoff, Clock, RequestBudget, asked_to_wait

NOW = datetime(2026, 11, 14, 1, tzinfo=UTC)
CANARY = "canary-7f3a91-do-not-show"
BASE = "https://api.vendor.example/root"


class FakeClock(Clock):
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Vendor:
    """Gives its answers one after the other, the last one for ever, and keeps the requests."""

    def __init__(
        self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]
    ) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


def http(vendor: Vendor, clock: Clock | None = None, **more: object) -> Http:
    return Http(BASE, transport=httpx.MockTransport(vendor), clock=clock or FakeClock(), **more)  # type: ignore[arg-type]


def ok(body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=body if body is not None else {"fine": True}, headers=headers)


def test_paths_lie_below_the_base_url_and_keep_their_query() -> None:
    vendor = Vendor(ok())
    asked = http(vendor)
    asked.get("/things?page=2")
    asked.get("things", {"page": 3})
    asked.get(f"{BASE}/things?page=4")
    assert [str(request.url) for request in vendor.requests] == [f"{BASE}/things?page={n}" for n in (2, 3, 4)]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "93"}, 93),
        ({"retry-after": "0"}, 0),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=40), usegmt=True)}, 40),
        ({"retry-after": format_datetime(NOW - timedelta(hours=1), usegmt=True)}, 0),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30),
        ({"x-ratelimit-reset": str((int(NOW.timestamp()) + 30) * 1000)}, 30),
        ({"ratelimit-reset": "12"}, 12),
        ({"retry-after": "5", "ratelimit-reset": "50"}, 5),
    ],
)
def test_the_vendor_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    clock = FakeClock()
    vendor = Vendor(httpx.Response(429, headers=headers), ok())
    assert http(vendor, clock).get("/things") == {"fine": True}
    assert clock.slept == [seconds]


def test_a_date_is_compared_with_the_vendors_own_clock() -> None:
    vendor_now = NOW + timedelta(days=2)
    headers = {
        "date": format_datetime(vendor_now, usegmt=True),
        "retry-after": format_datetime(vendor_now + timedelta(seconds=7), usegmt=True),
    }
    assert asked_to_wait(headers, NOW) == 7


@given(st.text())
def test_any_retry_after_is_a_bearable_wait_or_none(text: str) -> None:
    waited = asked_to_wait({"retry-after": text, "ratelimit-reset": text}, NOW)
    assert waited is None or waited >= 0


def test_without_a_word_the_wait_doubles_up_to_its_cap() -> None:
    clock = FakeClock()
    vendor = Vendor(*[httpx.Response(503)] * 9, ok())
    http(vendor, clock, backoff=Backoff(first=1, cap=20)).get("/things")
    assert len(clock.slept) == 9
    for number, seconds in enumerate(clock.slept):
        assert min(20, 2**number) / 2 <= seconds <= min(20, 2**number)


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]
)
def test_a_broken_connection_is_tried_again(failure: Exception) -> None:
    vendor = Vendor(failure, ok())
    assert http(vendor).get("/things") == {"fine": True}
    assert len(vendor.requests) == 2


def test_retries_end_with_their_time() -> None:
    clock = FakeClock()
    vendor = Vendor(httpx.Response(429, headers={"retry-after": "400"}))
    with pytest.raises(RateLimited, match="400 seconds"):
        http(vendor, clock, retry_seconds=900).get("/things")
    assert clock.slept == [400, 400]


def test_an_unanswered_vendor_is_unreachable_in_the_end() -> None:
    with pytest.raises(Unreachable, match="ConnectError"):
        http(Vendor(httpx.ConnectError("no"))).get("/things")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequest),
        (401, Rejected),
        (403, ScopeMissing),
        (404, NotFound),
        (410, Gone),
        (301, BadRequest),
        (422, BadRequest),
    ],
)
def test_a_refusal_is_told_at_once(status: int, error: type[SourceError]) -> None:
    vendor = Vendor(httpx.Response(status, json={"message": "no such luck"}))
    with pytest.raises(error, match="no such luck") as caught:
        http(vendor).get("/things")
    assert len(vendor.requests) == 1
    assert (caught.value.status, caught.value.place) == (status, "GET /root/things")
    assert caught.value.body == {"message": "no such luck"}


def test_a_spent_quota_behind_403_is_waited_for() -> None:
    vendor = Vendor(
        httpx.Response(403, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"}), ok()
    )
    assert http(vendor).get("/things") == {"fine": True}


@pytest.mark.parametrize("status", [400, 504])
def test_a_window_that_is_too_large_is_not_tried_again(status: int) -> None:
    vendor = Vendor(httpx.Response(status, text="too big"))
    with pytest.raises(WindowTooLarge):
        http(vendor).get("/export", signs=meaning(WindowTooLarge, 400, 504))
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<html>Log in</html>"),
        httpx.Response(200, text="  <!doctype html><p>Log in"),
        httpx.Response(200, text='{"torn": '),
        httpx.Response(200, content=b'{"a": "\xff"}'),
        httpx.Response(204),
    ],
)
def test_what_is_not_json_is_an_error(answer: httpx.Response) -> None:
    with pytest.raises(MalformedResponse):
        http(Vendor(answer)).get("/things")


def test_a_cookie_is_not_taken_and_cannot_break_the_next_request() -> None:
    vendor = Vendor(httpx.Response(200, headers=[(b"set-cookie", b"name=\x80; path=/")], json={"fine": True}))
    api = http(vendor)
    assert api.get("/things") == api.get("/things") == {"fine": True}
    assert "cookie" not in vendor.requests[1].headers


def test_a_byte_order_mark_is_no_error() -> None:
    assert http(Vendor(httpx.Response(200, content=b'\xef\xbb\xbf{"a": 1}'))).get("/things") == {"a": 1}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/next",
        "//evil.example/next",
        "http://api.vendor.example/root/next",
        "https://api.vendor.example:444/next",
        "https://api.vendor.example@evil.example/next",
    ],
)
def test_a_link_to_another_host_is_refused_before_any_request(url: str) -> None:
    vendor = Vendor(ok({"next": url}))
    with pytest.raises(ForeignHost):
        list(http(vendor).paginate("/things", None, lambda body: body["next"]))
    assert len(vendor.requests) == 1


def test_a_host_can_be_allowed() -> None:
    vendor = Vendor(ok())
    http(vendor, allowed_hosts=["files.vendor.example"]).get("https://files.vendor.example/a")
    assert vendor.requests[0].url.host == "files.vendor.example"


def test_pages_follow_links_and_parameters() -> None:
    vendor = Vendor(ok({"n": 1, "next": f"{BASE}/things?page=2"}), ok({"n": 2, "after": 9}), ok({"n": 3}))
    following = lambda body: body.get("next") or ({"after": body["after"]} if "after" in body else None)  # noqa: E731
    assert [body["n"] for body in http(vendor).paginate("/things", {"limit": 5}, following)] == [1, 2, 3]


def test_a_page_that_was_read_before_is_not_read_again() -> None:
    vendor = Vendor(ok({"after": 1}))
    with pytest.raises(StuckCursor) as stuck:
        list(http(vendor).paginate("/things", None, lambda body: {"after": body["after"]}))
    assert stuck.value.place == "GET /things"
    assert len(vendor.requests) == 2


def test_the_budget_spreads_requests() -> None:
    clock = FakeClock()
    asked = http(Vendor(ok()), clock, requests_per_minute=10)
    for _ in range(4):
        asked.get("/things")
    assert clock.slept == pytest.approx([6, 6, 6])


@given(per_minute=st.integers(1, 6000), requests=st.integers(1, 200))
def test_no_minute_sees_more_than_the_budget_and_a_second(per_minute: int, requests: int) -> None:
    clock = FakeClock()
    budget = RequestBudget(per_minute, None, clock)
    sent = []
    for _ in range(requests):
        budget.take()
        sent.append(clock.monotonic())
    allowed = per_minute + max(1, per_minute / 60) + 1
    assert all(sum(start <= each < start + 60 for each in sent) <= allowed for start in sent)


def test_a_download_is_fetched_again_when_it_was_cut_short(tmp_path: Path) -> None:
    whole = b"0123456789" * 1000
    vendor = Vendor(
        httpx.Response(200, headers={"content-length": str(len(whole))}, stream=_Body(whole[:700])),
        httpx.Response(
            200, headers={"content-length": str(len(whole))}, stream=_Body(whole[:70], breaks=True)
        ),
        httpx.Response(200, headers={"content-length": str(len(whole))}, stream=_Body(whole)),
    )
    file = tmp_path / "export.zip"
    assert http(vendor).stream_to_file("/export", {"start": "x"}, file).size == len(whole)
    assert file.read_bytes() == whole
    assert len(vendor.requests) == 3


class _Body(httpx.SyncByteStream):
    def __init__(self, content: bytes, breaks: bool = False) -> None:
        self._content = content
        self._breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        if self._breaks:
            raise httpx.ReadError("reset")


def test_a_page_of_html_is_no_download(tmp_path: Path) -> None:
    with pytest.raises(MalformedResponse):
        http(Vendor(httpx.Response(200, html="<p>Log in"))).stream_to_file("/export", None, tmp_path / "x")
    with pytest.raises(Rejected):
        http(Vendor(httpx.Response(401, json={}))).stream_to_file("/export", None, tmp_path / "x")


def test_basic_and_bearer_sign_each_request() -> None:
    for auth, header in [
        (BasicAuth("user", SecretStr("password")), "Basic dXNlcjpwYXNzd29yZA=="),
        (BearerAuth(SecretStr("abcdef-123")), "Bearer abcdef-123"),
    ]:
        vendor = Vendor(ok())
        http(vendor, auth=auth).get("/things")
        assert vendor.requests[0].headers["authorization"] == header


def _oauth(valid: list[str], *, token_status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    """A vendor that accepts only the last token it gave; `valid` is the supply of tokens."""
    given: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/root/oauth/tokens":
            if token_status != 200:
                return httpx.Response(token_status, json={"error": "invalid_client"})
            given.append(valid.pop(0))
            return ok({"access_token": given[-1]})
        good = request.headers["authorization"] == f"Bearer {given[-1]}" and given[-1] != "expired-token"
        return ok() if good else httpx.Response(401, json={})

    return answer


def _client() -> ClientCredentials:
    return ClientCredentials(f"{BASE}/oauth/tokens", "client", SecretStr(CANARY), scope="read")


def test_a_token_that_expires_in_mid_run_is_refreshed_once() -> None:
    tokens = ["first-token", "second-token"]
    vendor = Vendor(_oauth(tokens))
    asked = http(vendor, auth=_client())
    asked.get("/things")
    asked._client.auth._token = SecretStr("worn-out")  # type: ignore[union-attr]
    assert asked.get("/things") == {"fine": True}
    assert [request.url.path for request in vendor.requests] == [
        "/root/oauth/tokens", "/root/things", "/root/things", "/root/oauth/tokens", "/root/things",
    ]  # fmt: skip


def test_a_fresh_token_that_is_refused_is_not_asked_for_again() -> None:
    vendor = Vendor(_oauth(["expired-token"] * 9))
    with pytest.raises(Rejected):
        http(vendor, auth=_client()).get("/things")
    assert len(vendor.requests) == 2


def test_a_refused_client_is_rejected_and_a_busy_token_endpoint_waited_for() -> None:
    with pytest.raises(Rejected, match="OAuth client"):
        http(Vendor(_oauth([], token_status=401)), auth=_client()).get("/things")
    vendor = Vendor(
        httpx.Response(503, headers={"retry-after": "2"}), ok({"access_token": "later-token"}), ok()
    )
    clock = FakeClock()
    assert http(vendor, clock, auth=_client()).get("/things") == {"fine": True}
    assert clock.slept == [2]
