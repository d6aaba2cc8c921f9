"""Where a run keeps what it leaves behind: everything lies under one folder, `POPS_HOME`."""

import contextlib
import os
import stat
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connectors.storage import set_aside, write_text

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"

# A day, and the time that a night may take: what is older than that is told as old.
OLD_AFTER = timedelta(hours=30)

# What this platform, libraries and locks write without a look at what stands there: folders, and endings of files. Of YAML
# dbt makes folders that are called like the file.
_FOLDERS = (
    "last_night", "reports/*-W*", "reports/*-W*/revision-*", "dlt/*",
    "dagster/logs", "dagster/history", "dagster/history/runs", "dagster/schedules", "dagster/storage",
    "dbt/compiled", "dbt/compiled/**/*", "dbt/run", "dbt/run/**/*",
)  # fmt: skip
_FILES = {
    ".db", ".duckdb", ".html", ".json", ".lock", ".log", ".msgpack", ".sql", ".sqlite", ".stamp", ".txt", ".version",
}  # fmt: skip
# Logs of databases, DuckDB's and SQLite's.
_LOGS = (".wal", "-wal", "-shm", "-journal")
_DAGSTER_SETTINGS = "dagster.yaml"
# Where they lie. Who opens a raw file mends it, dlt begins anew, and a run has a folder of its own for what it prints.
_WALKED = ("published", "reports", "last_night", "dagster", "dbt")
_NOT_WALKED = "dagster/storage"
_NOTES = ("warehouse.duckdb", "notices.sqlite", "identity.json", "forgotten.json")

# Libraries that would otherwise report usage to their makers, or look for a newer version of themselves.
TELEMETRY_OFF = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "GX_ANALYTICS_ENABLED": "false",
}


def _take(path: Path, mode: int) -> None:
    # What belongs to another user is for that one to shut.
    with contextlib.suppress(FileNotFoundError, PermissionError):
        if path.stat().st_mode & 0o077:
            path.chmod(mode)


def _is_file_of_ours(name: str) -> bool:
    return (Path(name).suffix or name) in _FILES or name.endswith(_LOGS)


def is_checkout() -> bool:
    """Whether this is the project's checkout, and no installed package."""
    return (PROJECT_ROOT / "pyproject.toml").exists()


