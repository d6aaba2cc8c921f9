"""What may come out of a connector besides a SourceError, told as one: which line met what, and no values."""

import errno
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import duckdb

from connectors.errors import MalformedResponse, SourceError
from connectors.redaction import without_values
from connectors.storage import refusal_in

_PACKAGE = Path(__file__).resolve().parent
# What looking into an answer of another shape raises.
_OF_SHAPE = (LookupError, TypeError, ValueError, AttributeError)
_FIELD_NAME = re.compile(r"[A-Za-z_@$][\w.:-]{0,60}")


def as_source_error(problem: BaseException) -> SourceError:
    """The problem itself if it is a SourceError; else one that names the line of ours, and a missing field's name."""
    if isinstance(problem, SourceError):
        return problem
    kind, place = type(problem).__name__, _place_of(problem)
    if isinstance(problem, duckdb.Error):
        problem = refusal_in(str(problem)) or problem
    if isinstance(problem, OSError):
        return SourceError(
            f"The system refuses: {problem.strerror or kind}.",
            remedy="Free space on the disk."
            if problem.errno == errno.ENOSPC
            else "Check the disk's space and rights.",
            place=place,
        )
    if isinstance(problem, duckdb.Error):
        return SourceError(
            f"DuckDB refuses ({kind}): {without_values(str(problem))[:200]}",
            remedy="Check the disk's space; the next run reads the window again.",
            place=place,
        )
    if isinstance(problem, _OF_SHAPE):
        return MalformedResponse(
            f"An answer has not the shape that the connector expects ({kind}{_missing_field(problem)}).",
            remedy="Check that the base URL leads to this vendor's API; if it does, compare its answer with its "
            "documentation. Nothing of the window was loaded.",
            place=place,
        )
    return SourceError(
        f"The source sent what the connector was not made for ({kind}).",
        remedy="Nothing of the window was loaded; the traceback is in the run's log.",
        place=place,
    )


def trace_of(problem: BaseException) -> str:
    """The traceback for the run's log: lines of code and classes of errors, causes first, without any error's text."""
    return "\n".join(
        f"{''.join(traceback.format_tb(each.__traceback__))}{type(each).__name__}" for each in _chain(problem)
    )


def _chain(problem: BaseException) -> Iterator[BaseException]:
    before = problem.__cause__ or (None if problem.__suppress_context__ else problem.__context__)
    if before is not None:
        yield from _chain(before)
    yield problem


def _place_of(problem: BaseException) -> str:
    ours = [
        (file.relative_to(_PACKAGE), frame.lineno)
        for frame in traceback.extract_tb(problem.__traceback__)
        if (file := Path(frame.filename)).is_relative_to(_PACKAGE)
    ]
    return f"connectors/{ours[-1][0]}:{ours[-1][1]}" if ours else ""


def _missing_field(problem: BaseException) -> str:
    """The name that was looked for. The text of an error may quote a record; what looks like a field's name may be told."""
    name = problem.args[0] if isinstance(problem, KeyError) and problem.args else None
    return f" {name!r}" if isinstance(name, str) and _FIELD_NAME.fullmatch(name) else ""
