"""A full disk, a read-only home, a home that is a file: each ends in one sentence with what to do."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from connectors.errors import SourceError
from pops.cli import _readable_errors, app
from pops.problems import explained


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some"),
        (errno.EROFS, "mount it writable"),
        (errno.EACCES, "give this user the right"),
        (errno.ENOTDIR, "set POPS_HOME to another folder"),
        (errno.EEXIST, "set POPS_HOME to another folder"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "look at the disk"),
        (errno.ENOENT, "what POPS_HOME names"),
        (errno.ENAMETOOLONG, "what POPS_HOME names"),
        (errno.ELOOP, "what POPS_HOME names"),
    ],
)
def test_what_the_disk_refuses_names_the_place_and_the_remedy(
    number: int, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_HOME", "/srv/home")
    told = explained(OSError(number, os.strerror(number), "/srv/home/raw"))
    assert told is not None
    assert told.startswith(f"/srv/home/raw: {os.strerror(number)}")
    assert remedy in told
    # A folder that was named for an export or a backup is no matter of the home.
    elsewhere = explained(OSError(number, os.strerror(number), "/srv/exports/1"))
    assert elsewhere is not None
    assert "POPS_HOME" not in elsewhere


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("dbt parse: [Errno 28] No space left on device: '/srv/home/dbt/manifest.json'"),
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_known_in_whatever_it_is_wrapped(error: Exception) -> None:
    assert "free some" in str(explained(error))


@pytest.mark.parametrize("command", [["health"], ["sources"], ["query"], ["nightly"]])
@pytest.mark.parametrize(
    ("home", "told"), [("~nobody-knows-her/x", "POPS_HOME is ~nobody-knows-her/x"), ("x" * 5000, "too long")]
)
def test_a_home_that_is_no_folder_is_told_in_a_sentence(
    command: list[str], home: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_HOME", home)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert told in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_what_is_our_fault_stays_a_traceback() -> None:
    assert explained(KeyError("metric")) is None
    assert explained(OSError("x")) is None
    with pytest.raises(KeyError), _readable_errors():
        raise KeyError("metric")


def test_what_says_itself_how_to_mend_it_is_told_as_it_is() -> None:
    for error in (ValueError("Set X."), SourceError("The key is refused.", source="zendesk")):
        assert explained(error) == str(error)
        with pytest.raises(typer.Exit), _readable_errors():
            raise error


@pytest.mark.parametrize(
    "command", [["nightly", "--as-of", "2026-11-16"], ["rebuild"], ["forget-runs"], ["demo", "--nights", "1"]]
)
def test_a_home_that_is_a_file_or_lies_below_one_is_told(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    for home in (file, file / "home"):
        monkeypatch.setenv("POPS_HOME", str(home))
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 1
        assert "set POPS_HOME to another folder" in " ".join(done.output.split())
        assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["demo", "--scale", "huge"], "choose small, demo, large"),
        (["docs", "--port", "999999"], "65535"),
        (["discover", "--days", "99999999"], "36500"),
    ],
)
def test_a_number_or_size_that_nobody_means_is_told(command: list[str], told: str) -> None:
    result = CliRunner().invoke(app, command)
    assert result.exit_code in (1, 2)
    assert told in result.output
