"""PagerDuty: incidents by creation in windows that end at an offset, open ones by their ids, the company's own pages."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.errors import StuckCursor
from connectors.pagerduty import source
from sandbox.company.company import Company
from sandbox.vendors.pagerduty import api
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Served, answered, served

LONG_AGO = NIGHT - timedelta(days=40)
NEXT_NIGHT = NIGHT + timedelta(days=1)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def put(
    data: HandMade, key: str, at: datetime, *, status: str = "resolved", changed: datetime | None = None
) -> None:
    moment = text_of(changed or at)
    body = {
        "id": key,
        "created_at": text_of(at),
        "updated_at": moment,
        "status": status,
        "title": f"Trouble {key}",
    }
    data.put("pagerduty", "incidents", body, changed or at)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """One incident an hour for a day, forty days ago; read in pages of five."""
    monkeypatch.setattr(source, "ROWS_A_PAGE", 5)
    data = HandMade()
    for hour in range(24):
        put(data, f"Q{hour:02}", LONG_AGO + timedelta(hours=hour))
    with served(data) as running:
        yield running


def test_a_window_that_goes_on_after_the_last_row_is_halved_until_it_fits(
    vendor: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in (source, api):
        monkeypatch.setattr(module, "LAST_ROW", 10)
    run = vendor.run("pagerduty", tmp_path)
    assert (run.outcome, run.error) == ("ok", None)
    [incidents] = [each for each in run.streams if each.stream == "incidents"]
    assert (incidents.loaded, incidents.quarantined) == (24, 0)
    assert incidents.windows > 6


def test_no_list_spans_more_than_the_vendor_shows(vendor: Served) -> None:
    reader = vendor.reader("pagerduty")
    stream = reader.stream("incidents")
    windows, cursor = [], None
    while window := reader.connector.next_window(stream, cursor, NIGHT, HISTORY_START):
        windows.append(window)
        cursor = window.cursor_after
    assert windows[0].start == HISTORY_START
    assert windows[-1].end == NIGHT - stream.lag
    assert all(before.end == after.start for before, after in pairwise(windows))
    assert max(each.end - each.start for each in windows if each.end and each.start) <= timedelta(days=30)


def test_an_open_incident_is_asked_for_by_its_id_until_it_is_over(vendor: Served) -> None:
    put(vendor.data, "Q07", LONG_AGO, status="triggered")
    reader = vendor.reader("pagerduty")
    assert len(set(reader.read("incidents").ids)) == 24
    put(vendor.data, "Q07", LONG_AGO, changed=NIGHT)
    vendor.state.now = NEXT_NIGHT
    assert [each.record_id for each in reader.read("incidents", NEXT_NIGHT).added] == ["Q07"]
    assert reader.read("incidents", NEXT_NIGHT + timedelta(days=1)).ids == []


def test_an_open_incident_that_the_key_no_longer_sees_costs_itself(vendor: Served) -> None:
    for key in ("Q07", "Q08"):
        put(vendor.data, key, LONG_AGO, status="triggered")
    reader = vendor.reader("pagerduty")
    reader.read("incidents")
    vendor.data.drop("pagerduty", "incidents", "Q07")
    vendor.state.now = NEXT_NIGHT
    put(vendor.data, "Q30", NEXT_NIGHT - timedelta(hours=1))
    reading = reader.read("incidents", NEXT_NIGHT)
    assert set(reading.ids) == {"Q08", "Q30"}
    assert set(reading.left_out) == {"incident Q07"}


def test_an_empty_page_with_more_to_come_is_told() -> None:
    empty: dict[str, Any] = {"incidents": [], "limit": 100, "offset": 0, "more": True}
    with pytest.raises(StuckCursor, match="cursor does not move"):
        answered("pagerduty", lambda request: httpx.Response(200, json=empty)).read("incidents")


def test_what_the_company_has_of_an_incident_is_told_by_its_page() -> None:
    """The code host's record and the page begin and end together, and four of five incidents have one."""
    host = Company.create("small").engineering
    paged = [page for page in host.pages if page.incident is not None]
    assert 0.7 < len(paged) / len(host.incidents) < 0.9
    assert len({page.id for page in host.pages}) == len(host.pages)
    for page in paged:
        assert page.incident is not None
        assert (page.triggered_at, page.resolved_at) == (page.incident.created_at, page.incident.closed_at)
        assert page.incident.page_id == page.id
    kinds = {(page.urgency, page.merged_into is not None, page.incident is not None) for page in host.pages}
    assert kinds == {("high", False, True), ("high", True, False), ("low", False, False)}
    assert any(page.escalated_at for page in paged)
    assert any(page.acknowledged_at is None for page in paged)
