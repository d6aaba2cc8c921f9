"""Messages in Slack, each under a key: said once, updated when it is said again with other words, never doubled.

A message carries its key as metadata. Where this house does not remember a message (it was killed between Slack's taking
it and the note of it, or its folder is gone), the channel's history is asked for the key before anything is posted.
"""

import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from messages.channels import DeliveryFailed, SlackSettings
from messages.notices import Notices, Told, fingerprint
from reports.slack import Block

EVENT = "pops_notice"
_ATTEMPTS = 3
_PAGE, _MOST_PAGES = 200, 20
_WAITS_FOR_LIMIT = 3
_NOT_KNOWN_WHETHER = ("fatal_error", "internal_error", "request_timeout", "service_unavailable")
_REMEDIES = {
    "not_in_channel": "Invite the app into the channel.",
    "channel_not_found": "Check the channel's id, and invite the app when the channel is private.",
    "is_archived": "Name another channel.",
    "missing_scope": "Give the app the scopes chat:write, files:write, channels:history, groups:history, and install it again.",
    "invalid_auth": "Set POPS_SLACK_BOT_TOKEN to the bot token of the app.",
    "not_authed": "Set POPS_SLACK_BOT_TOKEN to the bot token of the app.",
    "token_revoked": "Install the app again, and set POPS_SLACK_BOT_TOKEN to its new bot token.",
    "account_inactive": "Install the app again, and set POPS_SLACK_BOT_TOKEN to its new bot token.",
    "ratelimited": "Run it again in some minutes.",
}


class _Unclear(Exception):
    """The call failed in a way that leaves open whether Slack did what it was asked."""


@dataclass(frozen=True)
class Said:
    """`outcome`: posted, found, updated, unchanged, removed (somebody deleted it), or closed (no longer to be edited)."""

    ts: str
    outcome: str


