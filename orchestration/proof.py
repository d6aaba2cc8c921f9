"""Nothing unproven is published: what a run of a part of the assets must show before its mart replaces the last one.

A whole night proves all of it by its own order. A run that somebody starts in the UI for one model and what hangs on it
may leave the audit out, mix two days, or build on what failed the night before: such a run is stopped here.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime

import dagster as dg
from dagster import AssetCheckKey, DagsterInstance
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status

from connectors.raw_facts import ReadState, records_forgotten
from orchestration import own_failures
from orchestration.evaluations import check_evaluations
from orchestration.keys import GATE
from orchestration.runs import night_of_record, night_of_run
from publication.file import records_published
from settings.home import Home

_NAMED = 3
# Of what was not forgotten since: beside that raw only grows, but for rare mending.
LEAST_SHARE = 0.9


def refuse_unproven(
    context: dg.AssetExecutionContext,
    models: dg.AssetsDefinition,
    computed: Mapping[dg.AssetKey, Sequence[dg.AssetKey]],
) -> None:
    """Raises dagster.Failure, with the remedy, unless the mart that is about to be published is proven as a whole.

    `computed`: what is made of the models, each with what else it is made of. The run's own audit passed; no check that holds
    publication failed when it last ran; all of them are as of this run's date, and none is older than what it is made of.
    Own code that failed is left out, and proves nothing.
    """
    left_out = own_failures.left_out(Home.from_environment())
    keys = {key for key in models.keys if key.path[-1] not in left_out}
    checks = [
        AssetCheckKey(spec.asset_key, spec.name)
        for spec in models.check_specs
        if spec.metadata.get("severity") == "error" and spec.asset_key in keys and spec.name not in left_out
    ]
    faults = [
        *_without_audit(context),
        *_failed(context.instance, checks),
        *_mixed(context, models, keys, computed),
    ]
    if faults:
        raise dg.Failure(
            f"Not published: {' '.join(faults)} Readers keep the last sound mart. Run the job `nightly`: it builds and "
            "proves everything.",
            allow_retries=False,
        )


def refuse_lost_records(home: Home, sources: Sequence[ReadState]) -> None:
    """Raises dagster.Failure when raw holds far less of a source than the published mart was made of: raw only grows, but
    for what an operator forgets, which it books. So its file was lost, and its history is not whole again.
    """
    before = records_published(home.published)
    lost = [
        f"Raw holds {each.records} records of {each.source}, and readers see a mart made of {before[each.source][0]}."
        for each in sources
        if each.records is not None and each.source in before and _is_lost(home, each, *before[each.source])
    ]
    if lost:
        raise dg.Failure(
            f"Not published: {' '.join(lost)} Readers keep the last sound mart. `pops check` says whether the vendor answers: a "
            "night that reads all of its history again is published. If the records are not to come back, move "
            f"{home.published} away.",
            allow_retries=False,
        )


def _is_lost(home: Home, state: ReadState, records: int, since: datetime) -> bool:
    missing = LEAST_SHARE * records - (state.records or 0)
    return missing > 0 and missing > records_forgotten(home.root, state.source, since)


def _without_audit(context: dg.AssetExecutionContext) -> list[str]:
    passed = [
        check.passed
        for check in check_evaluations(context.instance, context.run.run_id)
        if check.check == GATE
    ]
    return [] if passed and passed[-1] else ["The audit has not passed in this run."]


def _failed(instance: DagsterInstance, keys: Sequence[AssetCheckKey]) -> list[str]:
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    failed = sorted(key.to_user_string() for key, record in latest.items() if record.status is Status.FAILED)
    return [f"Checks that failed when they last ran: {_few(failed)}."] if failed else []


def _mixed(
    context: dg.AssetExecutionContext,
    models: dg.AssetsDefinition,
    keys: Set[dg.AssetKey],
    computed: Mapping[dg.AssetKey, Sequence[dg.AssetKey]],
) -> list[str]:
    built: dict[dg.AssetKey, tuple[float, str]] = {}
    for record in context.instance.get_asset_records([*keys, *computed]):
        event = record.asset_entry.last_materialization
        if event is not None:
            built[record.asset_entry.asset_key] = (event.timestamp, event.run_id)
    parents = {spec.key: [dep.asset_key for dep in spec.deps] for spec in models.specs}
    never = sorted(key.to_user_string() for key in (*keys, *computed) if key not in built)
    old = sorted(
        key.to_user_string()
        for key, above in parents.items()
        if key in built and any(parent in built and built[parent][0] > built[key][0] for parent in above)
    )
    old += [
        key.to_user_string()
        for key, further in computed.items()
        if key in built and any(built[each][0] > built[key][0] for each in (*keys, *further) if each in built)
    ]
    as_of = night_of_run(context).as_of
    nights = {run_id: _as_of(context.instance, run_id) for run_id in {run for _, run in built.values()}}
    other = sorted(key.to_user_string() for key, (_, run_id) in built.items() if nights[run_id] != as_of)
    return [
        *([f"Never built: {_few(never)}."] if never else []),
        *([f"Older than what they are made of: {_few(old)}."] if old else []),
        *([f"Not as of {as_of}, as this run is: {_few(other)}."] if other else []),
    ]


def _as_of(instance: DagsterInstance, run_id: str) -> date | None:
    """The date of the run that built something; None when the run is no longer known."""
    record = instance.get_run_record_by_id(run_id)
    return None if record is None else night_of_record(record).as_of


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
