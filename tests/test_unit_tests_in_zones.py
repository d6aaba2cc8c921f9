"""dbt's unit tests hold in whatever time zone days and weeks are cut: they run in three, over models without rows."""

import json
from datetime import date
from pathlib import Path

import pytest

from connectors.runner import prepare_raw
from orchestration.dbt_calls import dbt_variables
from tests.compiled_project import Compiled, build, warehouse
from tests.part_nights import run_unit_tests, unit_tests_of, unit_tests_with

AS_OF = date(2026, 11, 16)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    prepare_raw(folder)
    with warehouse(folder) as connection:
        assert build(connection, Compiled.of(AS_OF).models) == {}
    return folder


def test_unit_tests_hold_in_three_reporting_time_zones(home: Path) -> None:
    everywhere = run_unit_tests(home, AS_OF, {"reporting_time_zone": "America/Los_Angeles"})
    # Those that set their zone themselves have been run in it, and what names no zone is the same SQL in all of them.
    own = set(unit_tests_with("reporting_time_zone"))
    zone = json.loads(dbt_variables())["reporting_time_zone"]
    cut = [each.name for each in Compiled.of(AS_OF).models if f"'{zone}'" in each.sql]
    left = sorted(set(unit_tests_of(cut)) - own)
    assert everywhere > {*left, *own}
    assert len(left) > 10
    for other in ("UTC", "Europe/Paris"):
        assert run_unit_tests(home, AS_OF, {"reporting_time_zone": other}, *left) == set(left)
