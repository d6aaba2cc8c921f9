"""The night's audit as Dagster asset checks, and the gate before publication."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import dagster as dg

from checks.contract import Outcome, Severity, Status, check_name
from checks.reconciliation import run_steps, steps, vendor_step
from checks.runner import connect, run_suites
from checks.suites import all_suites
from connectors import SOURCES, connector_class
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
    """One step that evaluates every rule; its one blocking check is the gate that publication waits for."""

    @dg.multi_asset_check(name="audit", specs=[*_specs(), _gate_spec()], pool=WAREHOUSE_POOL)
    def audit(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        outcomes = list(_outcomes(Night.of_run(context)))
        yield from (_result(outcome) for outcome in outcomes if outcome.status is not Status.ERRORED)
        errored = [outcome for outcome in outcomes if outcome.status is Status.ERRORED]
        if errored:
            raise dg.Failure(
                "The audit could not evaluate "
                + "; ".join(f"{outcome.check} ({outcome.observed})" for outcome in errored),
                allow_retries=False,
            )
        yield _gate(outcomes)

    return audit


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
    return dg.AssetCheckSpec(
        name,
        asset=list(asset),
        description=meaning,
        metadata={"owner": owner_of(area), "severity": severity.value},
    )


def _gate_spec() -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        GATE,
        asset=METRIC_VALUES,
        blocking=True,
        description=(
            "No rule of severity `error` failed. Otherwise nothing is published: readers keep the last sound mart."
        ),
        metadata={"owner": owner_of(PLATFORM), "severity": Severity.ERROR.value},
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
