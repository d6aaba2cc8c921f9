"""The night's audit as Dagster asset checks, and the gate before publication."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time

import dagster as dg

from checks.contract import Outcome, Severity, Status, check_name
from checks.reconciliation import run_steps, steps, vendor_step
from checks.runner import run_suites
from checks.suites import all_suites
from checks.words import GATE_REMEDY, HELD, audit_remedy
from connectors import connector_class
from connectors.instances import instances_of, sources_of
from connectors.storage import FileDamaged, says_damage
from orchestration import own_failures
from orchestration.check_words import CheckWords
from orchestration.damage import spoiled_put_aside
from orchestration.guards import Guards
from orchestration.keys import GATE, METRIC_VALUES, WAREHOUSE_POOL
from orchestration.runs import night_of_run
from settings.home import Home
from settings.night import Night, reporting_zone
from settings.owners import PLATFORM, owner_of
from warehouse.embedded import connect

STREAMS = {
    source: tuple(stream.name for stream in connector_class(source).streams) for source in sources_of()
}
SUITES = all_suites(STREAMS)
STEPS = (
    *steps(STREAMS),
    *(
        vendor_step(source, stream)
        for vendor, stream in (("zendesk", "tickets"), ("jira", "issues"))
        for source in instances_of(vendor)
    ),
)


def audit_specs(own: Sequence[dg.AssetSpec] = ()) -> list[dg.AssetCheckSpec]:
    """The checks that the audit evaluates itself, but for its gate."""
    return [*_specs(), *own_failures.specs(own)]


def build_audit(own: Sequence[dg.AssetSpec] = (), guards: Guards | None = None) -> dg.AssetChecksDefinition:
    """One step that evaluates every rule; its one blocking check is the gate that publication waits for.

    `own`: assets of the organisation's own code, of which it tells what failed. `guards`: what guards each metric. A run of some assets evaluates all rules too,
    and reports those of its assets: the gate is about the whole mart.
    """

    @dg.multi_asset_check(
        name="audit",
        specs=[
            *audit_specs(own),
            *(guards.specs() if guards else ()),
            _gate_words().spec(GATE, METRIC_VALUES, blocking=True),
        ],
        pool=WAREHOUSE_POOL,
        can_subset=True,
    )
    def audit(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        with spoiled_put_aside(Home.from_environment()):
            outcomes = list(_outcomes(night_of_run(context)))
            if spoiled := [each.observed for each in outcomes if says_damage(each.observed)]:
                raise FileDamaged(spoiled[0])
        wanted = context.selected_asset_check_keys
        results = [_result(outcome) for outcome in outcomes if outcome.status is not Status.ERRORED]
        results += own_failures.results(Home.from_environment(), own)
        yield from (result for result in results if _key(result) in wanted)
        errored = [outcome for outcome in outcomes if outcome.status is Status.ERRORED]
        if errored:
            raise dg.Failure(
                "The audit could not evaluate "
                + "; ".join(f"{outcome.check} ({outcome.observed})" for outcome in errored),
                allow_retries=False,
            )
        if guards:
            repeated = guards.results(context.instance, results)
            yield from (result for result in repeated if _key(result) in wanted)
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
            name = check_name(suite, rule)
            yield _words(name, suite.area, rule.severity, rule.meaning).spec(name, dg.AssetKey(suite.asset))
    for step in STEPS:
        name = f"reconciliation__{step.name}"
        yield _words(name, step.source, step.severity, step.meaning).spec(name, dg.AssetKey(step.asset))


def _words(check: str, area: str, severity: Severity, meaning: str) -> CheckWords:
    holds = severity is Severity.ERROR
    return CheckWords(meaning, owner_of(area), audit_remedy(check, holds), holds)


def _gate_words() -> CheckWords:
    return CheckWords("No rule of severity `error` failed.", owner_of(PLATFORM), GATE_REMEDY, True, HELD)


def _result(outcome: Outcome) -> dg.AssetCheckResult:
    words = _words(outcome.check, outcome.area, outcome.severity, outcome.meaning)
    return words.result(
        outcome.check,
        dg.AssetKey(outcome.asset),
        outcome.status is Status.PASSED,
        outcome.observed,
        {
            "failing_rows": outcome.failing_count,
            "failing_keys": ", ".join(outcome.failing_keys),
            "query": dg.MetadataValue.md(f"```sql\n{outcome.query.strip()}\n```"),
        },
    )


def _gate(outcomes: list[Outcome]) -> dg.AssetCheckResult:
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    broken = [outcome for outcome in failed if outcome.severity is Severity.ERROR]
    observed = "; ".join(f"{'/'.join(outcome.asset)}: {outcome.meaning}" for outcome in broken)
    more = {"rules": len(outcomes), "broken": len(broken), "warnings": len(failed) - len(broken)}
    return _gate_words().result(GATE, METRIC_VALUES, not broken, observed, more)
