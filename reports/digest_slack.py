"""The digest as Slack messages: the first in the channel, whatever does not fit in it as replies in its thread."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.digest import Digest, Number, Remark
from reports.slack import Block, context, escape, header, link, mention, messages, sections

_ARROWS = {"better": "▲ better", "worse": "▼ worse"}


@dataclass(frozen=True)
class Post:
    """`text` is what notifications show. `parts`: blocks of the message, then of its replies."""

    text: str
    parts: tuple[list[Block], ...]


def slack_post(digest: Digest, slack_ids: Mapping[str, str]) -> Post:
    """The digest in Block Kit. `slack_ids`: user or user group to mention, by owner; others are named in words."""
    blocks = [
        header(digest.title),
        context(f"Week {digest.week} · as of {digest.as_of} · revision {digest.revision}"),
    ]
    if digest.restated:
        blocks += sections(
            ["*Restated*"]
            + [
                f"• {escape(each.label)} was {escape(each.before)}, is {escape(each.after)}"
                for each in digest.restated
            ]
        )
    blocks += sections(_number(each, slack_ids) for each in digest.numbers)
    if digest.findings:
        blocks.append({"type": "divider"})
        blocks += sections(["*What stands out*", *(_remark(each, slack_ids) for each in digest.findings)])
        if digest.left_out:
            blocks.append(context(f"{digest.left_out} more in the report"))
    if digest.status:
        blocks += sections(["*Data status*", *(_remark(each, slack_ids) for each in digest.status)])
    blocks += sections([_way_to_the_report(digest)])
    return Post(digest.title, tuple(messages(blocks)))


def _number(number: Number, slack_ids: Mapping[str, str]) -> str:
    change = "" if number.change == "–" else f" ({_ARROWS.get(number.judgement, '')} {number.change})"
    small = ", small sample" if number.is_small_sample else ""
    details = [number.sample + small, "" if number.period == "this week" else number.period, number.target]
    said = ", ".join(escape(each) for each in details if each)
    asked = _asked(number.owner, slack_ids) if number.judgement == "worse" else ""
    return f"*{escape(number.label)}* {escape(number.value)}{change.replace('( ', '(')} · {said}{asked}"


def _remark(remark: Remark, slack_ids: Mapping[str, str]) -> str:
    return f"• {escape(remark.text)}{_asked(remark.owner, slack_ids)}"


def _asked(owner: str, slack_ids: Mapping[str, str]) -> str:
    if not owner:
        return ""
    return f" · {mention(slack_ids[owner]) if owner in slack_ids else escape(owner.removeprefix('team:'))}"


def _way_to_the_report(digest: Digest) -> str:
    if digest.link:
        return f"{link(digest.link, 'Open the report')} for every number, its definition and its limits."
    return f"The report of {digest.week} has every number, its definition and its limits."
