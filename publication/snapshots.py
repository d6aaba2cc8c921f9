"""Copies of DuckDB files that a night may be writing: a reader would be refused, or would make the night fail.

DuckDB lets nobody open a file that another process writes, and lets nobody write one that another process reads. So an
engineer never opens the night's own files, but a copy of them.
"""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from connectors.storage import is_held_for_writing, log_of


class BeingWritten(ValueError):
    """A file cannot be copied now, because another process is writing it."""


class FileState(NamedTuple):
    """`size` in bytes; `changed_ns`: nanoseconds since 1970."""

    size: int
    changed_ns: int


def refresh_copy(original: Path, copy: Path) -> bool:
    """Bring `copy` up to date; whether it is. False: the original is being written, and an older copy stays in place.

    A copy has the size and time of change of its original, by which it is known to be up to date. Raises BeingWritten
    when the original is being written and there is no copy yet.
    """
    before = file_state(original)
    if copy.exists() and file_state(copy) == before:
        return True
    unfinished = copy.with_name(f"{copy.name}.next")
    if not _is_written(original):
        shutil.copyfile(original, unfinished)
        if file_state(original) == before and not _is_written(original):
            os.utime(unfinished, ns=(before.changed_ns, before.changed_ns))
            log_of(copy).unlink(missing_ok=True)
            os.replace(unfinished, copy)
            return True
    unfinished.unlink(missing_ok=True)
    if copy.exists():
        return False
    raise BeingWritten(
        f"{original} is being written by a night, or was left unfinished by one that was killed: wait until the night "
        "has ended, or run another one."
    )


def file_state(file: Path) -> FileState:
    """By which a file is known to be the same."""
    found = file.stat()
    return FileState(found.st_size, found.st_mtime_ns)


def _is_written(file: Path) -> bool:
    """Does somebody write it, or does a log wait to be written into the file?"""
    return log_of(file).exists() or is_held_for_writing(file)
