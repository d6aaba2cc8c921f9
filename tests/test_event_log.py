"""The event log that is kept open: what is written through it, Dagster's own storage reads."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_log import KeptOpenEventLog
from orchestration.night_run import bury_dead_nights
from orchestration.retention import forget_progress, run_retention, tidy
from settings.home import Home


@dg.asset(check_specs=[dg.AssetCheckSpec("holds", asset="thing")])
def thing() -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata={"rows": 3}, check_results=[dg.AssetCheckResult(passed=False, check_name="holds")]
    )


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH", "POPS_DAGSTER_YAML"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return Home(tmp_path / "home").prepare()


@pytest.mark.slow
def test_what_was_kept_open_is_read_by_dagsters_own_storage(home: Home) -> None:
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, KeptOpenEventLog)
        runs = [dg.materialize([thing], instance=instance).run_id for _ in range(10)]
    plain = SqliteEventLogStorage(str(home.dagster / "history" / "runs"))
    for run in runs:
        kinds = [record.dagster_event_type for record in plain.get_logs_for_run(run)]
        assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == 1
        assert kinds.count(dg.DagsterEventType.ASSET_CHECK_EVALUATION) == 1
        assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
    (latest,) = plain.get_asset_records([dg.AssetKey("thing")])
    assert latest.asset_entry.last_materialization is not None
    assert latest.asset_entry.last_run_id == runs[-1]


def test_which_tables_there_are_is_looked_up_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[str]()
    has_table = SqliteEventLogStorage.has_table
    monkeypatch.setattr(
        SqliteEventLogStorage, "has_table", lambda self, name: (asked.append(name), has_table(self, name))[1]
    )
    with dg.DagsterInstance.get() as instance:
        for _ in range(3):
            assert dg.materialize([thing], instance=instance).success
    assert asked
    assert len(asked) == len(set(asked))


def test_of_a_file_that_is_made_no_migrations_are_read_and_one_that_a_kill_left_half_made_is_completed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dg.DagsterInstance.get() as instance:
        run = dg.materialize([thing], instance=instance).run_id
    folder = home.dagster / "history" / "runs"
    revision = "select version_num from alembic_version"
    with closing(sqlite3.connect(folder / f"{run}.db")) as file:
        made = file.execute(revision).fetchall()
        assert len(made) == 1
        file.execute("delete from alembic_version")
        file.commit()
    assert KeptOpenEventLog(str(folder)).get_logs_for_run(run)
    with closing(sqlite3.connect(folder / f"{run}.db")) as file:
        assert file.execute(revision).fetchall() == made
    log = KeptOpenEventLog(str(folder))
    # Dagster's own way of making a file is not taken, whatever there is to read of it.
    monkeypatch.setattr(SqliteEventLogStorage, "_initdb", None)
    assert log.get_logs_for_run(run)


def test_two_writers_at_once_lose_nothing(home: Home) -> None:
    with dg.DagsterInstance.get() as one, dg.DagsterInstance.get() as other:
        for _ in range(3):
            assert dg.materialize([thing], instance=one).success
            assert dg.materialize([thing], instance=other).success
        seen = one.fetch_materializations(dg.AssetKey("thing"), limit=10).records
    assert len({record.run_id for record in seen}) == 6


def test_a_night_leaves_nothing_of_what_is_a_month_old(home: Home) -> None:
    with dg.DagsterInstance.get() as instance:
        first = dg.materialize([thing], instance=instance).run_id
        second = dg.materialize([thing], instance=instance).run_id
        printed = home.dagster / "logs" / "nightly-2026-11-16.log"
        printed.parent.mkdir()
        printed.write_text("all of it")
        (home.dbt_target / "dbt_build-1").mkdir()
        tidy(home, instance, datetime.now(UTC) + timedelta(days=29))
        assert {run.run_id for run in instance.get_runs()} == {first, second}
        assert printed.exists()
        tidy(home, instance, datetime.now(UTC) + timedelta(days=31))
        assert {run.run_id for run in instance.get_runs()} == {second}
        files = [path.name for path in home.root.rglob("*")]
        assert not [name for name in files if first in name or name in (printed.name, "dbt_build-1")]
        assert f"{second}.db" in files
        # What is left works on.
        assert dg.materialize([thing], instance=instance).success
        assert instance.get_latest_materialization_event(dg.AssetKey("thing")) is not None


def rows(home: Home, name: str, table: str) -> int:
    with closing(sqlite3.connect(home.dagster / "history" / name)) as connection:
        [(count,)] = connection.execute(f"select count(*) from {table}").fetchall()
    return int(count)


def test_what_dagster_keeps_of_runs_that_it_deletes_goes_too_and_its_room_is_given_back(home: Home) -> None:
    index = "runs/index.db"
    with dg.DagsterInstance.get() as instance:
        wordy = dg.asset(lambda: dg.MaterializeResult(metadata={"said": "x" * 100_000}), name="wordy")
        for _ in range(8):
            dg.materialize([thing, wordy], instance=instance, tags={"pops/as_of": "2026-11-16"})
        # What a sensor tells has no run.
        told = dg.AssetCheckEvaluation(asset_key=dg.AssetKey("thing"), check_name="aged", passed=True)
        for _ in range(3):
            instance.report_runless_asset_event(told)
        before = sum(file.stat().st_size for file in home.dagster.glob(f"history/{index}*"))
        tidy(home, instance, datetime.now(UTC) + timedelta(days=31))
        [run] = instance.get_runs()
        assert rows(home, index, "asset_check_executions") == 2
        assert rows(home, index, "event_logs where run_id = ''") == 0
        assert rows(home, "runs.db", f"run_tags where run_id <> '{run.run_id}'") == 0
        assert sum(file.stat().st_size for file in home.dagster.glob(f"history/{index}*")) < before / 2
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [dg.AssetCheckKey(dg.AssetKey("thing"), name) for name in ("holds", "aged")]
        )
        assert len(latest) == 2


def test_of_a_night_of_days_ago_the_outcomes_stay_and_the_progress_goes(home: Home) -> None:
    failing = dg.asset(lambda: {}["nothing"], name="failing")
    with dg.DagsterInstance.get() as instance:
        old, newer = (dg.materialize([thing], instance=instance).run_id for _ in range(2))
        failed = dg.materialize([failing], instance=instance, raise_on_error=False).run_id
        printed = {run: Path(instance.storage_directory()) / run for run in (old, newer)}
        for folder in printed.values():
            folder.mkdir(parents=True, exist_ok=True)
        tidy(home, instance, datetime.now(UTC) + timedelta(days=2))
        assert all(instance.all_logs(run) for run in (old, newer, failed))
        tidy(home, instance, datetime.now(UTC) + timedelta(days=4))
        assert not (home.dagster / "history" / "runs" / f"{old}.db").exists()
        assert [run for run, folder in printed.items() if folder.exists()] == [newer]
        # Why a run failed can be read for a month, and the run that last made an asset whole.
        assert all(instance.all_logs(run) for run in (newer, failed))
        assert {run.run_id for run in instance.get_runs()} == {old, newer, failed}
        key = dg.AssetKey("thing")
        assert len(instance.fetch_materializations(key, limit=10).records) == 2
        history = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(key, "holds"), limit=10
        )
        assert [each.run_id for each in history] == [newer, old]
        assert rows(home, "runs/index.db", f"event_logs where run_id = '{old}'") == 1
        # The page of such a run opens, and is empty.
        assert instance.all_logs(old) == []


def test_the_same_holds_where_one_table_has_the_events_of_all_runs() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        old, newer = (dg.materialize([thing], instance=instance).run_id for _ in range(2))
        forget_progress(instance, datetime.now(UTC) + timedelta(days=8), timedelta(days=7))
        kinds = [event.dagster_event_type for event in instance.all_logs(old)]
        assert kinds == [dg.DagsterEventType.ASSET_MATERIALIZATION]
        assert len(instance.all_logs(newer)) > 10


def test_the_daemon_forgets_once_a_day(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with dg.DagsterInstance.get() as instance:
        runs = [dg.materialize([thing], instance=instance).run_id for _ in range(2)]
        monkeypatch.setattr("orchestration.retention.KEPT_FOR", timedelta(0))
        today = datetime.now(UTC).date().isoformat()
        run_retention(dg.build_sensor_context(instance=instance, cursor=today))
        assert {run.run_id for run in instance.get_runs()} == set(runs)
        context = dg.build_sensor_context(instance=instance, cursor="2026-01-01")
        run_retention(context)
        assert {run.run_id for run in instance.get_runs()} == {runs[-1]}
        assert context.cursor == today


def test_what_dead_runs_hold_of_pools_is_free_before_the_next_night(home: Home) -> None:
    """Killed, failed by themselves, or forgotten: else the next night would wait for them for ever."""
    with dg.DagsterInstance.get() as instance:
        storage = instance.event_log_storage
        failed = dg.materialize([thing], instance=instance).run_id
        job = dg.define_asset_job("nightly").resolve(
            asset_graph=dg.Definitions([thing]).resolve_asset_graph()
        )
        killed = instance.create_run_for_job(job, tags={"pops/launched_by": "pops"}).run_id
        instance.report_run_canceling(instance.get_run_by_id(killed))
        other = instance.create_run_for_job(job).run_id
        for pool, run in (("one", failed), ("two", killed), ("three", "forgotten"), ("four", other)):
            storage.initialize_concurrency_limit_to_default(pool)
            assert storage.claim_concurrency_slot(pool, run, "step").is_claimed
        bury_dead_nights(instance)
        held = {
            pool: storage.get_concurrency_info(pool).active_run_ids for pool in storage.get_concurrency_keys()
        }
        assert held == {"one": set(), "two": set(), "three": set(), "four": {other}}
        assert instance.get_run_by_id(killed).status is dg.DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(other).status is not dg.DagsterRunStatus.FAILURE
