"""Whether readers see a mart of last night: what a monitor asks with `pops health`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import duckdb

from connectors.storage import FileDamaged, FileLocked
from orchestration.preflight import room, too_little_room
from reports.files import withheld_reasons
from reports.reading import open_mart
from settings.home import OLD_AFTER, Home

MAXIMUM_AGE_HOURS = OLD_AFTER.total_seconds() / 3600
EXIT_CODES = {"ok": 0, "old": 1, "withheld": 1, "full": 1, "missing": 2}


@dataclass(frozen=True)
class Health:
    """`state`: ok; `old` (published longer ago than allowed); `withheld` (a later night was not published, `reasons` say
    why); `full` (the next night has not the room that it needs); `missing` (nothing is published, or the file cannot be read).

    `published_at`: the night's moment, ISO in UTC. `age_hours`: from then to now. `stale_sources`: not read that night.
    `free_bytes`, `needed_bytes`: on the home's disk, for a night. `home_bytes`: by part of the home.
    """

    state: Literal["ok", "old", "withheld", "full", "missing"]
    as_of: str | None = None
    revision: int | None = None
    published_at: str | None = None
    age_hours: float | None = None
    stale_sources: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    free_bytes: int | None = None
    needed_bytes: int | None = None
    home_bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0: ok. 1: readers have a sound mart that is not last night's. 2: readers have nothing."""
        return EXIT_CODES[self.state]

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def health(home: Home, now: datetime, maximum_age_hours: float = MAXIMUM_AGE_HOURS) -> Health:
    """The state of the published mart, and of its disk, as of `now` (aware). It only reads, also while a night runs."""
    found = _published(home, now, maximum_age_hours)
    free, needed = room(home)
    if free < needed:
        told = (*found.reasons, too_little_room(home, needed))
        found = replace(found, state="full" if found.state == "ok" else found.state, reasons=told)
    return replace(found, free_bytes=free, needed_bytes=needed, home_bytes=_sizes(home))


def _sizes(home: Home) -> dict[str, int]:
    """Bytes of each folder and file in the home."""
    sizes: dict[str, int] = {}
    for file in home.root.rglob("*"):
        try:
            size = file.lstat().st_size if not file.is_dir() else 0
        except OSError:
            # A night clears away what it is done with; of what nobody may look at, the size is not told.
            continue
        part = file.relative_to(home.root).parts[0]
        sizes[part] = sizes.get(part, 0) + size
    return sizes


def _published(home: Home, now: datetime, maximum_age_hours: float) -> Health:
    if not home.published.exists():
        return Health("missing", reasons=("Nothing is published: run `pops nightly`.",))
    try:
        with open_mart(home.published) as mart:
            as_of, revision, published_at = mart.execute(
                "select as_of, revision, published_at from meta.publication"
            ).fetchall()[0]
            stale = mart.execute(
                "select source from meta.sources where outcome not in ('ok', 'off') order by source"
            ).fetchall()
    except (duckdb.Error, FileDamaged, FileLocked, OSError, IndexError) as error:
        return Health("missing", reasons=(f"{home.published.name} cannot be read: {error}",))
    moment = published_at.replace(tzinfo=UTC)
    age = (now - moment).total_seconds() / 3600
    reasons = withheld_reasons(home)
    # Also where the number to compare with is none.
    is_old = not age <= maximum_age_hours
    if is_old:
        reasons = (
            *reasons,
            f"The mart is {age:.0f} hours old. Is the schedule `nightly` on, and the daemon running?",
        )
    state: Literal["ok", "old", "withheld"] = "old" if is_old else "withheld" if reasons else "ok"
    return Health(
        state,
        as_of.isoformat(),
        int(revision),
        moment.isoformat(),
        round(age, 1),
        tuple(source for (source,) in stale),
        reasons,
    )
