"""Slack's Block Kit: text that cannot mention or link by itself, and blocks within the limits of one message."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from settings.shown_text import plain_lines

Block = dict[str, Any]

MOST_BLOCKS = 50
MOST_SECTION = 3_000
MOST_HEADER = 150
# Slack refuses a message above some 13,200 characters in its blocks, and counts what it wraps around each.
MOST_TOTAL = 10_000
CUT = "…"
_CALLS_EVERYBODY = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)


def escape(text: str) -> str:
    """Text of others as Slack shows it literally: no mention, no link, no call to a whole channel, nothing turned around."""
    literal = plain_lines(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Some clients read a bare @here in text as a call; a zero-width space after the sign does not show.
    return _CALLS_EVERYBODY.sub("@\u200b", literal)


def mention(slack_id: str) -> str:
    """How a message mentions a user (U…, W…) or a user group (S…)."""
    return f"<!subteam^{slack_id}>" if slack_id.startswith("S") else f"<@{slack_id}>"


def link(url: str, label: str) -> str:
    """`label` that leads to `url`."""
    safe = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{safe}|{escape(label)}>"


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": shortened(text, MOST_HEADER)}}


def context(text: str) -> Block:
    """A small grey line; `text` is mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(shortened(text, MOST_SECTION))]}


def sections(lines: Iterable[str]) -> list[Block]:
    """Lines of mrkdwn as few sections, each within its limit; a single line above it is cut."""
    texts: list[str] = []
    for line in lines:
        line = shortened(line, MOST_SECTION)
        if texts and len(texts[-1]) + 1 + len(line) <= MOST_SECTION:
            texts[-1] += "\n" + line
        else:
            texts.append(line)
    return [{"type": "section", "text": _mrkdwn(text)} for text in texts if text]


def _mrkdwn(text: str) -> dict[str, Any]:
    """Verbatim: without that Slack itself makes links of addresses and of names of channels."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def messages(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in order, as few messages, each within Slack's limits of blocks and characters."""
    parts: list[list[Block]] = []
    total = 0
    for block in blocks:
        length = _length(block)
        if not parts or len(parts[-1]) == MOST_BLOCKS or total + length > MOST_TOTAL:
            parts.append([])
            total = 0
        parts[-1].append(block)
        total += length
    return parts


def shortened(text: str, most: int) -> str:
    """`text`, cut to `most` characters, never inside an escape such as `&amp;`."""
    if len(text) <= most:
        return text
    kept = text[: most - len(CUT)]
    return re.sub(r"(&[a-z]{0,3}|<[^>]*)$", "", kept) + CUT


def _length(block: Block) -> int:
    texts = [block["text"]] if "text" in block else block.get("elements", [])
    return sum(len(each["text"]) for each in texts)
