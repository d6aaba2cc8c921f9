"""What is deployed is what was meant: settings that Dagster takes, units and services that run what there is."""

import configparser
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from orchestration.health import health
from orchestration.home import Home
from orchestration.retention import forget_runs

DEPLOY = Path(__file__).parents[1] / "deploy"
PUBLISHED_AT = datetime(2026, 11, 16, 1, tzinfo=UTC)


def test_dagster_takes_the_settings_of_production_and_of_one_machine(tmp_path: Path) -> None:
    for settings in (DEPLOY / "dagster.yaml", DEPLOY.parent / "orchestration" / "dagster.yaml"):
        shutil.copy(settings, tmp_path / "dagster.yaml")
        found, _ = dagster_instance_config(str(tmp_path))
        assert found["concurrency"]["pools"]["default_limit"] == 1
        assert not found["telemetry"]["enabled"]
    wanted = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    assert wanted["storage"]["postgres"]["postgres_url"] == {"env": "POPS_DAGSTER_POSTGRES_URL"}


def test_a_home_takes_the_settings_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("POPS_DAGSTER_YAML", str(DEPLOY / "dagster.yaml"))
    home = Home(tmp_path).prepare()
    assert (home.dagster / "dagster.yaml").read_text() == (DEPLOY / "dagster.yaml").read_text()


def test_units_and_services_keep_the_ui_on_loopback_and_secrets_out() -> None:
    for unit in (DEPLOY / "systemd").glob("*.service"):
        read = configparser.ConfigParser(strict=False, interpolation=None)
        read.optionxform = str  # type: ignore[assignment,method-assign]
        read.read(unit)
        assert read["Service"]["User"] == "product-ops", unit
        assert read["Service"]["EnvironmentFile"] == "/etc/product-ops/product-ops.env", unit
        if "webserver" in unit.name:
            assert "--host 127.0.0.1" in read["Service"]["ExecStart"]
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert services["webserver"]["ports"] == ["127.0.0.1:3000:3000"]
    assert all("ports" not in service for name, service in services.items() if name != "webserver")
    example = (DEPLOY / "product-ops.env.example").read_text()
    assert all(
        not line.split("=", 1)[1] or not line.split("=")[0].endswith(("_KEY", "_SECRET", "_TOKEN"))
        for line in example.splitlines()
        if line.startswith("POPS_")
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path)
    found.published.parent.mkdir(parents=True)
    with duckdb.connect(str(found.published)) as mart:
        mart.execute("create schema meta")
        mart.execute(
            "create table meta.publication as select date '2026-11-16' as as_of, 2 as revision, ?::timestamp as published_at",
            [PUBLISHED_AT.replace(tzinfo=None)],
        )
        mart.execute(
            "create table meta.sources as select * from (values ('jira', 'ok'), ('zendesk', 'failed'), ('files', 'off')) as s(source, outcome)"
        )
    return found


def test_health_says_how_old_the_mart_is_and_what_was_not_read(home: Home) -> None:
    well = health(home, PUBLISHED_AT + timedelta(hours=7))
    assert (well.state, well.exit_code, well.age_hours, well.stale_sources) == ("ok", 0, 7.0, ("zendesk",))
    assert json.loads(well.as_json())["as_of"] == "2026-11-16"
    old = health(home, PUBLISHED_AT + timedelta(hours=31))
    assert (old.state, old.exit_code) == ("old", 1)
    assert "Is the schedule `nightly` on" in old.reasons[0]


def test_health_tells_withheld_from_missing(home: Home) -> None:
    home.published.with_name("withheld.txt").write_text("Tickets end before they begin.")
    withheld = health(home, PUBLISHED_AT + timedelta(hours=7))
    assert (withheld.state, withheld.exit_code) == ("withheld", 1)
    assert withheld.reasons == ("Tickets end before they begin.",)
    home.published.write_bytes(b"no database")
    assert health(home, PUBLISHED_AT).exit_code == 2
    home.published.unlink()
    missing = health(home, PUBLISHED_AT)
    assert (missing.state, missing.exit_code) == ("missing", 2)


def test_old_runs_are_forgotten_but_not_the_last_that_made_an_asset() -> None:
    @dg.asset
    def often() -> None: ...

    @dg.asset
    def once() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance:
        first = dg.materialize([once], instance=instance).run_id
        second = dg.materialize([often], instance=instance).run_id
        third = dg.materialize([often], instance=instance).run_id
        now = datetime.now(UTC)
        assert forget_runs(instance, now, timedelta(days=7)) == 0
        assert forget_runs(instance, now + timedelta(days=8), timedelta(days=7)) == 1
        assert {run.run_id for run in instance.get_runs()} == {first, third}
        assert not instance.has_run(second)
