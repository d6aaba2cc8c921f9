"""What may come out of a connector besides a SourceError, told as one: which line met what, and no values."""

import traceback

import duckdb
import httpx
import pyarrow as pa

from connectors.errors import MalformedResponse, SourceError

# What an answer of an unexpected shape, a full disk or a damaged file raises. Anything else is our own fault, and stays.
SURPRISES = (
    SourceError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    OSError,
    duckdb.Error,
    pa.ArrowException,
    httpx.HTTPError,
    httpx.InvalidURL,
)


def as_source_error(problem: BaseException) -> SourceError:
    """The problem itself if it is a SourceError; else one that names the line of ours, and a missing field's name."""
    if isinstance(problem, SourceError):
        return problem
    frames = [
        frame for frame in traceback.extract_tb(problem.__traceback__) if "/connectors/" in frame.filename
    ]
    place = ""
    if frames:
        place = f"connectors/{frames[-1].filename.rpartition('/connectors/')[2]}:{frames[-1].lineno}"
    kind = type(problem).__name__
    if isinstance(problem, OSError):
        return SourceError(
            f"The system refuses: {problem.strerror or kind}.",
            remedy="Check the disk's space and rights.",
            place=place,
        )
    if isinstance(problem, duckdb.Error):
        return SourceError(
            f"DuckDB refuses ({kind}): {str(problem).splitlines()[0][:200]}",
            remedy="Check the disk's space; the next run reads the window again.",
            place=place,
        )
    # The text of other errors may quote a record.
    named = f" {problem.args[0]!r}" if isinstance(problem, KeyError) and problem.args else ""
    return MalformedResponse(
        f"An answer has not the shape that the connector expects ({kind}{named}).",
        remedy="Check that the base URL leads to this vendor's API; if it does, compare its answer with its documentation. "
        "Nothing of the window was loaded.",
        place=place,
    )
