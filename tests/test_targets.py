"""Where dbt builds: what the environment may say of it, and what only the embedded engine does."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from metrics.engine import MetricEngine
from orchestration.preflight import check_settings
from pops.cli import app
from warehouse.targets import (
    Target,
    check_target,
    chosen_target,
    lake,
    place,
    snowflake_account,
    spark_address,
)

SPARK = {"POPS_TARGET": "spark", "POPS_LAKE_URL": "file:///mnt/lake", "POPS_SPARK_HOST": "spark.example"}


def test_without_a_word_it_is_the_home_itself() -> None:
    assert chosen_target({}) is chosen_target({"POPS_TARGET": ""}) is Target.EMBEDDED
    check_target({})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"POPS_TARGET": "Spark"}, "POPS_TARGET is 'Spark': set it to embedded, spark or snowflake"),
        ({"POPS_TARGET": "databricks"}, "POPS_TARGET is 'databricks'"),
        ({"POPS_LAKE_URL": ""}, "POPS_LAKE_URL is not set"),
        ({"POPS_LAKE_URL": "/mnt/lake"}, "POPS_LAKE_URL is no address"),
        ({"POPS_LAKE_URL": "file:mnt/lake"}, "POPS_LAKE_URL is no address"),
        ({"POPS_LAKE_URL": "file://mnt/lake"}, "POPS_LAKE_URL is no folder of this machine"),
        ({"POPS_LAKE_URL": "s3://lake?x=1"}, "POPS_LAKE_URL is no address"),
        ({"POPS_LAKE_URL": "file:///mnt/l'ake"}, "POPS_LAKE_URL is no address"),
        ({"POPS_LAKE_URL": "nowhere://lake"}, "POPS_LAKE_URL cannot be opened"),
        ({"POPS_SPARK_HOST": ""}, "POPS_SPARK_HOST is ''"),
        ({"POPS_SPARK_HOST": "spark.example:10000"}, "POPS_SPARK_HOST is 'spark.example:10000'"),
        ({"POPS_SPARK_PORT": "ten"}, "POPS_SPARK_PORT is 'ten'"),
        ({"POPS_SPARK_PORT": "70000"}, "POPS_SPARK_PORT is '70000'"),
        ({"POPS_SPARK_PORT": "１００"}, "POPS_SPARK_PORT is"),
        ({"POPS_SPARK_TLS": "yes"}, "POPS_SPARK_TLS is 'yes'"),
    ],
)
def test_a_wrong_engine_is_refused_before_anything_is_asked(given: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(named)}"):
        check_target(SPARK | given)


SNOWFLAKE = {
    "POPS_TARGET": "snowflake", "POPS_SNOWFLAKE_ACCOUNT": "company-product_ops", "POPS_SNOWFLAKE_USER": "product_ops",
    "POPS_SNOWFLAKE_PASSWORD": "s3cr3t-of-the-user",
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"POPS_SNOWFLAKE_ACCOUNT": ""}, "POPS_SNOWFLAKE_ACCOUNT is ''"),
        ({"POPS_SNOWFLAKE_ACCOUNT": "https://x.snowflakecomputing.com"}, "POPS_SNOWFLAKE_ACCOUNT is 'https://"),
        ({"POPS_SNOWFLAKE_USER": ""}, "POPS_SNOWFLAKE_USER is not set"),
        ({"POPS_SNOWFLAKE_PASSWORD": ""}, "Set one of POPS_SNOWFLAKE_PASSWORD and POPS_SNOWFLAKE_KEY_FILE"),
        ({"POPS_SNOWFLAKE_KEY_FILE": __file__}, "Set one of POPS_SNOWFLAKE_PASSWORD and POPS_SNOWFLAKE_KEY_FILE"),
        (
            {"POPS_SNOWFLAKE_PASSWORD": "", "POPS_SNOWFLAKE_KEY_FILE": "/nowhere/key.p8"},
            "POPS_SNOWFLAKE_KEY_FILE is no file that can be read",
        ),
        ({"POPS_SNOWFLAKE_DATABASE": "a; drop"}, "POPS_SNOWFLAKE_DATABASE is 'a; drop'"),
        ({"POPS_SNOWFLAKE_WAREHOUSE": "my wh"}, "POPS_SNOWFLAKE_WAREHOUSE is 'my wh'"),
    ],
)  # fmt: skip
def test_a_wrong_account_is_refused_before_anything_is_asked(given: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(named)}") as refused:
        check_target(SNOWFLAKE | given)
    assert "s3cr3t" not in str(refused.value)


def test_an_account_needs_no_lake_and_says_no_secret() -> None:
    account = snowflake_account(SNOWFLAKE)
    assert (account.role, account.database, account.warehouse) == ("product_ops",) * 3
    assert "s3cr3t" not in repr(account)
    with_key = SNOWFLAKE | {"POPS_SNOWFLAKE_PASSWORD": "", "POPS_SNOWFLAKE_KEY_FILE": __file__}
    assert snowflake_account(with_key).key_file == __file__


def test_an_adapter_that_is_missing_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for target, settings in (("spark", SPARK), ("snowflake", SNOWFLAKE)):
        monkeypatch.setitem(sys.modules, f"dbt.adapters.{target}", None)
        with pytest.raises(ValueError, match=rf"not installed: install requirements-{target}\.lock\.$"):
            check_target(settings)


def test_tables_of_another_place_are_others() -> None:
    assert place({}) == []
    places = [
        SPARK,
        SNOWFLAKE,
        SNOWFLAKE | {"POPS_SNOWFLAKE_DATABASE": "other"},
        SPARK | {"POPS_LAKE_URL": "file:///x"},
    ]
    assert len({tuple(place(each)) for each in places}) == len(places)


def test_a_secret_in_the_lakes_address_is_refused_and_not_said() -> None:
    with pytest.raises(ValueError, match="POPS_LAKE_URL holds credentials") as refused:
        lake({"POPS_LAKE_URL": "s3://AKIA1234:s3cr3tvalue@bucket/lake"})
    assert "s3cr3tvalue" not in str(refused.value)


def test_a_night_asks_for_the_engines_settings_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="POPS_LAKE_URL is not set"):
        check_settings(
            {
                "POPS_PSEUDONYM_KEY": "a-key-for-tests-only-and-long-enough",
                "POPS_REGISTRY_DIR": str(Path("sandbox/registry").resolve()),
                "POPS_TARGET": "spark",
            }
        )


def test_a_bucket_is_called_as_each_side_calls_it() -> None:
    found = lake({"POPS_LAKE_URL": "memory://lake/"})
    assert found.url_of("raw", "x") == "memory://lake/raw/x"
    address = spark_address(SPARK | {"POPS_SPARK_TLS": "true"})
    assert (address.host, address.port, address.user, address.has_tls) == (
        "spark.example",
        10000,
        "product_ops",
        True,
    )


@pytest.mark.parametrize("command", [["model", "fct_ticket"], ["diff"], ["docs", "--no-serve"]])
def test_the_workbench_is_refused_in_one_sentence(
    command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POPS_TARGET", "spark")
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert f"`pops {command[0]}` works on the embedded engine" in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_metrics_of_an_engine_with_other_databases_or_none_are_counted_in_the_home(tmp_path: Path) -> None:
    # As each dbt adapter writes it.
    names = {
        "warehouse": '"warehouse"."marts"."fct_ticket"', "work": '"work"."marts"."fct_ticket"',
        "product_ops": "product_ops.marts.fct_ticket", None: "marts.fct_ticket",
    }  # fmt: skip

    def relation(database: str | None) -> dict[str, Any]:
        name = names[database]
        return {"alias": "fct_ticket", "schema_name": "marts", "database": database, "relation_name": name}

    def manifest(database: str | None) -> dict[str, Any]:
        return {
            "semantic_models": [{"name": "tickets", "node_relation": relation(database)}],
            "metrics": [],
            "project_configuration": {"time_spines": [{"node_relation": relation(database)}]},
        }

    engines = []
    for name, database in (
        ("embedded", "warehouse"),
        ("engineer", "work"),
        ("spark", None),
        ("snowflake", "product_ops"),
    ):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(manifest(database)))
        engines.append(MetricEngine(file))
    embedded, engineer, *others = engines
    assert engineer.catalogue == "work"
    for other in others:
        assert (other.catalogue, other.version) == (embedded.catalogue, embedded.version)
