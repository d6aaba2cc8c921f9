"""`POPS_KEEP_WEEKS`: what is older goes, four weeks or more at a time, and nothing else."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from connectors.forgotten import forgotten_before
from connectors.storage import open_duckdb
from orchestration.preflight import check_settings
from pops.operations.outdated import forget_outdated
from sandbox.serving.environment import REGISTRY
from settings.home import Home
from settings.night import kept_from
from tests.hauling_company import Hauling
from tests.invented_company import write_raw

AS_OF = date(2026, 11, 16)
ENV = {"POPS_REGISTRY_DIR": str(REGISTRY), "POPS_PSEUDONYM_KEY": "a-key-for-tests-only-and-long-enough", "POPS_KEEP_WEEKS": "26"}  # fmt: skip


def days(home: Home) -> list[date]:
    """Of the events that are held."""
    with open_duckdb(home.root / "raw" / "mixpanel.duckdb", read_only=True) as raw:
        rows = raw.execute("select record from raw_mixpanel.events").fetchall()
    return [datetime.fromtimestamp(json.loads(row)["properties"]["time"], UTC).date() for (row,) in rows]


@pytest.mark.parametrize("weeks", ["two years", "0", "25", "1e3", "-30", "5201"])
def test_what_is_no_number_of_weeks_stops_a_night_with_a_sentence(weeks: str) -> None:
    with pytest.raises(ValueError, match=r"POPS_KEEP_WEEKS is .*: set a number of weeks, 26 or more"):
        check_settings({**ENV, "POPS_KEEP_WEEKS": weeks})


def test_events_from_before_what_is_kept_go_and_are_not_looked_for_each_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**ENV, "POPS_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    home = Home(tmp_path).prepare()
    write_raw(tmp_path, {"mixpanel": {"events": Hauling(date(2026, 6, 15)).records()["mixpanel"]["events"]}})
    assert kept_from(AS_OF) == date(2026, 5, 18)
    assert min(days(home)) < date(2026, 5, 18)
    later = [each for each in days(home) if each >= date(2026, 5, 18)]
    found = forget_outdated(home, AS_OF, lambda line: None)
    assert found is not None
    assert sorted(days(home)) == sorted(later)
    assert forgotten_before(tmp_path) == datetime(2026, 5, 17, 22, tzinfo=UTC)
    assert forget_outdated(home, date(2026, 12, 7), lambda line: None) is None
    assert forget_outdated(home, date(2026, 12, 14), lambda line: None) is not None
    assert days(home) == []
    # Nothing so old is held: no file is written anew for it.
    assert forget_outdated(home, date(2027, 12, 13), lambda line: None) is None
    monkeypatch.delenv("POPS_KEEP_WEEKS")
    assert forget_outdated(home, date(2028, 12, 13), lambda line: None) is None
