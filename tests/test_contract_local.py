"""The parts of the contract that make sense without HTTP, for the sources that read files."""

from pathlib import Path

import duckdb
import pytest

from connectors import SOURCES, VENDORS
from connectors.contract import Credentials
from connectors.credentials import check_source
from connectors.runner import SourceRun, run_source
from sandbox.company.company import Company
from sandbox.serving.environment import REGISTRY
from sandbox.serving.exports import write_exports
from tests.contract_second_cases import CASES
from tests.nights import NIGHTS, night_moment

LOCAL = ("files", "registry")
START = night_moment(NIGHTS[0])


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("drop")
    write_exports(Company.create("small"), folder, START)
    return {"POPS_FILES_URL": str(folder), "POPS_REGISTRY_DIR": str(REGISTRY)}


def counts(home: Path, source: str) -> dict[str, tuple[int, int]]:
    """By stream, how many rows raw has, and how many different versions."""
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as connection:
        found = {}
        for stream in SOURCES[source].streams:
            sql = f"select count(*), count(distinct (record_id, record_hash)) from raw_{source}.{stream.name}"
            row = connection.execute(sql).fetchone()
            assert row is not None
            found[stream.name] = (int(row[0]), int(row[1]))
        return found


def test_every_source_keeps_the_contract_here_or_over_http() -> None:
    assert set(SOURCES) == set(CASES) | set(LOCAL)
    assert set(VENDORS) <= set(SOURCES)


@pytest.mark.parametrize("source", LOCAL)
def test_good_settings_are_ok(source: str, variables: dict[str, str]) -> None:
    assert check_source(source, variables) == Credentials("ok")


@pytest.mark.parametrize("source", LOCAL)
def test_a_second_load_adds_nothing_and_of_two_at_once_the_second_refuses(
    source: str, variables: dict[str, str], tmp_path: Path
) -> None:
    meanwhile: list[SourceRun] = []

    def again(message: str) -> None:
        meanwhile.append(run_source(source, tmp_path, START, START, variables))

    first = run_source(source, tmp_path, START, START, variables, progress=again)
    assert (first.outcome, first.error) == ("ok", None)
    assert {each.outcome for each in meanwhile} == {"failed"}
    assert "Another run is reading this source" in (meanwhile[0].error or "")
    held = counts(tmp_path, source)
    assert all(rows == distinct for rows, distinct in held.values())
    assert sum(rows for rows, _ in held.values()) > 0
    second = run_source(source, tmp_path, night_moment(NIGHTS[1]), START, variables)
    assert (second.outcome, {each.loaded for each in second.streams}) == ("ok", {0})
    assert counts(tmp_path, source) == held
