"""Vendors that say things in their own way, each as its documentation and its clients' bug reports tell."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.errors import (
    BadRequest,
    ForeignHost,
    Gone,
    PlanLacks,
    RateLimited,
    Rejected,
    ScopeMissing,
    SourceError,
    StuckCursor,
    Unreachable,
)
from connectors.habits import Habits, Sign, meaning, members
from connectors.http import BearerAuth, HeaderAuth, Http
from connectors.waiting import asked_to_wait
from tests.fake_source import FakeHouse, stream
from tests.test_http import BASE, NOW, FakeClock, Vendor, http, ok

NOW_SECONDS = int(NOW.timestamp())
LINEAR = Habits(
    signs=(
        Sign(RateLimited, 400, at="errors[].extensions.code", says=("RATELIMITED",)),
        Sign(PlanLacks, 200, at="errors[].extensions.type", says=("feature not accessible",)),
        Sign(BadRequest, 200, at="errors[]"),
    )
)
GOOGLE = Habits(
    signs=(
        Sign(
            RateLimited, 403, at="error.errors[].reason", says=("rateLimitExceeded", "userRateLimitExceeded")
        ),
    )
)
MATOMO = Habits(signs=(Sign(BadRequest, 200, at="result", says=("error",)),))
STATUSPAGE = Habits(signs=meaning(RateLimited, 420))
NOTION = Habits(headers={"Notion-Version": "2026-03-11"})
PAGERDUTY = Habits(headers={"Accept": "application/vnd.pagerduty+json;version=2"})
POSTHOG = Habits(file_hosts=(".amazonaws.com",), headers={"X-Vendor": "canary-header"})

LINEAR_LIMIT = {
    "errors": [
        {
            "message": "Rate limit exceeded. Only 2500 requests are allowed per 1 hour.",
            "extensions": {"type": "ratelimited", "code": "RATELIMITED"},
        }
    ]
}
GOOGLE_LIMIT = {
    "error": {"code": 403, "message": "Rate Limit Exceeded", "errors": [{"domain": "usageLimits", "reason": "rateLimitExceeded"}]}
}  # fmt: skip
GOOGLE_FORBIDDEN = {"error": {"code": 403, "errors": [{"domain": "global", "reason": "forbidden"}]}}


def test_headers_go_with_every_request_or_with_one() -> None:
    vendor = Vendor(ok())
    notion = http(vendor, habits=NOTION)
    notion.get("/v1/users")
    notion.post("/v1/search", {}, headers={"Prefer": 'IdType="ImmutableId"'})
    assert [each.headers["notion-version"] for each in vendor.requests] == ["2026-03-11"] * 2
    assert ["prefer" in each.headers for each in vendor.requests] == [False, True]
    http(vendor, habits=PAGERDUTY).get("/incidents")
    assert vendor.requests[-1].headers["accept"] == "application/vnd.pagerduty+json;version=2"


@pytest.mark.parametrize(
    ("habits", "limit", "waited"),
    [
        (
            LINEAR,
            httpx.Response(
                400,
                json=LINEAR_LIMIT,
                headers={
                    "X-RateLimit-Requests-Remaining": "0",
                    "X-RateLimit-Requests-Reset": str((NOW_SECONDS + 40) * 1000),
                    "X-RateLimit-Complexity-Remaining": "120000",
                    "X-RateLimit-Complexity-Reset": str((NOW_SECONDS + 700) * 1000),
                },
            ),
            40,
        ),
        (GOOGLE, httpx.Response(403, json=GOOGLE_LIMIT, headers={"Retry-After": "3"}), 3),
        (STATUSPAGE, httpx.Response(420, headers={"Retry-After": "60"}), 60),
    ],
    ids=["Linear", "Google", "Statuspage"],
)
def test_a_limit_that_is_no_429_is_waited_for(habits: Habits, limit: httpx.Response, waited: float) -> None:
    clock = FakeClock()
    assert http(Vendor(limit, ok()), clock, habits=habits).get("/things") == {"fine": True}
    assert clock.slept == [waited]


def test_without_the_sign_the_same_status_means_what_it_says() -> None:
    with pytest.raises(BadRequest):
        http(Vendor(httpx.Response(400, json={"errors": [{"message": "no such field"}]})), habits=LINEAR).get(
            "/x"
        )
    with pytest.raises(ScopeMissing):
        http(Vendor(httpx.Response(403, json=GOOGLE_FORBIDDEN)), habits=GOOGLE).get("/x")


def test_an_optional_stream_takes_a_missing_plan_for_none_and_a_spent_quota_for_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = FakeHouse(tmp_path, monkeypatch)
    house.offer(stream("things", optional=True))

    def outcome(answer: httpx.Response) -> str:
        def ask(connector: object) -> Any:
            return http(Vendor(answer), habits=GOOGLE, retry_seconds=10).get("/things")

        house.vendor.pages = {"things": [[ask]]}
        return house.run().streams[0].outcome

    assert outcome(httpx.Response(403, json=GOOGLE_FORBIDDEN)) == "not_available"
    assert outcome(httpx.Response(402, json={"errors": [{"message": "Premium only"}]})) == "not_available"
    assert outcome(httpx.Response(403, json=GOOGLE_LIMIT)) == "failed"
    assert outcome(httpx.Response(403, json=GOOGLE_LIMIT, headers={"Retry-After": "3600"})) == "paused"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-sentry-rate-limit-remaining": "0", "x-sentry-rate-limit-reset": str(NOW_SECONDS + 9)}, 9),
        ({"x-ratelimit-global-remaining": "0", "x-ratelimit-reset": str((NOW_SECONDS + 8) * 1000)}, 8),
        ({"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": "17"}, 17),
        ({"x-ratelimit-reset": "2026-11-14T01:02:00Z"}, 120),
        ({"x-ratelimit-requests-reset": "5", "x-ratelimit-complexity-reset": "50"}, 50),
        ({"x-ratelimit-requests-remaining": "3", "x-ratelimit-requests-reset": "5"}, None),
        ({"x-password-reset": "5", "x-ratelimit-reset-policy": "5"}, None),
    ],
    ids=["Sentry", "LaunchDarkly", "PagerDuty", "Atlassian", "the later of two", "not used up", "others"],
)
def test_a_reset_is_read_whatever_its_header_is_called(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_to_wait(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("habits", "body", "error"),
    [
        (LINEAR, {"errors": [{"message": "Field 'x' is unknown"}], "data": None}, BadRequest),
        (LINEAR, {"errors": [{"extensions": {"type": "feature not accessible"}}], "data": None}, PlanLacks),
        (MATOMO, {"result": "error", "message": "You can't access this resource."}, BadRequest),
    ],
    ids=["GraphQL", "GraphQL plan", "Matomo"],
)
def test_an_error_inside_a_200_is_one(habits: Habits, body: Any, error: type[SourceError]) -> None:
    vendor = Vendor(httpx.Response(200, json=body))
    with pytest.raises(error) as caught:
        http(vendor, habits=habits).post("/graphql", {})
    assert caught.value.body == body
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("body", [{"data": {"issues": []}}, {"data": {}, "errors": []}, [], 0, "text"])
def test_a_200_without_the_sign_is_data(body: Any) -> None:
    answer = httpx.Response(200, json=body)
    assert http(Vendor(answer), habits=LINEAR).post("/graphql", {}) == body


def test_a_position_that_the_vendor_forgot_is_an_answer_where_that_is_normal() -> None:
    asana = httpx.Response(412, json={"errors": [{"message": "Sync token invalid"}], "sync": "de4774f6"})
    first = http(Vendor(asana)).answer("/events", normal=(412,))
    assert (first.status, first.body["sync"]) == (412, "de4774f6")
    google = httpx.Response(410, json={"error": {"errors": [{"reason": "fullSyncRequired"}]}})
    assert http(Vendor(google)).answer("/events", normal=(410,)).status == 410
    with pytest.raises(Gone):
        http(Vendor(google)).get("/events")
    with pytest.raises(BadRequest):
        http(Vendor(asana)).answer("/events", normal=(410,))
    limited = httpx.Response(412, json=GOOGLE_LIMIT["error"])
    meant = (Sign(Rejected, 412, at="code", says=("403",)),)
    with pytest.raises(Rejected):
        http(Vendor(limited)).answer("/events", normal=(412,), signs=meant)


def test_a_404_can_stand_for_a_plan() -> None:
    vendor = Vendor(httpx.Response(404, json={"message": "unknown"}))
    with pytest.raises(PlanLacks):
        http(vendor).get("/v1/experiments/results", signs=meaning(PlanLacks, 404))


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (HeaderAuth("Authorization", "{}", SecretStr("lin_api_1")), "authorization", "lin_api_1"),
        (HeaderAuth("Authorization", "Token token={}", SecretStr("pd-key")), "authorization", "Token token=pd-key"),
        (HeaderAuth("PRIVATE-TOKEN", "{}", SecretStr("glpat-1")), "private-token", "glpat-1"),
        (HeaderAuth("Authorization", "OAuth {}", SecretStr("sp-key1")), "authorization", "OAuth sp-key1"),
        (
            HeaderAuth(
                "Authorization",
                'OAuth oauth_consumer_key="{}", oauth_token="{}"',
                SecretStr("trello-key"),
                SecretStr("trello-token"),
            ),
            "authorization",
            'OAuth oauth_consumer_key="trello-key", oauth_token="trello-token"',
        ),
        (HeaderAuth("x-pendo-integration-key", "{}", SecretStr("pendo-1")), "x-pendo-integration-key", "pendo-1"),
    ],
    ids=["Linear", "PagerDuty", "GitLab", "Statuspage", "Trello", "Pendo"],
)  # fmt: skip
def test_secrets_stand_in_any_header_and_shape(auth: httpx.Auth, header: str, value: str) -> None:
    vendor = Vendor(ok())
    http(vendor, auth=auth).get("/things")
    assert vendor.requests[0].headers[header] == value


@pytest.mark.parametrize("secret", ["two\nlines", "umläut", "", "bell\a"])
def test_a_secret_that_no_header_carries_is_told_before_the_first_request(secret: str) -> None:
    with pytest.raises(ValueError, match="Authorization cannot carry") as caught:
        BearerAuth(SecretStr(secret))
    assert not secret or secret not in str(caught.value)


def linked(number: int, target: str, more: str = "") -> httpx.Response:
    return ok(
        {"page": number}, Link=f'<{target}>; rel="previous"; results="false", <{target}>; rel="next"{more}'
    )


def test_sentrys_last_page_still_names_a_next_one() -> None:
    vendor = Vendor(
        linked(1, f"{BASE}/issues/?cursor=0:100:0", '; results="true"; cursor="0:100:0"'),
        linked(2, f"{BASE}/issues/?cursor=0:200:0", '; results="false"; cursor="0:200:0"'),
    )
    assert [each["page"] for each in http(vendor).paginate_links("/issues/")] == [1, 2]
    assert len(vendor.requests) == 2


def test_confluences_relative_links_are_read_from_the_root_of_the_host() -> None:
    base = "https://site.atlassian.example/wiki/api/v2"
    vendor = Vendor(
        ok({"page": 1}, Link='</wiki/api/v2/pages?cursor=abc>; rel="next"'),
        ok({"page": 2}, Link='<pages?cursor=def>; rel="next"'),
        ok({"page": 3, "_links": {"next": "/wiki/api/v2/pages?cursor=ghi"}}),
        ok({"page": 4, "_links": {}}),
    )
    api = Http(base, transport=httpx.MockTransport(vendor), clock=FakeClock())
    assert [each["page"] for each in api.paginate_links("/pages")] == [1, 2, 3]
    vendor.requests.clear()
    bodies = list(api.paginate("/pages", None, lambda body: body["_links"].get("next")))
    assert [each["page"] for each in bodies] == [4]
    third = Vendor(ok({"_links": {"next": "/wiki/api/v2/pages?cursor=ghi"}}), ok({"_links": {}}))
    api = Http(base, transport=httpx.MockTransport(third), clock=FakeClock())
    list(api.paginate("/pages", None, lambda body: body["_links"].get("next")))
    assert [str(each.url) for each in third.requests] == [f"{base}/pages", f"{base}/pages?cursor=ghi"]


def test_pages_are_asked_for_by_post_and_never_in_a_circle() -> None:
    vendor = Vendor(
        ok({"results": [1], "has_more": True, "next_cursor": "b"}),
        ok({"results": [2], "has_more": True, "next_cursor": "c"}),
        ok({"results": [3], "has_more": False, "next_cursor": None}),
    )
    following = lambda body: {"start_cursor": body["next_cursor"]} if body["has_more"] else None  # noqa: E731
    question = {"page_size": 1, "filter": {"property": "x"}}
    pages = list(http(vendor, habits=NOTION).paginate_posts("/v1/search", question, following))
    assert [each["results"] for each in pages] == [[1], [2], [3]]
    asked = [each.read() for each in vendor.requests]
    assert b'"start_cursor":"c"' in asked[2]
    assert all(b'"filter":{"property":"x"}' in each for each in asked)
    stuck = Vendor(ok({"has_more": True, "next_cursor": "b"}))
    with pytest.raises(StuckCursor):
        list(http(stuck).paginate_posts("/v1/search", question, following))
    assert len(stuck.requests) == 2


def test_a_vendor_that_always_names_a_further_page_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.paging.MOST_PAGES", 20)
    numbers = iter(range(1000))
    vendor = Vendor(lambda request: ok({"after": next(numbers)}))
    with pytest.raises(StuckCursor, match="after 20 pages"):
        list(http(vendor).paginate("/things", None, lambda body: {"after": body["after"]}))


SIGNED = "https://bucket.s3.eu-central-1.amazonaws.com/part-0?X-Amz-Signature=abc&X-Amz-Expires=300"


def bucket(*answers: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """The vendor redirects to its bucket, and the bucket refuses a second kind of credentials, as S3 does."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "api.vendor.example":
            assert request.headers["authorization"] == "Bearer canary-token"
            return httpx.Response(302, headers={"location": SIGNED})
        if "authorization" in request.headers or "x-vendor" in request.headers:
            return httpx.Response(400, text="<Code>InvalidArgument</Code>")
        return left.pop(0) if left else httpx.Response(200, stream=httpx.ByteStream(b"rows"))

    return answer


