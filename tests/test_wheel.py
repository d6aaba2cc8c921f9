"""The wheel: it carries all that a night needs, and runs from any folder without the checkout, with an organisation's own code."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.serving.running import running_sandbox
from tests import own_repository
from tests.nights import PSEUDONYM_KEY, night_moment

AS_OF = date(2026, 11, 16)

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [
    name.removesuffix("*")
    for name in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"][
        "find"
    ]["include"]
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, for the build leaves folders beside what it builds from."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in [*PACKAGES, "pyproject.toml", "README.md", "LICENSE"]:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / "source")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [*command, "--wheel-dir", str(folder), str(folder / "source")], check=True, capture_output=True
    )
    [built] = folder.glob("*.whl")
    return built


def test_every_file_of_the_packages_is_in_it(wheel: Path) -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__", "target", "logs"} & set(path.parts) and path.name[0] != "."
    }
    assert there - set(zipfile.ZipFile(wheel).namelist()) == set()


@dataclass(frozen=True)
class Night:
    """A night of the wheel in a folder that holds nothing but an organisation's repository."""

    folder: Path
    told: str
    exit_code: int
    files_before: set[str]
    files_after: set[str]

    def query(self, sql: str, file: str = "published/product_ops.duckdb") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.folder / "data" / file), read_only=True) as opened:
            return opened.execute(sql).fetchall()


@pytest.fixture(scope="module")
def night(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The libraries of this environment are borrowed, and nothing of the checkout."""
    environment = tmp_path_factory.mktemp("installed")
    venv.create(environment, with_pip=False)
    [packages] = environment.glob("lib/*/site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    before = files_of(packages)
    folder = tmp_path_factory.mktemp("elsewhere")
    own_repository.make(folder)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("POPS_", "PYTHON", "DAGSTER"))
    }
    kept["POPS_PSEUDONYM_KEY"] = PSEUDONYM_KEY
    run = partial(subprocess.run, cwd=folder, capture_output=True, text=True, check=False)
    python = str(environment / "bin" / "python")
    with (
        running_sandbox(scale="small", now=night_moment(AS_OF), only=("zendesk",)) as sandbox,
        own_repository.acme_desk(7) as address,
    ):
        vendors = sandbox.environment() | {
            "POPS_ACME_DESK_BASE_URL": address,
            "POPS_ACME_DESK_API_TOKEN": own_repository.TOKEN,
        }
        del vendors["POPS_REGISTRY_DIR"]
        where = run(
            [python, "-c", "import settings.home as home; print(home.__file__, home.PROJECT_ROOT)"], env=kept
        )
        assert set(where.stdout.split()) == {str(packages / "settings" / "home.py"), str(packages)}
        done = run([python, "-m", "pops", "nightly", "--as-of", AS_OF.isoformat()], env=kept | vendors)
    return Night(folder, done.stdout + done.stderr, done.returncode, before, files_of(packages))


def test_a_night_runs_from_any_folder_and_writes_into_its_home_alone(night: Night) -> None:
    assert night.exit_code == 0, night.told
    assert "published" in night.told
    assert night.query("select as_of from meta.publication") == [(AS_OF,)]
    [(tickets,)] = night.query("select count(*) from mart.fct_ticket")
    assert tickets > 100
    assert (night.folder / "data" / "reports" / "index.html").exists()
    assert night.files_after == night.files_before
    assert {path.name for path in night.folder.iterdir()} == {
        "registry", "models", "metrics", "checks", "macros", "connectors", "data",
    }  # fmt: skip


def test_own_code_is_built_tested_published_and_described_like_ours(night: Night) -> None:
    [(own,)] = night.query("select sum(ticket_count) from mart.mart_ticket_cost")
    [(ours,)] = night.query("select count(*) from mart.fct_ticket where is_counted")
    assert own == ours > 0
    assert night.query("select count(*) from staging.stg_acme_desk__tickets", "warehouse.duckdb") == [(7,)]
    assert night.query("select row_count from intermediate.int_acme__ticket_weeks", "warehouse.duckdb") == [
        (7,)
    ]
    assert night.query(
        "select meaning from meta.columns where table_name = 'mart_ticket_cost' and column_name = 'cost'"
    ) == [("What they cost.",)]
    weeks = "select period_start, value from metrics.metric_values where metric = '{}' and is_current and product_id is null"
    numbers = night.query(weeks.format("tickets_with_cost") + " and value > 0 order by 1")
    assert len(numbers) > 20
    assert set(numbers) <= set(night.query(weeks.format("tickets_created")))
    assert night.query("select subject from meta.metrics where metric = 'tickets_with_cost'") == [
        ("support",)
    ]
    passed = dict(
        night.query("select check_name, passed from meta.checks where asset like '%/mart_ticket_cost'")
    )
    assert passed["assert_no_ticket_costs_less_than_nothing"]
    assert passed["not_null_mart_ticket_cost_created_date"]
    assert passed["own_code_runs"]
    assert night.query("select outcome, records from meta.sources where source = 'acme_desk'") == [("ok", 7)]


def test_own_code_that_does_not_work_costs_itself_and_is_told(night: Night) -> None:
    failed = dict(
        night.query(
            "select asset, observed from meta.checks where check_name = 'own_code_runs' and not passed "
            "and severity = 'warn'"
        )
    )
    assert failed.keys() == {
        "marts/finance/mart_broken", "marts/finance/mart_after_broken", "metrics/support/broken_metric",
    }  # fmt: skip
    assert '"gone"' in failed["marts/finance/mart_broken"]
    assert '"gone"' in failed["metrics/support/broken_metric"]
    assert (
        night.query("select table_name from information_schema.tables where table_name like '%broken%'") == []
    )
    [(observed, owner)] = night.query(
        "select observed, owner from meta.checks where check_name = 'assert_this_check_can_be_asked' and not passed"
    )
    assert '"gone"' in observed
    assert owner == "team:finance"
    for name in ("mart_broken", "mart_after_broken", "broken_metric", "mart_ticket_cost"):
        assert f"/{name}: The organisation's own" in " ".join(night.told.split())


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