class Chat:
    """One app in one workspace. Every method raises DeliveryFailed when Slack refuses or cannot be reached."""

    def __init__(
        self, settings: SlackSettings, notices: Notices, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._notices = notices
        self._wait = wait
        self._own_id = ""
        self._client = WebClient(
            token=settings.token,
            base_url=settings.base_url,
            timeout=30,
            # Not its handler for lost connections: that one posts again what may have been posted.
            retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=_WAITS_FOR_LIMIT)],
        )

    def say(
        self,
        key: str,
        channel: str,
        text: str,
        blocks: list[Block],
        since: datetime,
        thread: str = "",
        broadcast: bool = False,
    ) -> Said:
        """Make the channel hold this message under this key, in a thread if one is given.

        `since`: the message cannot be older. `broadcast`: a reply that the channel shows too.
        """
        with self._notices.alone():
            content = fingerprint(text, blocks)
            known = self._notices.told(key, channel)
            if known and known.content == content:
                return Said(known.reference, "unchanged")
            ts = known.reference if known else self._find(key, channel, since, thread)
            message: dict[str, Any] = {
                "channel": channel,
                "text": text,
                "blocks": blocks,
                "metadata": _metadata(key),
            }
            if ts:
                said = Said(ts, self._update(message, ts))
            else:
                if thread:
                    message |= {"thread_ts": thread, "reply_broadcast": broadcast}
                said = self._post(message, lambda: self._find(key, channel, since, thread))
            self._notices.remember(Told(key, channel, said.ts, content))
            return said

    def known(self, key: str, channel: str) -> str:
        """The `ts` of a message that was said, or ""."""
        told = self._notices.told(key, channel)
        return told.reference if told else ""

    def withdraw(self, key: str, channel: str) -> bool:
        """Delete a message that was said; whether there was one."""
        with self._notices.alone():
            ts = self.known(key, channel)
            if ts:
                self._again("chat.delete", channel, self._client.chat_delete, {"channel": channel, "ts": ts})
                self._notices.forget(key, channel)
            return bool(ts)

    def show(self, key: str, channel: str, thread: str, picture: bytes, name: str, title: str) -> None:
        """Make a thread hold this picture once; `name` is its file name, by which it is found again."""
        with self._notices.alone():
            if self._notices.told(key, channel):
                return
            file = {"content": picture, "filename": name, "title": title, "alt_txt": title}
            for attempt in range(_ATTEMPTS):
                if self._is_shown(channel, thread, name):
                    break
                try:
                    self._call(
                        "files.upload",
                        channel,
                        self._client.files_upload_v2,
                        {**file, "channel": channel, "thread_ts": thread},
                    )
                    break
                except _Unclear as error:
                    self._wait_or_fail(attempt, "files.upload", channel, error)
            self._notices.remember(Told(key, channel, thread, name))

    def _post(self, message: dict[str, Any], find: Callable[[], str]) -> Said:
        channel = str(message["channel"])
        options = {**message, "unfurl_links": False, "unfurl_media": False}
        attempt = 0
        while True:
            try:
                answer = self._call("chat.postMessage", channel, self._client.chat_postMessage, options)
                return Said(str(answer["ts"]), "posted")
            except _Unclear as error:
                self._wait_or_fail(attempt, "chat.postMessage", channel, error)
                attempt += 1
            if ts := find():
                return Said(ts, "found")

    def _update(self, message: dict[str, Any], ts: str) -> str:
        try:
            channel = str(message["channel"])
            self._again("chat.update", channel, self._client.chat_update, {**message, "ts": ts})
        except DeliveryFailed as refused:
            # A person took it away, or the workspace lets nobody edit any more: neither is ours to undo.
            for error, outcome in (("message_not_found", "removed"), ("edit_window_closed", "closed")):
                if f": {error}." in str(refused):
                    return outcome
            raise
        return "updated"

    def _find(self, key: str, channel: str, since: datetime, thread: str) -> str:
        """The `ts` of our own message with this key in the channel or thread, or ""."""
        for message in self._messages(channel, since, thread):
            payload = message.get("metadata", {})
            is_ours = message.get("bot_id") == self._own_bot() and payload.get("event_type") == EVENT
            if is_ours and payload.get("event_payload", {}).get("key") == key:
                return str(message["ts"])
        return ""

    def _is_shown(self, channel: str, thread: str, name: str) -> bool:
        return any(
            file.get("name") == name
            for message in self._messages(channel, None, thread)
            for file in message.get("files", [])
        )

    def _messages(self, channel: str, since: datetime | None, thread: str) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {"channel": channel, "limit": _PAGE, "include_all_metadata": True}
        method = self._client.conversations_replies if thread else self._client.conversations_history
        if thread:
            asked["ts"] = thread
        if since is not None:
            asked["oldest"] = f"{since.timestamp():.6f}"
        found: list[dict[str, Any]] = []
        for _ in range(_MOST_PAGES):
            answer = self._again("conversations.history", channel, method, asked)
            found += answer["messages"]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
            asked["cursor"] = cursor
        return found

    def _own_bot(self) -> str:
        if not self._own_id:
            self._own_id = str(self._again("auth.test", "", self._client.auth_test, {})["bot_id"])
        return self._own_id

    def _again(self, name: str, channel: str, method: Callable[..., Any], options: dict[str, Any]) -> Any:
        """A call that does no harm when it is made twice."""
        attempt = 0
        while True:
            try:
                return self._call(name, channel, method, options)
            except _Unclear as error:
                self._wait_or_fail(attempt, name, channel, error)
                attempt += 1

    def _wait_or_fail(self, attempt: int, name: str, channel: str, error: Exception) -> None:
        if attempt + 1 >= _ATTEMPTS:
            raise DeliveryFailed(
                f"Slack gave no clear answer to {name}{_in(channel)} ({error}): run it again when Slack can be reached; "
                "what has arrived is found again and not doubled."
            ) from None
        self._wait(2.0**attempt)

    def _call(self, name: str, channel: str, method: Callable[..., Any], options: dict[str, Any]) -> Any:
        try:
            return method(**options)
        except SlackApiError as refused:
            error = str(refused.response.get("error", ""))
            status = int(refused.response.status_code)
            if status >= 500 or error in _NOT_KNOWN_WHETHER or not re.fullmatch(r"[a-z_]+", error):
                raise _Unclear(f"status {status}") from None
            details = "; ".join((refused.response.get("response_metadata") or {}).get("messages", []))
            told = f" {details}." if details else ""
            raise DeliveryFailed(
                f"Slack refused {name}{_in(channel)}: {error}.{told} {_REMEDIES.get(error, '')}".rstrip()
            ) from None
        except (OSError, http.client.HTTPException, SlackRequestError) as lost:
            raise _Unclear(type(lost).__name__) from None


def _in(channel: str) -> str:
    return f" in {channel}" if channel else ""


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"key": key}}
