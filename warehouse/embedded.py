"""DuckDB in this process: the warehouse is a file of the home, and raw files are attached beside it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from connectors.instances import sources_of
from connectors.storage import attach, open_duckdb
from warehouse.contract import EngineError


def connect(warehouse: Path, raw: Path) -> duckdb.DuckDBPyConnection:
    """The warehouse, and each source's raw file under its name, read-only; times in UTC. Other files there are not ours."""
    connection = open_duckdb(warehouse, read_only=True)
    for source in sources_of():
        if (file := raw / f"{source}.duckdb").exists():
            attach(connection, file, source)
    return connection


class EmbeddedWarehouse:
    """The warehouse file of a home, or another connection. It is opened when it is first asked: until then dbt writes it."""

    def __init__(self, opened: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._open = opened
        self._opened: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def check(self) -> None:
        """Nothing: it is in this process."""

    def land(self) -> None:
        """Nothing: dbt attaches the raw files."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises EngineError, with all that DuckDB says."""
        if self._opened is None:
            self._opened = self._open()
        try:
            found: list[tuple[Any, ...]] = self._opened.execute(sql).fetchall()
        except duckdb.Error as problem:
            raise EngineError(str(problem)) from problem
        return found

    def answers(self, queries: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, ...] | EngineError]]:
        """By name, the first row of each query, or why there is none."""
        for name, query in queries.items():
            try:
                yield name, self.rows(query)[0]
            except EngineError as problem:
                yield name, problem

    def fetch(self, relations: Iterable[tuple[str, str]]) -> None:
        """Nothing: they stand there."""

    def forget(self) -> None:
        """Nothing: raw and what was built are the home's."""
