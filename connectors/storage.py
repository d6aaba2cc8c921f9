"""How the files of a home are opened, quoted and replaced: DuckDB files by one way, everything else whole or not at all."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

# What does not fit goes to disk: a night stays within two gigabytes, with several files open.
MEMORY_LIMIT = "800MB"
_UNFINISHED = ".next"
# Of some ten thousand events: written out more often, rows that fill no group are compressed again and again.
LARGEST_LOG_BYTES = 64 << 20
# What DuckDB says of a file whose beginning is whole and whose pages are not: it opens, and some day a page is read.
_DAMAGE = (
    "Corrupt database file",
    "does not match stored checksum",
    "Could not read enough bytes",
    "Failed to deserialize",
    "database has been invalidated",
)


# What the system refuses says nothing of the file: it may be as sound as ever, and must not be begun anew.
_REFUSALS = {
    os.strerror(number): number
    for number in (
        errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE,
        errno.ENOMEM, errno.ENOENT, errno.ENOTDIR,
    )
}  # fmt: skip


class FileLocked(ValueError):
    """Another process has the file open. DuckDB lets nobody open a file that another process writes."""


class FileDamaged(ValueError):
    """The file is there, and is no database that can be read."""


def open_duckdb(
    file: Path | None = None,
    *,
    read_only: bool = False,
    memory_limit: str = MEMORY_LIMIT,
    **config: str | int,
) -> duckdb.DuckDBPyConnection:
    """A connection to a file, or to none, with times in UTC and bounded memory.

    Raises FileLocked, FileDamaged, FileNotFoundError for a missing file that is only to be read, or another OSError for what
    the system refuses.
    """
    if read_only and file is not None and not file.exists():
        raise FileNotFoundError(f"{file} does not exist.")
    place = ":memory:" if file is None else str(file)
    try:
        connection = duckdb.connect(place, read_only=read_only and file is not None, config=config)
    except duckdb.Error as error:
        raise _explained(file, error) from error
    connection.execute(
        f"set TimeZone = 'UTC'; set enable_progress_bar = false; set memory_limit = {literal(memory_limit)}"
    )
    return connection


def attach(connection: duckdb.DuckDBPyConnection, file: Path, name: str, options: str = "read_only") -> None:
    """Attach a file under a name. Raises as `open_duckdb`."""
    try:
        connection.execute(f"attach {literal(file)} as {quoted(name)}{f' ({options})' if options else ''}")
    except (duckdb.IOException, duckdb.SerializationException) as error:
        raise _explained(file, error) from error


def is_lock(error: duckdb.Error) -> bool:
    """Whether DuckDB refuses a file because another process has it, rather than for what is in it."""
    return isinstance(error, duckdb.ConnectionException) or "Could not set lock" in str(error)


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB, or what it was wrapped in, says that a file's pages are not what was written."""
    said = ""
    seen: BaseException | None = error
    while seen is not None:
        said += str(seen)
        seen = seen.__cause__ or seen.__context__
    return isinstance(error, FileDamaged) or says_damage(said)


def says_damage(text: str) -> bool:
    """`is_damage` of an error's text."""
    return refusal_in(text) is None and any(words in text for words in _DAMAGE)


def refusal_in(text: str, file: Path | None = None) -> OSError | None:
    """What the system refused, by an error's text; None when it says nothing of that kind."""
    number = next((number for said, number in _REFUSALS.items() if said in text), None)
    return None if number is None else OSError(number, os.strerror(number), file and str(file))


def is_sound(file: Path) -> bool:
    """Whether all of a DuckDB file can be read; it is read whole.

    One that another process holds, or that the system does not let us read, counts as sound.
    """
    try:
        with open_duckdb(file, read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for name in tables:
                connection.execute(f"select bit_xor(hash(rows)) from {quoted(*name)} as rows").fetchall()
    except (FileLocked, OSError, duckdb.OutOfMemoryException):
        return True
    except FileDamaged:
        return False
    except duckdb.Error as error:
        return refusal_in(str(error)) is not None
    return True


def log_of(file: Path) -> Path:
    """Where DuckDB keeps what it has not written into a file yet."""
    return file.with_name(f"{file.name}.wal")


def write_out(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Write a file's log into it when it has grown large: what stands in the log is held in memory, too.

    DuckDB does so by itself only where nothing else of the process has the file in use, and otherwise when it closes it.
    """
    log = log_of(file)
    if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
        # While another cursor still writes it is left to the next call.
        with suppress(duckdb.TransactionException):
            connection.execute("checkpoint")


def is_held_for_writing(file: Path) -> bool:
    """Does a process hold DuckDB's lock for writing?"""
    with file.open("rb") as opened:
        try:
            fcntl.lockf(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        # Given back at once: a night that begins now must find the file free.
        fcntl.lockf(opened, fcntl.LOCK_UN)
    return False


def literal(value: object) -> str:
    """A text constant of DuckDB's SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def quoted(*names: str) -> str:
    """A name of DuckDB's SQL, its parts joined by dots."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def set_aside(file: Path) -> Path:
    """Move a damaged database and its log out of the way, under a name that is free; returns it."""
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    os.replace(file, aside)
    # DuckDB's log, and SQLite's.
    for ending in (".wal", "-wal", "-shm"):
        log = file.with_name(f"{file.name}{ending}")
        if log.exists():
            os.replace(log, aside.with_name(f"{aside.name}{ending}"))
    return aside


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Where to write what will replace `path` in one step when the block ends; nothing changes when it fails."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    if unfinished.is_dir():
        set_aside(unfinished)
    try:
        yield unfinished
        if path.is_dir():
            set_aside(path)
        os.replace(unfinished, path)
    except BaseException:
        if unfinished.is_file():
            unfinished.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with replaced(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _explained(file: Path | None, error: duckdb.Error) -> FileLocked | FileDamaged | OSError:
    name = "The database" if file is None else file.name
    if is_lock(error):
        return FileLocked(f"{name} is open in another process: wait until it has ended, or close it.")
    return refusal_in(str(error), file) or FileDamaged(
        f"{name} is damaged and cannot be read ({type(error).__name__})."
    )
