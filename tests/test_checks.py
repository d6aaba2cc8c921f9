"""The audit: what is broken fails, what cannot be evaluated is errored, and neither tells who is in the data."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from checks.contract import Outcome, Rule, Severity, Status, Suite, between, redacted
from checks.reconciliation import run_steps, steps
from checks.runner import MAXIMUM_ROWS, connect, run_suites
from checks.source_suites import drift_suite, freshness_suite
from checks.suites import MART_SUITES, all_suites

AS_OF = date(2026, 11, 16)
AS_OF_AT = datetime(2026, 11, 15, 23, tzinfo=UTC)
UNTIL = datetime(2026, 11, 16, 1, tzinfo=UTC)
ASSET = ("marts", "core", "fct_ticket")


@pytest.fixture
def connection(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(tmp_path / "warehouse.duckdb"))


def suite(query: str, *rules: Rule) -> Suite:
    return Suite("trial", ASSET, "support", "ticket_id", query, rules)


def outcomes(connection: duckdb.DuckDBPyConnection, *suites: Suite) -> list[Outcome]:
    return list(run_suites(connection, suites, AS_OF, AS_OF_AT, UNTIL))


NOT_NEGATIVE = between("not_negative", "seconds", 0, None, Severity.ERROR, "A duration is below zero.")


def test_rows_that_break_a_rule_fail_it_and_are_named_but_not_in_full(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    query = "select 'ticket:' || (100000 + i) as ticket_id, case when i < 7 then -1 else 5 end as seconds from range(20) t(i)"
    (found,) = outcomes(connection, suite(query, NOT_NEGATIVE))
    assert (found.status, found.severity, found.failing_count) == (Status.FAILED, Severity.ERROR, 7)
    assert len(found.failing_keys) == 5
    assert all("100" not in key for key in found.failing_keys)
    assert found.query == query


def test_rows_that_keep_a_rule_pass(connection: duckdb.DuckDBPyConnection) -> None:
    (found,) = outcomes(connection, suite("select 1 as ticket_id, 3 as seconds", NOT_NEGATIVE))
    assert found.status is Status.PASSED


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("select * from no_such_table", NOT_NEGATIVE),
        ("select 1 as ticket_id, 2 as minutes", NOT_NEGATIVE),
        ("select 1 as ticket_id, 2 as seconds", Rule("x", "ExpectNothingOfTheSort", {}, Severity.ERROR, "")),
        (f"select i as ticket_id, 1 as seconds from range({MAXIMUM_ROWS + 1}) t(i)", NOT_NEGATIVE),
    ],
    ids=["no table", "no column", "no such expectation", "unbounded"],
)
def test_what_cannot_be_evaluated_is_errored_and_not_failed(
    connection: duckdb.DuckDBPyConnection, query: str, rule: Rule
) -> None:
    good = suite("select 1 as ticket_id, 3 as seconds", NOT_NEGATIVE)
    broken, after = outcomes(connection, suite(query, rule), good)
    assert broken.status is Status.ERRORED
    assert broken.observed
    assert after.status is Status.PASSED


def test_queries_get_the_moments_that_they_name(connection: duckdb.DuckDBPyConnection) -> None:
    query = "select 1 as ticket_id, epoch($until::timestamp) - epoch($as_of_at::timestamp) as seconds where $as_of = date '2026-11-16'"
    exactly = between("two_hours", "seconds", 7200, 7200, Severity.WARN, "")
    only_one = suite(
        "select 1 as ticket_id, 7200 as seconds where $as_of_at < timestamp '2026-11-16'", exactly
    )
    assert [found.status for found in outcomes(connection, suite(query, exactly), only_one)] == [
        Status.PASSED
    ] * 2


def test_keys_are_shortened() -> None:
    assert redacted("app:user:0123456789abcdef") == "app:user…cdef"
    assert redacted(12) == "12"


def test_every_rule_says_what_it_means_and_is_named_once() -> None:
    suites = all_suites({"zendesk": ("tickets",), "registry": ("features",)})
    names = [(suite.asset, suite.name, rule.name) for suite in suites for rule in suite.rules]
    assert len(names) == len(set(names))
    assert all(len(rule.meaning) > 40 for suite in suites for rule in suite.rules)


def _raw(connection: duckdb.DuckDBPyConnection, records: list[str]) -> None:
    connection.execute("attach ':memory:' as zendesk; create schema zendesk.raw_zendesk")
    connection.execute("create table zendesk.raw_zendesk.tickets (record_id varchar, extracted_at timestamptz, is_deleted boolean, record varchar)")  # fmt: skip
    rows = [
        [str(place), datetime(2026, 11, 1 + place // 2000, tzinfo=UTC), False, record]
        for place, record in enumerate(records)
    ]
    connection.executemany("insert into zendesk.raw_zendesk.tickets values (?, ?, ?, ?)", rows)


def test_a_field_that_vanishes_or_appears_in_new_records_is_seen(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    _raw(connection, ['{"id": 1, "status": "new"}'] * 2000 + ['{"id": 1, "state": "new"}'] * 2000)
    vanished, appeared = outcomes(connection, drift_suite("zendesk", "tickets"))
    assert (vanished.status, vanished.severity) == (Status.FAILED, Severity.ERROR)
    assert (appeared.status, appeared.severity) == (Status.FAILED, Severity.WARN)


def test_records_that_keep_their_fields_have_not_drifted(connection: duckdb.DuckDBPyConnection) -> None:
    _raw(connection, ['{"id": 1, "status": "new"}'] * 4000)
    assert [found.status for found in outcomes(connection, drift_suite("zendesk", "tickets"))] == [
        Status.PASSED
    ] * 2


@pytest.mark.parametrize(
    ("read", "status"), [("2026-11-16 01:00:00+00", Status.PASSED), ("2026-11-14 01:00:00+00", Status.FAILED)]
)
def test_a_source_that_was_not_read_is_stale(
    connection: duckdb.DuckDBPyConnection, read: str, status: Status
) -> None:
    connection.execute("attach ':memory:' as jira; create schema jira.raw_jira")
    connection.execute(
        f"create table jira.raw_jira._pops_runs as select timestamptz '{read}' as until, 'ok' as outcome"
    )
    (found,) = outcomes(connection, freshness_suite(("jira",)))
    assert found.status is status


def test_reconciliation_finds_a_row_that_staging_lost(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "attach ':memory:' as hubspot; create schema hubspot.raw_hubspot; create schema staging; create schema marts"
    )
    connection.execute(
        "create table hubspot.raw_hubspot.deals as select i::varchar as record_id from range(5) t(i)"
    )
    connection.execute(
        "create table hubspot.raw_hubspot._pops_loads as select 'deals' as stream, 7 as loaded_count"
    )
    # Two of them were of somebody who is forgotten.
    connection.execute(
        "create table hubspot.raw_hubspot._pops_forgotten as select 'deals' as stream, 2 as removed_count"
    )
    connection.execute("create table staging.stg_hubspot__deals as select i as deal_id, timestamp '2026-01-01' as created_at, false as is_deleted from range(4) t(i)")  # fmt: skip
    connection.execute(
        "create table marts.fct_deal as select *, 'hubspot' as source from staging.stg_hubspot__deals"
    )
    connection.execute("create schema intermediate")
    connection.execute(
        "create table intermediate.int_crm__deals as select '' as deal_id, false as is_duplicate"
    )
    wanted = tuple(step for step in steps({"hubspot": ("deals",)}) if step.source == "hubspot")
    found = {
        (outcome.check, outcome.asset[-1]): outcome.status
        for outcome in run_steps(connection, wanted, AS_OF_AT.replace(tzinfo=None))
    }
    assert found["reconciliation__fetched_is_in_raw", "deals"] is Status.PASSED
    assert found["reconciliation__raw_is_in_staging", "stg_hubspot__deals"] is Status.FAILED
    assert found["reconciliation__hubspot_staging_is_in_mart", "fct_deal"] is Status.PASSED


def test_a_count_that_cannot_be_taken_is_errored(connection: duckdb.DuckDBPyConnection) -> None:
    found = list(run_steps(connection, steps({"jira": ("issues",)}), AS_OF_AT.replace(tzinfo=None)))
    assert {outcome.status for outcome in found} == {Status.ERRORED}


def test_the_audit_cannot_write(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    with (
        connect(tmp_path / "warehouse.duckdb", tmp_path / "raw") as audit,
        pytest.raises(duckdb.InvalidInputException),
    ):
        audit.execute("create table x as select 1")


def test_rules_of_severity_error_are_few_and_known() -> None:
    blocking = {rule.name for suite in MART_SUITES for rule in suite.rules if rule.severity is Severity.ERROR}
    assert blocking == {
        "last_day_is_usual", "life_is_not_negative", "first_solved_before_last", "status_is_known",
        "lead_time_is_not_negative", "rates_lie_between_0_and_1", "headline_has_one_value",
    }  # fmt: skip
