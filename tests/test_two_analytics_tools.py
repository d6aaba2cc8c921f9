"""Product usage from Mixpanel alone, and from two tools that each miss events: the numbers are the company's own."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from sandbox.company import Company, night_moment
from sandbox.running import Sandbox, running_sandbox
from sandbox.truth import usage
from tests.part_nights import build, compute, query, read
from tests.truth_comparison import COLUMNS, differences

EARLIER, LAST = date(2026, 11, 14), date(2026, 11, 16)
VENDORS = ("amplitude", "mixpanel", "hubspot")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(EARLIER), only=VENDORS, pace=100_000.0) as server:
        yield server


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


def read_at(sandbox: Sandbox, home: Path, as_of: date, *sources: str) -> None:
    sandbox.set_clock(night_moment(as_of))
    read(home, sandbox.environment(*sources), as_of, [*sources, "registry"])


def test_mixpanel_alone_gives_the_numbers_of_the_company_also_after_late_events(
    sandbox: Sandbox, company: Company, tmp_path: Path
) -> None:
    read_at(sandbox, tmp_path, EARLIER, "mixpanel", "hubspot")
    build(tmp_path, EARLIER, "--select", "+int_usage__identity_daily")
    # Two nights on, days that were built already get events that arrived late.
    read_at(sandbox, tmp_path, LAST, "mixpanel", "hubspot")
    build(tmp_path, LAST)
    assert differences(compute(tmp_path, LAST), usage.truth_rows(company, LAST)) == []
    tools = query(tmp_path, "select distinct source, missed_user_count from marts.mart_analytics_tool_day")
    assert tools == [("mixpanel", 0)]


def test_two_tools_that_each_miss_events_give_the_numbers_of_the_company(
    sandbox: Sandbox, company: Company, tmp_path: Path
) -> None:
    # The CRM tells a change of segment only to those who knew the segment before.
    read_at(sandbox, tmp_path, EARLIER, "hubspot")
    sandbox.defects("amplitude_misses_events", "mixpanel_misses_events")
    read_at(sandbox, tmp_path, LAST, *VENDORS)
    sandbox.defects()
    build(tmp_path, LAST)
    found = compute(tmp_path, LAST)
    assert differences(found, usage.truth_rows(company, LAST)) == []

    # Beside the active users of a day stands what each tool saw of them.
    whole = [row for row in found if row[0] == "active_users_day" and not any(row[3:10])]
    days = query(
        tmp_path,
        "select distinct event_date, all_user_count from marts.mart_analytics_tool_day",
    )
    assert set(days) == {(row[2], row[COLUMNS.index("value")]) for row in whole}
    missed = query(
        tmp_path,
        "select source, sum(missed_user_count) / sum(all_user_count) from marts.mart_analytics_tool_day group by 1",
    )
    assert len(missed) == 2
    assert all(0.01 < share < 0.1 for _, share in missed), missed
    coverage = {
        (source, check): (counted, total)
        for source, check, counted, total in query(
            tmp_path,
            "select source, check_name, counted, total from marts.mart_metric_coverage where subject = 'events'",
        )
    }
    for tool, other in (("amplitude", "mixpanel"), ("mixpanel", "amplitude")):
        seen, every = coverage[tool, "events_seen_by_tool"]
        alone, _ = coverage[other, "events_seen_by_no_other_tool"]
        assert 0.9 * every < seen < every
        assert seen + alone == every
        for check in ("events_quarantined_future", "events_late", "events_duplicate"):
            assert coverage[tool, check][0] > 0
