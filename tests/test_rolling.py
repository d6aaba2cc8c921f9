"""Rolling counts of members are those that MetricFlow's own SQL counts, day by day."""

import json
import random
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from metrics.definitions import MetricDefinition
from metrics.engine import CompiledRequest, MetricEngine
from tests.metric_warehouse import create_warehouse, insert, semantic_manifest

FIRST_DAY, LAST_DAY = date(2026, 8, 3), date(2026, 11, 15)
ROLLING = ("active_users_7d", "active_users_30d", "active_accounts_7d", "active_accounts_30d")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> MetricEngine:
    """The project's rolling metrics, one of them narrowed by a dimension too."""
    folder = tmp_path_factory.mktemp("rolling")
    manifest = json.loads(semantic_manifest().read_text())
    for metric in manifest["metrics"]:
        if metric["name"] not in ROLLING:
            metric["config"]["meta"].pop("grain", None)
        elif metric["name"] == "active_users_7d":
            only_smb = {"where_sql_template": "{{ Dimension('usage_day__segment') }} = 'smb'"}
            metric["filter"] = {"where_filters": [only_smb]}
    (folder / "semantic_manifest.json").write_text(json.dumps(manifest))
    shutil.copy(semantic_manifest().with_name("manifest.json"), folder)
    return MetricEngine(folder / "semantic_manifest.json")


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory, engine: MetricEngine
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Use by a few people and accounts, thinly enough for empty days and empty windows."""
    chance = random.Random(11)
    path = create_warehouse(tmp_path_factory.mktemp("used") / "warehouse.duckdb")
    people, accounts = [], []
    for _ in range(140):
        day = FIRST_DAY - timedelta(days=20) + timedelta(days=chance.randrange(125))
        feature = f"f{chance.randrange(4)}"
        product = "insights" if feature == "f0" else "studio"
        segment = chance.choice(["smb", "enterprise", "(unknown)"])
        people.append((f"p{chance.randrange(12)}", day, feature, product, segment))
        account = chance.choice(["a1", "a2", "a3", "(unknown)"])
        accounts.append((account, day, product, segment))
    insert(path, "marts.fct_usage_daily", people)
    insert(path, "marts.fct_account_usage_daily", accounts)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as \"{engine.catalogue}\" (read_only)")
        yield connection


def numbers(
    warehouse: duckdb.DuckDBPyConnection,
    request: CompiledRequest,
    definition: MetricDefinition,
    days: tuple[date, date],
) -> list[tuple[Any, ...]]:
    columns = [request.period_column, *request.dimension_columns.values(), definition.metric]
    return warehouse.execute(
        f"select {', '.join(columns)} from ({request.sql}) "
        f"where {request.period_column} between ? and ? order by all",
        list(days),
    ).fetchall()


@pytest.mark.parametrize(
    "days", [(FIRST_DAY, LAST_DAY), (date(2026, 9, 5), date(2026, 9, 30)), (LAST_DAY, LAST_DAY)]
)
def test_every_day_and_member_counts_as_metricflow_counts_it(
    warehouse: duckdb.DuckDBPyConnection, engine: MetricEngine, days: tuple[date, date]
) -> None:
    assert {each.metric for each in engine.definitions} == set(ROLLING)
    for definition in engine.definitions:
        for grouping in definition.groupings:
            request = engine.request(definition, grouping, *days)
            compiled = engine.compile(definition.inputs, grouping, definition.grain)
            assert request.sql != compiled.sql
            found = numbers(warehouse, request, definition, days)
            assert found == numbers(warehouse, compiled, definition, days), (definition.metric, grouping)
            if days[0] == FIRST_DAY:
                assert found
            in_all = f"select min({request.period_column}), max({request.period_column}) from ({request.sql})"
            [(first, last)] = warehouse.execute(in_all).fetchall()
            assert first is None or (days[0] <= first <= last <= days[1])


def test_all_but_rolling_counts_are_metricflows_own(engine: MetricEngine) -> None:
    whole = MetricEngine(semantic_manifest())
    days = (FIRST_DAY, LAST_DAY)
    own = {
        each.metric
        for each in whole.definitions
        for grouping in each.groupings
        if whole.request(each, grouping, *days) != whole.compile(each.inputs, grouping, each.grain)
    }
    assert own == set(ROLLING)
