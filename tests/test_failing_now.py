"""The list of what fails now: the newest result of each check, of whatever run, with its way there."""

from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration.evaluations import check_evaluations
from orchestration.failing_now import build_failing_check, evaluated, failing_checks, failing_now
from orchestration.guards import Guards
from orchestration.keys import FAILING_NOW, GUARDED, PUBLISHED_MART

TICKETS, ISSUES = dg.AssetKey(["marts", "core", "fct_ticket"]), dg.AssetKey(["marts", "core", "fct_issue"])


def _asset(key: dg.AssetKey) -> dg.AssetsDefinition:
    @dg.asset(key=key)
    def table() -> None:
        pass

    return table


class Night:
    """Two assets with a check each, whose results are set from outside, and the mart that lists what fails."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.passes = {TICKETS: True, ISSUES: True}
        checks = [self._check(key, severity) for key, severity in ((TICKETS, "warn"), (ISSUES, "error"))]
        self.built = [*(_asset(key) for key in (TICKETS, ISSUES)), *checks]
        self.repository = dg.Definitions(
            assets=[*self.built[:2], dg.AssetSpec(PUBLISHED_MART)],
            asset_checks=[*checks, build_failing_check()],
        ).get_repository_def()

    def _check(self, key: dg.AssetKey, severity: str) -> dg.AssetChecksDefinition:
        @dg.asset_check(asset=key, name="holds")
        def holds() -> dg.AssetCheckResult:
            metadata = {
                "severity": severity,
                "owner": "team:atlas",
                "meaning": "Each row has an owner.",
                "observed": "9 of *12*",
            }
            return dg.AssetCheckResult(passed=self.passes[key], metadata=metadata)

        return holds

    def run(self, *keys: dg.AssetKey) -> None:
        assert dg.materialize(self.built, instance=self.instance, selection=[*keys]).success

    def failing(self) -> list[str]:
        keys = self.repository.asset_graph.asset_check_keys
        return [each.asset for each in failing_checks(self.instance, keys)]

    def tick(self, cursor: str | None) -> dg.SensorResult | None:
        context = dg.build_sensor_context(self.instance, cursor, repository_def=self.repository)
        result = failing_now(context)
        return result if isinstance(result, dg.SensorResult) else None


@pytest.fixture
def night() -> Iterator[Night]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Night(instance)


def test_the_newest_result_of_each_check_counts_those_that_hold_publication_first(night: Night) -> None:
    night.passes = {TICKETS: False, ISSUES: False}
    night.run(TICKETS, ISSUES)
    assert night.failing() == ["marts/core/fct_issue", "marts/core/fct_ticket"]
    night.passes[ISSUES] = True
    night.run(ISSUES)
    assert night.failing() == ["marts/core/fct_ticket"]


def test_each_is_listed_with_its_owner_what_was_seen_and_a_way_there(night: Night) -> None:
    night.passes[ISSUES] = False
    night.run(TICKETS, ISSUES)
    result = evaluated(failing_checks(night.instance, night.repository.asset_graph.asset_check_keys))
    assert (result.asset_key, result.check_name, result.passed) == (PUBLISHED_MART, FAILING_NOW, False)
    (line,) = str(result.metadata["failing"].value).splitlines()
    assert "(/assets/marts/core/fct_issue?view=checks&checkDetail=holds)" in line
    assert "**error**" in line
    assert "team\\:atlas" in line
    # What others wrote is a text here, not markup.
    assert "9 of \\*12\\*" in line
    assert result.metadata["observed"].value == "1 fail, 1 of them hold publication"


def test_the_sensor_tells_each_change_once_and_starts_no_run(night: Night) -> None:
    told: list[bool] = []
    cursor: str | None = None
    for passes in (True, True, False, False, True):
        night.passes[TICKETS] = passes
        night.run(TICKETS, ISSUES)
        result = night.tick(cursor)
        if result is not None:
            assert not result.run_requests
            (event,) = result.asset_events
            assert isinstance(event, dg.AssetCheckEvaluation)
            told.append(event.passed)
            cursor = result.cursor
    assert told == [True, False, True]


def test_it_does_not_list_itself(night: Night) -> None:
    night.passes[TICKETS] = False
    night.run(TICKETS)
    result = night.tick(None)
    assert result is not None
    night.instance.report_runless_asset_event(result.asset_events[0])
    assert night.failing() == ["marts/core/fct_ticket"]


# Two numbers, of a table each.
REPLIES, LEAD_TIME = (
    dg.AssetKey(["metrics", "support", "replies"]),
    dg.AssetKey(["metrics", "delivery", "lead_time"]),
)
GUARDS = Guards(
    {metric: frozenset({dg.AssetCheckKey(table, "holds")}) for metric, table in ((REPLIES, TICKETS), (LEAD_TIME, ISSUES))},
    {REPLIES: "team:atlas", LEAD_TIME: "team:draco"},
)  # fmt: skip


def verdicts(night: Night, *judged: dg.AssetCheckResult) -> dict[dg.AssetKey | None, dg.AssetCheckResult]:
    return {each.asset_key: each for each in GUARDS.results(night.instance, judged)}


def test_a_metric_takes_over_the_verdicts_of_the_checks_of_its_tables(night: Night) -> None:
    night.passes[TICKETS] = False
    night.run(TICKETS, ISSUES)
    found = verdicts(night)
    assert {each.check_name for each in found.values()} == {GUARDED}
    assert {metric: each.passed for metric, each in found.items()} == {REPLIES: False, LEAD_TIME: True}
    # What holds nothing is no alarm.
    assert found[REPLIES].severity is dg.AssetCheckSeverity.WARN
    assert "(/assets/marts/core/fct_ticket?view=checks&checkDetail=holds)" in (
        found[REPLIES].description or ""
    )
    # What was judged in this very step is newer than what is in the record.
    now = [
        dg.AssetCheckResult(asset_key=key, check_name="holds", passed=passes, metadata={"severity": "error"})
        for key, passes in ((TICKETS, True), (ISSUES, False))
    ]
    found = verdicts(night, *now)
    assert {metric: each.passed for metric, each in found.items()} == {REPLIES: True, LEAD_TIME: False}
    assert found[LEAD_TIME].severity is dg.AssetCheckSeverity.ERROR


def test_what_only_repeats_others_is_counted_and_told_nowhere_else(night: Night) -> None:
    @dg.asset_check(asset=ISSUES, name=GUARDED)
    def is_guarded() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    done = dg.materialize([*night.built, is_guarded], instance=night.instance, selection=[TICKETS, ISSUES])
    assert {each.check for each in check_evaluations(night.instance, done.run_id)} == {"holds"}
    keys = [dg.AssetCheckKey(ISSUES, GUARDED), *night.repository.asset_graph.asset_check_keys]
    assert failing_checks(night.instance, keys) == []
