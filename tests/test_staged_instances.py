"""Two instances of a vendor whose ids are all the same stay two things, and one named like its vendor is as it was alone."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checks.contract import Status
from checks.reconciliation import run_steps, steps
from connectors import connector_class
from connectors.runner import prepare_raw, run_source
from sandbox.company.company import Company
from sandbox.company.work_time import midnight
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.vendors import VENDORS
from tests.compiled_project import Compiled, build, failed_tests, warehouse
from tests.nights import NIGHTS, night_moment
from tests.part_nights import with_raw_of
from tests.twin_instances import TWICE, double, registry_of_twins, second_of
from tests.vendor_reading import served

NIGHT = NIGHTS[-1]
MOMENT = night_moment(NIGHT)
# Salesforce's second organisation calls things otherwise.
OTHER_NAMES = {
    "salesforce": {
        "plan": "Segment__c",
        "segment": "Plan__c",
        "revenue": {"property": "ARR_USD__c", "period": "month", "currency": "EUR"},
    }
}
# What a tool says of another one's record, of the product's own ids or of the registry is no id of the tool.
OF_OTHERS = {
    "account_key", "app_account_id", "external_id", "feature_id", "hubspot_deal_id", "insert_id", "load_id", "product_id",
    "source_record_id", "team_id", "zendesk_ticket_id",
}  # fmt: skip
OF_OTHERS_IN = {
    ("stg_github__issue_pages", "page_id"),
    ("stg_productboard__jira_connection_versions", "issue_id"),
}
# An experiment's own numbering of its variants and iterations: always read with the id of the experiment.
WITHIN_A_RECORD = {"iteration_id", "variation_id"}


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has read every vendor; of events two days."""
    home = tmp_path_factory.mktemp("read")
    with served(CompanyData(Company.create("small")), MOMENT) as vendor:
        variables = environment(vendor.base_url, 1000, VENDORS)
        for source in (*VENDORS, "registry"):
            run = run_source(source, home, MOMENT, MOMENT - timedelta(days=2), variables)
            assert run.outcome == "ok", run.error
    return home


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = registry_of_twins(tmp_path_factory.mktemp("registry") / "twins", **OTHER_NAMES)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("POPS_REGISTRY_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def alone(read_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every model, of one instance of each vendor."""
    home = with_raw_of(read_once, tmp_path_factory.mktemp("alone") / "home", [*VENDORS, "registry"])
    with warehouse(home) as connection:
        assert build(connection, Compiled.of(NIGHT).models) == {}
        yield connection


@pytest.fixture(scope="module")
def compiled(twins: Path) -> Compiled:
    return Compiled.here(NIGHT)


def _home_of(read_once: Path, home: Path, *vendors: str) -> Path:
    """With a second instance of these vendors; of the others there is an empty one."""
    (home / "raw").mkdir(parents=True)
    with_raw_of(read_once, home / "one", [*VENDORS, "registry"])
    for file in (home / "one" / "raw").iterdir():
        file.rename(home / "raw" / file.name)
    prepare_raw(home)
    for vendor in vendors:
        double(home, vendor)
    run_source("registry", home, MOMENT + timedelta(minutes=1), MOMENT)
    return home


@pytest.fixture(scope="module")
def staged(
    read_once: Path, alone: object, compiled: Compiled, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Staging with every vendor twice."""
    with warehouse(_home_of(read_once, tmp_path_factory.mktemp("staged") / "home", *TWICE)) as connection:
        models = [each for each in compiled.models if each.name.startswith("stg_")]
        assert build(connection, models) == {}
        yield connection


def _rows(connection: duckdb.DuckDBPyConnection, model: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"select * from {model}").fetchall()


def _columns(connection: duckdb.DuckDBPyConnection, model: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"describe {model}").fetchall()]


def _staged_by(vendor: str, connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where starts_with(table_name, ?)", [f"stg_{vendor}__"]
    ).fetchall()
    assert found
    return sorted(name for (name,) in found)


def _is_second(vendor: str, row: tuple[Any, ...]) -> bool:
    return any(f"{second_of(vendor)}:" in str(value).lower() for value in row)


def _without(vendor: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    second = f"{second_of(vendor)}:"
    return tuple(
        value.replace(second, "").replace(second.upper(), "") if isinstance(value, str) else value
        for value in row
    )


@pytest.mark.parametrize("vendor", TWICE)
def test_each_staged_row_is_there_once_an_instance_and_alike_but_for_its_ids(
    vendor: str, alone: duckdb.DuckDBPyConnection, staged: duckdb.DuckDBPyConnection
) -> None:
    for model in _staged_by(vendor, alone):
        if vendor in OTHER_NAMES and model.removeprefix(f"stg_{vendor}__") in (
            "accounts",
            "account_versions",
        ):
            continue
        before, now = Counter(_rows(alone, f"staging.{model}")), _rows(staged, f"staging.{model}")
        both = Counter(_without(vendor, row) for row in now)
        assert both == Counter({row: 2 * count for row, count in before.items()}), model
        first = Counter(row for row in now if not _is_second(vendor, row))
        has_ids = any(_is_second(vendor, row) for row in now)
        assert first == (before if has_ids or not before else both), model
        assert has_ids or model == "stg_mixpanel__profiles" or not before, model


@pytest.mark.parametrize("vendor", TWICE)
def test_every_id_of_a_second_instance_says_whose_it_is(
    vendor: str, staged: duckdb.DuckDBPyConnection
) -> None:
    for model in _staged_by(vendor, staged):
        columns = _columns(staged, f"staging.{model}")
        for row in _rows(staged, f"staging.{model}"):
            if _is_second(vendor, row):
                plain = [
                    (model, name, value)
                    for name, value in zip(columns, row, strict=True)
                    if name.endswith("_id") and name not in OF_OTHERS | WITHIN_A_RECORD and (model, name) not in OF_OTHERS_IN
                    and value is not None and not value.startswith(f"{second_of(vendor)}:")
                ]  # fmt: skip
                assert plain == []


def test_names_of_sources_yml_are_those_of_the_instance(staged: duckdb.DuckDBPyConnection) -> None:
    """The second organisation's `plan` is the field that the first calls segment; its revenue is euros of a month."""
    found = staged.execute(
        """
        select count(*), bool_and(second.plan is not distinct from first.segment),
            bool_and(second.segment is not distinct from first.plan), bool_and(second.arr = 12 * first.arr),
            list(distinct first.arr_currency), list(distinct second.arr_currency)
        from staging.stg_salesforce__accounts as first
        inner join staging.stg_salesforce__accounts as second
            on second.account_id = 'salesforce_two:' || first.account_id
        where first.plan <> first.segment
        """
    ).fetchone()
    assert found is not None
    assert found[0] > 30
    assert found[1:] == (True, True, True, ["USD"], ["EUR"])


@pytest.fixture(scope="module")
def built(
    read_once: Path, alone: object, compiled: Compiled, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every model, with two trackers, two help desks and two CRMs of one vendor."""
    home = _home_of(read_once, tmp_path_factory.mktemp("built") / "home", "jira", "zendesk", "hubspot")
    with warehouse(home) as connection:
        assert build(connection, compiled.models) == {}
        yield connection


def test_what_is_counted_of_both_is_twice_what_one_has(
    alone: duckdb.DuckDBPyConnection, built: duckdb.DuckDBPyConnection
) -> None:
    for table, condition in {
        "fct_issue": "source = 'jira'",
        "fct_epic": "true",
        "fct_sprint": "true",
        "fct_issue_status": "true",
        "fct_ticket": "true",
        "fct_ticket_status": "true",
        "fct_ticket_rating": "true",
        "fct_sla_instance": "true",
        "fct_deal": "source = 'hubspot'",
        "bridge_identity": "source = 'zendesk'",
    }.items():
        counts = [
            connection.execute(
                f"select count(distinct {table}) from marts.{table} where {condition}"
            ).fetchall()[0][0]
            for connection in (alone, built)
        ]
        assert counts[0] > 0, table
        assert counts[1] == 2 * counts[0], table


@pytest.mark.parametrize("table", ["fct_issue", "fct_epic", "fct_sprint", "fct_issue_status", "fct_ticket"])
def test_each_thing_of_the_second_is_related_as_its_twin_is(
    table: str, alone: duckdb.DuckDBPyConnection, built: duckdb.DuckDBPyConnection
) -> None:
    """Issues have the epics, sprints, features and teams of their own tracker; the first one's are as they were alone."""
    vendor = "zendesk" if "ticket" in table else "jira"
    before, now = _rows(alone, f"marts.{table}"), _rows(built, f"marts.{table}")
    second = [row for row in now if _is_second(vendor, row)]
    assert Counter(row for row in now if not _is_second(vendor, row)) == Counter(before)
    assert Counter(_without(vendor, row) for row in second) == Counter(before)


def test_no_rule_of_the_night_is_broken_by_a_second_instance(
    alone: duckdb.DuckDBPyConnection, built: duckdb.DuckDBPyConnection, compiled: Compiled
) -> None:
    assert {*failed_tests(built, compiled.blocking)} <= {*failed_tests(alone, Compiled.of(NIGHT).blocking)}


def test_a_customer_or_person_of_two_instances_is_one(
    alone: duckdb.DuckDBPyConnection, built: duckdb.DuckDBPyConnection
) -> None:
    """As between two CRMs: what is known by an id of the app or an address."""
    accounts = "select * from marts.dim_account"
    people = (
        "select distinct person_id from intermediate.int_identity__person_keys "
        "where source = 'hubspot' and unmatched_reason is distinct from 'no_email'"
    )
    for sql in (accounts, people):
        assert Counter(built.execute(sql).fetchall()) == Counter(alone.execute(sql).fetchall())


def test_coverage_speaks_of_each_instance(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute(
        "select source, check_name, counted > 0, total from intermediate.int_quality__mapped_names "
        "where setting = 'plan' and source like 'hubspot%' order by 1"
    ).fetchall()
    assert [row[:3] for row in found] == [
        ("hubspot", "plan_named", True),
        ("hubspot_two", "plan_named", True),
    ]
    assert found[0][3] == found[1][3] > 0


def test_counts_agree_along_the_way_of_each_instance(built: duckdb.DuckDBPyConnection) -> None:
    sources = ("jira", "jira_two", "zendesk", "zendesk_two")
    streams = {source: tuple(each.name for each in connector_class(source).streams) for source in sources}
    wanted = tuple(each for each in steps(streams) if each.source in sources)
    assert len({(each.name, each.asset) for each in wanted}) == len(wanted)
    found = list(run_steps(built, wanted, midnight(NIGHT).replace(tzinfo=None)))
    broken = [(each.check, each.area, each.observed) for each in found if each.status is not Status.PASSED]
    assert broken == []
    assert {each.area for each in found} == {*sources}
