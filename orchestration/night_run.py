"""Runs a night of the job `nightly` from the command line, with its progress in plain words."""

import fcntl
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import forkserver
from pathlib import Path

import dagster as dg
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from checks.blockers import Blocker
from checks.contract import CheckStatus
from connectors.instances import left_out_sources
from orchestration import failing_now, mart_age, own_uses
from orchestration.check_words import as_event
from orchestration.dagster_state import instance_of, take_over_runs
from orchestration.damage import put_aside_spoiled_logs
from orchestration.dbt_calls import is_changed
from orchestration.evaluations import blockers, failed_checks, told_once
from orchestration.health import health
from orchestration.keys import (
    DIGEST,
    EXPERIMENTS,
    HEALTH_REPORT,
    LAUNCHES,
    METRIC_VALUES,
    PRELOADED,
    PUBLISHED_MART,
    SIGNALS,
    target_key,
)
from orchestration.retention import tidy
from orchestration.runs import AS_OF_TAG
from publication.targets import SERVED
from settings.home import Home
from settings.importing import uncollected
from settings.links import links
from settings.weeks import week_starts_on

_LAUNCHER_TAG = "pops/launched_by"
# By it the UI counts a run among those of its job, and draws it on its home page; the location is named in workspace.yaml.
_ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("product_ops"), "__repository__"), "nightly"
)
_PUBLISHED = PUBLISHED_MART.to_python_identifier()
_STEPS = {
    "dbt_build": "mart built and tested",
    METRIC_VALUES.to_python_identifier(): "metrics computed",
    LAUNCHES.to_python_identifier(): "launches judged",
    EXPERIMENTS.to_python_identifier(): "experiments read",
    SIGNALS.to_python_identifier(): "signals looked for",
    "audit": "audited",
    _PUBLISHED: "published",
    **{target_key(each.name).to_python_identifier(): f"served from {each.title}" for each in SERVED},
    HEALTH_REPORT.to_python_identifier(): "report written",
    DIGEST.to_python_identifier(): "digest",
}


@dataclass(frozen=True)
class NightResult:
    """`published` is true when the night's mart replaced the one before; steps after that may have failed.

    `warnings`: checks that failed and hold nothing. `blockers`: why it was not published.
    """

    run_id: str
    as_of: date
    published: bool
    warnings: tuple[CheckStatus, ...]
    blockers: tuple[Blocker, ...]
    failed_steps: tuple[str, ...]
    seconds: float
    log: Path


def run_night(home: Home, as_of: date, say: Callable[[str], None]) -> NightResult:
    """Run `nightly` as of a date in this process's children and say what happens, a line a step.

    Whatever libraries print goes to `POPS_HOME/dagster/logs`.
    """
    log = home.dagster / "logs" / f"nightly-{as_of}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    failed_steps: list[str] = []
    published = False
    with only_night(home), _printed_to(log):
        for name, kept in put_aside_spoiled_logs(home).items():
            say(
                f"{name} was damaged and is kept as {kept}: what it told of earlier nights is not shown any more"
            )
        _begin_imports_of_steps()
        with uncollected():
            from orchestration.definitions import defs, nightly_job, project

        if is_changed(project, at_first=False):
            say("the models are others than the last night's: tables that grow are built anew from raw")
        for told in (*own_uses.changes(home.dbt_target), *left_out_sources(home.root).values()):
            say(told)
        _begin_compiling_metrics(home)
        job = dg.reconstructable(nightly_job)
        with instance_of(home) as instance:
            take_over_runs(home, instance, say)
            bury_dead_nights(instance)
            run = instance.create_run_for_job(
                job.get_definition(),
                tags={AS_OF_TAG: as_of.isoformat(), _LAUNCHER_TAG: "pops"},
                remote_job_origin=_ORIGIN,
                job_code_origin=job.get_python_origin(),
            )
            for event in execute_run_iterator(job, run, instance):
                if event.is_step_failure and event.step_key:
                    failed_steps.append(event.step_key)
                published = published or (event.is_step_success and event.step_key == _PUBLISHED)
                line = _line(event)
                if line:
                    say(f"{time.monotonic() - started:6.1f} s  {line}")
            warnings = tuple(
                told_once(each for each in failed_checks(instance, run.run_id) if not each.blocks)
            )
            blocked_by = () if published else tuple(blockers(instance, run.run_id))
            _tell_owners(home, instance, say)
            _tell_what_stands(home, instance, defs.get_repository_def().asset_graph.asset_check_keys)
            tidy(home, instance, datetime.now(UTC))
    seconds = time.monotonic() - started
    return NightResult(run.run_id, as_of, published, warnings, blocked_by, tuple(failed_steps), seconds, log)


