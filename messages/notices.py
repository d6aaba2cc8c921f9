"""What was told, where, and which incidents are open: one SQLite file in POPS_HOME, so that nothing is told twice."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

# Another process may be in the middle of a message that waits out Slack's rate limit.
_PATIENCE_SECONDS = 300.0
_TABLES = """
create table if not exists told (key text, place text, reference text, content text, primary key (key, place));
create table if not exists state (name text primary key, value text);
"""


@dataclass(frozen=True)
class Told:
    """`reference`: how the message is found again there (Slack's `ts`, a Message-ID). `content`: a hash of what it says."""

    key: str
    place: str
    reference: str
    content: str


class Notices:
    """Opened for each use; what is written inside `alone` is kept when it ends well, and only then."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, timeout=_PATIENCE_SECONDS, isolation_level=None)
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Notices":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process tells anything meanwhile: two runs of one night would otherwise both post."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def told(self, key: str, place: str) -> Told | None:
        row = self._connection.execute(
            "select reference, content from told where key = ? and place = ?", (key, place)
        ).fetchone()
        return Told(key, place, *row) if row else None

    def remember(self, told: Told) -> None:
        self._connection.execute(
            "insert or replace into told values (:key, :place, :reference, :content)", asdict(told)
        )

    def forget(self, key: str, place: str) -> None:
        self._connection.execute("delete from told where key = ? and place = ?", (key, place))

    def state(self, name: str) -> dict[str, Any]:
        row = self._connection.execute("select value from state where name = ?", (name,)).fetchone()
        found: dict[str, Any] = json.loads(row[0]) if row else {}
        return found

    def keep_state(self, name: str, value: Mapping[str, Any]) -> None:
        self._connection.execute("insert or replace into state values (?, ?)", (name, json.dumps(value)))


def fingerprint(*parts: object) -> str:
    """A hash by which the same content is known again."""
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]
