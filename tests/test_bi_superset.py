"""The dashboard that Superset imports: whole in itself, without a secret, the same from the same mart.

That Superset takes it, and that its charts show the published numbers, is asked of Superset itself by `make bi-check`.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pops.bi.superset import superset_import
from tests.test_publish import AS_OF, build, do_publish

URI = "postgresql+psycopg2://bi:a%2Fsecret@mart.example.org:5432/mart"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("superset")
    file = folder / "product_ops.duckdb"
    do_publish(build(folder / "warehouse.duckdb", rows=10, mark=42), file, AS_OF)
    return file


def unpacked(packed: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {
            name.removeprefix("product_ops/").removesuffix(".yaml"): yaml.safe_load(archive.read(name))
            for name in archive.namelist()
        }


def test_its_parts_name_each_other(published: Path) -> None:
    files = unpacked(superset_import(published, URI, ("share", "unheard_of", "nps")))
    assert [name for name in files if name.startswith(("charts", "datasets"))] == [
        "datasets/product_ops/adoption", "datasets/product_ops/satisfaction", "charts/share", "charts/nps",
    ]  # fmt: skip
    databases, datasets, charts = (
        {each["uuid"]: each for name, each in files.items() if name.startswith(kind)}
        for kind in ("databases", "datasets", "charts")
    )
    assert {each["database_uuid"] for each in datasets.values()} == set(databases)
    tables = {each["slice_name"]: datasets[each["dataset_uuid"]]["table_name"] for each in charts.values()}
    assert tables == {"Share": "adoption", "Score": "satisfaction"}
    position = files["dashboards/product_ops"]["position"]
    held = [each for each in position.values() if isinstance(each, dict)]
    assert {child for each in held for child in each.get("children", [])} < {each["id"] for each in held}
    assert {each["meta"]["uuid"] for each in held if each["type"] == "CHART"} == set(charts)


def test_a_chart_asks_for_one_row_a_period_and_columns_say_what_they_hold(published: Path) -> None:
    files = unpacked(superset_import(published, URI, ("share",)))
    (query,) = json.loads(files["charts/share"]["query_context"])["queries"]
    assert [each["val"] for each in query["filters"]] == ["share", "week", "total", None]
    columns = {each["column_name"]: each for each in files["datasets/product_ops/adoption"]["columns"]}
    with duckdb.connect(str(published), read_only=True) as mart:
        told = mart.execute(
            "select column_name, meaning from meta.columns where table_name = 'adoption'"
        ).fetchall()
        for each in query["filters"]:
            assert each["col"] in columns
    assert {name: each["description"] for name, each in columns.items()} == dict(told)
    assert columns["period_start"]["is_dttm"]


def test_a_chart_that_says_something_else_is_another_one(published: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "product_ops.duckdb"
    renamed.write_bytes(published.read_bytes())
    with duckdb.connect(str(renamed)) as mart:
        mart.execute("update meta.metrics set label = 'Other' where metric = 'share'")
    before, after = (unpacked(superset_import(file, URI, ("share", "nps"))) for file in (published, renamed))
    changed = {
        name for name in before if name.startswith("charts") and before[name]["uuid"] != after[name]["uuid"]
    }
    assert changed == {"charts/share"}
    assert after["charts/share"]["uuid"] in json.dumps(after["dashboards/product_ops"]["position"])
    assert before["dashboards/product_ops"]["uuid"] == after["dashboards/product_ops"]["uuid"]


def test_it_holds_no_password_and_is_the_same_again(published: Path) -> None:
    packed = superset_import(published, URI, ("share",))
    assert packed == superset_import(published, URI, ("share",))
    files = unpacked(packed)
    assert (
        files["databases/product_ops"]["sqlalchemy_uri"]
        == "postgresql+psycopg2://bi:XXXXXXXXXX@mart.example.org:5432/mart"
    )
    assert "secret" not in json.dumps(files)


def test_without_a_mart_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Nothing is published yet"):
        superset_import(tmp_path / "product_ops.duckdb", URI, ("share",))
