"""Forgets old runs with all that they left on disk, which Dagster would keep for ever, and their progress sooner."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable

from orchestration.dagster_state import instance_of
from orchestration.event_log import KeptOpenEventLog
from settings.home import Home

# What assets and checks came to in a month of nights can be looked up, some 6 MB a night.
KEPT_FOR = timedelta(days=30)
# How a run that ended well went about it, step by step, is another 19 MB: on a Monday, Friday's is there.
PROGRESS_KEPT_FOR = timedelta(days=3)
_OUTCOMES = (dg.DagsterEventType.ASSET_MATERIALIZATION.value, dg.DagsterEventType.ASSET_OBSERVATION.value)


def tidy(home: Home, instance: dg.DagsterInstance, now: datetime) -> None:
    """What each night does: forget runs older than `KEPT_FOR`, what was printed in nights as old, and progress.

    A database of which most is free room afterwards is written anew without it.
    """
    forget_runs(instance, now, KEPT_FOR)
    forget_progress(instance, now, PROGRESS_KEPT_FOR)
    for database in home.dagster.glob("history/**/*.db"):
        _shrink(database)
    for log in (home.dagster / "logs").glob("*.log"):
        if log.stat().st_mtime < (now - KEPT_FOR).timestamp():
            log.unlink()
    _clear_orphans(home, instance, now)
    # Every build of an earlier version left a folder of some 30 MB.
    for folder in home.dbt_target.glob("dbt_build-*"):
        shutil.rmtree(folder, ignore_errors=True)


@dg.sensor(
    name="run_retention",
    minimum_interval_seconds=3600,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Once a day forgets runs that are a month old, with all that they left on disk.",
)
def run_retention(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """For nights that the daemon starts; `pops nightly` does the same by itself."""
    now = datetime.now(UTC)
    today = now.date().isoformat()
    if context.cursor == today:
        return dg.SkipReason("Done today.")
    tidy(Home.from_environment(), context.instance, now)
    context.update_cursor(today)
    return dg.SkipReason(f"Nothing older than {KEPT_FOR.days} days is kept.")


def _clear_orphans(home: Home, instance: dg.DagsterInstance, now: datetime) -> None:
    """Files of runs that nobody knows any more, as a database that was damaged and put aside leaves them; and it itself."""
    shards = [*home.dagster.glob("history/runs/*.db*"), *home.dagster.glob("storage/*")]
    for file in [
        *shards,
        *home.dagster.glob("history/*.damaged-*"),
        *home.dagster.glob("schedules/*.damaged-*"),
        *home.dbt_target.rglob("*.damaged-*"),
        *home.reports.rglob("*.damaged-*"),
    ]:
        run_id = file.name.partition(".")[0]
        is_known = run_id == "index" or instance.get_run_by_id(run_id) is not None
        if file.stat().st_mtime >= (now - KEPT_FOR).timestamp() or (
            is_known and ".damaged-" not in file.name
        ):
            continue
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink()


def forget_runs_of_home(home: Home, now: datetime, older_than: timedelta) -> int:
    """`forget_runs` on the instance that a home's settings name."""
    with instance_of(home) as instance:
        return forget_runs(instance, now, older_than)


def forget_runs(instance: dg.DagsterInstance, now: datetime, older_than: timedelta) -> int:
    """Delete the runs that ended and were created longer ago than `older_than`; returns how many.

    The run that last made an asset stays, however old it is.
    """
    kept = _last_makers(instance)
    old = dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=now - older_than)
    doomed = [
        record.dagster_run.run_id
        for record in instance.get_run_records(filters=old)
        if record.dagster_run.run_id not in kept
    ]
    for run_id in doomed:
        instance.delete_run(run_id)
        _forget_what_was_printed(instance, run_id)
    _forget_what_runs_leave(instance, now - older_than)
    return len(doomed)


def forget_progress(instance: dg.DagsterInstance, now: datetime, older_than: timedelta) -> None:
    """Of runs that ended well and were created longer ago, keep the run, what it made and what its checks found.

    Its steps, logs and what they printed go. The runs that last made an asset keep all of it.
    """
    kept, storage = _last_makers(instance), instance.event_log_storage
    ended_well = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], created_before=now - older_than)
    ids = [run.run_id for run in instance.get_runs(filters=ended_well) if run.run_id not in kept]
    for run_id in ids:
        _forget_what_was_printed(instance, run_id)
        if isinstance(storage, KeptOpenEventLog):
            storage.drop_file(run_id)
    if isinstance(storage, SqlEventLogStorage):
        kind, run = SqlEventLogStorageTable.c.dagster_event_type, SqlEventLogStorageTable.c.run_id
        is_progress = sqlalchemy.or_(kind.is_(None), kind.not_in(_OUTCOMES))
        with storage.index_connection() as connection:
            for run_id in ids:
                connection.execute(SqlEventLogStorageTable.delete().where(run == run_id, is_progress))


def _last_makers(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs that last made an asset: the UI says from them when it was last good."""
    keys = instance.all_asset_keys()
    records = instance.get_asset_records(list(keys)) if keys else []
    entries = (record.asset_entry.last_materialization for record in records)
    return {entry.run_id for entry in entries if entry is not None}


def _forget_what_was_printed(instance: dg.DagsterInstance, run_id: str) -> None:
    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)


def _forget_what_runs_leave(instance: dg.DagsterInstance, before: datetime) -> None:
    """Rows that Dagster keeps when it deletes their run, or that have none; of each check, the last evaluation stays."""
    runs, events = instance.run_storage, instance.event_log_storage
    if isinstance(runs, SqlRunStorage):
        with runs.connect() as connection:
            known = sqlalchemy.select(RunsTable.c.run_id)
            connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id.not_in(known)))
    if not isinstance(events, SqlEventLogStorage):
        return
    moment = before.astimezone(UTC).replace(tzinfo=None)
    checks, logs = AssetCheckExecutionsTable.c, SqlEventLogStorageTable.c
    latest = sqlalchemy.select(sqlalchemy.func.max(checks.id)).group_by(checks.asset_key, checks.check_name)
    with events.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                checks.create_timestamp < moment, checks.id.not_in(latest)
            )
        )
        # What sensors tell belongs to no run.
        connection.execute(
            SqlEventLogStorageTable.delete().where(logs.run_id == RUNLESS_RUN_ID, logs.timestamp < moment)
        )


def _shrink(database: Path) -> None:
    """SQLite keeps what is deleted as free room in its file. Left for another night while somebody reads or writes."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        try:
            [(free, pages)] = connection.execute(
                "select freelist_count, page_count from pragma_freelist_count, pragma_page_count"
            ).fetchall()
            if free > pages / 2:
                connection.execute("vacuum")
                connection.execute("pragma wal_checkpoint(truncate)")
        except sqlite3.Error:
            return
