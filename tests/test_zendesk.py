"""Zendesk: cursor exports, time-based exports that repeat their edges, ratings that a plan may lack, OAuth."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.credentials import ask_credentials
from connectors.errors import ScopeMissing, StuckCursor
from connectors.zendesk import audits, source
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Served, served

NEXT_NIGHT = NIGHT + timedelta(days=1)
LONG_AGO = NIGHT - timedelta(days=60)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def put_ticket(data: HandMade, number: int, at: datetime, **more: Any) -> None:
    metrics = {"id": number + 9000, "ticket_id": number, "reopens": 1}
    body = {"id": number, "status": "open", "updated_at": text_of(at), "metric_set": metrics}
    data.put("zendesk", "tickets", body | {"generated_timestamp": int(at.timestamp())} | more, at)


def put_event(data: HandMade, number: int, at: datetime) -> None:
    comment = {"id": number, "event_type": "Comment", "public": True, "body": "Hello"}
    body = {"id": number, "ticket_id": 1, "timestamp": int(at.timestamp()), "child_events": [comment]}
    data.put("zendesk", "ticket_events", body, at)


def put_metric_event(data: HandMade, number: int, at: datetime, **more: Any) -> None:
    body = {"id": number, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "activate"}
    data.put("zendesk", "ticket_metric_events", body | {"time": text_of(at)} | more, at)


def put_rating(data: HandMade, number: int, at: datetime, score: str) -> None:
    data.put("zendesk", "satisfaction_ratings", {"id": number, "score": score, "updated_at": text_of(at)}, at)


@pytest.fixture
def vendor() -> Iterator[Served]:
    data = HandMade()
    for number in range(1, 1301):
        put_ticket(
            data, number, LONG_AGO + timedelta(minutes=number), status="deleted" if number == 7 else "open"
        )
    with served(data) as running:
        yield running


def test_tickets_come_with_their_metrics_and_deleted_ones_are_flagged(vendor: Served) -> None:
    reading = vendor.reader("zendesk").read("tickets")
    assert reading.ids == [str(number) for number in range(1, 1301)]
    assert [each.record_id for each in reading.records if each.is_deleted] == ["7"]
    first = json.loads(reading.records[0].record)
    assert first["metric_set"] == {"id": 9001, "ticket_id": 1, "reopens": 1}
    assert reading.records[0].record_version == str(first["generated_timestamp"])


def test_the_next_night_goes_on_from_the_vendors_cursor(vendor: Served) -> None:
    reader = vendor.reader("zendesk")
    reader.read("tickets")
    assert reader.read("tickets").records == []
    # The system closed it: its own updated_at is long past.
    closed_at = int((NIGHT + timedelta(hours=3)).timestamp())
    put_ticket(vendor.data, 12, LONG_AGO, status="closed", generated_timestamp=closed_at)
    vendor.state.now = NEXT_NIGHT
    (added,) = reader.read("tickets", NEXT_NIGHT).records
    assert (added.record_id, added.record_version) == ("12", str(closed_at))


def test_a_killed_reading_goes_on_where_it_stood(vendor: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PAGES_A_WINDOW", 1)
    reader = vendor.reader("zendesk")
    before = reader.read("tickets", windows=1)
    after = reader.read("tickets")
    assert len(before.ids) == 1000
    assert before.ids + after.ids == [str(number) for number in range(1, 1301)]


def test_rows_at_the_edge_of_a_page_come_once() -> None:
    data = HandMade()
    # Three events a second: the thousandth event shares its second with the next page's first.
    for number in range(1, 2501):
        put_event(data, number, LONG_AGO + timedelta(seconds=number // 3))
    with served(data) as running:
        reader = running.reader("zendesk")
        reading = reader.read("ticket_events")
        assert reading.ids == [str(number) for number in range(1, 2501)]
        assert json.loads(reading.records[0].record)["child_events"][0]["body"] == "Hello"
        again = reader.read("ticket_events")
    assert again.added == []
    assert set(again.ids) <= set(reading.ids)


def test_more_than_a_page_at_one_second_is_an_error_and_not_a_loop() -> None:
    data = HandMade()
    for number in range(1, 2002):
        put_event(data, number, LONG_AGO)
    with served(data) as running, pytest.raises(StuckCursor, match="does not move"):
        running.reader("zendesk").read("ticket_events")


def test_a_cursor_that_is_repeated_is_an_error(vendor: Served) -> None:
    vendor.fault(vendor="zendesk", stream="tickets", kind="repeated_cursor", nth=2)
    with pytest.raises(StuckCursor):
        vendor.reader("zendesk").read("tickets")


def test_an_empty_page_with_more_to_come_does_not_end_the_reading(vendor: Served) -> None:
    vendor.fault(vendor="zendesk", stream="tickets", kind="empty_page", nth=2)
    assert len(vendor.reader("zendesk").read("tickets").ids) == 1300


def test_a_token_that_expires_in_mid_run_is_fetched_again(vendor: Served) -> None:
    vendor.fault(vendor="zendesk", stream="tickets", kind="401", nth=2)
    assert len(vendor.reader("zendesk").read("tickets").ids) == 1300


def test_events_begin_with_the_history_and_tickets_are_taken_whole() -> None:
    data = HandMade()
    for number, at in enumerate((HISTORY_START - timedelta(days=200), HISTORY_START + timedelta(days=1)), 1):
        put_ticket(data, number, at)
        put_event(data, number, at)
    with served(data) as running:
        reader = running.reader("zendesk")
        assert reader.read("tickets").ids == ["1", "2"]
        assert reader.read("ticket_events").ids == ["2"]


def test_users_and_organizations_flag_what_was_deleted() -> None:
    data = HandMade()
    for number in (1, 2):
        user = {"id": number, "active": number == 1, "updated_at": text_of(LONG_AGO)}
        data.put("zendesk", "users", user, LONG_AGO)
        deleted = {"deleted_at": text_of(LONG_AGO)} if number == 2 else {}
        data.put(
            "zendesk", "organizations", {"id": number, "updated_at": text_of(LONG_AGO)} | deleted, LONG_AGO
        )
    with served(data) as running:
        reader = running.reader("zendesk")
        for stream in ("users", "organizations"):
            assert [each.is_deleted for each in reader.read(stream).records] == [False, True]


def test_a_rating_that_changed_weeks_later_is_seen() -> None:
    data = HandMade()
    for number in range(1, 251):
        put_rating(data, number, NIGHT - timedelta(days=20), "offered")
    with served(data) as running:
        reader = running.reader("zendesk")
        assert len(set(reader.read("satisfaction_ratings").ids)) == 250
        put_rating(data, 5, NIGHT - timedelta(days=20), "good")
        running.state.now = NEXT_NIGHT
        assert [each.record_id for each in reader.read("satisfaction_ratings", NEXT_NIGHT).added] == ["5"]


def test_a_killed_reading_of_ratings_is_completed_up_to_the_next_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source, "PAGES_A_WINDOW", 1)
    data = HandMade()
    for number in range(1, 251):
        put_rating(data, number, LONG_AGO + timedelta(minutes=number), "good")
    with served(data) as running:
        reader = running.reader("zendesk")
        reader.read("satisfaction_ratings", windows=1)
        put_rating(data, 251, NIGHT + timedelta(hours=2), "bad")
        running.state.now = NEXT_NIGHT
        added = reader.read("satisfaction_ratings", NEXT_NIGHT).added
    assert [each.record_id for each in added] == [str(number) for number in range(101, 252)]


def test_ratings_that_the_plan_lacks_are_optional(vendor: Served) -> None:
    vendor.fault(vendor="zendesk", stream="satisfaction_ratings", kind="403")
    reader = vendor.reader("zendesk")
    with pytest.raises(ScopeMissing):
        reader.read("satisfaction_ratings")
    assert [each.name for each in reader.connector.streams if each.optional] == [
        "ticket_metric_events",
        "satisfaction_ratings",
    ]


def test_metric_events_end_where_they_do_not_move_on() -> None:
    data = HandMade()
    # Three events a second: the thousandth event shares its second with the next page's first.
    for number in range(1, 2501):
        put_metric_event(data, number, LONG_AGO + timedelta(seconds=number // 3))
    with served(data) as running:
        reader = running.reader("zendesk")
        reading = reader.read("ticket_metric_events")
        assert reading.ids == [str(number) for number in range(1, 2501)]
        assert reading.records[0].record_version == text_of(LONG_AGO)
        # A breach that does not hold any more is another version of its event.
        put_metric_event(data, 2501, NIGHT + timedelta(hours=2), type="breach", deleted=True)
        running.state.now = NEXT_NIGHT
        assert [each.record_id for each in reader.read("ticket_metric_events", NEXT_NIGHT).added] == ["2501"]


def test_more_than_a_page_of_metric_events_at_one_second_is_an_error_and_not_the_end() -> None:
    data = HandMade()
    for number in range(1, 2002):
        put_metric_event(data, number, LONG_AGO)
    with served(data) as running, pytest.raises(StuckCursor, match="does not move"):
        running.reader("zendesk").read("ticket_metric_events")


def test_metric_events_that_the_plan_lacks_are_optional(vendor: Served, tmp_path: Path) -> None:
    vendor.fault(vendor="zendesk", stream="ticket_metric_events", kind="403", times=10)
    done = vendor.run("zendesk", tmp_path)
    assert done.outcome == "ok"
    assert [each.stream for each in done.streams if each.outcome == "not_available"] == [
        "ticket_metric_events"
    ]


def test_check_says_what_is_wrong(vendor: Served) -> None:
    reader = vendor.reader("zendesk")
    assert ask_credentials(reader.connector).state == "ok"
    for kind, state in (("403", "scope_missing"), ("503", "unreachable")):
        vendor.fault(vendor="zendesk", stream="me", kind=kind, times=100)
        assert ask_credentials(reader.connector).state == state
        vendor.state.faults.clear()
    vendor.fault(vendor="zendesk", stream="token", kind="401", times=100)
    assert ask_credentials(vendor.reader("zendesk").connector).state == "rejected"


def test_runs_into_raw_add_only_what_changed(vendor: Served, tmp_path: Path) -> None:
    put_event(vendor.data, 1, NIGHT - timedelta(days=1))
    vendor.fault(vendor="zendesk", stream="satisfaction_ratings", kind="403", times=10)
    first = vendor.run("zendesk", tmp_path)
    assert first.outcome == "ok"
    assert {each.stream: each.loaded for each in first.streams if each.loaded} == {
        "tickets": 1300,
        "ticket_events": 1,
    }
    assert [each.stream for each in first.streams if each.outcome == "not_available"] == [
        "satisfaction_ratings"
    ]
    put_ticket(vendor.data, 12, NIGHT + timedelta(hours=3), status="solved")
    second = vendor.run("zendesk", tmp_path, NEXT_NIGHT)
    assert {each.stream: each.loaded for each in second.streams if each.loaded} == {"tickets": 1}
    third = vendor.run("zendesk", tmp_path, NEXT_NIGHT)
    assert [each.stream for each in third.streams if each.loaded] == []


def put_history(data: HandMade, ticket: int, created_at: datetime, *later: datetime) -> None:
    """A ticket that was solved anew at each of the later moments."""
    put_ticket(data, ticket, later[-1] if later else created_at, created_at=text_of(created_at))
    for place, at in enumerate((created_at, *later)):
        child = {
            "id": 1,
            "event_type": "Change" if place else "Create",
            "status": "solved" if place else "new",
        }
        body = {"id": ticket * 1000 + place, "ticket_id": ticket, "updater_id": 7, "via": {"channel": "web"}}
        times = {"timestamp": int(at.timestamp()), "created_at": text_of(at)}
        data.put("zendesk", "ticket_events", body | times | {"child_events": [child]}, at)


def test_what_was_open_when_history_began_is_read_from_its_creation_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, after = HISTORY_START - timedelta(days=2), HISTORY_START + timedelta(days=3)
    data = HandMade()
    put_history(data, 1, before, before + timedelta(hours=1), after)
    put_history(data, 2, before, before + timedelta(hours=1))
    put_history(data, 3, after)
    put_history(data, 4, before, after)
    monkeypatch.setattr(audits, "AUDITS_A_PAGE", 2)
    with served(data) as running:
        reader = running.reader("zendesk")
        reading = reader.read("ticket_audits")
        # Closed before the history began, or created in it: the events have what any number needs.
        assert sorted(reading.ids) == ["1000", "1001", "1002", "4000", "4001"]
        first = json.loads(next(each.record for each in reading.records if each.record_id == "1000"))
        assert first["events"] == [{"id": 1, "type": "Create", "field_name": "status", "value": "new"}]
        assert reader.read("ticket_audits").records == []
        # What happens to it now comes as an event; one that wakes up later is read then.
        put_history(data, 1, before, after, NIGHT + timedelta(hours=2))
        put_history(data, 2, before, NIGHT + timedelta(hours=2))
        running.state.now = NEXT_NIGHT
        assert sorted(reader.read("ticket_audits", NEXT_NIGHT).ids) == ["2000", "2001"]


def test_many_old_tickets_are_read_over_several_nights(monkeypatch: pytest.MonkeyPatch) -> None:
    data = HandMade()
    for number in range(1, 6):
        put_history(data, number, HISTORY_START - timedelta(days=9), HISTORY_START + timedelta(days=number))
    monkeypatch.setattr(audits, "TICKETS_A_RUN", 2)
    with served(data) as running:
        reader = running.reader("zendesk")
        nights = []
        for night in range(4):
            until = NIGHT + timedelta(days=night)
            running.state.now = until
            nights.append(sorted({each[:-3] for each in reader.read("ticket_audits", until).ids}))
    assert nights == [["1", "2"], ["3", "4"], ["5"], []]


def test_an_old_ticket_that_is_gone_keeps_no_other_from_being_read() -> None:
    data = HandMade()
    put_ticket(
        data, 1, HISTORY_START + timedelta(days=1), created_at=text_of(HISTORY_START - timedelta(days=9))
    )
    put_history(data, 2, HISTORY_START - timedelta(days=9), HISTORY_START + timedelta(days=2))
    with served(data) as running:
        assert running.reader("zendesk").read("ticket_audits").ids == ["2000", "2001"]
