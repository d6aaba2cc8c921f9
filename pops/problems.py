"""What a user can mend, in one sentence with its remedy; anything else is a fault of ours and stays a traceback."""

import errno
import os
from pathlib import Path

from connectors.errors import SourceError
from settings.home import Home

_NO_SPACE = os.strerror(errno.ENOSPC)
# `{name}`: how a folder is named to us.
_REMEDIES = {
    errno.ENOSPC: "free some, and run it again: what is published stays whole",
    errno.EDQUOT: "free some, and run it again: what is published stays whole",
    errno.EFBIG: "raise the limit of a file's size (`ulimit -f`), and run it again: what is published stays whole",
    errno.EROFS: "mount it writable, or {name} a folder that is",
    errno.EACCES: "give this user the right to it, or {name} a folder of its own",
    errno.EPERM: "give this user the right to it, or {name} a folder of its own",
    errno.ENOTDIR: "there is a file where a folder should be: move it, or {name} another folder",
    errno.EEXIST: "there is a file where a folder should be: move it, or {name} another folder",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
}


def explained(error: Exception) -> str | None:
    """The sentence; None for what is nobody's to mend but ours."""
    if isinstance(error, OSError) and error.errno:
        place = f"{error.filename}: " if error.filename else ""
        is_of_home = not error.filename or _is_of_home(os.fsdecode(error.filename))
        nearest = "look at the disk, and at what POPS_HOME names" if is_of_home else "name another place"
        remedy = _REMEDIES.get(error.errno, nearest).format(name="set POPS_HOME to" if is_of_home else "name")
        return f"{place}{os.strerror(error.errno)}: {remedy}."
    # dbt, Dagster's SQLite and DuckDB wrap what the disk said in errors of their own.
    if _NO_SPACE in str(error) or "disk I/O error" in str(error) or "disk is full" in str(error):
        return f"{_NO_SPACE}: {_REMEDIES[errno.ENOSPC]}."
    if isinstance(error, SourceError | ValueError | FileNotFoundError):
        return str(error)
    return None


def _is_of_home(place: str) -> bool:
    try:
        home = Home.from_environment().root
    except (OSError, ValueError):
        return True
    return Path(place).absolute().is_relative_to(home) or home.is_relative_to(Path(place).absolute())
