"""The book of who is forgotten: keyed hashes of their names and ids, by which what comes again is known and not stored.

It holds no value. Its key is drawn when the book begins and lies in it wrapped in the key of people's pseudonyms: a rotation
wraps it anew, and the book goes on.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.storage import write_text
from connectors.zones import moment_of

PSEUDONYM_KEY = "POPS_PSEUDONYM_KEY"
FILE = "forgotten.json"
_CHECK = b"product ops: the book of who is forgotten"


@dataclass(frozen=True)
class Forgotten:
    """An entry. `kind`: person, account or before. `names`: hashes. `before`: events earlier than this moment, ISO in UTC.

    `removed`, `redacted`: records, by `source.stream`.
    """

    forgotten_at: str
    kind: str
    names: tuple[str, ...]
    before: str | None
    removed: Mapping[str, int]
    redacted: Mapping[str, int]


class Book:
    """The book of a home; empty where nobody was forgotten."""

    def __init__(self, key: bytes, entries: tuple[Forgotten, ...] = (), also: Iterable[str] = ()) -> None:
        """`also`: further hashes of what is forgotten."""
        self.key = key
        self.entries = entries
        self._hashes = {name for entry in entries for name in entry.names} | set(also)
        self._is_known = lru_cache(65_536)(lambda text: self.hashed(text) in self._hashes)

    @classmethod
    def of(cls, home: Path, env: Mapping[str, str] = os.environ) -> "Book | None":
        """None where nobody was forgotten. Raises ValueError when the key of the environment does not open it."""
        file = home / FILE
        return cls.read(file, env) if file.exists() else None

    @classmethod
    def read(cls, file: Path, env: Mapping[str, str] = os.environ) -> "Book":
        written = _written(file)
        key = _masked(bytes.fromhex(written["wrapped"]), env, bytes.fromhex(written["nonce"]))
        if _check(key) != written["check"]:
            raise ValueError(
                f"{file} was written with another {PSEUDONYM_KEY}, so nobody could tell who is forgotten: set that one, and "
                "give a new key by `pops rotate-key`."
            )
        entries = (Forgotten(**{**entry, "names": tuple(entry["names"])}) for entry in written["entries"])
        return cls(key, tuple(entries))

    @classmethod
    def new(cls) -> "Book":
        return cls(secrets.token_bytes(32))

    def write(self, home: Path, env: Mapping[str, str] = os.environ) -> None:
        nonce = secrets.token_bytes(32)
        written: dict[str, Any] = {
            "nonce": nonce.hex(),
            "wrapped": _masked(self.key, env, nonce).hex(),
            "check": _check(self.key),
            "entries": [asdict(entry) for entry in self.entries],
        }
        write_text(home / FILE, json.dumps(written, indent=1) + "\n")

    def hashed(self, text: str) -> str:
        return hashlib.blake2b(_usual(text).encode(), key=self.key, digest_size=16).hexdigest()

    def knows(self, text: str) -> bool:
        return bool(self._hashes) and self._is_known(text)

    def with_entry(self, entry: Forgotten) -> "Book":
        return Book(self.key, (*self.entries, entry))

    @property
    def before(self) -> str | None:
        """Events earlier than this moment are forgotten; ISO in UTC."""
        return max((entry.before for entry in self.entries if entry.before), default=None)


def _written(file: Path) -> dict[str, Any]:
    """What stands in a book. Raises ValueError when it is damaged: nothing is read until it is known who is forgotten."""
    try:
        written: dict[str, Any] = json.loads(file.read_bytes())
        for entry in written["entries"]:
            Forgotten(**entry)
            if entry["before"]:
                datetime.fromisoformat(entry["before"])
        for name in ("wrapped", "nonce"):
            bytes.fromhex(written[name])
        str(written["check"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(
            f"{file} is damaged, so nobody could tell who is forgotten: put it back from a backup. If there is none, delete it "
            "and forget them again (`pops forget`)."
        ) from None
    return written


def forgotten_before(home: Path) -> datetime | None:
    """The moment before which a home remembers no events; it needs no key."""
    file = home / FILE
    entries = _written(file)["entries"] if file.exists() else []
    return max((datetime.fromisoformat(each["before"]) for each in entries if each["before"]), default=None)


def hashes_of(book: Book, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({book.hashed(name) for name in names}))


def moment_sql(path: str) -> str:
    """SQL of a record's `happened`, a timestamp with time zone; null where there is none."""
    parts = "".join(f'."{part}"' for part in path.split("."))
    text = f"json_extract_string(record, '${parts}')"
    number = f"try_cast({text} as double)"
    return (
        f"coalesce(try(to_timestamp({number} / case when {number} > 1e11 then 1000 else 1 end)), "
        f"{moment_of(text)})"
    )


def _usual(text: str) -> str:
    return text.strip().lower().removeprefix("$device:")


def _masked(key: bytes, env: Mapping[str, str], nonce: bytes) -> bytes:
    mask = hmac.new(env.get(PSEUDONYM_KEY, "").encode(), nonce, hashlib.sha256).digest()
    return bytes(one ^ other for one, other in zip(key, mask, strict=True))


def _check(key: bytes) -> str:
    return hmac.new(key, _CHECK, hashlib.sha256).hexdigest()[:16]
