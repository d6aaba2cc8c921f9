"""What the checks of a run found, read from Dagster's event log: dbt tests, arrivals and audit alike."""

import dagster as dg
from dagster import DagsterEventType, DagsterInstance

from checks.contract import CheckStatus
from orchestration.keys import GATE


def check_evaluations(instance: DagsterInstance, run_id: str) -> list[CheckStatus]:
    """Every check that a run has evaluated so far, in order."""
    found: list[CheckStatus] = []
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(
            run_id, cursor=cursor, of_type=DagsterEventType.ASSET_CHECK_EVALUATION, limit=1000
        )
        found.extend(_evaluation(record.event_log_entry.dagster_event) for record in page.records)
        if not page.has_more:
            return found
        cursor = page.cursor


def failed_checks(instance: DagsterInstance, run_id: str) -> list[CheckStatus]:
    """The checks that did not pass, without the gate, which only repeats them."""
    return [
        check for check in check_evaluations(instance, run_id) if not check.passed and check.check != GATE
    ]


def _evaluation(event: dg.DagsterEvent | None) -> CheckStatus:
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
    )
