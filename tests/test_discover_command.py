"""`pops discover` from the vendor's API to the registry's files, before any night."""

from pathlib import Path

from connectors.storage import open_duckdb
from pops.onboarding.company_folder import Answers, make_folder
from sandbox.serving.running import running_sandbox
from tests.nights import House
from tests.test_replay import _write_export as write_export


def cursors(house: House) -> list[tuple[str, ...]]:
    with open_duckdb(house.home / "raw" / "jira.duckdb", read_only=True) as raw:
        return raw.execute("select stream from raw_jira._pops_cursors order by 1").fetchall()


def test_the_tools_are_read_once_and_a_look_moves_no_cursor(tmp_path: Path) -> None:
    make_folder(tmp_path, Answers("项目", "Asia/Shanghai", "monday", "CNY", "en", "team:product", ("jira",)))
    folder = tmp_path / "registry"
    with running_sandbox(replay=write_export(tmp_path / "export"), only=("jira",)) as sandbox:
        house = House(tmp_path / "data", {**sandbox.environment(), "POPS_REGISTRY_DIR": str(folder)})
        looked = house.pops("discover", "--days", "7")
        assert looked.returncode == 0, looked.stdout + looked.stderr
        assert cursors(house) == []
        assert '{id: 项目, name: 项目, owner: "team:product"' in (folder / "teams.yml").read_text()
        assert "statuses: [开发中]" in (folder / "stages.yml").read_text()
        counts = house.raw_counts("jira")
        assert house.pops("discover").returncode == 0
        assert cursors(house) != []
        # What the look has read is not there twice, and what it has proposed is not proposed again.
        assert house.raw_counts("jira") == counts
        before = {path: path.read_text() for path in folder.iterdir()}
        (folder / "teams.yml").write_text("teams: []\n")
        told = house.pops("discover", "--diff")
        assert told.returncode == 0
        assert "teams.yml" in told.stdout
        assert "jira_projects: [XYZ]" in told.stdout
        assert {**before, folder / "teams.yml": "teams: []\n"} == {
            path: path.read_text() for path in folder.iterdir()
        }
