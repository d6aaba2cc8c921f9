"""Keeps out of raw, at each load, what is of somebody who is forgotten."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.contract import PAGE_SCHEMA, Stream
from connectors.errors import SourceError
from connectors.forgetting import Forgetting
from connectors.forgotten import Book, moment_sql
from connectors.raw_store import RawStore


class ForgottenRecords:
    """What a source must not store again: by the book of its home and by the ids of what went from its raw file."""

    def __init__(self, source: str, home: Path, env: Mapping[str, str], store: RawStore) -> None:
        """Raises SourceError when the book cannot be opened."""
        try:
            book = Book.of(home, env)
        except ValueError as problem:
            raise SourceError(
                "Nothing is read without the book of who is forgotten.", remedy=str(problem)
            ) from None
        self._book = book and Book(book.key, book.entries, store.forgotten_ids())
        self._forgetting = Forgetting(source, self._book.knows) if self._book else None
        # What the organisation writes of itself is its own to change.
        self._is_own = source == "registry"

    def without(self, page: pa.Table, stream: Stream, connection: duckdb.DuckDBPyConnection) -> pa.Table:
        """A page of `PAGE_SCHEMA` without what is forgotten."""
        if self._forgetting is None or self._book is None or self._is_own:
            return page
        if stream.happened and (before := self._book.before):
            page = connection.execute(
                f"select * from page where coalesce({moment_sql(stream.happened)} >= cast(? as timestamptz), true)",
                [before],
            ).to_arrow_table()
        rows = page.to_pylist()
        left = [self._forgetting.left(stream, row["record_id"], row["record"]) for row in rows]
        if all(text is row["record"] for text, row in zip(left, rows, strict=True)):
            return page.cast(PAGE_SCHEMA)
        kept = [{**row, "record": text} for text, row in zip(left, rows, strict=True) if text is not None]
        return pa.Table.from_pylist(kept, schema=PAGE_SCHEMA)

    def names(self, text: str) -> bool:
        """Whether what cannot be a record names somebody."""
        return not self._is_own and self._forgetting is not None and self._forgetting.mentions(text)

    def hashes(self) -> tuple[str, ...]:
        """Hashes of the ids of all that was kept out so far."""
        if self._forgetting is None or self._book is None:
            return ()
        return tuple(self._book.hashed(each) for each in self._forgetting.gone)
