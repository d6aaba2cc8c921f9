"""What three nights leave beside the mart: what they told of themselves, and the pages of the weeks that they restated."""

import json
import re
from pathlib import Path

import dagster as dg
import pytest

from metrics.catalogue import read_definitions
from orchestration.evaluations import check_status, failed_checks, told_once
from orchestration.keys import DATA_AGE, FAILING_NOW, PUBLISHED_MART
from reports.reading import first_day_in, open_mart
from reports.restatements import revisions
from tests.nights import three_nights


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_nights(tmp_path_factory).house.home


def test_the_mart_says_after_the_night_how_old_it_is_and_what_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    keys = [dg.AssetCheckKey(PUBLISHED_MART, name) for name in (DATA_AGE, FAILING_NOW)]
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        [night] = instance.get_runs(limit=1)
        failed = told_once(failed_checks(instance, night.run_id))
    told = {key.name: check_status(latest[key].event.dagster_event) for key in keys}
    # The night is one of weeks ago, as the clock has it.
    assert not told[DATA_AGE].passed
    assert told[DATA_AGE].observed.startswith("old: as of 2026-11-16")
    assert not told[FAILING_NOW].passed
    listed = latest[keys[1]].event.dagster_event.asset_check_evaluation_data.metadata["failing"].value
    assert set(re.findall(r"\(/assets/(\S+)\)", str(listed))) == {
        f"{each.asset}?view=checks&checkDetail={each.check}" for each in (*failed, told[DATA_AGE])
    }


def test_a_night_writes_the_pages_of_weeks_again_whose_figures_it_restated(home: Path) -> None:
    published = home / "published" / "product_ops.duckdb"
    with open_mart(published) as mart:
        definitions = read_definitions(mart)
        told = {
            folder.parent.name: len(revisions(mart, first_day_in(published, folder.parent.name), definitions))
            + 1
            for folder in (home / "reports").glob("*/revision.json")
        }
    assert max(told.values()) > 1
    written = {
        week: json.loads((home / "reports" / week / "revision.json").read_text())["revision"] for week in told
    }
    assert written == told
