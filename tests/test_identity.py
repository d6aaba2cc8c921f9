"""A home stays one company's, with one key and one calendar, until somebody says otherwise."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.storage import open_duckdb
from orchestration.night_run import only_night
from orchestration.rebuilding import forget_what_was_built, rotate_key
from pops.cli import app
from sandbox.serving.environment import REGISTRY
from settings.home import Home
from settings.identity import PSEUDONYM_KEY, Identity, refuse_another, remember_in_warehouse, take

KEY, OTHER_KEY = "0123456789abcdef" * 3, "fedcba9876543210" * 3
ORGANISATION = """organisation:
  - {id: acme, name: Acme, reporting_time_zone: Europe/Paris, week_starts_on: monday}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    registry = tmp_path / "registry"
    registry.mkdir()
    for file in REGISTRY.glob("*.yml"):
        (registry / file.name).write_text(file.read_text())
    (registry / "organisation.yml").write_text(ORGANISATION)
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(registry))
    monkeypatch.setenv("POPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(PSEUDONYM_KEY, KEY)
    monkeypatch.setenv("POPS_ZENDESK_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("POPS_ZENDESK_CLIENT_ID", "client")
    monkeypatch.setenv("POPS_ZENDESK_CLIENT_SECRET", "a-secret-of-the-desk")
    return Home.from_environment().prepare()


def _say(old: str, new: str, tmp_path: Path) -> None:
    file = tmp_path / "registry" / "organisation.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_the_same_settings_pass_every_night(home: Home) -> None:
    refuse_another(home)
    assert not (home.root / "identity.json").exists()
    take(home)
    refuse_another(home)
    assert KEY not in (home.root / "identity.json").read_text()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Europe/Paris", "Europe/Berlin", "the reporting time zone: Europe/Paris is now Europe/Berlin"),
        (
            "week_starts_on: monday",
            "week_starts_on: sunday",
            "the first day of the week: monday is now sunday",
        ),
        ("id: acme", "id: other", "the organisation: acme is now other"),
    ],
)
def test_another_calendar_or_company_is_refused_until_it_is_rebuilt(
    home: Home, old: str, new: str, told: str, tmp_path: Path
) -> None:
    take(home)
    home.warehouse.write_bytes(b"what was built")
    raw = home.root / "raw" / "zendesk.duckdb"
    raw.parent.mkdir(exist_ok=True)
    raw.write_bytes(b"what was read")
    _say(old, new, tmp_path)
    with pytest.raises(ValueError, match=re.escape(told)) as problem:
        refuse_another(home)
    with pytest.raises(ValueError, match=re.escape(told)):
        take(home)
    assert "pops rebuild" in str(problem.value)
    forget_what_was_built(home)
    refuse_another(home)
    assert not home.warehouse.exists()
    assert raw.read_bytes() == b"what was read"


def test_another_key_is_refused_before_the_first_request_and_not_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(home)
    monkeypatch.setenv(PSEUDONYM_KEY, OTHER_KEY)
    done = CliRunner().invoke(app, ["nightly", "--as-of", "2026-11-16"])
    said = " ".join(done.output.split())
    assert done.exit_code != 0
    assert "was built with another setting of the key of people's pseudonyms (POPS_PSEUDONYM_KEY)" in said
    assert "run `pops rotate-key` with the old one in POPS_PSEUDONYM_KEY_BEFORE" in said
    assert KEY not in said
    assert OTHER_KEY not in said
    assert not (home.dagster / "history").exists()


def test_a_renamed_company_is_the_same(home: Home, tmp_path: Path) -> None:
    take(home)
    _say("name: Acme", "name: Acme Holding", tmp_path)
    refuse_another(home)


def test_a_note_that_cannot_be_read_is_written_anew(home: Home) -> None:
    for damaged in ("", "{", "[]", '{"key_check": "x"}'):
        (home.root / "identity.json").write_text(damaged)
        take(home)
        assert '"organisation": "acme"' in (home.root / "identity.json").read_text()


@pytest.mark.parametrize("damage", ["", "{", None])
def test_a_note_that_was_damaged_is_no_leave_to_mix_two_keys(
    home: Home, damage: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(home)
    remember_in_warehouse(home, Identity.present())
    note = home.root / "identity.json"
    note.unlink() if damage is None else note.write_text(damage)
    monkeypatch.setenv(PSEUDONYM_KEY, OTHER_KEY)
    for ask in (refuse_another, take):
        with pytest.raises(ValueError, match="another setting of the key of people's pseudonyms"):
            ask(home)
    monkeypatch.setenv(PSEUDONYM_KEY, KEY)
    take(home)
    assert '"organisation": "acme"' in note.read_text()
    # What was lost as well is built anew: nothing is mixed.
    note.write_text("")
    home.warehouse.write_bytes(b"damaged")
    monkeypatch.setenv(PSEUDONYM_KEY, OTHER_KEY)
    take(home)


def test_a_rotated_key_stands_in_the_warehouse_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    take(home)
    remember_in_warehouse(home, Identity.present())
    monkeypatch.setenv(f"{PSEUDONYM_KEY}_BEFORE", KEY)
    monkeypatch.setenv(PSEUDONYM_KEY, OTHER_KEY)
    rotate_key(home)
    (home.root / "identity.json").unlink()
    refuse_another(home)
    monkeypatch.setenv(PSEUDONYM_KEY, KEY)
    with pytest.raises(ValueError, match="another setting"):
        refuse_another(home)


def test_nothing_is_forgotten_while_a_night_runs(home: Home) -> None:
    home.warehouse.write_bytes(b"what was built")
    with (
        only_night(home),
        pytest.raises(ValueError, match="Another night, or an operator's task, is at work"),
    ):
        forget_what_was_built(home)
    assert home.warehouse.exists()
    raw = home.root / "raw" / "zendesk.duckdb"
    raw.parent.mkdir(exist_ok=True)
    open_duckdb(raw).close()
    done = CliRunner().invoke(app, ["rebuild"])
    assert done.exit_code == 0
    assert not home.warehouse.exists()
