"""Slack's own client against the sandbox's Slack, and our messages through it: said once, whatever goes wrong."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from messages.channels import DeliveryFailed, SlackSettings, slack_settings
from messages.notices import Notices
from messages.slack import Chat, Said
from sandbox.vendors.slack.credentials import SLACK_BOT_TOKEN, SLACK_FOREIGN_CHANNEL, SLACK_LEADERSHIP
from tests.chat_rooms import NOW, Rooms, chat_rooms, impatient

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "Seventy"}}]
OTHER = [{"type": "section", "text": {"type": "mrkdwn", "text": "Seventy-one"}}]
SINCE = NOW - timedelta(days=1)
PICTURE = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    with chat_rooms() as found:
        yield found


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[Notices]:
    with Notices(tmp_path / "notices.sqlite") as found:
        yield found


@pytest.fixture
def chat(rooms: Rooms, notices: Notices) -> Chat:
    return impatient(rooms.settings, notices)


def say(chat: Chat, blocks: list[dict] = BLOCKS, key: str = "digest/2026-W46/1") -> Said:
    return chat.say(key, SLACK_LEADERSHIP, "Digest", blocks, SINCE)


def refused(rooms: Rooms, **message: object) -> str:
    with pytest.raises(SlackApiError) as caught:
        rooms.client.chat_postMessage(**{"channel": SLACK_LEADERSHIP, "text": "x", **message})
    assert caught.value.response.status_code == 200
    return str(caught.value.response["error"])


def section(text: str) -> dict:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_the_sandbox_refuses_as_slack_does(rooms: Rooms) -> None:
    assert rooms.client.auth_test()["bot_id"] == "B07PRODUCTOPS"
    assert refused(rooms, channel="C07NOWHERE00") == "channel_not_found"
    assert refused(rooms, channel=SLACK_FOREIGN_CHANNEL) == "not_in_channel"
    assert refused(rooms, text="") == "no_text"
    assert refused(rooms, blocks=[section("x" * 3_001)]) == "invalid_blocks"
    assert refused(rooms, blocks=[section("x")] * 51) == "invalid_blocks"
    assert refused(rooms, blocks=[section("x" * 2_900)] * 5) == "msg_blocks_too_long"
    assert refused(rooms, thread_ts="1.000001") == "thread_not_found"
    assert refused(rooms, metadata={"event_type": "x"}) == "invalid_metadata_format"
    for token, error in (("xoxb-wrong", "invalid_auth"), ("", "not_authed")):
        client = WebClient(token=token, base_url=f"{rooms.base_url}/slack/api/")
        with pytest.raises(SlackApiError, match=error):
            client.auth_test()
    with pytest.raises(SlackApiError, match="message_not_found"):
        rooms.client.chat_update(channel=SLACK_LEADERSHIP, ts="1.000001", text="x")


def test_the_sandbox_pages_and_shows_metadata_to_those_who_ask(rooms: Rooms) -> None:
    metadata = {"event_type": "e", "event_payload": {"key": "k"}}
    sent = [
        rooms.client.chat_postMessage(channel=SLACK_LEADERSHIP, text=str(place), metadata=metadata)["ts"]
        for place in range(5)
    ]
    pages = rooms.client.conversations_history(channel=SLACK_LEADERSHIP, limit=2, include_all_metadata=True)
    seen = [message for page in pages for message in page["messages"]]
    assert [message["ts"] for message in seen] == sent[::-1]
    assert all(message["metadata"] == metadata for message in seen)
    assert "metadata" not in rooms.messages()[0]
    later = rooms.client.conversations_history(channel=SLACK_LEADERSHIP, oldest=sent[2])
    assert [message["ts"] for message in later["messages"]] == sent[:2:-1]


def test_the_client_waits_as_long_as_slack_asks(rooms: Rooms) -> None:
    rooms.fail("chat.postMessage", "429_seconds", seconds=0)
    with pytest.raises(SlackApiError, match="ratelimited") as caught:
        rooms.client.chat_postMessage(channel=SLACK_LEADERSHIP, text="x")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "0"
    patient = rooms.client
    patient.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    rooms.state.faults.clear()
    rooms.fail("chat.postMessage", "429_seconds", seconds=1)
    began = datetime.now(UTC)
    assert patient.chat_postMessage(channel=SLACK_LEADERSHIP, text="x")["ok"]
    assert datetime.now(UTC) - began >= timedelta(seconds=1)


def test_a_message_is_said_once_and_then_updated(rooms: Rooms, chat: Chat) -> None:
    first = say(chat)
    assert first.outcome == "posted"
    assert say(chat) == Said(first.ts, "unchanged")
    assert say(chat, OTHER) == Said(first.ts, "updated")
    (message,) = rooms.messages()
    assert message["blocks"] == OTHER
    assert say(chat, key="digest/2026-W46/2").outcome == "posted"
    assert len(rooms.messages()) == 2


def test_a_house_that_lost_its_notes_finds_its_message(rooms: Rooms, chat: Chat, tmp_path: Path) -> None:
    first = say(chat)
    for other in range(250):
        say(chat, key=f"other/{other}")
    with Notices(tmp_path / "new.sqlite") as empty:
        again = say(impatient(rooms.settings, empty), OTHER)
    assert again == Said(first.ts, "updated")
    assert len(rooms.client.conversations_history(channel=SLACK_LEADERSHIP, limit=999)["messages"]) == 251


class Killed(BaseException):
    """What a process that is killed would meet."""


def test_killed_between_slack_and_the_note_of_it(
    rooms: Rooms, chat: Chat, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Notices, "remember", die)
        with pytest.raises(Killed):
            say(chat)
    assert notices.told("digest/2026-W46/1", SLACK_LEADERSHIP) is None
    assert say(chat).outcome == "updated"
    assert len(rooms.messages()) == 1


@pytest.mark.parametrize("kind", ["connection_reset", "truncated_body"])
def test_an_answer_that_is_lost_doubles_nothing(rooms: Rooms, chat: Chat, kind: str) -> None:
    rooms.fail("chat.postMessage", kind)
    assert say(chat).outcome == "found"
    assert len(rooms.messages()) == 1


@pytest.mark.parametrize("kind", ["500", "503", "502", "html_200"])
def test_a_failing_server_is_asked_again(rooms: Rooms, chat: Chat, kind: str) -> None:
    rooms.fail("chat.postMessage", kind, times=2)
    assert say(chat).outcome == "posted"
    assert len(rooms.messages()) == 1


def test_a_server_that_goes_on_failing_is_a_failure_and_can_be_repaired(rooms: Rooms, chat: Chat) -> None:
    rooms.fail("chat.postMessage", "500", times=3)
    with pytest.raises(DeliveryFailed, match=r"no clear answer .* in C07LEADERSHIP"):
        say(chat)
    assert rooms.messages() == []
    assert say(chat).outcome == "posted"


@pytest.mark.parametrize(
    ("channel", "said"),
    [(SLACK_FOREIGN_CHANNEL, "not_in_channel. Invite the app"), ("C07NOWHERE00", "channel_not_found. Check")],
)
def test_ok_false_is_a_failure_with_its_remedy(chat: Chat, notices: Notices, channel: str, said: str) -> None:
    with pytest.raises(DeliveryFailed, match=re.escape(said)):
        chat.say("key", channel, "Digest", BLOCKS, SINCE)
    assert notices.told("key", channel) is None


def test_a_wrong_token_is_named_and_not_shown(rooms: Rooms, notices: Notices) -> None:
    wrong = "xoxb-canary-do-not-show"
    settings = slack_settings({**rooms.environment, "POPS_SLACK_BOT_TOKEN": wrong})
    assert settings is not None
    with pytest.raises(DeliveryFailed, match=r"invalid_auth\. Set POPS_SLACK_BOT_TOKEN") as caught:
        say(impatient(settings, notices))
    assert wrong not in f"{caught.value} {settings!r}"


def test_a_scope_that_is_missing_is_named(rooms: Rooms, chat: Chat) -> None:
    rooms.fail("conversations.history", "403")
    with pytest.raises(DeliveryFailed, match=r"missing_scope\. Give the app the scopes"):
        say(chat)


def test_what_a_person_removed_stays_removed(rooms: Rooms, chat: Chat) -> None:
    rooms.client.chat_delete(channel=SLACK_LEADERSHIP, ts=say(chat).ts)
    assert say(chat, OTHER).outcome == "removed"
    assert say(chat, OTHER).outcome == "unchanged"
    assert rooms.messages() == []


@pytest.mark.parametrize("kind", [None, "connection_reset", "500"])
def test_a_picture_is_shown_once(rooms: Rooms, chat: Chat, notices: Notices, kind: str | None) -> None:
    if kind:
        rooms.fail("files.completeUploadExternal", kind)
    thread = say(chat).ts
    for _ in range(2):
        chat.show("key/chart", SLACK_LEADERSHIP, thread, PICTURE, "chart.png", "Adoption")
        notices.forget("key/chart", SLACK_LEADERSHIP)
    ((file,),) = [message["files"] for message in rooms.thread(thread)]
    assert (file["name"], file["mimetype"], file["size"], file["title"]) == (
        "chart.png", "image/png", len(PICTURE), "Adoption",
    )  # fmt: skip
    assert len(rooms.messages()) == 1


def test_two_processes_that_say_the_same_say_it_once(rooms: Rooms, tmp_path: Path) -> None:
    outcomes: list[str] = []

    def run(settings: SlackSettings = rooms.settings) -> None:
        with Notices(tmp_path / "notices.sqlite") as own:
            outcomes.append(say(impatient(settings, own)).outcome)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["posted", "unchanged", "unchanged", "unchanged"]
    assert len(rooms.messages()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"POPS_SLACK_BOT_TOKEN": ""}, "POPS_SLACK_BOT_TOKEN is not set"),
        ({"POPS_SLACK_CHANNEL": "#leadership"}, "POPS_SLACK_CHANNEL is no channel id"),
        ({"POPS_SLACK_BASE_URL": "slack.com"}, "POPS_SLACK_BASE_URL is no address"),
    ],
)
def test_settings_are_on_off_or_wrong(rooms: Rooms, changes: dict[str, str], said: str) -> None:
    assert slack_settings({}) is None
    assert slack_settings(rooms.environment) is not None
    with pytest.raises(ValueError, match=said) as caught:
        slack_settings({**rooms.environment, **changes})
    assert SLACK_BOT_TOKEN not in str(caught.value)
