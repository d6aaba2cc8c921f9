"""Apache Spark through its Thrift server: raw from the lake registered, queries answered, built tables fetched into the home."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import yaml

from connectors.redaction import without_values
from connectors.storage import FileDamaged, FileLocked
from settings.home import DBT_PROJECT, Home
from settings.identity import PSEUDONYM_KEY
from warehouse.asking import answers_of
from warehouse.contract import EngineError
from warehouse.fetching import TABLES, fetch
from warehouse.landing import LandedTable, land
from warehouse.targets import LAKE, Target, lake, spark_address

_REGISTERED = "registered.json"


class SparkWarehouse:
    """A session of the Thrift server that the environment names.

    Raises EngineError, with the remedy, where it cannot be reached.
    """

    def __init__(self, home: Home, env: Mapping[str, str] = os.environ) -> None:
        self._home, self._lake = home, lake(env)
        self._connection = _connected(env)

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()

    def check(self) -> None:
        """Raises EngineError, with the remedy, for workers that have another key than the night or cannot read the lake."""
        key = os.environ.get(PSEUDONYM_KEY, "")
        # Rows of a table are hashed by the workers, a row alone by the server.
        made = self.rows(
            "select distinct sha2(coalesce(reflect('java.lang.System', 'getenv', 'POPS_PSEUDONYM_KEY'), ''), 256) "
            "from range(0, 64, 1, 16)"
        )
        if {row[0] for row in made} != {hashlib.sha256(key.encode()).hexdigest()}:
            raise EngineError(
                f"Spark's workers have another {PSEUDONYM_KEY} than this night, or none: people would be others. "
                "Set it in the environment of every worker, and restart them."
            )
        file = self._lake.path("probe.json")
        try:
            self._lake.fs.makedirs(self._lake.root, exist_ok=True)
            self._lake.fs.pipe_file(file, b'{"probe": 1}')
            self.rows(f"select count(probe) from json.`{self._lake.url_of('probe.json')}`")
        except Exception as problem:  # noqa: BLE001 - every storage has errors of its own
            raise EngineError(
                f"{LAKE} is not written here and read by Spark's workers ({without_values(str(problem))}): "
                "name a place that both reach."
            ) from None
        finally:
            with suppress(Exception):
                self._lake.fs.rm(file)

    def land(self) -> None:
        """Bring raw to the lake, and have the engine read what is new of it.

        Tables are registered once a lake, and again when the columns of one are others or another metastore knows none.
        """
        self.check()
        try:
            tables = land(self._home.root, self._lake)
        except (FileLocked, FileDamaged):
            raise
        except Exception as problem:
            raise EngineError(f"Raw was not written to {LAKE}: {without_values(str(problem))}") from problem
        registered = self._registered()
        for schema in dict.fromkeys(table.schema for table in tables):
            self.rows(f"create database if not exists `{schema}`")
            known = {row[1] for row in self.rows(f"show tables in `{schema}`")}
            for table in [each for each in tables if each.schema == schema]:
                name, made = f"`{schema}`.`{table.name}`", self._statement(table)
                if table.name not in known or registered.get(name) != made:
                    self.rows(f"drop table if exists {name}")
                    self.rows(made)
                    registered[name] = made
                elif table.is_changed:
                    self.rows(f"refresh table {name}")
        self._lake.fs.pipe_file(self._lake.path(_REGISTERED), json.dumps(registered).encode())

    def _registered(self) -> dict[str, str]:
        try:
            found: dict[str, str] = json.loads(self._lake.fs.cat_file(self._lake.path(_REGISTERED)))
        except (OSError, ValueError):
            return {}
        return found

    def _statement(self, table: LandedTable) -> str:
        columns = ", ".join(f"`{name}` {kind}" for name, kind in table.columns.items())
        place = self._lake.url_of(*table.folder)
        return f"create table `{table.schema}`.`{table.name}` ({columns}) using parquet location '{place}'"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none of a statement that has none."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        except Exception as problem:
            # What it refuses, and what becomes of a line that breaks, are errors of three libraries.
            raise EngineError(_said(problem)) from problem
        finally:
            with suppress(Exception):
                cursor.close()

    def answers(self, queries: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, ...] | EngineError]]:
        """By name, the one row of each query, all of the same columns; or why it has none."""
        return answers_of(self.rows, queries)

    def fetch(self, relations: Iterable[tuple[str, str]]) -> None:
        """Copy built tables from the lake into the home's file."""
        fetch(self._lake, self._home.warehouse, relations)

    def forget(self) -> None:
        """Remove what was built from the lake; raw there is brought to what raw holds."""
        tables = self._lake.path(TABLES)
        if self._lake.fs.exists(tables):
            self._lake.fs.rm(tables, recursive=True)
        self.land()


def _connected(env: Mapping[str, str]) -> Any:
    """As dbt's profile connects."""
    # Imported here: the embedded engine needs none of it.
    from dbt.adapters.spark.connections import build_ssl_transport
    from pyhive import hive

    profile = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text())["product_ops"]["outputs"][
        Target.SPARK
    ]
    server, password = spark_address(env), env.get("POPS_SPARK_PASSWORD") or None
    who = {
        "host": server.host, "port": server.port, "username": server.user, "password": password,
        "auth": "LDAP" if password else "NONE",
    }  # fmt: skip
    try:
        if server.has_tls:
            transport = build_ssl_transport(**who, kerberos_service_name=None)
            return hive.connect(thrift_transport=transport, configuration=profile["server_side_parameters"])
        return hive.connect(**who, configuration=profile["server_side_parameters"])
    except Exception as problem:
        raise EngineError(
            f"Spark's Thrift server at {server.host}:{server.port} does not answer ({without_values(str(problem))}): "
            "start it, or correct POPS_SPARK_HOST, POPS_SPARK_PORT, POPS_SPARK_USER and POPS_SPARK_PASSWORD."
        ) from problem


def _said(problem: Exception) -> str:
    """What the engine says first; the rest is its own stack, and the query."""
    told = getattr(problem.args[0] if problem.args else None, "status", None)
    text = str(getattr(told, "errorMessage", None) or problem)
    return without_values(
        text.split("\n", 1)[0].removeprefix("org.apache.hive.service.cli.HiveSQLException: ")
    )
