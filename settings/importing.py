"""Imports of many modules, which make a million objects that stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import without the garbage collector, and keep from it for good what was imported.

    It would look through all of that again and again: a quarter of the time of importing, and a second in each process that
    is forked, where to look at an object is to copy it.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
