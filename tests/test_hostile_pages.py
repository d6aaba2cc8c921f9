"""What others write of experiments and launches is text on the pages that tell of them: no tag, link or attribute, no sign that hides."""

from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from reports.health import all_audiences, render
from reports.launch_items import Around, LaunchItem
from tests.experiments_fixture import experiment
from tests.launches_fixture import launch
from tests.reports_fixture import report

HOSTILE = (
    '<script>alert(1)</script>', '"><svg onload=alert(1)>', "' onmouseover='alert(1)", "</title></style></script><img src=x>",
    "[x](javascript:alert(1))", "{{ 7 * 7 }}{% raw %}{0}", "\x1b[2J\x9b31m", "\u202eabc", "=cmd|'/c calc'!A1", "<!channel> <@U1>",
    "]]><!--", "&lt;b&gt;&#x202e;",
)  # fmt: skip
# Addresses that the tool's records hold, and that are no page of a tool.
ADDRESSES = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "//evil.example",
)


class Structure(HTMLParser):
    """The tags of a page with the names of their attributes, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Short cells have a class of their own.
        self.tags.append((tag, tuple(name for name, _ in attrs if name != "class")))
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}


def pages(text: str, url: str | None = None) -> dict[str, str]:
    told = experiment(
        "breached", name=text, hypothesis=text, flag=text, stop_reason=text, url=url,
        variants=tuple(replace(each, name=text) for each in experiment().variants),
    )  # fmt: skip
    around = Around(
        (
            LaunchItem("approval", text, None, None, None, "open", "done", None, None, None),
            LaunchItem("risk", text, "team:studio", "high", text, "open", "open", None, None, None),
        )
    )
    launched = launch(name=text, hypothesis=text, around=around, retrospective=text)
    given = report(experiments=(told,), launches=(launched,))
    names = [each.file for each in all_audiences(given)]
    return {name: render(given, name) for name in names if name.startswith(("experiment", "index", "launch"))}


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_writes_makes_no_tag_and_hides_nothing(text: str) -> None:
    usual, found = pages("Hints"), pages(text)
    assert found.keys() == usual.keys()
    for name, page in found.items():
        assert Structure(page).tags == Structure(usual[name]).tags, name
        assert not {"\u202e", "\x1b", "\x9b"} & {*page}, name


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_that_is_none_is_no_link(url: str) -> None:
    for name, page in pages("Hints", url).items():
        schemes = {urlsplit(each).scheme for each in Structure(page).links}
        assert not schemes & {"javascript", "data"}, name
        assert not any("evil.example" in each for each in Structure(page).links), name
