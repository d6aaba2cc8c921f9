"""Slack's Web API, as far as an app that posts into channels needs it. No source: nothing is read from it into the mart.

Everything that is wrong with a call is told with status 200 and `ok: false`; only the rate limit has a status, 429.
Messages live as long as the sandbox. Text is kept as it came; `metadata` is shown to those who ask for it.
"""

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

from starlette.responses import PlainTextResponse, Response

from sandbox.vendors.api import Call, Endpoint, Json, Refusal, State, Vendor
from sandbox.vendors.limits import Limit
from sandbox.vendors.slack.credentials import SLACK_BOT_TOKEN, SLACK_CHANNELS, SLACK_FOREIGN_CHANNEL

POSTS = Limit("chat.postMessage", 60, 60)
TIER_3 = Limit("tier 3", 50, 60)
TIER_4 = Limit("tier 4", 100, 60)
MOST_BLOCKS, MOST_BLOCK_CHARACTERS, MOST_TEXT = 50, 13_200, 40_000
# The most characters of a block's text, by the kind of block.
MOST_CHARACTERS = {"section": 3_000, "header": 150, "context": 3_000}
BOT, BOT_USER, APP = "B07PRODUCTOPS", "U07PRODUCTBOT", "A07PRODUCTOPS"
TEAM = {"team": "Acme Flow", "team_id": "T07ACMEFLOW"}


