"""What the checks of a run found and what keeps it from being published, read from Dagster's event log."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import dagster as dg
from dagster import DagsterEventType, DagsterInstance

from checks.blockers import Blocker, of_check, sources_of_assets
from checks.contract import CheckStatus
from checks.words import INTERRUPTED, step_remedy
from connectors.errors import NOT_ASKED_FOR
from connectors.redaction import redact, without_values
from connectors.settings import enabled_sources
from orchestration.keys import ARRIVED, GATE, GUARDED
from settings.home import Home, text_of
from settings.owners import PLATFORM, owner_of

# The metadata of a failed step that says which of its parts failed.
_BLOCKED_BY = "blocked_by"


def check_evaluations(instance: DagsterInstance, run_id: str) -> list[CheckStatus]:
    """Every check that a run has evaluated so far, in order, but for those of metrics, which only repeat others."""
    found: list[CheckStatus] = []
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(
            run_id, cursor=cursor, of_type=DagsterEventType.ASSET_CHECK_EVALUATION, limit=1000
        )
        told = (check_status(record.event_log_entry.dagster_event) for record in page.records)
        found.extend(each for each in told if each.check != GUARDED)
        if not page.has_more:
            return found
        cursor = page.cursor


def failed_checks(instance: DagsterInstance, run_id: str) -> list[CheckStatus]:
    """The checks that did not pass, without the gate, which only repeats them."""
    return [
        check for check in check_evaluations(instance, run_id) if not check.passed and check.check != GATE
    ]


def blockers(instance: DagsterInstance, run_id: str) -> list[Blocker]:
    """What keeps a run from publishing: failed checks of severity `error` and failed models; only without any, failed steps."""
    failed = [check for check in failed_checks(instance, run_id) if check.blocks]
    sources = _sources_of_assets() if failed else {}
    found = [of_check(check, sources.get(check.asset) or _source_of(check.asset)) for check in failed]
    steps: list[Blocker] = []
    for failure in instance.get_records_for_run(
        run_id, of_type=DagsterEventType.STEP_FAILURE, limit=100
    ).records:
        event = failure.event_log_entry.dagster_event
        assert event is not None
        told = _told(event)
        found += told
        if not told:
            steps.append(_of_step(event))
    # What stops a night before its first request is said by every step that would have made one.
    return list(dict.fromkeys(found or steps))


def told_once(checks: Iterable[CheckStatus]) -> list[CheckStatus]:
    """The checks, one for all streams of a source that were not read for the same reason; it names the others."""
    groups: dict[tuple[str, ...], list[CheckStatus]] = {}
    for check in checks:
        key: tuple[str, ...] = (check.asset, check.check)
        if check.check == ARRIVED and not check.passed:
            # Where it was met differs by stream, and stands before what was met.
            reason = check.observed.removeprefix(NOT_ASKED_FOR)
            key = (*_source_of(check.asset), ARRIVED, reason.partition(": ")[2] or reason)
        groups.setdefault(key, []).append(check)
    return [_together(same) for same in groups.values()]


def _together(same: list[CheckStatus]) -> CheckStatus:
    first, *others = same
    if not others:
        return first
    names = ", ".join(each.asset.rsplit("/", 1)[-1] for each in others)
    return replace(first, observed=f"{first.observed} The same holds for {names}.")


def failure_of(found: list[Blocker]) -> dg.Failure:
    """The end of a step some of whose parts failed: what each says, for the UI and for `blockers`."""
    return dg.Failure(
        "\n".join(blocker.sentence for blocker in found),
        metadata={_BLOCKED_BY: dg.MetadataValue.json([asdict(blocker) for blocker in found])},
        # What says why it ended would end so again.
        allow_retries=False,
    )


def _told(event: dg.DagsterEvent) -> list[Blocker]:
    """What a step that ended with `failure_of` said."""
    given = event.step_failure_data.user_failure_data
    told = given.metadata.get(_BLOCKED_BY) if given else None
    if not isinstance(told, dg.JsonMetadataValue):
        return []
    parts: list[dict[str, Any]] = json.loads(json.dumps(told.data))
    return [
        Blocker(**{**each, "sources": tuple(each["sources"]), "keys": tuple(each["keys"])}) for each in parts
    ]


def _of_step(event: dg.DagsterEvent) -> Blocker:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    step = str(event.step_key)
    if error is not None and error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return Blocker("step", step, "it was ended from outside", INTERRUPTED, owner_of(PLATFORM))
    message = "it ended without saying why" if error is None else redact(without_values(error.message))
    return Blocker("step", step, message, step_remedy(step), owner_of(PLATFORM))


def _sources_of_assets() -> Mapping[str, tuple[str, ...]]:
    manifest = text_of(Home.from_environment().dbt_target / "manifest.json")
    try:
        return sources_of_assets(json.loads(manifest or "{}"), enabled_sources(os.environ))
    except (ValueError, LookupError):
        # Not parsed yet, or damaged: the next night parses anew.
        return {}


def _source_of(asset: str) -> tuple[str, ...]:
    layer, *rest = asset.split("/")
    return (rest[0],) if layer in ("raw", "staging", "vendor") and rest else ()


def check_status(event: dg.DagsterEvent | None) -> CheckStatus:
    """What an event of an evaluation says."""
    assert event is not None
    data = event.asset_check_evaluation_data
    metadata = {name: value.value for name, value in data.metadata.items()}
    return CheckStatus(
        asset="/".join(data.asset_key.path),
        check=data.check_name,
        passed=data.passed,
        # What is red in the UI does not always hold publication: then the check says what it is to readers.
        severity=str(metadata.get("severity") or data.severity.value).lower(),
        owner=str(metadata.get("owner", "")),
        meaning=str(metadata.get("meaning") or data.description or ""),
        observed=str(metadata.get("observed", "")),
        keys=tuple(str(metadata.get("failing_keys") or "").split(", "))
        if metadata.get("failing_keys")
        else (),
        remedy=str(metadata.get("what_to_do", "")),
    )
