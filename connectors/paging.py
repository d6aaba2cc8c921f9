"""From page to page, by whatever names the next one, and never in a circle."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from connectors.addresses import parsed_url
from connectors.errors import StuckCursor

Params = Mapping[str, Any]
# Thousands of times what a window holds: a vendor that always names a further page has no last one.
MOST_PAGES = 100_000


class Answer(NamedTuple):
    """`body`: parsed JSON; None when there is none, as with 304. `url`: what was asked."""

    status: int
    headers: Mapping[str, str]
    body: Any
    url: str = ""


class Question(NamedTuple):
    """What is asked for a page. `json`: of a POST."""

    path: str
    params: Params | None = None
    json: Params | None = None


def pages(
    method: str,
    ask: Callable[[Question], Answer],
    first: Question,
    following: Callable[[Question, Answer], Question | None],
) -> Iterator[Answer]:
    """Answers from `first` on. Raises StuckCursor when a page was asked for before, or when there is no end to them."""
    asked: set[str] = set()
    question: Question | None = first
    while question is not None:
        key = json.dumps(question, sort_keys=True, default=str)
        if key in asked:
            raise StuckCursor(place=f"{method} {httpx.URL(question.path).path}")
        if len(asked) >= MOST_PAGES:
            raise StuckCursor(
                f"The vendor names a next page after {MOST_PAGES:,} pages.",
                place=f"{method} {httpx.URL(question.path).path}",
            )
        asked.add(key)
        answer = ask(question)
        yield answer
        question = following(question, answer)


def next_link(answer: Answer) -> str | None:
    """The target of the answer's `Link` to the next page, absolute (RFC 8288); None: it was the last.

    A vendor that always names a next page says with `results="false"` that nothing is on it.
    """
    link = httpx.Response(200, headers=answer.headers).links.get("next")
    if link is None or link.get("results") == "false" or not link.get("url"):
        return None
    return str(parsed_url(link["url"], httpx.URL(answer.url)))