def posthog(vendor: Vendor, **more: Any) -> Http:
    return http(vendor, auth=BearerAuth(SecretStr("canary-token")), habits=POSTHOG, **more)


def test_a_file_is_fetched_from_its_pre_signed_address_without_our_credentials(tmp_path: Path) -> None:
    vendor = Vendor(bucket())
    file = tmp_path / "part"
    assert posthog(vendor).stream_to_file("/exports/1/download/0", None, file).size == 4
    assert file.read_bytes() == b"rows"
    assert str(vendor.requests[1].url) == SIGNED
    assert "canary" not in str(vendor.requests[1].headers)
    direct = Vendor(bucket())
    assert posthog(direct).stream_to_file(SIGNED, None, file).size == 4
    assert (len(direct.requests), "canary" in str(direct.requests[0].headers)) == (1, False)


def test_an_address_that_has_expired_is_asked_for_anew(tmp_path: Path) -> None:
    vendor = Vendor(bucket(httpx.Response(403, text="<Code>AccessDenied</Code>")))
    assert posthog(vendor).stream_to_file("/exports/1/download/0", None, tmp_path / "part").size == 4
    assert [each.url.host.partition(".")[0] for each in vendor.requests] == ["api", "bucket"] * 2
    # It is not our credentials that were refused: the source goes on.
    with pytest.raises(Unreachable, match="host of the file answers 403"):
        posthog(Vendor(httpx.Response(403))).stream_to_file(SIGNED, None, tmp_path / "part")


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("https://evil.example/x", ForeignHost),
        ("https://amazonaws.com.evil.example/x", ForeignHost),
        ("https://evilamazonaws.com/x", ForeignHost),
        ("http://bucket.s3.amazonaws.com/x", ForeignHost),
        ("https://api.vendor.example/elsewhere", BadRequest),
    ],
)
def test_a_redirect_elsewhere_is_not_followed(tmp_path: Path, target: str, error: type[SourceError]) -> None:
    vendor = Vendor(httpx.Response(302, headers={"location": target}))
    with pytest.raises(error):
        posthog(vendor).stream_to_file("/exports/1/download/0", None, tmp_path / "part")
    assert len(vendor.requests) == 1


def test_a_second_redirect_is_not_followed(tmp_path: Path) -> None:
    vendor = Vendor(
        httpx.Response(302, headers={"location": SIGNED}), httpx.Response(302, headers={"location": SIGNED})
    )
    with pytest.raises(Unreachable, match="answers 302"):
        posthog(vendor, retry_seconds=0).stream_to_file("/exports/1/download/0", None, tmp_path / "part")
    assert len(vendor.requests) == 2


def test_members_are_found_by_their_path_in_any_body() -> None:
    body = {
        "errors": [{"extensions": {"code": 1}}, {"extensions": None}, "text", {"extensions": {"code": 2}}]
    }
    assert [each for each in members(body, "errors[].extensions.code") if each] == [1, 2]
    assert list(members([{"a": 1}, {"a": 2}], "[].a")) == [1, 2]
    odd_bodies: list[Any] = [None, [], "text", 5, {"errors": "text"}, [[]], {"errors": {"a": 1}}]
    for odd in odd_bodies:
        assert not any(members(odd, "errors[].extensions.code"))
