"""The wheel: it carries all that a night needs, and runs from any folder without the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

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


def test_it_runs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    """The packages of this environment are borrowed, and nothing of the checkout."""
    venv.create(tmp_path / "env", with_pip=False)
    [packages] = (tmp_path / "env").glob("lib/*/site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(packages)
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    before = files_of(packages)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("POPS_", "PYTHON", "DAGSTER"))
    }
    environment = {**kept, "POPS_PSEUDONYM_KEY": "a-key-for-tests-only-and-long-enough"}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(tmp_path / "env" / "bin" / "python"), *arguments],
            cwd=elsewhere, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert str(packages) in run("-c", "import settings.home; print(settings.home.__file__)")
    environment["POPS_REGISTRY_DIR"] = run(
        "-c", "from sandbox.serving.environment import REGISTRY; print(REGISTRY)"
    ).strip()
    assert environment["POPS_REGISTRY_DIR"].startswith(str(packages))
    assert "hubspot" in run("-m", "pops", "sources")
    run(
        "-c",
        "from orchestration.dbt_calls import parsed_project; from settings.home import Home;"
        "from orchestration import definitions; import reports.files;"
        "print(parsed_project(Home.from_environment()).manifest_path)",
    )
    assert (elsewhere / "data" / "dbt" / "manifest.json").exists()
    # What runs writes into its home, and not beside its code.
    assert files_of(packages) == before


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
