"""What a check says, in the language of a report: a sentence of its own, or one that is made of names of models and columns."""

import re
from collections.abc import Mapping
from functools import cache

from markupsafe import Markup, escape

from checks.contract import CheckStatus
from checks.dbt_tests import MEANINGS
from reports.language import N_, Language

# What checks of several tools say, each of its own.
_OF_TOOLS = (
    N_(
        "Records that {tool} dated before the night are now created after the night's date: they are in no number."
    ),
)
_MEANINGS = (*MEANINGS.values(), *_OF_TOOLS)
# What was observed, as the checks write it down.
_OBSERVED = (
    N_("{count} of {all} rows"),
    N_("{count} rows"),
    N_("{one} against {other}"),
    N_("the vendor gives no count"),
)


def meaning(say: Language, check: CheckStatus) -> str:
    """What a check watches; its name where nobody said."""
    return _said(say, check.meaning, _MEANINGS) or check.check


def marked_meaning(say: Language, check: CheckStatus) -> Markup:
    """The same for a page: English is marked where it stays."""
    found = _said(say, check.meaning, _MEANINGS)
    return escape(found) if found != check.meaning else say.said(found)


def observed(say: Language, check: CheckStatus) -> str:
    """What a check found."""
    return _said(say, check.observed, _OBSERVED)


def _said(say: Language, text: str, templates: tuple[str, ...]) -> str:
    for template in templates:
        if found := _shape(template).fullmatch(text):
            parts: Mapping[str, str] = found.groupdict()
            return say.text(template, **parts)
    return say.text(text)


@cache
def _shape(template: str) -> re.Pattern[str]:
    """The texts that a template can have become."""
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template)))
