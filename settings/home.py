"""Where a run keeps what it leaves behind: everything lies under one folder, `POPS_HOME`."""

import contextlib
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connectors.storage import set_aside, write_text

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"

# A day, and the time that a night may take: what is older than that is told as old.
OLD_AFTER = timedelta(hours=30)

# What libraries and locks open for writing in the folders of dbt and Dagster, without a look at what stands there.
_FILES = {".json", ".lock", ".msgpack", ".stamp"}

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
        """`POPS_HOME`, or `data` in the project; in the current folder, where the project is installed and not checked out."""
        is_checkout = (PROJECT_ROOT / "pyproject.toml").exists()
        default = (PROJECT_ROOT if is_checkout else Path.cwd()) / "data"
        return cls(Path(os.environ.get("POPS_HOME") or default).expanduser().resolve())

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

    def shut(self) -> None:
        """Take from everybody else what holds records or logs; who reads `published` and `reports` the operator says."""
        folders = [self.root / name for name in ("raw", "dlt", "last_night")]
        for folder in (*folders, self.dagster, self.dbt_target):
            _take(folder, 0o700)
        for file in (
            *self.root.glob("warehouse.duckdb*"),
            *self.root.glob("*.sqlite*"),
            *self.root.glob("*.json"),
        ):
            _take(file, 0o700 if file.is_dir() else 0o600)

    def prepare(self) -> "Home":
        """Create the folders, and set what libraries read from the environment.

        A folder that stands in the place of a file is set aside.
        """
        for folder in (self.root, self.published.parent, self.reports, self.dagster, self.dbt_target):
            folder.mkdir(parents=True, exist_ok=True)
        for place in (*self.dbt_target.iterdir(), *self.dagster.iterdir()):
            if place.suffix in _FILES and place.is_dir():
                # Two processes of a night may meet it at once.
                with contextlib.suppress(FileNotFoundError):
                    set_aside(place)
        self.shut()
        os.environ["POPS_HOME"] = str(self.root)
        os.environ["DAGSTER_HOME"] = str(self.dagster)
        os.environ["DBT_TARGET_PATH"] = str(self.dbt_target)
        for name, value in TELEMETRY_OFF.items():
            os.environ.setdefault(name, value)
        settings = self.dagster / "dagster.yaml"
        # In production another file: PostgreSQL, retention, a queue (deploy/dagster.yaml).
        given = os.environ.get("POPS_DAGSTER_YAML") or PROJECT_ROOT / "orchestration" / "dagster.yaml"
        wanted = Path(given).read_text()
        if text_of(settings) != wanted:
            write_text(settings, wanted)
        return self
