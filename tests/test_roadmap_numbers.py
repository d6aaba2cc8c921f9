"""Three nights of the roadmap, read and modelled without the other tools, give the numbers that the company states."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from connectors.runner import prepare_raw, run_source
from orchestration.metric_engine import MetricEngine
from sandbox.company import Company, night_moment
from sandbox.credentials import environment
from sandbox.running import running_app
from sandbox.server import create_app
from sandbox.serving import SandboxState
from sandbox.truth.roadmap import truth_rows
from tests.metric_warehouse import semantic_manifest

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
NIGHTS = (date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 16))
SOURCES = ("productboard", "jira", "hubspot", "registry")
MODELS = (
    "+int_roadmap__item_weeks",
    "+int_roadmap__coverage",
    "+fct_roadmap_item",
    "+bridge_roadmap_issue",
    "+fct_feedback",
)


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def warehouse(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("roadmap")
    prepare_raw(home)
    state = SandboxState(company, night_moment(NIGHTS[0]), pace=1000)
    with running_app(create_app(state)) as base_url:
        for night in NIGHTS:
            state.now = night_moment(night)
            for source in SOURCES:
                start = datetime(2026, 5, 18, tzinfo=UTC)
                run = run_source(source, home, state.now, start, environment(base_url, pace=1000))
                assert run.error is None
    target = home / "dbt"
    shutil.copytree(semantic_manifest().parent, target)
    result = subprocess.run(
        [
            sys.executable, "-m", "dbt.cli.main", "run", "--select", *MODELS, "--target-path", str(target),
            "--log-path", str(target), "--vars", "{as_of: 2026-11-16}",
        ],
        cwd=PROJECT,
        env=os.environ | {"POPS_HOME": str(home), "POPS_PSEUDONYM_KEY": "test", "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:]
    return home / "warehouse.duckdb"


def test_every_number_is_the_companys(company: Company, warehouse: Path) -> None:
    expected = {
        (row["metric"], row["period_start"], row["product_id"]): row["value"]
        for row in truth_rows(company, NIGHTS[-1])
    }
    assert len(expected) > 60
    found: dict[tuple[str, date, str | None], float | None] = {}
    engine = MetricEngine(semantic_manifest())
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as \"{engine.catalogue}\"")
        connection.execute("create schema marts; create table marts.dim_date (date_day date)")
        for each in engine.definitions:
            if not each.metric.startswith("roadmap_"):
                continue
            for grouping in each.groupings:
                request = engine.compile(
                    [each.metric], grouping, "week", date(2026, 9, 21), date(2026, 11, 15)
                )
                rows = connection.execute(f"select * from ({request.sql})")
                names = [column[0] for column in rows.description]
                for values in rows.fetchall():
                    row = dict(zip(names, values, strict=True))
                    period = row[request.period_column]
                    day = period.date() if isinstance(period, datetime) else period
                    product = row[request.dimension_columns["product_id"]] if grouping else None
                    if row[each.metric] is not None:
                        found[each.metric, day, product] = row[each.metric]
    assert found.keys() == expected.keys()
    for key, number in expected.items():
        assert found[key] == pytest.approx(number), key


def test_feedback_is_of_the_account_that_gave_it(company: Company, warehouse: Path) -> None:
    moment = night_moment(NIGHTS[-1])
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = dict(
            connection.execute(
                "select split_part(feedback_id, ':', 3), account_id from marts.fct_feedback "
                "where source = 'productboard' and account_id <> '(unknown)'"
            ).fetchall()
        )
    right, known = 0, 0
    for note in company.roadmap.feedback.notes:
        customer = note.at(moment).customer
        if customer is None or not note.exists(moment):
            assert note.id not in found
            continue
        known += 1
        right += found.get(note.id) == company.account_id(company.account_at(customer.account_index, moment))
    assert right == len(found) > 0.8 * known


def test_no_text_of_a_customer_leaves_staging(company: Company, warehouse: Path) -> None:
    people = [each for each in company.people if not each.is_internal][:50]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_name like '%productboard%' "
            "or table_name like '%roadmap%' or table_name like '%feedback%'"
        ).fetchall()
        assert len(tables) > 15
        for schema, table in tables:
            content = str(connection.execute(f"select * from {schema}.{table}").fetchall())
            assert not [
                each.index for each in people if each.email in content.lower() or each.last_name in content
            ]
