"""A sandbox in this process with its chat, and what stands in its channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slack_sdk import WebClient

from messages.channels import SlackSettings, slack_settings
from messages.notices import Notices
from messages.slack import Chat
from sandbox.serving.faults import Fault
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.vendors.slack.credentials import SLACK_BOT_TOKEN, SLACK_LEADERSHIP, slack_environment
from tests.vendor_reading import HandMade

# The Monday on which the week of the fixture's report is told.
NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)


def impatient(settings: SlackSettings, notices: Notices) -> Chat:
    """A chat that waits for nothing between its tries."""
    return Chat(settings, notices, wait=lambda seconds: None)


@dataclass(frozen=True)
class Rooms:
    state: SandboxState
    base_url: str

    @property
    def environment(self) -> dict[str, str]:
        return slack_environment(self.base_url)

    @property
    def settings(self) -> SlackSettings:
        found = slack_settings(self.environment)
        assert found is not None
        return found

    @property
    def client(self) -> WebClient:
        return WebClient(token=SLACK_BOT_TOKEN, base_url=f"{self.base_url}/slack/api/", retry_handlers=[])

    def fail(self, method: str, kind: str, nth: int = 1, times: int = 1, seconds: float = 1) -> None:
        fault = {"stream": method, "kind": kind, "nth": nth, "times": times, "seconds": seconds}
        self.state.faults.add([Fault.from_json({"vendor": "slack", **fault})])

    def messages(self, channel: str = SLACK_LEADERSHIP) -> list[dict[str, Any]]:
        """What the channel shows, oldest first."""
        return list(self.client.conversations_history(channel=channel)["messages"])[::-1]

    def thread(self, ts: str, channel: str = SLACK_LEADERSHIP) -> list[dict[str, Any]]:
        """The replies to a message, without itself."""
        return list(self.client.conversations_replies(channel=channel, ts=ts)["messages"])[1:]

    def asked(self, method: str) -> int:
        return sum(count for (_, path), count in self.state.requests.items() if path.endswith(f"/{method}"))


@contextmanager
def chat_rooms() -> Iterator[Rooms]:
    state = SandboxState(HandMade(), NOW, only=(), pace=600)
    with running_app(create_app(state)) as base_url:
        yield Rooms(state, base_url)


def text_of(message: dict[str, Any]) -> str:
    """Everything that a message shows."""
    return "\n".join(
        each["text"]
        for block in message["blocks"]
        for each in ([block["text"]] if "text" in block else block.get("elements", []))
    )
