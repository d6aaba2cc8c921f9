"""Which of some names was meant by one that is not among them."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

# Letters that are none with an accent.
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_LIKE = 0.7


def plain_letters(text: object) -> str:
    """A text in small letters without accents; letters of other scripts stay."""
    apart = unicodedata.normalize("NFKD", str(text).lower()).translate(_STROKES)
    return "".join(each for each in apart if not unicodedata.combining(each))


def letters(name: str) -> str:
    """A name by which likeness is judged: small letters and digits; accents and signs make no other name."""
    return re.sub(r"[\W_]+", "", plain_letters(name)) or name.casefold()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like it; None where none is like it."""
    by_letters = {letters(each): each for each in known}
    found = difflib.get_close_matches(letters(name), list(by_letters), n=1, cutoff=_LIKE)
    return by_letters[found[0]] if found else None


def meant(name: str, known: Iterable[str]) -> str:
    """A sentence on the known name that is most like one that there is not, after a blank; empty without one."""
    near = nearest(name, sorted(known))
    return f" Did you mean `{near}`?" if near is not None else ""
