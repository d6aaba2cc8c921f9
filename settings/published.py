"""Reading what is published, by whichever release it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


@contextmanager
def of_any_release(published: Path) -> Iterator[None]:
    """Raises ValueError with the remedy where a published mart lacks a table or column that this release reads."""
    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        said = str(error).partition("\n")[0]
        raise ValueError(
            f"{published} was published by another release ({said}): run `pops nightly`, which publishes it anew."
        ) from error