def text_of(file: Path) -> str | None:
    """The text of a file that this platform wrote; None when there is none, or when what stands there is no text any more."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class Home:
    """The folder of all state; delete it and a night rebuilds it."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """`POPS_HOME`, or `data` in the project; in the current folder, where the project is installed and not checked out.

        Raises ValueError for the folder of a user whom nobody knows, for an address, and for a folder that Dagster could not name.
        """
        default = (PROJECT_ROOT if is_checkout() else Path.cwd()) / "data"
        named = os.environ.get("POPS_HOME", "").strip()
        if "://" in named or named[:1] in {"'", '"'}:
            raise ValueError(f"POPS_HOME is {named}: name a folder of this machine, without quotes.")
        given = Path(named or default)
        try:
            home = cls(given.expanduser().resolve())
        except RuntimeError:
            raise ValueError(f"POPS_HOME is {given}, which is no folder: write it out.") from None
        # Dagster keeps runs in SQLite under addresses, in which these mean something else.
        if held := [each for each in "?%" if each in str(home.root)]:
            raise ValueError(f"POPS_HOME is {home.root}: name a folder whose path has no {held[0]}.")
        return home

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published" / "product_ops.duckdb"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def notices(self) -> Path:
        return self.root / "notices.sqlite"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.root / "dbt"

    def _shut_folders(self) -> list[Path]:
        return [self.root / name for name in ("raw", "dlt", "last_night", "dagster", "dbt")]

    def shut(self) -> None:
        """Take from everybody else what holds records or logs; who reads `published` and `reports` the operator says."""
        for folder in self._shut_folders():
            _take(folder, 0o700)
        for file in [file for name in _NOTES for file in self.root.glob(f"{name}*")]:
            _take(file, 0o700 if file.is_dir() else 0o600)

    def _misplaced(self) -> list[Path]:
        found = [
            place
            for pattern in _FOLDERS
            for place in self.root.glob(pattern)
            if not (place.suffix or place.is_dir())
        ]
        notes = [self.root / f"{name}{log}" for name in _NOTES for log in ("", *_LOGS)]
        found += [note for note in notes if note.is_dir()]
        for top in _WALKED:
            for folder, inner, _ in os.walk(self.root / top):
                # Events of no run lie in one whose name is nothing but its ending.
                wrong = [
                    name for name in inner if (Path(name).suffix or name) in _FILES or name.endswith(_LOGS)
                ]
                found += [Path(folder, name) for name in wrong]
                inner[:] = [
                    name
                    for name in inner
                    if name not in wrong and Path(folder, name) != self.root / _NOT_WALKED
                ]
        return found

    def _refuse_what_is_no_file(self) -> None:
        """Who opens a pipe waits for ever; and where a link leads nowhere, a disk may not be there that is wanted.

        What somebody else has put into the home is nobody's to open.
        """
        for folder, inner, files in os.walk(self.root):
            # Its links are made anew where what they lead to was moved.
            inner[:] = [name for name in inner if Path(folder, name) != self.dbt_target / "project"]
            ours = [name for name in (*inner, *files) if _is_file_of_ours(name) or name == _DAGSTER_SETTINGS]
            for path in [Path(folder, name) for name in ours]:
                try:
                    mode = path.stat().st_mode
                except OSError:
                    # Or gone by now: a night makes and deletes files all the time.
                    if path.is_symlink():
                        raise ValueError(
                            f"{path} is a link that leads nowhere: bring back what it leads to, or delete it."
                        ) from None
                    continue
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISSOCK(mode)):
                    raise ValueError(f"{path} is no file and no folder: delete it.")
        for shut in self._shut_folders():
            # Its mode says that it is everybody's, such as /tmp.
            if shut.is_dir() and shut.stat().st_mode & stat.S_ISVTX:
                raise ValueError(
                    f"{shut} is {shut.resolve()}, where everybody writes: let it be a folder of its own."
                )

    def prepare(self) -> "Home":
        """Create the folders, and set what libraries read from the environment.

        A folder that stands in the place of a file is set aside, and a file in the place of a folder. Raises ValueError for
        the root of a disk, which is no folder of its own, for pipes, devices and links that lead nowhere, for a folder of records or
        logs that is everybody's, and for settings of Dagster that cannot be read.
        """
        if self.root == self.root.parent:
            raise ValueError(f"POPS_HOME is {self.root}: set it to a folder of its own.")
        for folder in (self.root, self.published.parent, self.reports, self.dagster, self.dbt_target):
            folder.mkdir(parents=True, exist_ok=True)
        self._refuse_what_is_no_file()
        for place in self._misplaced():
            # Two processes of a night may meet it at once.
            with contextlib.suppress(FileNotFoundError):
                set_aside(place)
        self.shut()
        os.environ["POPS_HOME"] = str(self.root)
        os.environ["DAGSTER_HOME"] = str(self.dagster)
        os.environ["DBT_TARGET_PATH"] = str(self.dbt_target)
        for name, value in TELEMETRY_OFF.items():
            os.environ.setdefault(name, value)
        settings = self.dagster / _DAGSTER_SETTINGS
        # In production another file: PostgreSQL, retention, a queue (deploy/dagster.yaml).
        given = os.environ.get("POPS_DAGSTER_YAML") or PROJECT_ROOT / "orchestration" / "dagster.yaml"
        wanted = text_of(Path(given))
        if wanted is None:
            raise ValueError(
                f"POPS_DAGSTER_YAML names {given}, which cannot be read: name a file such as deploy/dagster.yaml."
            )
        if text_of(settings) != wanted:
            write_text(settings, wanted)
        return self
