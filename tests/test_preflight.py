"""What is wrong with settings, home or disk stops a night before its first request, whoever starts it, with one sentence."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from checks.contract import CheckStatus
from connectors import VENDORS
from connectors.runner import run_source
from orchestration import preflight
from orchestration.assets.ingestion import ingestion_assets
from orchestration.evaluations import blockers, told_once
from orchestration.keys import ARRIVED
from orchestration.preflight import check_night
from orchestration.runs import AS_OF_TAG
from settings.home import Home
from settings.identity import take
from tests.nights import PSEUDONYM_KEY
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Served, environment, served

SOURCES_ASKED = ("zendesk", "productboard")


@pytest.fixture(scope="module")
def vendors() -> Iterator[Served]:
    with served(HandMade()) as found:
        yield found


@pytest.fixture
def home(tmp_path: Path, vendors: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    umask = os.umask(0o022)
    for name in [name for name in os.environ if name.startswith("POPS_")]:
        if name != "POPS_REGISTRY_DIR":
            monkeypatch.delenv(name)
    for name, value in environment(vendors.base_url, 1000, SOURCES_ASKED).items():
        monkeypatch.setenv(name, value)
    for name in ("DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("POPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("POPS_PSEUDONYM_KEY", PSEUDONYM_KEY)
    vendors.state.requests.clear()
    yield Home.from_environment().prepare()
    # A step has one for itself, as it has a process for itself.
    os.umask(umask)


def read(home: Home, as_of: str = "2026-11-14") -> tuple[dg.ExecuteInProcessResult, list[str]]:
    """What a run of the UI does first, and what blocked it."""
    assets = [each for each in ingestion_assets() if each.op.name.removeprefix("ingest_") in SOURCES_ASKED]
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(assets, instance=instance, raise_on_error=False, tags={AS_OF_TAG: as_of})
        return done, [each.sentence for each in blockers(instance, done.run_id)]


def set_variable(name: str, value: str) -> Callable[[Home, pytest.MonkeyPatch], None]:
    return lambda home, patch: patch.setenv(name, value)


def of_somebody_else(home: Home, patch: pytest.MonkeyPatch) -> None:
    take(home, {**os.environ, "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY[::-1]})


def a_file_for_a_folder(home: Home, patch: pytest.MonkeyPatch) -> None:
    (home.root / "raw").write_text("no folder")


def no_room(home: Home, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(preflight, "LEAST_ROOM", 1 << 60)


def a_wrong_registry(home: Home, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("POPS_REGISTRY_DIR", str(home.root / "nowhere"))


WRONG = {
    "no key": (set_variable("POPS_PSEUDONYM_KEY", ""), "POPS_PSEUDONYM_KEY is not set"),
    "a short key": (set_variable("POPS_PSEUDONYM_KEY", "a"), "POPS_PSEUDONYM_KEY can be guessed"),
    "another's home": (of_somebody_else, "pops rebuild"),
    "a wrong registry": (a_wrong_registry, "POPS_REGISTRY_DIR"),
    "an unknown language": (set_variable("POPS_REPORT_LANGUAGE", "tlh"), "POPS_REPORT_LANGUAGE"),
    "half of Slack": (set_variable("POPS_SLACK_BOT_TOKEN", "xoxb-1"), "POPS_SLACK_CHANNEL"),
    "a wrong mail server": (set_variable("POPS_SMTP_URL", "mail.example"), "POPS_DIGEST_EMAIL_TO"),
    "a wrong database": (set_variable("POPS_PUBLISH_POSTGRES_URL", "mysql://x"), "POPS_PUBLISH_POSTGRES_URL"),
    "a file for a folder": (a_file_for_a_folder, "set POPS_HOME to a folder of its own"),
    "a full disk": (no_room, "free some"),
}


@pytest.mark.parametrize(("spoil", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_run_of_the_ui_is_stopped_as_the_command_line_is(
    spoil: Callable[[Home, pytest.MonkeyPatch], None],
    named: str,
    home: Home,
    vendors: Served,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil(home, monkeypatch)
    with pytest.raises(ValueError, match=named) as refused:
        check_night(home)
    done, blocked_by = read(home)
    assert not done.success
    assert not vendors.state.requests
    # One sentence, however many steps have said it.
    [sentence] = blocked_by
    assert " ".join(str(refused.value).rstrip(".").split()) in sentence
    for failure in done.get_step_failure_events():
        told = failure.step_failure_data.user_failure_data
        assert told is not None
        assert told.description == sentence


@pytest.mark.parametrize(
    ("tag", "start", "named"),
    [("yesterday", "2026-05-18", AS_OF_TAG), ("2026-11-14", "soon", "POPS_HISTORY_START")],
)
def test_a_date_that_is_none_is_told_too(
    tag: str, start: str, named: str, home: Home, vendors: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_HISTORY_START", start)
    done, [sentence] = read(home, tag)
    assert not done.success
    assert named in sentence
    assert not vendors.state.requests


def test_what_is_right_is_read(home: Home, vendors: Served) -> None:
    done, blocked_by = read(home)
    assert (done.success, blocked_by) == (True, [])
    assert {vendor for vendor, _ in vendors.state.requests} == {*SOURCES_ASKED}


HTTP_SOURCES = [each for each in VENDORS if each != "files"]


@pytest.mark.parametrize("source", HTTP_SOURCES)
def test_a_source_that_is_refused_says_so_once(source: str, vendors: Served, tmp_path: Path) -> None:
    wrong = {
        name: "a-wrong-value" if name.endswith(("SECRET", "TOKEN", "API_KEY", "SECRET_KEY")) else value
        for name, value in environment(vendors.base_url, 1000, [source]).items()
    }
    vendors.state.now = NIGHT
    run = run_source(source, tmp_path, NIGHT, HISTORY_START, wrong)
    assert run.outcome == "failed"
    reasons = [(each.stream, each.error or each.reason) for each in run.streams]
    statuses = [
        CheckStatus(f"raw/{source}/{stream}", ARRIVED, reason is None, "warn", "", "", reason or "")
        for stream, reason in reasons
    ]
    told = [each for each in told_once(statuses) if not each.passed]
    assert len(told) == 1, told
    assert "a-wrong-value" not in told[0].observed
    for stream, _ in reasons[1:]:
        assert stream in told[0].observed


def test_what_is_unread_for_another_reason_is_told_apart() -> None:
    def unread(stream: str, observed: str) -> CheckStatus:
        return CheckStatus(f"raw/{stream}", ARRIVED, False, "warn", "", "", observed)

    told = told_once(
        [
            unread("jira/issues", "jira issues, GET /a: The vendor does not answer. Wait."),
            unread("jira/boards", "jira boards, GET /b: The vendor does not answer. Wait."),
            unread("jira/sprints", "jira sprints, GET /b: The vendor has switched this address off. Move."),
            unread("github/issues", "github issues, GET /a: The vendor does not answer. Wait."),
        ]
    )
    assert [each.asset for each in told] == ["raw/jira/issues", "raw/jira/sprints", "raw/github/issues"]
    assert told[0].observed.endswith("Wait. The same holds for boards.")


def test_records_and_logs_are_their_users_alone(home: Home) -> None:
    """Whatever the umask: raw, warehouse and logs hold what the vendors sent."""
    (home.root / "last_night").mkdir()
    (home.root / "warehouse.duckdb").touch(mode=0o644)
    read(home)
    home.prepare()
    private = [
        home.root / name for name in ("raw", "dlt", "dagster", "dbt", "last_night", "warehouse.duckdb")
    ]
    assert [path.name for path in private if path.stat().st_mode & 0o077] == []
    assert home.published.parent.stat().st_mode & 0o055 == 0o055
    assert home.reports.stat().st_mode & 0o055 == 0o055
