"""What a night asks of the engine on which dbt builds, whichever it is."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from settings.home import Home
from warehouse.targets import Target, chosen_target


class EngineError(ValueError):
    """What an engine, or the lake, says of what it could not do, without the values that it quotes."""


class Warehouse(Protocol):
    """The tables of models on one engine. Everything after the build reads the warehouse file of the home, into which `fetch`
    brings them."""

    def check(self) -> None:
        """Raises EngineError, with the remedy, for an engine that would not build what the embedded one builds."""

    def land(self) -> None:
        """Let the engine read what raw holds now. Raises EngineError as `check` does, and for a lake that refuses."""

    def answers(self, queries: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, ...] | EngineError]]:
        """By name, the one row of each query, all of them with the same columns; or why there is none."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query. Raises EngineError."""

    def fetch(self, relations: Iterable[tuple[str, str]]) -> None:
        """Bring built tables (schema, name) into the warehouse file of the home. Raises EngineError where one is not there."""

    def forget(self) -> None:
        """Remove what was built elsewhere than in the home, and what raw holds no more."""


@contextmanager
def warehouse_of(home: Home) -> Iterator[Warehouse]:
    """The warehouse of the target that the environment names.

    Raises EngineError where an engine cannot be reached; of the home's own file what `connectors.storage.open_duckdb` raises.
    """
    # Imported here: the embedded engine needs none of the others.
    if chosen_target() is Target.SPARK:
        from warehouse.spark import SparkWarehouse

        spark = SparkWarehouse(home)
        try:
            yield spark
        finally:
            spark.close()
    elif chosen_target() is Target.SNOWFLAKE:
        from warehouse.snowflake import SnowflakeWarehouse

        snowflake = SnowflakeWarehouse(home)
        try:
            yield snowflake
        finally:
            snowflake.close()
    else:
        from warehouse.embedded import EmbeddedWarehouse, connect

        embedded = EmbeddedWarehouse(lambda: connect(home.warehouse, home.root / "raw"))
        try:
            yield embedded
        finally:
            embedded.close()
