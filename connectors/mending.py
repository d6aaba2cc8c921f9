"""JSON texts that name half a character: a text cut inside an emoji keeps `"\\ud83d"`, which no database takes for JSON."""

import re

# An escaped pair, half of one, any other escape, so that a backslash that is escaped begins none; then halves unescaped.
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\ud800-\udfff])"
    r"|\\.",
    re.DOTALL,
)
# What every text has that is to be looked at, in the dialect of RE2 too.
SUSPECT = r"\\u[dD][89a-fA-F]"
_SUSPECT = re.compile(SUSPECT + r"|[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Mender:
    """Puts U+FFFD where a text has half a character; `count`: of so many texts."""

    def __init__(self) -> None:
        self.count = 0

    def whole(self, text: str) -> str:
        """The text, all of whose characters are whole."""
        if not _SUSPECT.search(text):
            return text
        mended = _ESCAPES.sub(lambda found: REPLACEMENT if found["half"] else found[0], text)
        self.count += mended != text
        return mended
