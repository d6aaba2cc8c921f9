"""Other people's text wherever it is shown: it is data there, never a command. Slack's own is in `reports.slack`."""

import re
import unicodedata
from typing import Any

from rich.markup import escape

# Cc: control characters, with which a text could steer the terminal. Cf and the separators: directions of writing and
# line ends, with which it could make a line read otherwise than it is. Cs: half a character, which cannot be written at all.
_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Joins letters and emoji in scripts that need it, and turns nothing around.
_JOINERS = "\u200c\u200d"
FORMULA = "^[=+\\-@\\t\\r\\n＝＋－＠]"
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: object) -> str:
    """`text` without what would steer a terminal or turn a line around: each such character becomes U+FFFD.

    Line ends and tabs become a blank.
    """
    return "".join(
        " "
        if character in "\n\r\t"
        else "\ufffd"
        if unicodedata.category(character) in _STEERING and character not in _JOINERS
        else character
        for character in str(text)
    )


def in_markdown(text: object) -> str:
    """`plain`, with all punctuation escaped, so that nothing of it formats, links or loads."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def unlike_formula(value: Any) -> Any:
    """A text that begins like a formula gets an apostrophe before it, as spreadsheets mark a text: Excel would run it."""
    return f"'{value}" if isinstance(value, str) and re.match(FORMULA, value) else value


def shown(text: object) -> str:
    """`plain`, with what Rich would take for markup escaped: for every print of a text that is not ours."""
    return escape(plain(text))


def plain_lines(text: str) -> str:
    """`plain`, for a text of several lines."""
    return "\n".join(plain(line) for line in text.split("\n"))
