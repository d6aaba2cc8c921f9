"""How sources stand: on or off, last read, credentials."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors import connector_class
from connectors.contract import Credentials
from connectors.credentials import check_source
from connectors.instances import left_out_sources, sources_of, undeclared_sources, unknown_source, vendors_of
from connectors.raw_facts import read_states
from connectors.runner import run_source
from connectors.settings import address_variable, chosen_sources, load_settings
from publication.target import PublicationError
from publication.targets import targets_on
from reports.files import report_language
from settings.home import Home
from warehouse.contract import warehouse_of
from warehouse.targets import Target, check_target, chosen_target

# What the registry leaves unsaid is told so often at once.
MOST_TOLD = 8


@dataclass(frozen=True)
class SourceLine:
    """A line of `pops sources`."""

    source: str
    state: str
    place: str
    last_read: str
    outcome: str
    records: int | None


def source_lines(home: Path, env: Mapping[str, str]) -> Iterator[SourceLine]:
    """Every source: on, off, `incomplete` when it is set by half, `undeclared` when it is set and no source, `left out` when
    records of it are held and it is declared no more: then its place says what is missing."""
    chosen = chosen_sources(env)
    for state in read_states(home, datetime.now(UTC), env):
        kind = connector_class(state.source).Settings
        standing, place = "off", f"set {address_variable(state.source, kind)}"
        if error := chosen.get(state.source):
            standing, place = "incomplete", str(error)
        elif settings := load_settings(state.source, kind, env):
            standing, place = "on", settings.place
            if state.source == "registry" and (answer := _registry(env)).state != "ok":
                standing, place = "incomplete", answer.remedy
        yield SourceLine(
            source=state.source,
            state=standing,
            place=place,
            last_read="never" if state.read_until is None else f"{state.read_until:%Y-%m-%d %H:%M}",
            # Of what was never read there is none: whether it is on stands beside.
            outcome="" if state.read_until is None and state.outcome == "off" else state.outcome,
            records=state.records,
        )
    for source, why in undeclared_sources(env).items():
        yield SourceLine(source, "undeclared", why, "never", "", 0)
    for source, why in left_out_sources(home, env).items():
        yield SourceLine(source, "left out", why, "", "", None)


def described(source: str, env: Mapping[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """What a source is and what follows when it is not read; and by stream, what it holds, in the reports' language.

    Raises ValueError for a source or a language that there is not.
    """
    if source not in sources_of(env):
        raise unknown_source(source, env)
    kind, language = connector_class(source), report_language(env)
    title = kind.title if kind.console is None else f"{kind.title} ({kind.console})"
    return f"{title}. {getattr(kind.unread, language)}", [
        (stream.name, getattr(stream.holds, language)) for stream in kind.streams
    ]


def credentials(source: str | None, env: Mapping[str, str]) -> Iterator[tuple[str, Credentials]]:
    """The registry, and what the vendors say to our credentials: of one source, or of all that are on.

    A source that is set by half is `rejected` without being asked. Raises ValueError for one that is off or unknown.
    """
    if source == "registry":
        yield source, _registry(env)
        return
    chosen = chosen_sources(env)
    if source is not None:
        _refuse_unless_on(source, env)
    elif chosen:
        yield "registry", _registry(env)
    for name in chosen if source is None else [source]:
        error = chosen[name]
        answer = check_source(name, env) if error is None else Credentials("rejected", str(error))
        assert answer is not None
        yield name, answer
    if source is None:
        for name, why in undeclared_sources(env).items():
            yield name, Credentials("rejected", why)


def _registry(env: Mapping[str, str]) -> Credentials:
    """It has no credentials: what can be wrong are its files, and what they leave unsaid stops no night."""
    from connectors.registry.files import load_registry, registry_dir
    from reports.glossary_data import gaps

    answer = check_source("registry", env)
    if answer is not None and answer.state != "ok":
        return answer
    unsaid = gaps(load_registry(registry_dir(env)))
    more = f" And {len(unsaid) - MOST_TOLD} more." if len(unsaid) > MOST_TOLD else ""
    return Credentials("ok", " ".join(unsaid[:MOST_TOLD]) + more)


def sweep(source: str, home: Home, env: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """Look now for what vanished at a vendor that tells of no deletion; `progress` hears what was found, by stream.

    Raises ValueError for a source that is off, unknown, not swept or was never read, and for a sweep that failed.
    """
    _refuse_unless_on(source, env)
    swept = [each.name for each in connector_class(source).streams if each.is_swept]
    if not swept:
        raise ValueError(f"{source} is not swept: it tells of its deletions, or its records stay for good.")
    now = datetime.now(UTC)
    run = run_source(source, home.root, now, now, env, progress, only_sweep=True)
    if run.error:
        raise ValueError(run.error)
    if not any(each.windows for each in run.streams):
        raise ValueError(
            f"{source} was never read: there is nothing to compare with. Run `pops nightly` first."
        )


def _refuse_unless_on(source: str, env: Mapping[str, str]) -> None:
    if source not in vendors_of(env):
        raise unknown_source(source, env)
    if source not in chosen_sources(env):
        address = address_variable(source, connector_class(source).Settings)
        raise ValueError(f"{source} is off: set {address} and its credentials.")


def targets(home: Home, env: Mapping[str, str]) -> Iterator[tuple[str, Credentials]]:
    """Whether the engine on which dbt builds, where it is another than this process, and each place that the mart is published to, and
    that is on, could be used now."""
    if (engine := chosen_target(env)) is not Target.EMBEDDED:
        try:
            check_target(env)
            with warehouse_of(home) as warehouse:
                warehouse.check()
        except ValueError as error:
            yield engine, Credentials("unreachable", str(error))
        else:
            yield engine, Credentials("ok")
    for target in targets_on(env):
        try:
            target.check(home, env)
        except PublicationError as error:
            yield target.name, Credentials("unreachable", str(error))
        else:
            yield target.name, Credentials("ok")
