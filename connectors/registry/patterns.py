"""Texts that must look like something, with what to write where they do not."""

import re
from typing import Annotated

from pydantic import AfterValidator


def like(pattern: str, remedy: str) -> AfterValidator:
    """A text that a pattern matches whole; `remedy` says what to write otherwise, without the text itself."""
    compiled = re.compile(pattern)

    def matching(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(remedy)
        return text

    return AfterValidator(matching)


# Whoever answers for something: a team, or the address of a person.
Owner = Annotated[
    str,
    like(
        r"team:[a-z0-9][a-z0-9_-]*|[^@\s]+@[^@\s]+\.[^@\s]+",
        "write team: and a name in small letters, such as team:product-ops, or an e-mail address",
    ),
]
EpicKey = Annotated[
    str,
    like(
        r"([a-z0-9_]+:)?[A-Z][A-Z0-9_]*-[0-9]+",
        "write the key of an epic, such as WEB-12, or jira_eu:WEB-12 for one of an instance",
    ),
]
# Where a feature is used: the path of a page, or the name of an app's screen.
Page = Annotated[
    str,
    like(
        r"/[^\s?#]*|[^\s/?#:*](?:[^/?#:\n]*[^\s/?#:])?",
        "write the path of a page without the site's name and without ? or #, such as /boards or /w/*/boards, where * stands for "
        "anything; or the name of a screen",
    ),
]
SlackMember = Annotated[
    str, like(r"[UWS][A-Z0-9]{8,20}", "write the id of a member or group, such as U0123ABCDEF")
]
SlackChannel = Annotated[str, like(r"[CG][A-Z0-9]{8,20}", "write the id of a channel, such as C0123ABCDEF")]
