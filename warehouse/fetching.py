"""Built tables that lie in the lake as Parquet, brought into a DuckDB file without the engine that built them."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.redaction import without_values
from connectors.storage import literal, open_duckdb, quoted
from warehouse.contract import EngineError
from warehouse.targets import LAKE, Lake

# Where they lie; `macros/engine_spark_tables.sql` has the same word.
TABLES = "tables"
# Models have times without a zone, in UTC, and no integers of 32 bits.
_AS_EMBEDDED = {"TIMESTAMP WITH TIME ZONE": "timestamp", "INTEGER": "bigint"}


def fetch(lake: Lake, warehouse: Path, relations: Iterable[tuple[str, str]]) -> None:
    """Copy tables (schema, name), with the types that DuckDB's own build gives their columns.

    Raises EngineError where one is not in the lake, or cannot be read there; of the file what `open_duckdb` raises.
    """
    with open_duckdb(warehouse) as connection:
        for schema, name in relations:
            connection.execute(f"create schema if not exists {quoted(schema)}")
            with _files_of(lake, schema, name) as files:
                source = f"read_parquet([{', '.join(map(literal, files))}])"
                columns = connection.execute(f"describe select * from {source}").fetchall()
                chosen = ", ".join(
                    f"cast({quoted(column)} as {_AS_EMBEDDED.get(kind, kind)}) as {quoted(column)}"
                    for column, kind, *_ in columns
                )
                connection.execute(
                    f"create or replace table {quoted(schema, name)} as select {chosen} from {source}"
                )


@contextmanager
def _files_of(lake: Lake, schema: str, name: str) -> Iterator[list[Path]]:
    """The Parquet files of a table, on this machine."""
    with tempfile.TemporaryDirectory() as work:
        try:
            listed = lake.fs.ls(lake.path(TABLES, schema, name), detail=False, refresh=True)
            found = [str(path) for path in listed if str(path).endswith(".parquet")]
            if not found:
                raise FileNotFoundError(f"no file of {schema}.{name}")
            if lake.url.startswith("file:"):
                files = [Path(path) for path in found]
            else:
                files = [Path(work) / f"{number}.parquet" for number, _ in enumerate(found)]
                lake.fs.get(found, [str(file) for file in files])
        except Exception as problem:
            # Every storage has errors of its own.
            told = without_values(str(problem))
            raise EngineError(f"{schema}.{name} cannot be fetched from {LAKE}: {told}") from problem
        yield files