class Api(Vendor):
    name = "slack"

    def __init__(self, sandbox: State) -> None:
        super().__init__(sandbox)
        self._messages: dict[str, list[dict[str, Any]]] = {channel: [] for channel in SLACK_CHANNELS}
        self._files: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def endpoints(self) -> list[Endpoint]:
        methods: list[tuple[str, Callable[[Call], Response], Limit]] = [
            ("auth.test", self.auth_test, TIER_4),
            ("chat.postMessage", self.post_message, POSTS),
            ("chat.update", self.update, TIER_3),
            ("chat.delete", self.delete, TIER_3),
            ("conversations.history", self.history, TIER_3),
            ("conversations.replies", self.replies, TIER_3),
            ("files.getUploadURLExternal", self.upload_url, TIER_4),
            ("files.completeUploadExternal", self.complete_upload, TIER_4),
        ]
        calls = [
            Endpoint(verb, f"/api/{method}", method, self._alone(handler), limit)
            for method, handler, limit in methods
            for verb in ("GET", "POST")
        ]
        return [*calls, Endpoint("POST", "/upload/v1/{file}", "upload", self.upload, open_to_all=True)]

    def _alone(self, handler: Callable[[Call], Response]) -> Callable[[Call], Response]:
        def answer(call: Call) -> Response:
            with self._lock:
                return handler(call)

        return answer

    def authorise(self, call: Call) -> Response | None:
        given = call.headers.get("authorization", "") or f"Bearer {_given(call).get('token', '')}"
        if given == f"Bearer {SLACK_BOT_TOKEN}":
            return None
        return _failed("invalid_auth" if given.removeprefix("Bearer").strip() else "not_authed")

    def error(self, status: int, message: str = "") -> Response:
        if status == 403:
            return _failed("missing_scope", needed="channels:history", provided="chat:write,files:write")
        if status in (400, 401, 404):
            return _failed({400: "invalid_arguments", 401: "token_revoked", 404: "unknown_method"}[status])
        name = {429: "ratelimited", 503: "service_unavailable"}.get(status, "internal_error")
        return Json({"ok": False, "error": name}, status_code=status)

    def auth_test(self, call: Call) -> Response:
        url = "https://acme-flow.slack.example/"
        return _done(url=url, **TEAM, user="product_ops", user_id=BOT_USER, bot_id=BOT)

    def post_message(self, call: Call) -> Response:
        given = _given(call)
        channel = self._channel(given)
        message = self._message(given) | self._thread(channel, given)
        self._messages[channel].append(message)
        return _done(channel=channel, ts=message["ts"], message=message)

    def update(self, call: Call) -> Response:
        given = _given(call)
        channel = self._channel(given)
        message = self._own(channel, given, "cant_update_message")
        message.update(_content(given))
        message["edited"] = {"user": BOT_USER, "ts": self._timestamp()}
        return _done(channel=channel, ts=message["ts"], text=message["text"], message=message)

    def delete(self, call: Call) -> Response:
        given = _given(call)
        channel = self._channel(given)
        message = self._own(channel, given, "cant_delete_message")
        self._messages[channel].remove(message)
        return _done(channel=channel, ts=message["ts"])

    def history(self, call: Call) -> Response:
        given = _given(call)
        in_channel = [
            message
            for message in self._messages[self._channel(given)]
            if "thread_ts" not in message or message.get("subtype") == "thread_broadcast"
        ]
        page, more = _page(in_channel[::-1], given, most=999, default=100)
        return _done(messages=page, pin_count=0, channel_actions_ts=None, channel_actions_count=0, **more)

    def replies(self, call: Call) -> Response:
        given = _given(call)
        thread = str(given.get("ts", ""))
        found = [
            message
            for message in self._messages[self._channel(given)]
            if thread in (message["ts"], message.get("thread_ts"))
        ]
        if not found:
            raise _refusal("thread_not_found")
        page, more = _page(found, given, most=1000, default=1000)
        return _done(messages=page, **more)

    def upload_url(self, call: Call) -> Response:
        given = _given(call)
        if not given.get("filename") or not str(given.get("length", "")).isdigit():
            raise _refusal("invalid_arguments")
        number = next(self._numbers)
        file = f"F07{number:08d}"
        self._files[file] = {"id": file, "name": given["filename"], "length": int(given["length"])}
        return _done(upload_url=f"{call.base_url}/upload/v1/{file}", file_id=file)

    def upload(self, call: Call) -> Response:
        file = self._files.get(str(call.params["file"]))
        if file is None:
            return PlainTextResponse("not found", status_code=404)
        if len(call.content) != file["length"]:
            return PlainTextResponse("length differs", status_code=400)
        file["size"] = len(call.content)
        file["mimetype"] = "image/png" if call.content.startswith(b"\x89PNG") else "application/octet-stream"
        return PlainTextResponse(f"OK - {len(call.content)}")

    def complete_upload(self, call: Call) -> Response:
        given = _given(call)
        named = _parsed(given.get("files"), list, "invalid_arguments")
        files = [self._files.get(str(each.get("id"))) for each in named]
        if not files or any(file is None or "size" not in file for file in files):
            raise _refusal("file_not_found")
        shown = [
            {**file, "title": each.get("title", "")} for file, each in zip(files, named, strict=True) if file
        ]
        if given.get("channel_id"):
            channel = self._channel({"channel": given["channel_id"]})
            message = self._message({"text": given.get("initial_comment") or " "})
            message |= self._thread(channel, given) | {"files": shown}
            self._messages[channel].append(message)
        return _done(files=shown)

    def _channel(self, given: dict[str, Any]) -> str:
        channel = str(given.get("channel", ""))
        if channel == SLACK_FOREIGN_CHANNEL:
            raise _refusal("not_in_channel")
        if channel not in self._messages:
            raise _refusal("channel_not_found")
        return channel

    def _message(self, given: dict[str, Any]) -> dict[str, Any]:
        made = {"type": "message", "user": BOT_USER, "bot_id": BOT, "app_id": APP, "ts": self._timestamp()}
        return {**made, **_content(given)}

    def _thread(self, channel: str, given: dict[str, Any]) -> dict[str, Any]:
        thread = given.get("thread_ts")
        if not thread:
            return {}
        if not any(message["ts"] == thread for message in self._messages[channel]):
            raise _refusal("thread_not_found")
        broadcast = {"subtype": "thread_broadcast"} if _is_true(given.get("reply_broadcast")) else {}
        return {"thread_ts": thread, **broadcast}

    def _own(self, channel: str, given: dict[str, Any], otherwise: str) -> dict[str, Any]:
        for message in self._messages[channel]:
            if message["ts"] == str(given.get("ts", "")):
                if message["bot_id"] != BOT:
                    raise _refusal(otherwise)
                return message
        raise _refusal("message_not_found")

    def _timestamp(self) -> str:
        return f"{int(self.sandbox.now.timestamp())}.{next(self._numbers):06d}"


