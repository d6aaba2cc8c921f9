"""The audit: what is broken fails, what cannot be evaluated is errored, and neither tells who is in the data."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from checks.contract import Outcome, Rule, Severity, Status, Suite, between, redacted
from checks.reconciliation import run_steps, steps
from checks.runner import MAXIMUM_ROWS, run_suites
from checks.source_suites import drift_suite, freshness_suite
from checks.suites import CUTS, MART_SUITES, all_suites
from checks.words import audit_remedy
from metrics.dimensions import DIMENSIONS
from warehouse.embedded import connect

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
    assert found.observed == "7 of 20 rows, seconds -1, -1, -1, -1, -1"
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
    assert redacted(AS_OF) == redacted(datetime(2026, 11, 16)) == "2026-11-16"
    assert redacted(pd.NaT) == "NaT"


def test_a_number_of_the_whole_is_told_by_every_dimension_that_there_is() -> None:
    assert set(CUTS) == set(DIMENSIONS)


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


BEFORE, AFTER = "2026-11-02T10:00:00Z", "2026-11-15T23:30:00Z"


def _staged_deals(
    connection: duckdb.DuckDBPyConnection, versions: list[tuple[str, str | None]], staged: list[str]
) -> None:
    """Raw versions of deals, by id and time of creation, and those that staging and mart hold."""
    connection.execute("attach ':memory:' as hubspot; create schema hubspot.raw_hubspot")
    connection.execute("create schema staging; create schema marts; create schema intermediate")
    connection.execute("create table hubspot.raw_hubspot.deals (record_id varchar, record varchar)")
    rows = [(name, json.dumps({"createdAt": created})) for name, created in versions]
    connection.executemany("insert into hubspot.raw_hubspot.deals values (?, ?)", rows)
    # Two more were of somebody who is forgotten.
    connection.execute(
        f"create table hubspot.raw_hubspot._pops_loads as select 'deals' as stream, {len(rows) + 2} as loaded_count"
    )
    connection.execute(
        "create table hubspot.raw_hubspot._pops_forgotten as select 'deals' as stream, 2 as removed_count"
    )
    connection.execute(
        "create table staging.stg_hubspot__deals as select unnest(?::varchar[]) as deal_id, "
        "timestamp '2026-01-01' as created_at, false as is_deleted",
        [staged],
    )
    connection.execute(
        "create table marts.fct_deal as select 'hubspot:deal:' || deal_id as deal_id, 'hubspot' as source "
        "from staging.stg_hubspot__deals"
    )
    connection.execute(
        "create table intermediate.int_crm__deals as select '' as deal_id, false as is_duplicate"
    )


def _reconciled(connection: duckdb.DuckDBPyConnection) -> dict[str, Outcome]:
    of_deals = {"deals", "stg_hubspot__deals", "fct_deal"}
    known = steps({"hubspot": ("deals",)})
    wanted = tuple(each for each in known if each.source == "hubspot" and each.asset[-1] in of_deals)
    found = run_steps(connection, wanted, AS_OF_AT.replace(tzinfo=None))
    return {outcome.check.removeprefix("reconciliation__"): outcome for outcome in found}


def _failures(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    found = _reconciled(connection).items()
    return {name: outcome.failing_keys for name, outcome in found if outcome.status is not Status.PASSED}


def test_reconciliation_passes_over_what_begins_after_the_night_or_says_not_when(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    _staged_deals(
        connection, [("1", BEFORE), ("1", BEFORE), ("2", AFTER), ("3", "soon"), ("4", None)], ["1", "3", "4"]
    )
    assert set(_reconciled(connection)) == {
        "fetched_is_in_raw", "raw_is_in_staging", "created_before_as_of", "hubspot_staging_is_in_mart",
    }  # fmt: skip
    assert _failures(connection) == {}


@pytest.mark.parametrize("staged", [["1"], ["1", "2", "2"], ["1", "2", "3"]], ids=["lost", "doubled", "made"])
def test_reconciliation_names_the_row_that_staging_lost_or_made(
    connection: duckdb.DuckDBPyConnection, staged: list[str]
) -> None:
    _staged_deals(connection, [("1", BEFORE), ("2", BEFORE)], staged)
    assert _failures(connection)["raw_is_in_staging"] == (staged[-1] if len(staged) > 1 else "2",)


def test_a_record_whose_creation_moves_past_the_night_is_not_called_lost(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    later = "2026-12-26T10:00:00Z"
    _staged_deals(connection, [("1", BEFORE), ("2", BEFORE), ("2", later)], ["1"])
    assert _failures(connection) == {"created_before_as_of": ("2",)}
    moved = _reconciled(connection)["created_before_as_of"]
    assert moved.observed == "1 of 2 records, created 2026-12-26"
    assert "HubSpot" in moved.meaning
    assert "correct when they were created" in audit_remedy(moved.check, holds=True)


def test_reconciliation_names_what_the_mart_lost(connection: duckdb.DuckDBPyConnection) -> None:
    _staged_deals(connection, [("1", BEFORE), ("2", BEFORE)], ["1", "2"])
    connection.execute("delete from marts.fct_deal where deal_id = 'hubspot:deal:2'")
    assert _failures(connection) == {"hubspot_staging_is_in_mart": (redacted("hubspot:deal:2"),)}


def test_an_issue_that_is_deleted_or_of_another_tracker_is_not_missed_in_the_mart(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute("create schema staging; create schema marts")
    connection.execute(
        "create table staging.stg_jira__issues as select i::varchar as issue_id, timestamp '2026-01-01' as created_at, "
        "i = 2 as is_deleted from range(3) t(i)"
    )
    connection.execute(
        "create table marts.fct_issue as select 'jira' as source, issue_id from staging.stg_jira__issues where not is_deleted "
        "union all select 'github', 'github:issue:1'"
    )
    wanted = tuple(step for step in steps({}) if step.source == "jira")
    (found,) = run_steps(connection, wanted, AS_OF_AT.replace(tzinfo=None))
    assert (found.status, found.observed) == (Status.PASSED, "0 of 2 records")


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
