"""Product usage from Mixpanel alone, and from two tools that each miss events: the numbers are the company's own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.runner import prepare_raw, run_source
from orchestration.metric_values import append_metric_values
from sandbox.catalogue import HISTORY_START
from sandbox.company import Company, midnight, night_moment
from sandbox.credentials import environment
from sandbox.running import running_app
from sandbox.server import create_app
from sandbox.serving import SandboxState
from sandbox.truth import usage
from tests.nights import PSEUDONYM_KEY
from tests.test_end_to_end import KEY
from tests.vendor_reading import Impatient

ROOT = Path(__file__).resolve().parent.parent
EARLIER, LAST = date(2026, 11, 14), date(2026, 11, 16)
VENDORS = ("amplitude", "mixpanel", "hubspot")
EVENTS = "int_usage__identity_daily"


@dataclass(frozen=True)
class House:
    """A warehouse of what some vendors show, without the orchestration around it."""

    home: Path
    state: SandboxState
    base_url: str

    def read(self, as_of: date, *sources: str) -> None:
        self.state.now = night_moment(as_of)
        env = environment(self.base_url, pace=10_000, only=VENDORS)
        for source in (*sources, "registry"):
            run = run_source(
                source, self.home, self.state.now, midnight(HISTORY_START), env, clock=Impatient()
            )
            assert run.outcome == "ok", run.error

    def build(self, as_of: date, *selection: str) -> None:
        prepare_raw(self.home)
        dbt = ROOT / "dbt_project"
        command = [
            sys.executable, "-m", "dbt.cli.main", "run", "--project-dir", str(dbt), "--profiles-dir", str(dbt),
            "--target-path", str(self.home / "target"), "--log-path", str(self.home / "target"),
        ]  # fmt: skip
        env = os.environ | {
            "POPS_HOME": str(self.home),
            "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
            "POPS_AS_OF": as_of.isoformat(),
            "DO_NOT_TRACK": "1",
        }
        chosen = ["--select", *selection] if selection else []
        done = subprocess.run(
            [*command, *chosen], env=env, cwd=dbt, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout

    def usage_numbers(self, as_of: date) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """The metrics of the usage models, by metric, period and dimensions."""
        manifest = self.home / "target" / "semantic_manifest.json"
        append_metric_values(self.warehouse, manifest, as_of, HISTORY_START)
        rows = self.query(
            f"select {', '.join(KEY)}, numerator, denominator, value from metrics.metric_values where is_current"
        )
        return {row[: len(KEY)]: row[len(KEY) :] for row in rows}

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def vendors(company: Company) -> Iterator[tuple[SandboxState, str]]:
    state = SandboxState(company, night_moment(LAST), only=VENDORS, pace=1_000_000)
    with running_app(create_app(state)) as base_url:
        yield state, base_url


def differences(
    company: Company, found: dict[tuple[Any, ...], tuple[Any, ...]]
) -> list[tuple[tuple[Any, ...], Any, Any]]:
    """What the usage metrics of LAST do not have as the company knows it."""
    wrong = []
    for row in usage.truth_rows(company, LAST):
        key = tuple(row[name] for name in KEY)
        value = found[key][2] if key in found else "missing"
        if value != row["value"] and value != pytest.approx(row["value"], rel=1e-9, abs=1e-9):
            wrong.append((key, row["value"], value))
    return wrong


def test_mixpanel_alone_gives_the_numbers_of_the_company_also_after_late_events(
    company: Company, vendors: tuple[SandboxState, str], tmp_path: Path
) -> None:
    house = House(tmp_path, *vendors)
    house.read(EARLIER, "mixpanel", "hubspot")
    house.build(EARLIER, f"+{EVENTS}")
    # Two nights on, days that were built already get events that arrived late.
    house.read(LAST, "mixpanel", "hubspot")
    house.build(LAST)
    assert differences(company, house.usage_numbers(LAST)) == []
    tools = house.query("select distinct source, missed_user_count from marts.mart_analytics_tool_day")
    assert tools == [("mixpanel", 0)]


def test_two_tools_that_each_miss_events_give_the_numbers_of_the_company(
    company: Company, vendors: tuple[SandboxState, str], tmp_path: Path
) -> None:
    state, base_url = vendors
    state.defects.plant(["amplitude_misses_events", "mixpanel_misses_events"], state.now)
    try:
        house = House(tmp_path, state, base_url)
        # The CRM tells a change of segment only to those who knew the segment before.
        house.read(EARLIER, "hubspot")
        house.read(LAST, *VENDORS)
    finally:
        state.defects.plant([], state.now)
    house.build(LAST)
    found = house.usage_numbers(LAST)
    assert differences(company, found) == []

    days = house.query(
        "select event_date, min(all_user_count), max(all_user_count), sum(missed_user_count) "
        "from marts.mart_analytics_tool_day group by event_date order by event_date"
    )
    by_day = {
        key[2]: row[2] for key, row in found.items() if key[0] == "active_users_day" and not any(key[3:])
    }
    assert {day: users for day, users, _, _ in days} == by_day
    missed = dict(
        house.query(
            "select source, sum(missed_user_count) / sum(all_user_count) from marts.mart_analytics_tool_day group by 1"
        )
    )
    assert all(0.01 < share < 0.1 for share in missed.values()), missed
    coverage = {
        (source, check): (counted, total)
        for source, check, counted, total in house.query(
            "select source, check_name, counted, total from marts.mart_metric_coverage where subject = 'events'"
        )
    }
    for tool, other in (("amplitude", "mixpanel"), ("mixpanel", "amplitude")):
        seen, every = coverage[tool, "events_seen_by_tool"]
        alone, _ = coverage[other, "events_seen_by_no_other_tool"]
        assert 0.9 * every < seen < every
        assert seen + alone == every
        assert coverage[tool, "events_quarantined_future"][0] > 0
        assert coverage[tool, "events_late"][0] > 0
        assert coverage[tool, "events_duplicate"][0] > 0
