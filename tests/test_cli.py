"""`pops` as a new user meets it: help, readable errors, exit codes."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pops.cli import app
from sandbox.__main__ import app as sandbox_app
from sandbox.serving.environment import REGISTRY
from sandbox.serving.running import running_sandbox
from sandbox.vendors import VENDORS
from tests.nights import House

TOKEN = "canary-token-0123456789"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "home", {})


def test_help_names_every_command(house: House) -> None:
    done = house.pops("--help")
    assert done.returncode == 0
    for command in (
        "demo",
        "nightly",
        "sources",
        "sweep",
        "check",
        "report",
        "digest",
        "query",
        "export",
        "init",
    ):
        assert command in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report",), "Nothing is published yet"),
        (("sweep", "jira"), "jira is off: set POPS_JIRA_BASE_URL"),
        (("report", "--week", "last"), "'last' is no ISO week"),
        (("digest", "--dry-run"), "Nothing is published yet"),
        (("query", "nps"), "Nothing is published yet"),
        (("export",), "Nothing is published yet"),
        (("nightly",), "No source is on: set POPS_<SOURCE>_BASE_URL"),
        (("check",), "No source is on"),
        (("discover",), "No source is on"),
        (("discover", "--diff"), "Nothing was read yet"),
        (("check", "pendo"), "There is no source 'pendo': choose one of amplitude"),
        (("sources", "jiraa"), "productboard, salesforce, typeform, zendesk. Did you mean `jira`?"),
        (("check", "jira"), "jira is off: set POPS_JIRA_BASE_URL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_error_is_one_readable_sentence_and_exit_code_1(
    house: House, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    for name in [name for name in os.environ if name.startswith("POPS_")]:
        monkeypatch.delenv(name)
    for name, value in house.environment().items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, list(arguments))
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_program_of_its_own_says_it_the_same_way(house: House) -> None:
    done = house.pops("report")
    assert done.returncode == 1
    assert "Nothing is published yet" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_wrong_option_is_exit_code_2(house: House) -> None:
    assert house.pops("nightly", "--as-of", "yesterday").returncode == 2


def test_a_source_set_by_half_names_the_variable_and_stops_a_night_that_has_no_other(house: House) -> None:
    half = House(house.home, {"POPS_HUBSPOT_ACCESS_TOKEN": TOKEN})
    for command, code in (("nightly", 1), ("check", 1), ("sources", 0)):
        done = half.pops(command)
        assert done.returncode == code
        assert "POPS_HUBSPOT_BASE_URL is not set" in " ".join((done.stdout + done.stderr).split())
        assert TOKEN not in done.stdout + done.stderr
    assert not (house.home / "raw").exists()


def test_a_night_without_a_key_says_how_to_make_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.nights.PSEUDONYM_KEY", "")
    done = house.pops("nightly")
    assert done.returncode == 1
    assert "POPS_PSEUDONYM_KEY is not set" in done.stderr
    assert "openssl rand -hex 32" in done.stderr


def test_without_a_registry_nothing_runs_and_the_remedy_is_told(house: House) -> None:
    nowhere = House(house.home, {"POPS_REGISTRY_DIR": "", "POPS_HUBSPOT_ACCESS_TOKEN": TOKEN})
    for command, code in ((("nightly",), 1), (("check", "registry"), 1), (("check",), 1), (("sources",), 0)):
        done = nowhere.pops(*command)
        assert done.returncode == code
        said = " ".join((done.stdout + done.stderr).split())
        assert "There is no registry. Set POPS_REGISTRY_DIR" in said
        assert "`pops init DIR` makes one" in said or command == ("sources",)
        assert "Traceback" not in said


def test_an_invalid_registry_stops_with_file_and_line(house: House, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    registry.mkdir()
    for file in REGISTRY.glob("*.yml"):
        (registry / file.name).write_text(file.read_text().replace("team: draco", "team: dragon"))
    done = House(house.home, {"POPS_REGISTRY_DIR": str(registry)}).pops("nightly")
    assert done.returncode == 1
    assert "features.yml" in done.stderr
    assert "dragon" in done.stderr
    lines = (registry / "features.yml").read_text().splitlines()
    assert f"features.yml:{lines.index('  - id: onboarding') + 1}:" in done.stderr


def printed_environment(base_url: str, vendors: Sequence[str]) -> dict[str, str]:
    """What a shell makes of the lines that `python -m sandbox environment` prints."""
    port = base_url.rpartition(":")[2]
    done = CliRunner().invoke(sandbox_app, ["environment", "--port", port, "--only", ",".join(vendors)])
    assert done.exit_code == 0, done.output
    return dict(each.split("=", 1) for line in done.output.splitlines() for each in shlex.split(line))


def test_check_tells_good_from_bad_credentials(house: House) -> None:
    with running_sandbox(scale="small") as sandbox:
        good = House(house.home, printed_environment(sandbox.base_url, VENDORS)).pops("check")
        assert good.returncode == 0, good.stderr
        # The place of publication and the registry are asked for too.
        assert good.stdout.count(" ok ") == len(VENDORS) + 2
        bad = House(house.home, {**sandbox.environment(), "POPS_JIRA_API_TOKEN": TOKEN}).pops("check", "jira")
        assert bad.returncode == 1
        assert "rejected" in bad.stdout
        assert TOKEN not in bad.stdout + bad.stderr
        listed = House(house.home, sandbox.environment()).pops("sources")
        assert listed.returncode == 0
        assert f"{sandbox.base_url}/zendesk" in listed.stdout
    gone = House(house.home, sandbox.environment()).pops("check", "zendesk")
    assert gone.returncode == 1
    assert "unreachable" in gone.stdout
