"""The list of what fails now: the newest result of each check, of whatever run, with its way there."""

from collections.abc import Iterator

import dagster as dg
import pytest

from orchestration.failing_now import build_failing_check, evaluated, failing_checks, failing_now
from orchestration.keys import FAILING_NOW, PUBLISHED_MART

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
