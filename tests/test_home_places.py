"""Whatever stands in the place of a file or folder of a home: what can be made anew is, and the rest is told in a sentence."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.company import registry_dir
from connectors.forgotten import FILE, Book, Forgotten, forgotten_before
from connectors.storage import write_text
from orchestration.retention import forget_runs_of_home
from publication.kept_night import kept_night
from reports.files import forget_withheld, withheld_reasons
from settings.home import Home
from settings.identity import kept_identity

GARBAGE = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"{",
    b"[]",
    b'"x"',
    b"null",
    b"{}",
    b'{"as_of": 5}',
    b'{"entries": 5}',
    b"\0" * 5000,
)
KEY = {"POPS_PSEUDONYM_KEY": "a-key-for-tests-only-and-long-enough"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for variable in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(variable, "")
    return Home(tmp_path / "home").prepare()


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_note_of_the_last_night_that_is_damaged_is_told_with_the_remedy(home: Home, garbage: bytes) -> None:
    folder = home.root / "last_night"
    folder.mkdir()
    facts = {"as_of": "2026-11-16", "first_day": "2026-05-18", "variables": "{}", "warehouse": [1, 2]}
    for name, content in (("manifest.json", b"{}"), ("night.json", json.dumps(facts).encode())):
        (folder / name).write_bytes(content)
    kept_night(home)
    (folder / "night.json").write_bytes(garbage)
    with pytest.raises(FileNotFoundError, match="damaged: the next one that is published writes it anew"):
        kept_night(home)
    (folder / "night.json").unlink()
    (folder / "night.json").mkdir()
    with pytest.raises(FileNotFoundError, match="damaged"):
        kept_night(home)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_nothing_is_read_while_nobody_can_tell_who_is_forgotten(home: Home, garbage: bytes) -> None:
    Book.new().with_entry(Forgotten("2026-11-16", "before", (), "2026-01-01T00:00:00+00:00", {}, {})).write(
        home.root, KEY
    )
    assert forgotten_before(home.root) is not None
    (home.root / FILE).write_bytes(garbage)
    for ask in (lambda: forgotten_before(home.root), lambda: Book.of(home.root, KEY)):
        with pytest.raises(ValueError, match=r"forgotten\.json is damaged.*put it back from a backup"):
            ask()


@pytest.mark.parametrize("garbage", GARBAGE)
def test_whose_a_home_is_and_what_was_withheld_may_be_garbage(home: Home, garbage: bytes) -> None:
    (home.root / "identity.json").write_bytes(garbage)
    assert kept_identity(home) is None
    withheld = home.published.with_name("withheld.txt")
    withheld.write_bytes(garbage)
    assert len(withheld_reasons(home)) < 2
    forget_withheld(home)
    (withheld / "inside").mkdir(parents=True)
    assert withheld_reasons(home) == ()
    forget_withheld(home)
    assert withheld_reasons(home) == ()
    write_text(withheld, "a reason")
    assert withheld_reasons(home) == ("a reason",)


def test_a_folder_in_the_place_of_an_unfinished_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "x.json.next" / "inside").mkdir(parents=True)
    write_text(tmp_path / "x.json", "{}")
    assert (tmp_path / "x.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["nowhere.yaml", "garbage.yaml", ""])
def test_settings_of_dagster_that_cannot_be_read_are_told(
    home: Home, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "garbage.yaml").write_bytes(b"\xff\xfe\x00\x81")
    monkeypatch.setenv("POPS_DAGSTER_YAML", str(tmp_path / name))
    with pytest.raises(ValueError, match=r"POPS_DAGSTER_YAML names .*: name a file such as"):
        home.prepare()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense: 1\n", "DagsterInvalidConfigError: .*unexpected config entry"),
        ("- 1\n", "CheckError"),
        ("a: [\n", "ParserError: .*line 2"),
        ("a: !!python/object:os.system {}\n", "ConstructorError"),
        ("telemetry: {enabled: 'postgresql://u:a-password-of-ours@db/x'}\n", "root:telemetry:enabled"),
        ("storage: {postgres: {postgres_url: {env: NOT_SET}}}\n", "CheckError|Postgres|Dagster"),
        ("event_log_storage: {module: nowhere, class: Log, config: {}}\n", "import module nowhere"),
    ],
)
def test_settings_that_dagster_does_not_take_are_told_in_a_sentence(
    home: Home, text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.yaml").write_text(text)
    monkeypatch.setenv("POPS_DAGSTER_YAML", str(tmp_path / "own.yaml"))
    home.prepare()
    with pytest.raises(
        ValueError, match=rf"does not take the settings of .*own.yaml \(.*(?:{told})"
    ) as caught:
        forget_runs_of_home(home, datetime.now(UTC), timedelta(days=30))
    assert "\n" not in str(caught.value)
    assert "a-password-of-ours" not in str(caught.value)


@pytest.mark.parametrize("named", ["s3://bucket/home", '"/srv/home"', "'/srv/home"])
def test_a_home_that_is_an_address_or_in_quotes_is_refused(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_HOME", named)
    with pytest.raises(ValueError, match="name a folder of this machine, without quotes"):
        Home.from_environment()


def test_blanks_around_a_folder_of_the_environment_are_none_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_HOME", f" {tmp_path}\n")
    assert Home.from_environment().root == tmp_path
    assert registry_dir({"POPS_REGISTRY_DIR": f"{tmp_path} \n"}) == tmp_path


@pytest.mark.parametrize("name", ["what?", "100%", "a%20b"])
def test_a_home_that_dagster_could_not_name_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path / name))
    with pytest.raises(ValueError, match="name a folder whose path has no"):
        Home.from_environment()


@pytest.mark.parametrize(
    "place",
    [
        "warehouse.duckdb",
        "identity.json",
        "raw/jira.duckdb",
        "dagster/history/runs.db",
        "dagster/dagster.yaml",
    ],
)
@pytest.mark.parametrize("kind", ["pipe", "device", "link to nothing", "link to itself"])
def test_what_nobody_could_read_is_told_and_not_waited_for(home: Home, place: str, kind: str) -> None:
    path = home.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(
            {"device": "/dev/null", "link to nothing": "/nowhere/x", "link to itself": path}[kind]
        )
    with pytest.raises(ValueError, match=f"{path} is (no file and no folder|a link that leads nowhere)"):
        home.prepare()


@pytest.mark.parametrize("place", ["raw", "dlt", "last_night"])
def test_a_folder_that_is_everybodys_is_refused_and_stays_theirs(
    home: Home, tmp_path: Path, place: str
) -> None:
    everybodys = tmp_path / "everybodys"
    everybodys.mkdir()
    everybodys.chmod(0o1777)
    (home.root / place).symlink_to(everybodys)
    with pytest.raises(ValueError, match=f"{place} is {everybodys}, where everybody writes: let it be"):
        home.prepare()
    assert everybodys.stat().st_mode & 0o7777 == 0o1777


def test_a_folder_in_the_place_of_a_databases_log_is_set_aside(home: Home) -> None:
    logs = [
        home.root / "warehouse.duckdb.wal",
        home.dagster / "history" / "runs" / "index.db-wal",
        home.root / "notices.sqlite-journal",
    ]
    for log in logs:
        (log / "inside").mkdir(parents=True)
    home.prepare()
    assert not any(log.exists() for log in logs)


def test_a_home_may_lie_on_several_disks_and_its_code_be_moved(home: Home, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (home.root / "raw").symlink_to(tmp_path / "disk")
    (home.dbt_target / "project" / "own").mkdir(parents=True)
    (home.dbt_target / "project" / "own" / "models").symlink_to(tmp_path / "moved")
    (home.reports / "newest").symlink_to(tmp_path / "a report that was deleted")
    home.prepare()


def test_a_folder_that_dbt_calls_like_a_file_stays(home: Home) -> None:
    places = [
        home.dbt_target / "compiled" / "product_ops" / "models" / name for name in ("_models.yml", "own.yaml")
    ]
    for place in places:
        (place / "not_null.sql").parent.mkdir(parents=True)
    home.prepare()
    assert all(place.is_dir() for place in places)


def test_a_home_takes_nothing_of_what_is_not_its_own(home: Home) -> None:
    (home.root / "package.json").write_text("{}")
    (home.root / "package.json").chmod(0o644)
    (home.root / "others" / "x.json").mkdir(parents=True)
    home.prepare()
    assert (home.root / "package.json").stat().st_mode & 0o777 == 0o644
    assert (home.root / "others" / "x.json").is_dir()
    with pytest.raises(ValueError, match="POPS_HOME is /: set it to a folder of its own"):
        Home(Path("/")).prepare()
