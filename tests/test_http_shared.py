"""What many vendors share: links between pages, unchanged answers, spent quotas, wrong clocks, complete readings."""

from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors import connector_class
from connectors.contract import RawRecord
from connectors.errors import ClockWrong, ForeignHost, MalformedResponse, QuotaSpent, StuckCursor
from connectors.http import ClientCredentials
from connectors.waiting import http_date
from connectors.whole import whole
from tests.test_http import BASE, NOW, FakeClock, Vendor, http, ok


def linked(number: int, target: str | None) -> httpx.Response:
    return ok(
        {"page": number}, **({"Link": f'<{target}>; rel="next", <{BASE}/last>; rel="last"'} if target else {})
    )


def test_pages_are_followed_by_their_link_header() -> None:
    vendor = Vendor(linked(1, f"{BASE}/things?page=2"), linked(2, f"{BASE}/things?page=3"), linked(3, None))
    assert [each["page"] for each in http(vendor).paginate_links("/things", {"per_page": 1})] == [1, 2, 3]
    assert [str(each.url) for each in vendor.requests] == [
        f"{BASE}/things?per_page=1", f"{BASE}/things?page=2", f"{BASE}/things?page=3",
    ]  # fmt: skip


def test_a_link_that_repeats_or_leads_away_is_refused() -> None:
    with pytest.raises(StuckCursor):
        list(http(Vendor(linked(1, f"{BASE}/things?page=2"))).paginate_links("/things"))
    stranger = Vendor(linked(1, "https://elsewhere.example/things?page=2"))
    with pytest.raises(ForeignHost):
        list(http(stranger).paginate_links("/things"))
    assert len(stranger.requests) == 1


def test_an_unchanged_answer_has_no_body() -> None:
    vendor = Vendor(ok({"a": 1}, ETag='"v1"'), httpx.Response(304))
    api = http(vendor)
    first = api.answer("/things")
    assert (first.status, first.body, first.headers["etag"]) == (200, {"a": 1}, '"v1"')
    assert api.answer("/things", headers={"If-None-Match": '"v1"'}).body is None
    assert vendor.requests[1].headers["if-none-match"] == '"v1"'


def test_a_run_sends_no_more_requests_than_its_budget() -> None:
    vendor = Vendor(ok())
    api = http(vendor, requests_per_run=3)
    for _ in range(3):
        api.get("/things")
    with pytest.raises(QuotaSpent, match="3 requests"):
        api.get("/things")
    assert len(vendor.requests) == 3


def test_a_vendor_that_always_names_a_next_page_has_some_hours_and_no_more() -> None:
    clock = FakeClock()

    def page(request: httpx.Request) -> httpx.Response:
        clock.sleep(60)
        return linked(1, f"{BASE}/things?page={len(vendor.requests)}")

    vendor = Vendor(page)
    with pytest.raises(QuotaSpent, match="The 4 hours that a run may ask are over") as spent:
        list(http(vendor, clock=clock).paginate_links("/things"))
    assert len(vendor.requests) == 241
    assert "the next run goes on" in spent.value.remedy


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("zendesk", httpx.Response(429, headers={"Retry-After": "86400"}, json={})),
        ("salesforce", httpx.Response(403, json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests."}])),
        ("hubspot", httpx.Response(429, json={"policyName": "DAILY", "message": "You have reached your daily limit."})),
    ],
    ids=["a day's wait", "403 as quota", "daily policy"],
)  # fmt: skip
def test_a_spent_quota_is_told_at_once_and_not_waited_for(source: str, answer: httpx.Response) -> None:
    clock, vendor = FakeClock(), Vendor(answer)
    with pytest.raises(QuotaSpent) as spent:
        http(vendor, clock, habits=connector_class(source).Settings.habits).get("/things")
    assert "the next run goes on" in str(spent.value)
    assert clock.slept == []
    assert len(vendor.requests) == 1


def test_a_secondary_limit_without_a_header_is_waited_for() -> None:
    busy = httpx.Response(403, json={"message": "You have exceeded a secondary rate limit."})
    clock, habits = FakeClock(), connector_class("github").Settings.habits
    assert http(Vendor(busy, ok()), clock, habits=habits).get("/things") == {"fine": True}
    assert len(clock.slept) == 1


@pytest.mark.parametrize("difference", [timedelta(days=1), timedelta(days=-1)])
def test_a_clock_that_is_off_by_a_day_stops_the_source(difference: timedelta) -> None:
    vendor = Vendor(ok(Date=format_datetime(NOW + difference, usegmt=True)))
    with pytest.raises(ClockWrong, match="2026-11-14 01:00 UTC") as raised:
        http(vendor).get("/things")
    assert "NTP" in raised.value.remedy


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 29 Nov 99999999999999999999 21:00:00 GMT",
        "Sun, 29 Nov 2026 21:00:00 +999999999999999999",
        "Sun, 99 Nov 2026 21:00:00 GMT",
        ",",
        "0",
    ],
)
def test_a_date_that_is_none_is_no_date(date: str) -> None:
    busy = httpx.Response(429, headers={"Date": date, "Retry-After": date})
    assert http(Vendor(busy, ok(Date=date))).get("/things") == {"fine": True}


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)) | st.text(max_size=40))
def test_any_text_is_a_date_with_a_zone_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.tzinfo is not None


def test_a_clock_that_is_off_by_minutes_is_borne() -> None:
    vendor = Vendor(ok(Date=format_datetime(NOW + timedelta(minutes=20), usegmt=True)))
    assert http(vendor).get("/things") == {"fine": True}


def test_a_token_can_be_asked_for_with_a_form() -> None:
    vendor = Vendor(ok({"access_token": "t"}), ok())
    auth = ClientCredentials(f"{BASE}/token", "id", SecretStr("canary-secret"), as_form=True)
    http(vendor, auth=auth).get("/things")
    assert parse_qs(vendor.requests[0].content.decode()) == {
        "grant_type": ["client_credentials"], "client_id": ["id"], "client_secret": ["canary-secret"],
    }  # fmt: skip


def held(*keys: str) -> list[RawRecord]:
    return [RawRecord(key, "1", f'{{"id": "{key}"}}') for key in keys]


def test_what_a_complete_reading_does_not_show_is_deleted() -> None:
    *pages, last = whole([held("a"), held("b", "d")], held("a", "b", "c"))
    assert [[each.record_id for each in page.records] for page in pages] == [["a"], ["b", "d"]]
    assert [(each.record_id, each.is_deleted, each.record_version) for each in last.records] == [
        ("c", True, "")
    ]


def test_a_reading_that_shows_far_too_little_deletes_nothing() -> None:
    many = held(*map(str, range(10)))
    with pytest.raises(MalformedResponse, match="4 of the 10 records"):
        list(whole([many[:4]], many))
    with pytest.raises(MalformedResponse, match="0 of the 10 records"):
        list(whole([], many))
    assert len(list(whole([many[:5]], many))[-1].records) == 5


def test_nothing_held_and_nothing_shown_is_nothing() -> None:
    assert [list(page.records) for page in whole([[]], [])] == [[], []]
