"""The working folder of a source: for one run at a time, and empty when it begins."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.errors import AlreadyRunning


@contextmanager
def only_run(home: Path, source: str) -> Iterator[Path]:
    """The source's working folder, with an empty `scratch`; AlreadyRunning while another run holds it."""
    folder = home / "dlt" / source
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(source=source) from None
        scratch = folder / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
