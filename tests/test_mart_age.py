"""The published mart grows old in the UI by itself, as `pops health` says it."""

from pathlib import Path

import dagster as dg
import pytest

from orchestration import mart_age as asked
from orchestration.health import Health
from orchestration.keys import DATA_AGE, PUBLISHED_MART

FRESH = Health("ok", "2026-11-16", 1, "2026-11-16T00:00:00+00:00", 7.0)
OLD = Health(
    "old", "2026-11-16", 1, "2026-11-16T00:00:00+00:00", 333.0, reasons=("The mart is 333 hours old.",)
)


@pytest.mark.parametrize(
    ("state", "passed"),
    [("ok", True), ("full", True), ("old", False), ("withheld", False), ("missing", False)],
)
def test_the_check_passes_while_readers_see_last_night(state: str, passed: bool) -> None:
    result = asked.evaluated(Health(state))  # type: ignore[arg-type]
    assert result.passed is passed
    # It is not what holds a publication.
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert result.metadata["severity"].value == "warn"


def test_an_old_mart_turns_red_without_a_run_and_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dg.AssetCheckEvaluation] = []
    cursor = None
    for found in (FRESH, FRESH, OLD, OLD):
        monkeypatch.setattr(asked, "_now", lambda found=found: found)
        result = asked.mart_age(dg.build_sensor_context(cursor=cursor))
        if isinstance(result, dg.SensorResult):
            assert not result.run_requests
            told += result.asset_events
            cursor = result.cursor
    assert [each.passed for each in told] == [True, False]
    assert {(each.asset_key, each.check_name) for each in told} == {(PUBLISHED_MART, DATA_AGE)}
    assert told[1].metadata["observed"].value == (
        "old: as of 2026-11-16, of the night at 2026-11-16T00:00:00+00:00. The mart is 333 hours old."
    )


def test_a_home_without_a_mart_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    result = asked.mart_age(dg.build_sensor_context())
    assert isinstance(result, dg.SensorResult)
    (told,) = result.asset_events
    assert str(told.metadata["observed"].value).startswith("missing: no mart. Nothing is published")
