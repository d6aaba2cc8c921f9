"""How many days a query of Mixpanel takes: more while they bring little, fewer where they bring much or the vendor balks."""

from datetime import date
from pathlib import Path

import pytest

from connectors.mixpanel import days
from connectors.mixpanel.days import ReadDays
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from tests.test_mixpanel import (
    A_DAY,
    NIGHT,
    Days,
    Served,
    cursor,
    days_between,
    held,
    lines,
    query,
    served,
    stream,
)

SPANS = """
select window_start, cast(round(date_diff('hour', window_start, window_end) / 24) as integer)
from raw_mixpanel._pops_loads
where stream = 'events' and outcome <> 'failed'
order by window_start desc
"""


def test_half_a_year_is_read_in_one_night_within_the_vendors_hour(tmp_path: Path) -> None:
    company = Company.create("small")
    start, newest = date(2026, 5, 16), NIGHT.date() - A_DAY
    state = SandboxState(CompanyData(company), NIGHT, only=("mixpanel",), pace=1)
    with running_app(create_app(state)) as base_url:
        vendor = Served(state, base_url)
        # As the connector sets them.
        for name in ("LOOK_BACK_DAYS", "REQUESTS_PER_RUN"):
            del vendor.env[f"POPS_MIXPANEL_{name}"]
        run = vendor.run(tmp_path, start=start)
        assert (run.outcome, run.error) == ("ok", None)
        # 1, 2, 4, 8, 16, 31, 31, ...: of the hour's sixty.
        assert vendor.exports() == 10
    assert cursor(tmp_path)["days"] == [["2026-05-16", "2026-11-08"]]
    assert held(tmp_path) == lines(company, days_between(start, newest), NIGHT)


def test_a_later_night_asks_for_all_days_that_may_still_change_in_one_query(tmp_path: Path) -> None:
    with served(Days()) as vendor:
        vendor.run(tmp_path)
        before = vendor.exports()
        vendor.run(tmp_path, NIGHT + A_DAY)
        assert vendor.exports() - before == 1


def test_a_query_takes_fewer_days_where_they_bring_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, start = Days(), date(2026, 10, 20)
    for day in days_between(start, date(2026, 11, 13)):
        for number in range(10 if day in (date(2026, 11, 5), date(2026, 11, 6)) else 1):
            data.event(day, f"{day}-{number}", NIGHT)
    monkeypatch.setattr(days, "MOST_BYTES", 7 * (len(data.lines[start][0]) + 1))
    with served(data) as vendor:
        assert vendor.run(tmp_path, start=start).outcome == "ok"
    # More until four days bring more than half of it; half as many after the two days that bring more than all of it.
    assert [days_long for _, days_long in query(tmp_path, SPANS)] == [1, 2, 4, 4, 2, 4, 4, 4]
    assert len(held(tmp_path)) == 23 + 20


@pytest.mark.parametrize("kind", ["504", "torn_line"])
def test_days_that_the_vendor_does_not_bear_are_asked_for_in_halves(tmp_path: Path, kind: str) -> None:
    data = Days()
    for day in days_between(date(2026, 11, 1), date(2026, 11, 13)):
        data.event(day, f"{day}", NIGHT)
    with served(data) as vendor:
        vendor.fault(stream="events", kind=kind, nth=3)
        run = vendor.run(tmp_path)
        assert (run.outcome, stream(run, "events").quarantined) == ("ok", 0)
    assert [days_long for _, days_long in query(tmp_path, SPANS)] == [1, 2, 2, 4, 4]
    assert len(held(tmp_path)) == 13


def test_a_run_that_is_killed_loses_one_query(tmp_path: Path) -> None:
    data = Days()
    for day in days_between(date(2026, 11, 1), date(2026, 11, 13)):
        data.event(day, f"{day}", NIGHT)
    with served(data) as vendor:
        vendor.fault(stream="events", kind="400", nth=4)
        assert vendor.run(tmp_path).outcome == "failed"
        assert len(held(tmp_path)) == 1 + 2 + 4
        before = vendor.exports()
        assert vendor.run(tmp_path).outcome == "ok"
        assert vendor.exports() - before == 1
    assert len(held(tmp_path)) == 13


def test_read_days_join_into_stretches() -> None:
    read = ReadDays([])
    for day in (5, 3, 9, 4, 8, 3):
        read = read.adding(date(2026, 11, day))
    assert read.as_json() == [["2026-11-03", "2026-11-05"], ["2026-11-08", "2026-11-09"]]
    assert date(2026, 11, 4) in read
    assert date(2026, 11, 6) not in read


def test_a_small_budget_shortens_the_look_back_and_reaches_history_all_the_same(tmp_path: Path) -> None:
    with served(Days()) as vendor:
        outcomes: list[str] = []
        while not outcomes or outcomes[-1] == "paused":
            outcomes.append(vendor.run(tmp_path, REQUESTS_PER_RUN="8", LOOK_BACK_DAYS="21").outcome)
            assert len(outcomes) < 10
    assert cursor(tmp_path)["days"] == [["2026-11-01", "2026-11-09"]]
