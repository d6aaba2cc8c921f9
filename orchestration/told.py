"""What stands in the way of the code location, as Dagster shows it: the sentence alone, in the UI and on the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from click import ClickException
from dagster._core.errors import DagsterUserCodeProcessError
from dagster_shared.error import SerializableErrorInfo


class ToldError(DagsterUserCodeProcessError, ClickException):
    """Of its kind Dagster's code server shows what it carries, and its command line what click shows: no lines of code."""

    def __init__(self, sentence: str, name: str) -> None:
        carried = SerializableErrorInfo(f"{sentence}\n", stack=[], cls_name=name)
        super().__init__(sentence, user_code_process_error_infos=[carried])  # type: ignore[no-untyped-call]


@contextmanager
def told() -> Iterator[None]:
    """Tell what is nobody's but the operator's to mend; anything else stays as it is."""
    try:
        yield
    except ValueError as problem:
        raise ToldError(str(problem), type(problem).__name__) from None
    except OSError as problem:
        raise ToldError(f"{problem.filename or 'The home'}: {problem.strerror}.", "OSError") from None
