"""Where commands print, and how what went wrong is said there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

from settings.shown_text import plain

# The terminal as it was at start: a night sends what libraries print to a file. It may know fewer characters than vendors.
terminal = Console(
    file=os.fdopen(os.dup(1), "w", buffering=1, errors="replace"),
    highlight=False,
    soft_wrap=True,
    # A pipe has no width; a table in it should not be cut.
    width=None if os.isatty(1) else 200,
)


def stop(message: str) -> NoReturn:
    """End with one readable sentence and exit code 1."""
    typer.secho(plain(message), fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn what a user can mend into one sentence; anything else stays a traceback, for it is our fault."""
    from pops.problems import explained

    try:
        yield
    except Exception as error:
        if (sentence := explained(error)) is None:
            raise
        stop(sentence)
