"""Other people's text wherever it is shown: whatever it is, it is printed, and steers nothing."""

import html
import io
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from typer.testing import CliRunner

import pops.cli
from connectors.contract import Credentials
from settings.shown_text import in_markdown, plain, plain_lines, shown


def printed(text: str) -> str:
    file = io.StringIO()
    Console(file=file, width=10_000, highlight=False, soft_wrap=True, force_terminal=True).print(
        f"[red]said[/red] {shown(text)}"
    )
    return file.getvalue()


@given(st.text(st.characters(), max_size=80))
def test_no_text_is_a_command(text: str) -> None:
    _, _, after = printed(text).partition("said\x1b[0m ")
    after.encode()
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
        ("a name of other bytes: \udcff, half of \ud83d", "a name of other bytes: \ufffd, half of \ufffd"),
        ("Zürich 👩\u200d💻", "Zürich 👩\u200d💻"),
    ],
)
def test_what_people_write_is_read_as_it_stands(text: str, is_shown: str) -> None:
    assert printed(text).split("\x1b[0m ", 1)[1] == f"{is_shown}\n"


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=80))
@example(
    "[x](javascript:alert(1)) ![t](http://evil.example/p.png) <svg onload=x> www.evil.example a|b `c` *d*"
)
@example("1. one\n# two\n---\n> three")
def test_markdown_of_a_text_is_that_text(text: str) -> None:
    """By a parser of CommonMark: nothing becomes a link, an image, a tag, a list or a cell of its own."""
    table = MarkdownIt("commonmark").enable("table").render(f"| head |\n| --- |\n| {in_markdown(text)} |\n")
    (cell,) = re.findall(r"<td>(.*)</td>", table, re.DOTALL)
    assert "<" not in cell
    assert html.unescape(cell).split() == plain(text).split()


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
