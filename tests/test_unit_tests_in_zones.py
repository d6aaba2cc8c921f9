"""dbt's unit tests hold in whatever time zone days and weeks are cut: they run in three, over models without rows."""

from datetime import date
from pathlib import Path

import pytest

from connectors.runner import prepare_raw
from tests.compiled_project import Compiled, build, warehouse
from tests.part_nights import run_unit_tests, unit_tests_with

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
    # Those that set their zone themselves have been run in it.
    in_their_own = unit_tests_with("reporting_time_zone")
    for zone in ("UTC", "Europe/Paris"):
        found = run_unit_tests(home, AS_OF, {"reporting_time_zone": zone}, "--exclude", *in_their_own)
        assert found == everywhere - set(in_their_own)
        assert len(found) > len(everywhere) / 3
