"""What the sandbox plants into its vendors' records, the platform catches or counts: here, every defect of one record.

Those of whole streams are in `test_withheld_night.py` (a collapse of events) and `test_other_tools.py` (ad blockers).
That a whole night says the same everywhere is in `test_withheld_night.py`.
"""

import zlib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from checks.contract import Severity, Status
from checks.reconciliation import run_steps, steps
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.defects import NAMES
from sandbox.serving.running import running_sandbox
from settings.night import reporting_zone
from tests.compiled_project import build_with_readings
from tests.nights import NIGHTS, night_moment
from tests.part_nights import query, read
from warehouse.embedded import connect

NIGHT: date = NIGHTS[-1]
# Of the same tickets: in a house of its own.
LATE = "ticket_backdated"
ELSEWHERE = {
    "volume_collapse": "test_withheld_night.py",
    "amplitude_misses_events": "test_other_tools.py",
    "mixpanel_misses_events": "test_other_tools.py",
}
PLANTED = ("unknown_ticket_status", "duplicate_company_domains", "issue_resolved_before_created")
# How far back the sandbox spoils tickets.
REACH = timedelta(days=7)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spoiled")
    with running_sandbox(now=night_moment(NIGHT), only=("hubspot", "zendesk", "jira")) as sandbox:
        sandbox.defects(*PLANTED)
        read(folder, sandbox.environment(), NIGHT)
    build_with_readings(
        folder, NIGHT, "fct_issue", "fct_ticket", "int_support__coverage", "int_delivery__coverage"
    )
    return folder


@pytest.fixture(scope="module")
def late_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("late")
    with running_sandbox(now=night_moment(NIGHTS[0]), only=("zendesk",)) as sandbox:
        read(folder, sandbox.environment(), NIGHTS[0])
        sandbox.set_clock(night_moment(NIGHTS[1]))
        sandbox.defects(LATE)
        sandbox.set_clock(night_moment(NIGHT))
        read(folder, sandbox.environment(), NIGHT)
    build_with_readings(
        folder, NIGHT, "int_quality__unreadable_values", "int_quality__families", "stg_zendesk__tickets"
    )
    return folder


def test_every_defect_of_the_sandbox_is_planted_in_a_test() -> None:
    assert {LATE, *PLANTED, *ELSEWHERE} == set(NAMES)
    for name, file in ELSEWHERE.items():
        assert f'"{name}"' in (Path(__file__).parent / file).read_text()


def is_hit(record_id: str) -> bool:
    """Whether the sandbox spoils a record: one in three, by the checksum of its id."""
    return zlib.crc32(record_id.encode()) % 3 == 0


def test_an_issue_that_was_resolved_before_it_was_created_has_no_lead_time(home: Path) -> None:
    ((spoiled, measured),) = query(
        home, "select count(*), count(lead_time_seconds) from marts.fct_issue where resolved_at < created_at"
    )
    assert spoiled > 0
    assert measured == 0
    assert query(home, "select count(*) from marts.fct_issue where lead_time_seconds < 0") == [(0,)]
    standard = "select count(*) from marts.fct_issue where resolved_at < created_at and is_standard"
    counted = "select counted from intermediate.int_delivery__coverage where check_name = 'issues_resolved_before_created'"
    assert query(home, counted) == query(home, standard) != [(0,)]


def spoiled_tickets(planted: date = NIGHT) -> list[str]:
    tickets = CompanyData(Company.create("small")).records("zendesk", "tickets", night_moment(NIGHT))
    return [
        each.id
        for each in tickets
        if is_hit(each.id) and not each.archived and each.updated_at >= night_moment(planted) - REACH
    ]


def test_a_ticket_of_the_future_is_counted_where_it_is_left_out(late_home: Path) -> None:
    spoiled = spoiled_tickets(NIGHTS[1])
    assert spoiled
    names = ", ".join(f"'{each}'" for each in spoiled)
    assert query(
        late_home, f"select count(*) from staging.stg_zendesk__tickets where ticket_id in ({names})"
    ) == [(0,)]
    counted = query(
        late_home,
        "select check_name, counted from intermediate.int_quality__unreadable_values "
        "where source = 'zendesk' and subject = 'tickets' order by 1",
    )
    assert dict(counted)["created_at_after_reading"] == len(spoiled)
    assert dict(counted)["created_at_after_as_of"] >= len(spoiled)


def test_a_ticket_whose_creation_moved_past_the_night_is_named_with_that_cause(late_home: Path) -> None:
    earlier = CompanyData(Company.create("small")).records("zendesk", "tickets", night_moment(NIGHTS[0]))
    moved = sorted({each.id for each in earlier} & set(spoiled_tickets(NIGHTS[1])))
    assert moved
    wanted = tuple(
        step
        for step in steps({"zendesk": ("tickets",)})
        if step.asset == ("staging", "zendesk", "stg_zendesk__tickets")
    )
    as_of_at = datetime.combine(NIGHT, time(), reporting_zone()).astimezone(UTC).replace(tzinfo=None)
    with connect(late_home / "warehouse.duckdb", late_home / "raw") as audit:
        lost, late = run_steps(audit, wanted, as_of_at)
    assert lost.status is Status.PASSED
    assert (late.status, late.severity) == (Status.FAILED, Severity.ERROR)
    assert late.failing_count == len(moved)
    assert late.failing_keys == tuple(moved[:5])
    ahead = night_moment(NIGHT) + timedelta(days=40)
    assert late.observed.endswith(f" records, created {ahead:%Y-%m-%d}")


def test_a_status_that_nobody_knows_is_counted(home: Path) -> None:
    spoiled = spoiled_tickets()
    assert spoiled
    counted = query(
        home,
        "select counted from intermediate.int_support__set_aside "
        "where check_name = 'tickets_with_unknown_status' and source = 'zendesk'",
    )
    assert counted == [(len(spoiled),)]


def test_a_domain_of_several_companies_matches_none_and_is_counted(home: Path) -> None:
    company = Company.create("small")
    only_by_domain = [
        each
        for each in company.support.organizations
        if each.domains and each.external_id is None and each.account_index is not None
    ]
    lost = {
        str(each.id) for each in only_by_domain if is_hit(company.accounts[each.account_index or 0].crm_id)
    }
    assert lost
    assert len(lost) < len(only_by_domain)
    unmatched = query(
        home,
        "select account_key from intermediate.int_identity__accounts where unmatched_reason like 'domain_of_%'",
    )
    seen = {key.rsplit(":", 1)[-1] for (key,) in unmatched}
    assert lost <= seen
    assert not seen & ({str(each.id) for each in only_by_domain} - lost)
    counted = query(
        home,
        "select sum(counted) from intermediate.int_support__coverage "
        "where check_name like 'organizations_unmatched_domain_of_%'",
    )
    assert counted == [(len(seen),)]
