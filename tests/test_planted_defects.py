"""What the sandbox plants into its vendors' records, the platform catches or counts: here, every defect of one record.

Those of whole streams are in `test_withheld_night.py` (a collapse of events) and `test_other_tools.py` (ad blockers).
"""

import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from checks.contract import Outcome, Status
from checks.runner import connect, run_suites
from checks.suites import MART_SUITES
from sandbox.company.company import Company
from sandbox.company.work_time import midnight
from sandbox.serving.running import running_sandbox
from tests.nights import NIGHTS, night_moment
from tests.part_nights import build, query, read

NIGHT: date = NIGHTS[-1]
PLANTED = ("duplicate_company_domains", "issue_resolved_before_created")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spoiled")
    with running_sandbox(now=night_moment(NIGHT), only=("hubspot", "zendesk", "jira")) as sandbox:
        sandbox.defects(*PLANTED)
        read(folder, sandbox.environment(), NIGHT)
    build(folder, NIGHT, "--select", "+fct_issue", "+fct_ticket", "+int_support__coverage")
    return folder


@pytest.fixture(scope="module")
def warehouse(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(home / "warehouse.duckdb", home / "raw") as connection:
        yield connection


def outcome(warehouse: duckdb.DuckDBPyConnection, mart: str, check: str) -> Outcome:
    suites = [suite for suite in MART_SUITES if suite.asset[-1] == mart]
    found = run_suites(warehouse, suites, NIGHT, midnight(NIGHT), night_moment(NIGHT))
    return next(each for each in found if each.check.endswith(f"__{check}"))


def is_hit(record_id: str) -> bool:
    """Whether the sandbox spoils a record: one in three, by the checksum of its id."""
    return zlib.crc32(record_id.encode()) % 3 == 0


def test_an_issue_that_was_resolved_before_it_was_created_fails_the_audit(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    spoiled = warehouse.execute("select count(*) from marts.fct_issue where lead_time_seconds < 0").fetchone()
    found = outcome(warehouse, "fct_issue", "lead_time_is_not_negative")
    assert found.status is Status.FAILED
    assert spoiled is not None
    assert found.failing_count == spoiled[0] > 0


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
