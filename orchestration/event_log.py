"""Dagster's event log in SQLite files, with the files kept open.

Dagster opens a file anew for every event and closes it after: SQLite then writes its log back and waits for the disk,
several times an event, and a night has some thousands of them. Kept open, an event costs one write that is waited for
by nobody: a machine that loses its power loses the last events of the UI, never data.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

# The index, and the runs that a UI looks at together.
_FILES_OPEN = 8


class KeptOpenEventLog(SqliteEventLogStorage):
    """`base_dir` of its configuration is DAGSTER_HOME: the files lie where Dagster's own storage keeps them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._there: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Any
    ) -> "KeptOpenEventLog":
        return cls(str(Path(config_value["base_dir"]) / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _wait_for_no_disk)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        while len(self._engines) > _FILES_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """Dagster reads all its migrations, in every process of a night, to learn that a file that it has made is there."""
        if not _is_made(engine):
            super()._initdb(engine, for_index_shard)

    def has_table(self, table_name: str) -> bool:
        """Dagster looks anew for each event of a check, with a connection of its own, whether the tables of checks are there."""
        return self._known(table_name, super().has_table)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        return self._known(
            f"asset_keys.{column_name}",
            lambda _: bool(super(KeptOpenEventLog, self)._has_asset_key_col_on_connection(conn, column_name)),
        )

    def has_secondary_index(self, name: str) -> bool:
        return self._known(
            f"index of {name}", lambda _: super(KeptOpenEventLog, self).has_secondary_index(name)
        )

    def _known(self, name: str, is_there: Callable[[str], bool]) -> bool:
        """What is in the files stays there: only what is missing may come."""
        if name not in self._there and is_there(name):
            self._there.add(name)
        return name in self._there

    def delete_events(self, run_id: str) -> None:
        """With the run's own file, which Dagster would leave as large as it was."""
        super().delete_events(run_id)
        self.drop_file(run_id)

    def drop_file(self, run_id: str) -> None:
        """Delete a run's own file. What assets and checks came to stands in the index, too."""
        with self._db_lock:
            if engine := self._engines.pop(run_id, None):
                engine.dispose()
            self._initialized_dbs.discard(run_id)
        for ending in ("", "-wal", "-shm"):
            Path(self.path_for_shard(run_id) + ending).unlink(missing_ok=True)

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _is_made(engine: Engine) -> bool:
    """Whether the file says of which revision of Dagster's tables it is: the last that Dagster does when it makes one."""
    with engine.connect() as connection:
        return inspect(connection).has_table("alembic_version") and bool(
            connection.execute(text("select count(*) from alembic_version")).scalar()
        )


def _wait_for_no_disk(connection: Any, _record: object) -> None:
    connection.execute("pragma synchronous = normal")
