"""The SQL of metrics is compiled once for a manifest, weeks and code, and anew when one of them changes."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from metrics import engine as engines
from metrics.compiler import Compiler
from metrics.engine import MetricEngine
from metrics.values import append_metric_values
from settings.weeks import MONDAY, FirstDay
from tests.metric_warehouse import create_warehouse, execute, insert, semantic_manifest

METRICS = ("active_users_7d", "active_users_week", "feature_adoption_rate")
FIRST_DAY, AS_OF = date(2026, 9, 7), date(2026, 11, 16)
USAGE = "marts.fct_usage_daily"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The project's manifest, of which three metrics are published, in a folder of its own."""
    given = json.loads(semantic_manifest().read_text())
    for metric in given["metrics"]:
        if metric["name"] not in METRICS:
            metric["config"]["meta"].pop("grain", None)
    path = tmp_path / "semantic_manifest.json"
    path.write_text(json.dumps(given))
    (tmp_path / "manifest.json").write_text(semantic_manifest().with_name("manifest.json").read_text())
    return path


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first metric of each request that MetricFlow is asked for."""
    asked: list[str] = []
    sql = Compiler.sql

    def noted(self: Compiler, metrics: list[str], group_by: list[str]) -> str:
        asked.append(metrics[0])
        return sql(self, metrics, group_by)

    monkeypatch.setattr(Compiler, "sql", noted)
    return asked


def night(folder: Path, manifest: Path, name: str = "warehouse") -> set[tuple[object, ...]]:
    """The numbers of a night on a warehouse of its own."""
    warehouse = create_warehouse(folder / f"{name}.duckdb")
    rows = [
        (f"person {number % 5}", AS_OF - timedelta(days=number), f"feature {number % 3}", "studio", "smb")
        for number in range(1, 60)
    ]
    insert(warehouse, USAGE, rows)
    append_metric_values(warehouse, MetricEngine(manifest), AS_OF, FIRST_DAY)
    return set(execute(warehouse, "select * from metrics.metric_values"))


def test_a_second_night_asks_metricflow_nothing_and_finds_the_same(
    tmp_path: Path, manifest: Path, compiled: list[str]
) -> None:
    first = night(tmp_path, manifest, "first")
    assert {each[0] for each in first} >= {"active_users_7d", "active_users_week"}
    assert compiled
    compiled.clear()
    assert night(tmp_path, manifest, "second") == first
    assert compiled == []


def test_a_night_asks_metricflow_nothing_that_was_compiled_before(
    tmp_path: Path, manifest: Path, compiled: list[str]
) -> None:
    MetricEngine(manifest).compile_all()
    # Rolling counts of people are not MetricFlow's to compile.
    assert set(compiled) == set(METRICS) - {"active_users_7d"}
    compiled.clear()
    assert night(tmp_path, manifest)
    assert compiled == []


def test_what_was_kept_is_of_no_use_to_another_manifest_other_weeks_or_other_code(
    tmp_path: Path, manifest: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    night(tmp_path, manifest)

    def asks_again(week_starts_on: FirstDay = MONDAY) -> bool:
        compiled.clear()
        MetricEngine(manifest, week_starts_on).compile(["active_users_week"], [], "week")
        return bool(compiled)

    assert not asks_again()
    assert asks_again("sunday")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "version", lambda name: "0.0.1")
        assert asks_again()
    given = json.loads(manifest.read_text())
    [people] = (each for each in given["metrics"] if each["name"] == "active_users_week")
    people["description"] = "Who was there."
    manifest.write_text(json.dumps(given))
    assert asks_again()


def test_a_damaged_file_costs_a_compilation(tmp_path: Path, manifest: Path, compiled: list[str]) -> None:
    def read_and_kept() -> str:
        engine = MetricEngine(manifest)
        request = engine.compile(["active_users_week"], [], "week")
        engine.keep()
        return request.sql

    first = read_and_kept()
    [kept] = tmp_path.glob("*_compiled.json")
    for text in (b"", b"[]", b'{"fingerprint": 1}', b"\xff"):
        kept.write_bytes(text)
        compiled.clear()
        assert [read_and_kept(), read_and_kept()] == [first, first]
        assert compiled == ["active_users_week"]
