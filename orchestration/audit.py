"""The night's audit as Dagster asset checks, and the gate before publication."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import dagster as dg

from checks.contract import Outcome, Severity, Status, check_name
from checks.reconciliation import run_steps, steps, vendor_step
from checks.runner import connect, run_suites
from checks.suites import all_suites
from connectors import SOURCES, connector_class
from orchestration.check_words import GATE_REMEDY, audit_remedy, check_description
from orchestration.dbt_assets import WAREHOUSE_POOL
from orchestration.evaluations import GATE
from orchestration.home import Home
from orchestration.night import Night, reporting_zone
from orchestration.ownership import PLATFORM, owner_of
from orchestration.products import METRIC_VALUES

STREAMS = {source: tuple(stream.name for stream in connector_class(source).streams) for source in SOURCES}
SUITES = all_suites(STREAMS)
STEPS = (*steps(STREAMS), vendor_step("zendesk", "tickets"), vendor_step("jira", "issues"))


def build_audit() -> dg.AssetChecksDefinition:
    """One step that evaluates every rule; its one blocking check is the gate that publication waits for.

    A run of some assets evaluates all rules too, and reports those of its assets: the gate is about the whole mart.
    """

    @dg.multi_asset_check(name="audit", specs=[*_specs(), _gate_spec()], pool=WAREHOUSE_POOL, can_subset=True)
    def audit(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        outcomes = list(_outcomes(Night.of_run(context)))
        wanted = context.selected_asset_check_keys
        results = [_result(outcome) for outcome in outcomes if outcome.status is not Status.ERRORED]
        yield from (result for result in results if _key(result) in wanted)
        errored = [outcome for outcome in outcomes if outcome.status is Status.ERRORED]
        if errored:
            raise dg.Failure(
                "The audit could not evaluate "
                + "; ".join(f"{outcome.check} ({outcome.observed})" for outcome in errored),
                allow_retries=False,
            )
        if _key(gate := _gate(outcomes)) in wanted:
            yield gate

    return audit


def _key(result: dg.AssetCheckResult) -> dg.AssetCheckKey:
    assert result.asset_key is not None
    assert result.check_name is not None
    return dg.AssetCheckKey(result.asset_key, result.check_name)


def _outcomes(night: Night) -> Iterator[Outcome]:
    home = Home.from_environment()
    as_of_at = datetime.combine(night.as_of, time(), reporting_zone()).astimezone(UTC)
    with connect(home.warehouse, home.root / "raw") as connection:
        yield from run_suites(connection, SUITES, night.as_of, as_of_at, night.until)
        yield from run_steps(connection, STEPS, as_of_at.replace(tzinfo=None))


def _specs() -> Iterator[dg.AssetCheckSpec]:
    for suite in SUITES:
        for rule in suite.rules:
            yield _spec(check_name(suite, rule), suite.asset, suite.area, rule.severity, rule.meaning)
    for step in STEPS:
        yield _spec(f"reconciliation__{step.name}", step.asset, step.source, step.severity, step.meaning)


def _spec(
    name: str, asset: tuple[str, ...], area: str, severity: Severity, meaning: str
) -> dg.AssetCheckSpec:
    remedy = audit_remedy(name, severity is Severity.ERROR)
    return dg.AssetCheckSpec(
        name,
        asset=list(asset),
        description=check_description(meaning, severity is Severity.ERROR, remedy),
        metadata={"owner": owner_of(area), "severity": severity.value, "what_to_do": remedy},
    )


def _gate_spec() -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        GATE,
        asset=METRIC_VALUES,
        blocking=True,
        description=check_description("No rule of severity `error` failed.", True, GATE_REMEDY),
        metadata={
            "owner": owner_of(PLATFORM),
            "severity": Severity.ERROR.value,
            "what_to_do": GATE_REMEDY,
        },
    )


def _result(outcome: Outcome) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=list(outcome.asset),
        check_name=outcome.check,
        passed=outcome.status is Status.PASSED,
        severity=dg.AssetCheckSeverity[outcome.severity.name],
        description=outcome.meaning if outcome.status is Status.FAILED else None,
        metadata={
            "observed": outcome.observed,
            "failing_rows": outcome.failing_count,
            "failing_keys": ", ".join(outcome.failing_keys),
            "owner": owner_of(outcome.area),
            "meaning": outcome.meaning,
            "what_to_do": audit_remedy(outcome.check, outcome.severity is Severity.ERROR),
            "query": dg.MetadataValue.md(f"```sql\n{outcome.query.strip()}\n```"),
        },
    )


def _gate(outcomes: list[Outcome]) -> dg.AssetCheckResult:
    broken = [
        outcome
        for outcome in outcomes
        if outcome.status is Status.FAILED and outcome.severity is Severity.ERROR
    ]
    warned = [
        outcome
        for outcome in outcomes
        if outcome.status is Status.FAILED and outcome.severity is Severity.WARN
    ]
    return dg.AssetCheckResult(
        asset_key=METRIC_VALUES,
        check_name=GATE,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(f"{'/'.join(outcome.asset)}: {outcome.meaning}" for outcome in broken) or None,
        metadata={"rules": len(outcomes), "broken": len(broken), "warnings": len(warned)},
    )
