"""An alert as a Slack message: what is wrong, what that means, who is asked, where to look; and that it is over."""

from collections.abc import Sequence

from reports.slack import Block, escape, link, mention, sections

_SHOWN_AT_MOST = 1200


def alert_post(
    title: str, lines: Sequence[str], address: str, slack_id: str, owner: str, is_over: bool
) -> tuple[str, list[Block]]:
    """What notifications show, and the blocks. `address`: of the run, or ""; `slack_id`: whom to mention, or ""."""
    if is_over:
        return escape(f"Over: {title}"), sections(
            [f":white_check_mark: *Over:* {escape(title)}", *_where(address)]
        )
    asked = mention(slack_id) if slack_id else escape(owner.removeprefix("team:"))
    said = [f"• {escape(line[:_SHOWN_AT_MOST])}" for line in lines]
    return escape(title), sections([f":warning: *{escape(title)}* · {asked}", *said, *_where(address)])


def _where(address: str) -> list[str]:
    return [link(address, "Open the run")] if address else []
