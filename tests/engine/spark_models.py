"""`make test-engine`: whether Spark's own analyzer takes every model and test, with the types of its contract.

No row is read: a model is a view without rows whose columns have the types that Spark gives its query.
"""

import re
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
import yaml
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from connectors import SOURCES
from connectors.runner import prepare_raw
from tests.sql_macros import PROJECT, model_sql

pytest_plugins = "tests.engine.session"

AS_OF = "2026-11-16"
TYPES = {"VARCHAR": "string", "TIMESTAMP WITH TIME ZONE": "timestamp", "INTEGER": "int"}
# What dbt makes a table's columns of, whatever the query gives: the number and the order must fit, and the types be these.
CONTRACTS = {
    model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
    for file in (PROJECT / "models" / "marts").rglob("*.yml")
    for model in (yaml.safe_load(file.read_text()) or {}).get("models", [])
    if model.get("columns")
}
_RAW = re.compile(rf"\braw_({'|'.join([*SOURCES, 'registry'])})\.(\w+)")
_NAME = re.compile(r"\b\w+__\w+|\b(?:dim|fct|mart|bridge)_\w+")


def sql_on_views(name: str) -> str:
    """A query without comments, on the raw tables as views of one name."""
    return re.sub(r"--[^\n]*", "", _RAW.sub(r"raw_\1__\2", model_sql(name, "spark", as_of=AS_OF)))


def take_for_raw(spark: SparkSession, folder: Path) -> None:
    """Views without rows, of the columns of the raw tables."""
    prepare_raw(folder)
    for file in sorted((folder / "raw").glob("*.duckdb")):
        with duckdb.connect(str(file), read_only=True) as connection:
            columns = connection.execute(
                "select table_name, string_agg('`' || column_name || '` ' || data_type, '\n' order by ordinal_position) "
                "from information_schema.columns where table_schema <> 'main' group by all"
            ).fetchall()
        for table, described in columns:
            schema = ", ".join(
                name + " " + TYPES.get(type_, type_.lower())
                for name, type_ in (line.split(" ", 1) for line in described.split("\n"))
            )
            spark.createDataFrame([], schema).createOrReplaceTempView(f"raw_{file.stem}__{table}")


def test_spark_takes_every_model_and_test_and_gives_the_types_of_contracts(
    spark: SparkSession, tmp_path: Path
) -> None:
    take_for_raw(spark, tmp_path)
    models = {path.stem for path in (PROJECT / "models").rglob("*.sql")}
    tests = [path for path in (PROJECT / "tests").rglob("*.sql") if path.parent.name != "generic"]
    reads = {name: set(_NAME.findall(sql_on_views(name))) & models - {name} for name in models}
    faults: dict[str, object] = {}
    for name in TopologicalSorter(reads).static_order():
        try:
            schema = spark.sql(sql_on_views(name)).schema
        except PySparkException as error:
            faults[name] = error.getMessage().partition("\n")[0]
            continue
        found = {field.name: field.dataType.simpleString() for field in schema}
        if (contract := CONTRACTS.get(name)) and found != contract:
            faults[name] = {
                column: (found.get(column), contract.get(column))
                for column in found | contract
                if found.get(column) != contract.get(column)
            }
        spark.createDataFrame([], schema).createOrReplaceTempView(name)
    for path in tests:
        try:
            spark.sql(sql_on_views(path.stem))
        except PySparkException as error:
            faults[path.stem] = error.getMessage().partition("\n")[0]
    assert not faults, "\n".join(f"{name}: {fault}" for name, fault in faults.items())
