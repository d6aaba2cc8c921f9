"""How sources stand: on or off, last read, credentials."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connectors import SOURCES, VENDORS, connector_class
from connectors.contract import Credentials
from connectors.credentials import check_source
from connectors.settings import address_variable, chosen_sources, load_settings


@dataclass(frozen=True)
class ReadState:
    """Up to which UTC moment a source was read (None: never), how its last run ended, and how many records raw holds.

    `outcome`: ok, failed, paused (its quota was spent), or off when it never ran. `night_until`: the moment up to which the night reads.
    """

    source: str
    family: str
    outcome: str
    read_until: datetime | None
    night_until: datetime
    records: int


def read_states(home: Path, until: datetime) -> list[ReadState]:
    """The state of every source's raw file, read-only; a source without a file has never been read."""
    return [_read_state(home / "raw" / f"{source}.duckdb", source, until) for source in SOURCES]


def _read_state(file: Path, source: str, until: datetime) -> ReadState:
    night_until = until.astimezone(UTC).replace(tzinfo=None)
    family = connector_class(source).family
    if not file.exists():
        return ReadState(source, family, "off", None, night_until, 0)
    schema = f"raw_{source}"
    with duckdb.connect(str(file), read_only=True) as raw:
        raw.execute("set timezone = 'UTC'")
        last = raw.execute(
            f"select outcome from {schema}._pops_runs order by started_at desc limit 1"
        ).fetchone()
        read = raw.execute(
            f"select max(until)::timestamp from {schema}._pops_runs where outcome = 'ok'"
        ).fetchone()
        streams = raw.execute(
            "select table_name from information_schema.tables where table_schema = ? and not starts_with(table_name, '_')",
            [schema],
        ).fetchall()
        records = sum(
            _count(raw, f'select count(distinct record_id) from {schema}."{stream}"') for (stream,) in streams
        )
    return ReadState(
        source, family, last[0] if last else "off", read[0] if read else None, night_until, records
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class SourceLine:
    """A line of `pops sources`."""

    source: str
    state: str
    place: str
    last_read: str
    outcome: str
    records: int


def source_lines(home: Path, env: Mapping[str, str]) -> Iterator[SourceLine]:
    """Every source: on, off, or `incomplete` when it is set by half (then its place says what is missing)."""
    chosen = chosen_sources(env)
    for state in read_states(home, datetime.now(UTC)):
        kind = connector_class(state.source).Settings
        standing, place = "off", f"set {address_variable(state.source, kind)}"
        if error := chosen.get(state.source):
            standing, place = "incomplete", str(error)
        elif settings := load_settings(state.source, kind, env):
            standing, place = "on", settings.place
        yield SourceLine(
            source=state.source,
            state=standing,
            place=place,
            last_read="never" if state.read_until is None else f"{state.read_until:%Y-%m-%d %H:%M}",
            outcome=state.outcome,
            records=state.records,
        )


def credentials(source: str | None, env: Mapping[str, str]) -> Iterator[tuple[str, Credentials]]:
    """What the vendors say to our credentials: of one source, or of all that are on.

    A source that is set by half is `rejected` without being asked. Raises ValueError for one that is off or unknown.
    """
    if source == "registry":
        from connectors.registry.source import load_registry, registry_dir
        from orchestration.pages.glossary_data import check_glossary

        # It has no credentials: what can be wrong are its files, and what they leave unexplained.
        check_glossary(load_registry(registry_dir()))
        yield source, check_source(source, env) or Credentials("ok")
        return
    chosen = chosen_sources(env)
    if source is not None and source not in VENDORS:
        raise ValueError(f"There is no vendor {source!r}: choose one of {', '.join(VENDORS)}.")
    if source is not None and source not in chosen:
        address = address_variable(source, connector_class(source).Settings)
        raise ValueError(f"{source} is off: set {address} and its credentials.")
    for name in chosen if source is None else [source]:
        error = chosen[name]
        answer = check_source(name, env) if error is None else Credentials("rejected", str(error))
        assert answer is not None
        yield name, answer