def _content(given: dict[str, Any]) -> dict[str, Any]:
    """Text, blocks and metadata of a call, refused where Slack refuses them."""
    blocks = _parsed(given.get("blocks"), list, "invalid_blocks_format")
    text = str(given.get("text") or "")
    if not text and not blocks:
        raise _refusal("no_text")
    if len(text) > MOST_TEXT:
        raise _refusal("msg_too_long")
    if problems := list(_problems(blocks)):
        raise _refusal("invalid_blocks", response_metadata={"messages": problems})
    if sum(len(each) for block in blocks for each in _texts(block)) > MOST_BLOCK_CHARACTERS:
        raise _refusal("msg_blocks_too_long")
    content: dict[str, Any] = {"text": text, "blocks": blocks}
    if given.get("metadata"):
        metadata = _parsed(given["metadata"], dict, "invalid_metadata_format")
        if not metadata.get("event_type") or not isinstance(metadata.get("event_payload"), dict):
            raise _refusal("invalid_metadata_format")
        content["metadata"] = metadata
    return content


def _problems(blocks: list[Any]) -> Any:
    if len(blocks) > MOST_BLOCKS:
        yield f"[ERROR] no more than {MOST_BLOCKS} items allowed [json-pointer:/blocks]"
    for number, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in (*MOST_CHARACTERS, "divider"):
            yield f"[ERROR] unsupported type: {kind} [json-pointer:/blocks/{number}/type]"
            continue
        place = f"[json-pointer:/blocks/{number}/text/text]"
        if kind != "divider" and not _texts(block):
            yield f"[ERROR] missing required field: text [json-pointer:/blocks/{number}]"
        for text in _texts(block):
            if not text:
                yield f"[ERROR] must be more than 0 characters {place}"
            if len(text) > MOST_CHARACTERS[kind]:
                yield f"[ERROR] must be less than {MOST_CHARACTERS[kind] + 1} characters {place}"


def _texts(block: dict[str, Any]) -> list[str]:
    holders = [block["text"]] if "text" in block else block.get("elements", [])
    return [str(each.get("text", "")) for each in holders]


def _page(
    messages: list[dict[str, Any]], given: dict[str, Any], most: int, default: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A page of messages, and what says whether there are more."""
    oldest, latest = float(given.get("oldest") or 0), float(given.get("latest") or "inf")
    within = [message for message in messages if oldest < float(message["ts"]) < latest]
    start, size = int(given.get("cursor") or 0), min(int(given.get("limit") or default), most)
    page = within[start : start + size]
    if not _is_true(given.get("include_all_metadata")):
        page = [{name: value for name, value in each.items() if name != "metadata"} for each in page]
    has_more = start + size < len(within)
    cursor = {"response_metadata": {"next_cursor": str(start + size)}} if has_more else {}
    return page, {"has_more": has_more, **cursor}


def _given(call: Call) -> dict[str, Any]:
    return {**call.query, **call.body}


def _parsed(value: Any, kind: type, otherwise: str) -> Any:
    """A value that comes as JSON, or as JSON in a text."""
    if value in (None, ""):
        return kind()
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise _refusal(otherwise) from None
    if not isinstance(found, kind):
        raise _refusal(otherwise)
    return found


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("1", "true")


def _done(**fields: Any) -> Response:
    return Json({"ok": True, **fields})


def _failed(error: str, **fields: Any) -> Response:
    return Json({"ok": False, "error": error, **fields})


def _refusal(error: str, **fields: Any) -> Refusal:
    return Refusal(_failed(error, **fields))
