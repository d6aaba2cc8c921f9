"""Takes secrets out of everything that a person may read: errors, logs, stored reasons."""

import json
import logging
import re
import threading
from base64 import b64encode
from collections.abc import Iterable
from html import escape
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
HIDDEN_VALUE = "…"
# Shorter values would blot out parts of ordinary words: they are hidden where they stand alone. Still shorter ones are words.
SHORTEST_SECRET = 6
SHORTEST_WORD = 4

_secrets: set[str] = set()
_words: set[str] = set()
_lock = threading.Lock()
_AUTHORIZATION = re.compile(r"(?i)\b(bearer|basic|token)\s+([A-Za-z0-9._~+/=:-]{6,})")
# What follows these words may be a word of a sentence: a token endpoint, basic authentication.
_WORD = re.compile(r"[A-Za-z][a-z]{0,18}[.:]?")
_NAMED = re.compile(
    r"(?i)([\"']?[\w-]*(?:secret|token|password|passwd|api[_-]?key|authorization|signature|credential)[\w-]*[\"']?\s*[=:]\s*)"
    r"([\"']?)(?:(?:bearer|basic|token)\s+)?[^\s\"'&,;}]+\2"
)
_QUERY = re.compile(r"(?<=[?&])([^=&\s#]+)=[^&\s#\"')]*")
_USER_INFO = re.compile(r"(?<=://)[^/\s@]+@")
# Errors about names of tables and columns: what they quote is SQL of ours.
_OF_NAMES = ("Binder Error", "Catalog Error", "Parser Error")
_VALUES = re.compile(
    r"""(?<!\w)'(?:[^']|'(?=\w))*'|"[^"]*"|(?i:\bvalue\s+)\S+|\(-?\d[^)]*\)|[^\s@'"<>(),;]+@[^\s@'"<>(),;]+|\b\d{5,}\b"""
)


def remember_secrets(values: Iterable[str]) -> None:
    """From now on `redact` hides these values in this process, also percent- and base64-encoded or escaped."""
    with _lock:
        for value in values:
            if SHORTEST_WORD <= len(value) < SHORTEST_SECRET:
                _words.add(value)
            elif len(value) >= SHORTEST_SECRET:
                encoded = b64encode(value.encode()).decode()
                _secrets.update({value, quote(value, safe=""), quote_plus(value), encoded})
                # As an answer in JSON or HTML echoes it.
                _secrets.update({json.dumps(value)[1:-1], escape(value), escape(value, quote=False)})


def redact(text: str) -> str:
    """`text` without known secrets, values of query strings, user info of URLs, and what is named like a secret."""
    # The longest first: a secret may contain another.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for word in _words:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", HIDDEN, text)
    text = _USER_INFO.sub(f"{HIDDEN}@", text)
    text = _QUERY.sub(rf"\1={HIDDEN}", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _AUTHORIZATION.sub(_hidden_token, text)


def _hidden_token(found: re.Match[str]) -> str:
    return found[0] if _WORD.fullmatch(found[2]) else f"{found[1]} {HIDDEN}"


def without_values(text: str) -> str:
    """An engine's error in one line, without what it quotes of the data.

    DuckDB and its kin put the value that they could not read into their errors, and it may be a person's.
    """
    line = text.partition("Input:")[0].strip().partition("\n")[0].strip()
    if line.startswith(_OF_NAMES):
        return line
    # What stands after a quote that is never closed is a value, too.
    return re.sub(r"(?<!\w)[\"'].*", HIDDEN_VALUE, _VALUES.sub(_hidden, line)).strip()


def _hidden(found: re.Match[str]) -> str:
    named = re.match(r"(?i)value\s+", found[0])
    return f"{named[0] if named else ''}{HIDDEN_VALUE}"


class RedactingFilter(logging.Filter):
    """Redacts every record of the logger or handler that it is added to."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


def redact_logs() -> None:
    """Redact what the HTTP and load libraries log, and keep them from logging headers at DEBUG."""
    for name in ("httpx", "httpcore", "dlt", "connectors"):
        logger = logging.getLogger(name)
        if not any(isinstance(each, RedactingFilter) for each in logger.filters):
            logger.addFilter(RedactingFilter())
        if name in ("httpx", "httpcore"):
            logger.setLevel(max(logger.level, logging.WARNING))
