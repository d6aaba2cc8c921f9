"""What a user can mend, in one sentence with its remedy; anything else is a fault of ours and stays a traceback."""

import errno
import os

from connectors.errors import SourceError

_NO_SPACE = os.strerror(errno.ENOSPC)
_REMEDIES = {
    errno.ENOSPC: "free some, and run it again: what is published stays whole",
    errno.EDQUOT: "free some, and run it again: what is published stays whole",
    errno.EFBIG: "raise the limit of a file's size (`ulimit -f`), and run it again: what is published stays whole",
    errno.EROFS: "mount it writable, or set POPS_HOME to a folder that is",
    errno.EACCES: "give this user the right to it, or set POPS_HOME to a folder of its own",
    errno.EPERM: "give this user the right to it, or set POPS_HOME to a folder of its own",
    errno.ENOTDIR: "there is a file where a folder should be: move it, or set POPS_HOME to another folder",
    errno.EEXIST: "there is a file where a folder should be: move it, or set POPS_HOME to another folder",
    errno.EMFILE: "raise the limit of open files (`ulimit -n`)",
}


def explained(error: Exception) -> str | None:
    """The sentence; None for what is nobody's to mend but ours."""
    if isinstance(error, OSError) and error.errno:
        place = f"{error.filename}: " if error.filename else ""
        remedy = _REMEDIES.get(error.errno, "look at the disk, and at what POPS_HOME names")
        return f"{place}{os.strerror(error.errno)}: {remedy}."
    # dbt, Dagster's SQLite and DuckDB wrap what the disk said in errors of their own.
    if _NO_SPACE in str(error) or "disk I/O error" in str(error) or "disk is full" in str(error):
        return f"{_NO_SPACE}: {_REMEDIES[errno.ENOSPC]}."
    if isinstance(error, SourceError | ValueError | FileNotFoundError):
        return str(error)
    return None