def _begin_imports_of_steps() -> None:
    """Start the process that steps are forked from, which imports what they need while this one imports the definitions."""
    forkserver.set_forkserver_preload([PRELOADED])
    forkserver.ensure_running()


def _begin_compiling_metrics(home: Home) -> None:
    """While sources are read: MetricFlow takes seconds for definitions that are new, and their step finds its SQL kept.

    What the step does not find, or cannot be compiled, it compiles itself, and says why it cannot.
    """
    from metrics.engine import MetricEngine

    engine = MetricEngine(home.dbt_target / "semantic_manifest.json", week_starts_on())
    threading.Thread(target=engine.compile_all, daemon=True).start()


def _tell_owners(home: Home, instance: dg.DagsterInstance, say: Callable[[str], None]) -> None:
    """As the sensor of the daemon does, for nights that run without one."""
    from messages.alerts import tell_owners
    from orchestration.alerts import present_facts

    try:
        tell_owners(home, present_facts(instance, datetime.now(UTC), links(os.environ)))
    except ValueError as problem:
        say(f"owners were not told: {problem}")


def _tell_what_stands(home: Home, instance: dg.DagsterInstance, checks: Iterable[dg.AssetCheckKey]) -> None:
    """What the mart's sensors would tell, for nights that run without a daemon."""
    age = mart_age.evaluated(health(home, datetime.now(UTC)))
    instance.report_runless_asset_event(as_event(age))
    failing = failing_now.evaluated(failing_now.failing_checks(instance, checks))
    instance.report_runless_asset_event(as_event(failing))


@contextmanager
def only_night(home: Home) -> Iterator[None]:
    """Raises ValueError while another `pops` runs a night on the same home."""
    with (home.dagster / "night.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"Another night, or an operator's task, is at work on {home.root}: wait until it has ended."
            ) from None
        yield


@contextmanager
def at_rest(home: Home) -> Iterator[None]:
    """Raises ValueError while a run of any launcher goes on; keeps the next night of `pops` waiting."""
    with only_night(home), instance_of(home) as instance:
        bury_dead_nights(instance)
        if running := instance.get_runs(filters=dg.RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES), limit=1):
            raise ValueError(
                f"The run {running[0].run_id[:8]} of {running[0].job_name} is going on: wait until it has ended, or end it in the UI."
            )
        yield


def bury_dead_nights(instance: dg.DagsterInstance) -> None:
    """End the runs of killed nights, and free what runs that ended hold of pools: nobody else would, and all would wait.

    To be called under the lock: then every unfinished run that `pops` launched is one whose process is gone.
    """
    unfinished = dg.RunsFilter(tags={_LAUNCHER_TAG: "pops"}, statuses=IN_PROGRESS_RUN_STATUSES)
    for run in instance.get_runs(filters=unfinished):
        instance.report_run_failed(run, message="The process that ran it was killed.")
    storage = instance.event_log_storage
    held = [storage.get_concurrency_info(pool) for pool in storage.get_concurrency_keys()]
    # A night that an error ended by itself left its slots as one that was killed did.
    for run_id in {run_id for pool in held for run_id in pool.active_run_ids | pool.pending_run_ids}:
        holder = instance.get_run_by_id(run_id)
        if holder is None or holder.is_finished:
            storage.free_concurrency_slots_for_run(run_id)


def _line(event: dg.DagsterEvent) -> str | None:
    step = event.step_key or ""
    name = _STEPS.get(step, f"{step.removeprefix('ingest_')} read" if step.startswith("ingest_") else step)
    if event.is_step_success:
        return name
    if event.is_step_failure:
        return f"{name}: FAILED"
    if event.is_step_skipped:
        return f"{name}: skipped"
    return None


@contextmanager
def _printed_to(log: Path) -> Iterator[None]:
    """Send everything this process and its children print to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
