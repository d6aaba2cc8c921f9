"""`pops discover`: reads what the tools hold into raw, and proposes in the registry's files what it is to say of that."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.registry.files import load_registry, own_entries, registry_dir
from connectors.runner import SourceRun, reread_source, run_source
from connectors.settings import chosen_sources
from pops.onboarding.fields import prepare_values
from pops.onboarding.proposals import HEADERS, proposals
from pops.onboarding.raw import open_held
from pops.onboarding.source_proposals import prepare_overlaps
from pops.onboarding.writing import Proposal, new_among, write
from reports.files import report_language
from settings.home import Home
from settings.night import Night

Progress = Callable[[str], None]


def read_sources(home: Home, env: Mapping[str, str], days: int | None, progress: Progress) -> list[str]:
    """Read every source that is on, as a night does; what went wrong, a sentence a source.

    `days`: only the events of so many days, and of all else the state of now; no cursor moves, so that the first night reads the
    history from its beginning. Raises ValueError when no source is on.
    """
    chosen = chosen_sources(env)
    if not chosen:
        raise ValueError(
            "No source is on: set POPS_<SOURCE>_BASE_URL and its credentials; `pops sources` lists them."
        )
    now = datetime.now(UTC)
    night = Night.of(None, now, env)
    failed = [str(error) for error in chosen.values() if error is not None]
    for source, error in chosen.items():
        if error is None:
            run = _read(source, home.root, now, night.history_start, days, env, progress)
            if run.error:
                failed.append(run.error)
    return failed


def _read(
    source: str,
    home: Path,
    now: datetime,
    history_start: datetime,
    days: int | None,
    env: Mapping[str, str],
    progress: Progress,
) -> SourceRun:
    if days is None:
        return run_source(source, home, now, history_start, env, progress)
    return reread_source(source, home, now - timedelta(days=days), now, now, env, progress)


def found(home: Home, env: Mapping[str, str]) -> list[Proposal]:
    """What raw holds and the registry does not speak of. Raises ValueError where nothing was read, or is being read."""
    folder = registry_dir(env)
    registry = load_registry(folder)
    own = {
        name: {str(each.entry.get("id")) for each in written} for name, written in own_entries(folder).items()
    }
    with open_held(home.root, env) as held:
        if not held.sources:
            raise ValueError("Nothing was read yet: run `pops discover` without --diff, or `pops nightly`.")
        prepare_values(held)
        prepare_overlaps(held)
        return new_among(proposals(held, registry, own, report_language(env)), folder)


def write_found(env: Mapping[str, str], new: list[Proposal]) -> list[Path]:
    """Append them to the registry; the files written. Raises ValueError where it would not hold."""
    return write(new, registry_dir(env), dict(HEADERS))
