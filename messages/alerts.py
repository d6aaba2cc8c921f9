"""Tells owners in Slack of failed nights, blocked publications and stale data: once, with a link, and when it is over."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from messages.channels import DeliveryFailed, SlackSettings, slack_settings
from messages.incidents import Facts, Notice, State, advance, delivered
from messages.notices import Notices
from messages.slack import Chat
from reports.alert import alert_post
from settings.home import Home
from settings.owners import slack_channels, slack_mentions

_STATE = "incidents"
# A message that is still due may have been posted by a try that got no answer, at most so long ago.
_LONGEST_OUTAGE = timedelta(days=7)


def tell_owners(
    home: Home,
    facts: Facts,
    env: Mapping[str, str] = os.environ,
    chat: Callable[[SlackSettings, Notices], Chat] = Chat,
) -> int:
    """Bring the owners up to date; how many messages that took. Nothing happens while Slack is off.

    A message that cannot be delivered stays due, and the others are delivered all the same; then DeliveryFailed is
    raised with the first reason.
    """
    settings = slack_settings(env)
    if settings is None:
        return 0
    with Notices(home.notices) as notices:
        with notices.alone():
            state = advance(State.from_json(notices.state(_STATE)), facts)
            notices.keep_state(_STATE, state.to_json())
        if not state.due:
            return 0
        speaker = chat(settings, notices)
        done: list[str] = []
        failures: list[DeliveryFailed] = []
        for notice in state.due:
            try:
                _deliver(speaker, notice, slack_channels().get(notice.problem.owner, settings.owners_channel))
                done.append(notice.key)
            except DeliveryFailed as failure:
                failures.append(failure)
        with notices.alone():
            left = delivered(State.from_json(notices.state(_STATE)), done)
            notices.keep_state(_STATE, left.to_json())
    if failures:
        raise failures[0]
    return len(done)


def _deliver(chat: Chat, notice: Notice, channel: str) -> None:
    """What is over is said in the thread of its beginning, and shown in the channel."""
    problem = notice.problem
    text, blocks = alert_post(
        problem.title,
        problem.lines,
        problem.link,
        slack_mentions().get(problem.owner, ""),
        problem.owner,
        notice.is_over,
    )
    thread = chat.known(notice.beginning, channel) if notice.is_over else ""
    since = datetime.now(UTC) - _LONGEST_OUTAGE
    chat.say(notice.key, channel, text, blocks, since, thread=thread, broadcast=True)
