"""`pops init`: a folder that holds from the first moment, without a secret, and over nothing that is there."""

import shlex
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors import SOURCES, VENDORS
from connectors.registry.files import load_registry
from connectors.settings import chosen_sources
from pops.cli import app
from pops.onboarding.registry_check import unsaid, wrong

GIVEN = {
    "--name": "Café Écran", "--time-zone": "Europe/Paris", "--week-starts-on": "sunday", "--currency": "CHF",
    "--language": "fr", "--tools": "mixpanel, hubspot,jira", "--owner": "team:produit",
}  # fmt: skip


def init(folder: Path, answers: str = "", **options: str) -> Result:
    given = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    return CliRunner().invoke(app, ["init", str(folder), *given], input=answers)


def all_given(**others: str) -> dict[str, str]:
    return {name.lstrip("-").replace("-", "_"): value for name, value in GIVEN.items()} | others


def variables(file: Path) -> dict[str, str]:
    pairs = (
        line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#")
    )
    return {name: "".join(shlex.split(value)) for name, value in pairs}


def test_the_folder_holds_by_itself_and_names_the_variables_of_the_tools_without_a_secret(
    tmp_path: Path,
) -> None:
    done = init(tmp_path / "company", **all_given())
    assert done.exit_code == 0, done.output
    registry = load_registry(tmp_path / "company" / "registry")
    organisation = registry.organisation[0]
    assert (organisation.id, organisation.name) == ("cafe-ecran", "Café Écran")
    assert (organisation.reporting_time_zone, organisation.week_starts_on) == ("Europe/Paris", "sunday")
    assert (organisation.home_currency, organisation.owner) == ("CHF", "team:produit")
    file = tmp_path / "company" / "product-ops.env"
    named = variables(file)
    assert named.keys() >= {"POPS_PSEUDONYM_KEY", "POPS_MIXPANEL_PROJECT_ID", "POPS_HUBSPOT_ACCESS_TOKEN"}
    assert not any("INTERCOM" in name for name in named)
    assert named["POPS_REPORT_LANGUAGE"] == "fr"
    secret = {name for name in named if name.endswith(("KEY", "SECRET", "TOKEN", "EMAIL", "ID"))}
    assert {named[name] for name in secret} == {""}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "product-ops.env" in (tmp_path / "company" / ".gitignore").read_text().splitlines()
    assert wrong({"POPS_REGISTRY_DIR": named["POPS_REGISTRY_DIR"]}) == []
    assert unsaid({"POPS_REGISTRY_DIR": named["POPS_REGISTRY_DIR"]})


@pytest.mark.parametrize("tool", VENDORS)
def test_with_the_variables_that_are_named_filled_in_a_tool_is_on(tmp_path: Path, tool: str) -> None:
    assert init(tmp_path, **all_given(tools=tool)).exit_code == 0
    filled = {
        name: value or ("https://vendor.example" if name.endswith("_URL") else "2345")
        for name, value in variables(tmp_path / "product-ops.env").items()
    }
    assert chosen_sources(filled) == {tool: None}
    usual = SOURCES[tool].Settings.usual_address
    assert usual == "" or usual in (tmp_path / "product-ops.env").read_text()


def test_what_is_not_given_is_asked_for(tmp_path: Path) -> None:
    done = init(tmp_path / "company", "Nord & Co\nEurope/Oslo\n\nnok\n\nzendesk\n")
    assert done.exit_code == 0, done.output
    organisation = load_registry(tmp_path / "company" / "registry").organisation[0]
    assert (organisation.id, organisation.home_currency) == ("nord-co", "NOK")
    assert (organisation.reporting_time_zone, organisation.week_starts_on) == ("Europe/Oslo", "monday")
    assert "POPS_ZENDESK_CLIENT_ID=" in (tmp_path / "company" / "product-ops.env").read_text()


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc")
    assert init(tmp_path, **all_given()).exit_code == 0
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\nproduct-ops.env\ndata/\n"
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = init(tmp_path, **all_given(name="Another"))
    assert again.exit_code == 1
    assert "is there already: choose another folder" in again.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


WRONG = {
    "time_zone": ("Europe/Pari", "`--time-zone`: `Europe/Pari` is no time zone"),
    "week_starts_on": ("tuesday", "`--week-starts-on` is one of 'monday' or 'sunday'"),
    "currency": ("EURO", "`--currency`: `EURO` is no currency"),
    "language": ("de", "`--language`: there is no `de`; choose one of en, fr"),
    "tools": ("hubspot,pendo", "`--tools`: there is no source pendo; choose from amplitude"),
    "name": (" ", "`--name` is empty"),
    "owner": ("somebody", "`--owner`: write team: and a name"),
}


@pytest.mark.parametrize(
    ("option", "value", "said"), [(name, *each) for name, each in WRONG.items()], ids=WRONG
)
def test_a_wrong_answer_is_a_sentence_and_writes_nothing(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    done = init(tmp_path / "company", **all_given(**{option: value}))
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "company").exists()


def test_where_nobody_answers_the_options_are_told(tmp_path: Path) -> None:
    done = init(tmp_path / "company", name="Nord")
    assert done.exit_code == 1
    assert "give every answer as an option" in done.output
