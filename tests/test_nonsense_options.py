"""Whatever somebody types after any command: a sentence or an answer, never a traceback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from pops.cli import app
from sandbox.serving.environment import REGISTRY

NONSENSE = (
    "", " ", "-1", "0", "1e999", "nan", "9" * 400, "0001-01-01", "9999-12-31", "9999-W53", "99999999d", "=", "a\nb",
    "\x1b[2J[/red]", "\udc80", "../../x", "/dev/null", "~nobody/x", "x" * 5000,
)  # fmt: skip
# They serve until they are ended, or build for minutes whatever they are given; `pops new` writes into the checkout.
LEFT_OUT = {"mcp", "docs", "demo", "diff", "new"}
# What stands where something must.
GIVEN = {
    "source": "zendesk",
    "first": "2026-11-01",
    "after": "2026-11-02",
    "target": "backup",
    "folder": "own",
}


def _commands() -> Iterator[tuple[str, Any]]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        if name not in LEFT_OUT:
            yield name, command


def _written(name: str, command: Any, spoilt: Any, value: str) -> list[str]:
    written = [name]
    for each in command.params:
        if each is not spoilt and each.required:
            given = GIVEN.get(each.name, "x")
            written += [given] if each.param_type_name == "argument" else [each.opts[-1], given]
    if spoilt.param_type_name == "argument":
        return [*written, "--", value]
    return [*written, f"{spoilt.opts[-1]}={value}"]


def test_bytes_that_are_no_text_are_refused_by_every_command() -> None:
    for written in (["query", "\udc80"], ["export", "--account", "a\udcff"], ["new", "check", "\udc80"]):
        done = CliRunner().invoke(app, written)
        assert done.exit_code == 2
        assert "is no text in UTF-8" in done.output


def test_a_name_that_no_file_can_have_is_refused() -> None:
    for written in (
        ["new", "source", "a" * 300, "--family", "support"],
        ["new", "check", "assert_no_" + "a_" * 200 + "b", "--model", "fct_ticket", "--wrong", "x"],
        ["new", "model", "mart_" + "a" * 300, "--reads", "fct_ticket", "--date", "created_date"],
        ["new", "model", "int_support__" + "a" * 300, "--reads", "fct_ticket", "--date", "created_date"],
    ):
        done = CliRunner().invoke(app, written)
        assert done.exit_code == 1, written[2][:40]
        assert "is no" in done.output


@pytest.mark.parametrize("name", dict(_commands()))
def test_no_option_of_a_command_ends_in_a_traceback(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(REGISTRY))
    monkeypatch.setenv("POPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("POPS_PSEUDONYM_KEY", "a-key-for-tests-only-and-long-enough")
    monkeypatch.setenv("POPS_ZENDESK_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("POPS_ZENDESK_CLIENT_ID", "client")
    monkeypatch.setenv("POPS_ZENDESK_CLIENT_SECRET", "a-secret-of-the-desk")
    command = dict(_commands())[name]
    asked = [each for each in command.params if each.name != "help" and not getattr(each, "is_flag", False)]
    for spoilt in asked:
        for value in NONSENSE:
            if name == "nightly" and value != "0001-01-01":
                continue
            done = CliRunner().invoke(app, _written(name, command, spoilt, value))
            assert done.exception is None or isinstance(done.exception, SystemExit), (spoilt.name, value)
            assert "\x1b[2J" not in done.output
