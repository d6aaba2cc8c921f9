"""The working folder of a source: for one run at a time, and empty when it begins."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import AlreadyRunning
from connectors.storage import set_aside


@contextmanager
def only_run(home: Path, source: str) -> Iterator[Path]:
    """The source's working folder, with an empty `scratch`; AlreadyRunning while another run holds it."""
    folder = home / "dlt" / source
    folder.mkdir(parents=True, exist_ok=True)
    lock_file, scratch = folder / "run.lock", folder / "scratch"
    if lock_file.is_dir():
        set_aside(lock_file)
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(source=source) from None
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.unlink(missing_ok=True)
        scratch.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
