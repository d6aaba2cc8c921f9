"""The language of a page: its texts from a gettext catalogue; numbers, dates and plurals as its readers write them.

English is the language of the code: a message is its own identifier. `locales/<code>.po` holds every other language.
A text that no catalogue has (of the organisation's own metrics, say) stays English and is marked as such.
"""

import math
import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

_LOCALES = Path(__file__).parent / "locales"
LANGUAGES = ("en", *sorted(path.stem for path in _LOCALES.glob("*.po")))
MISSING = "–"


def N_(message: str) -> str:
    """Mark a message for the catalogue where it is written down and not yet said."""
    return message


def N2_(singular: str, plural: str) -> tuple[str, str]:
    """Mark both forms of a message whose number is not known yet."""
    return singular, plural


class Language:
    """What a language can say. Get it with `language`."""

    def __init__(self, code: str) -> None:
        self.code = code
        # British dates: 9 November, as the rest of the world reads them.
        self.locale = Locale.parse("en_GB" if code == "en" else code)
        self._messages: dict[str, tuple[str, ...]] = {}
        self._plural_of = self.locale.plural_form
        if code != "en":
            with (_LOCALES / f"{code}.po").open("rb") as file:
                for message in read_po(file):
                    key = message.id if isinstance(message.id, str) else message.id[0]
                    said = message.string
                    forms = (said,) if isinstance(said, str) else tuple(str(each) for each in said or ())
                    if key and forms and all(forms):
                        self._messages[key] = tuple(map(typeset, forms)) if code == "fr" else forms

    def text(self, message: str, **values: object) -> str:
        """The message in this language, its places filled."""
        found = self._messages.get(message, (message,))[0]
        return found.format(**values) if values else found

    def plural(self, singular: str, plural: str, number: float, **values: object) -> str:
        """The form of the message for `number`, which stands in it as `{n}`, written the language's way."""
        forms = self._messages.get(singular, (singular, plural))
        form = forms[0] if self._plural_of(number) == "one" else forms[-1]
        return form.format(**({"n": self.number(number)} | values))

    def knows(self, message: str) -> bool:
        return self.code == "en" or message in self._messages

    def said(self, text: str) -> Markup:
        """A text of somebody else (a metric's definition, a check's meaning); English is marked where it stays."""
        if not text or self.knows(text):
            return escape(self.text(text))
        return Markup('<span lang="en">{}</span>').format(text)

    def theirs(self, text: str) -> str:
        """A text that somebody else wrote in this language, set as ours are."""
        return typeset(text) if self.code == "fr" else text

    @property
    def colon(self) -> str:
        """What stands between two texts of which the second explains the first."""
        return "\N{NARROW NO-BREAK SPACE}: " if self.code == "fr" else ": "

    @property
    def semicolon(self) -> str:
        """What stands between two remarks on one thing."""
        return "\N{NARROW NO-BREAK SPACE}; " if self.code == "fr" else "; "

    def number(self, value: float, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self.locale).replace("-", "−")

    def percent(self, share: float, digits: int | None = None) -> str:
        """A share in per cent: `37%`, in French `37 %` with a space that does not break. `digits`: default by its size.

        What is not all is never told as 100%, and what is not nothing never as 0%.
        """
        if digits is None:
            digits = 0 if share == 0 or 0.1 <= abs(share) < 0.995 or abs(share) >= 1 else 1
        sign = ""
        if 0 < abs(share) < 0.0005:
            sign, share = "<", math.copysign(0.001, share)
        elif 0.9995 <= share < 1:
            sign, share = ">", 0.999
        value = self.number(share * 100, max(digits, 1) if sign else digits)
        return f"{sign}{value}%" if self.code == "en" else f"{sign}{value}\N{NARROW NO-BREAK SPACE}%"

    def day(self, day: date, with_year: bool = True) -> str:
        """`9 November 2026`; in French the first is `1er`."""
        if not with_year:
            return self._first(day, str(format_skeleton("MMMd", day, locale=self.locale)))
        return self._first(day, str(format_date(day, "d MMM y", locale=self.locale)))

    def month(self, day: date) -> str:
        return str(format_date(day, "MMMM y", locale=self.locale))

    def span(self, first: date, last: date) -> str:
        """The days from one to another, both included: `9–15 November 2026`."""
        end = self._first(last, str(format_date(last, "d MMMM y", locale=self.locale)))
        if (first.year, first.month) == (last.year, last.month):
            return f"{self._first(first, str(first.day))}–{end}"
        pattern = "d MMMM" if first.year == last.year else "d MMMM y"
        return f"{self._first(first, str(format_date(first, pattern, locale=self.locale)))} – {end}"

    def week(self, week_start: date) -> str:
        return self.span(week_start, week_start + timedelta(days=6))

    def listed(self, names: Sequence[str]) -> str:
        return str(format_list(list(names), locale=self.locale)) if names else ""

    def _first(self, day: date, written: str) -> str:
        if self.code != "fr" or day.day != 1:
            return written
        return f"1er{written[1:]}"


def typeset(french: str) -> str:
    """A space before a colon, a semicolon, a mark of exclamation or question and within quotes does not break; an
    apostrophe within a word is curved.
    """
    spaced = re.sub(
        r"[ \N{NO-BREAK SPACE}](?=[:;!?%»])|(?<=«)[ \N{NO-BREAK SPACE}]", "\N{NARROW NO-BREAK SPACE}", french
    )
    return re.sub(r"(?<=\w)'(?=\w)", "\N{RIGHT SINGLE QUOTATION MARK}", spaced)


@cache
def language(code: str) -> Language:
    """The language of a code such as `fr`. Raises ValueError for one that has no catalogue."""
    if code not in LANGUAGES:
        raise ValueError(
            f"There is no report in the language {code!r}: choose one of {', '.join(LANGUAGES)}."
        )
    return Language(code)
