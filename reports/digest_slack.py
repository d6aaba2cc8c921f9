"""The digest as Slack messages: the first in the channel, whatever does not fit in it as replies in its thread."""

from collections.abc import Mapping
from dataclasses import dataclass

from reports.digest import Digest, Number, Remark
from reports.digest_mail import basis, correction_text
from reports.slack import Block, context, escape, header, link, mention, messages, sections

_ARROWS = {"better": "▲", "worse": "▼"}


@dataclass(frozen=True)
class Post:
    """`text` is what notifications show. `parts`: blocks of the message, then of its replies."""

    text: str
    parts: tuple[list[Block], ...]


def slack_post(digest: Digest, slack_ids: Mapping[str, str]) -> Post:
    """The digest in Block Kit. `slack_ids`: user or user group to mention, by owner; others are named in words."""
    say = digest.say
    blocks = [header(digest.title), context(escape(digest.subtitle))]
    if digest.corrected:
        corrected = (f"• {escape(correction_text(digest, each))}" for each in digest.corrected)
        blocks += sections([f"*{say.text('Restated')}*", *corrected])
    blocks += sections(_number(digest, each, slack_ids) for each in digest.numbers)
    if digest.findings or digest.still_open:
        blocks.append({"type": "divider"})
    for title, remarks in digest.remarks:
        blocks += sections([f"*{title}*", *(_remark(digest, each, slack_ids) for each in remarks)])
    blocks += sections([_way_to_the_report(digest)])
    return Post(digest.title, tuple(messages(blocks)))


def _number(digest: Digest, number: Number, slack_ids: Mapping[str, str]) -> str:
    judgement = {"better": digest.say.text("better"), "worse": digest.say.text("worse")}.get(
        number.judgement, ""
    )
    parts = (_ARROWS.get(number.judgement, ""), judgement, number.change)
    change = f" ({' '.join(each for each in parts if each)})" if number.change else ""
    said = ", ".join(escape(each) for each in basis(digest, number))
    asked = _asked(digest, number.owner, slack_ids) if number.is_missed else ""
    return f"*{escape(number.label)}* {escape(number.value)}{change} · {said}{asked}"


def _remark(digest: Digest, remark: Remark, slack_ids: Mapping[str, str]) -> str:
    below = "".join(f"\n      {escape(each)}" for each in (*remark.steps, remark.basis) if each)
    return f"• {escape(remark.text)}{_asked(digest, remark.owner, slack_ids)}{below}"


def _asked(digest: Digest, owner: str, slack_ids: Mapping[str, str]) -> str:
    if not owner:
        return ""
    return f" · {mention(slack_ids[owner]) if owner in slack_ids else escape(digest.owner_name(owner))}"


def _way_to_the_report(digest: Digest) -> str:
    say = digest.say
    if digest.link:
        shown = link(digest.link, say.text("Open the report"))
        return f"{shown} {escape(say.text('for every number, its definition and its limits.'))}"
    return escape(
        say.text("The report of {week} has every number, its definition and its limits.", week=digest.week)
    )
