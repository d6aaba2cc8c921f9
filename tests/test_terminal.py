"""Other people's text in a terminal: whatever it is, it is printed, and steers nothing."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

import pops.cli
from connectors.contract import Credentials
from settings.terminal import plain, plain_lines, shown


def printed(text: str) -> str:
    file = io.StringIO()
    Console(file=file, width=10_000, highlight=False, soft_wrap=True, force_terminal=True).print(
        f"[red]said[/red] {shown(text)}"
    )
    return file.getvalue()


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=80))
def test_no_text_is_a_command(text: str) -> None:
    _, _, after = printed(text).partition("said\x1b[0m ")
    assert after.endswith("\n")
    for character in after[:-1]:
        assert unicodedata.category(character) not in ("Cc", "Zl", "Zp")
        assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "is_shown"),
    [
        ("[/dim] bad", "[/dim] bad"),
        ("[link=http://evil.example]here[/link]", "[link=http://evil.example]here[/link]"),
        ("\x1b]52;c;aGFja2Vk\x07", "\ufffd]52;c;aGFja2Vk\ufffd"),
        ("\x9b31mred", "\ufffd31mred"),
        ("abc\u202egpj.exe", "abc\ufffdgpj.exe"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("Zürich 👩\u200d💻", "Zürich 👩\u200d💻"),
    ],
)
def test_what_people_write_is_read_as_it_stands(text: str, is_shown: str) -> None:
    assert printed(text).split("\x1b[0m ", 1)[1] == f"{is_shown}\n"


def test_lines_stay_lines() -> None:
    assert plain_lines("one\ntwo\x1b[2J") == "one\ntwo\ufffd[2J"
    assert plain("one\ntwo") == "one two"


def test_a_vendor_cannot_break_the_answer_of_a_check(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = Credentials("rejected", "The vendor says: [/dim] \x1b]52;c;aGFja2Vk\x07 bad")
    monkeypatch.setattr("pops.sources.credentials", lambda *_: iter([("zendesk", refused)]))
    monkeypatch.setattr("pops.sources.targets", lambda *_: iter(()))
    file = io.StringIO()
    monkeypatch.setattr(pops.cli, "_terminal", Console(file=file, highlight=False, width=200))
    result = CliRunner().invoke(pops.cli.app, ["check"])
    assert result.exit_code == 1
    assert "The vendor says: [/dim] \ufffd]52;c;aGFja2Vk\ufffd bad" in file.getvalue()
