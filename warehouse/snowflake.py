"""Snowflake: raw is copied into its tables by parts, queries are answered, built tables fetched into the home."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors.redaction import without_values
from connectors.storage import FileDamaged, FileLocked, literal, open_duckdb, quoted
from settings.home import Home
from settings.identity import PSEUDONYM_KEY
from warehouse.asking import answers_of
from warehouse.contract import EngineError
from warehouse.landing import PART_ROWS, LandedTable, parts, raw_tables, write
from warehouse.targets import SET_UP, SnowflakeAccount, snowflake_account

FUNCTIONS = Path(__file__).parent / "functions" / "snowflake.sql"
# What sessions of the user must be set to: dbt's adapter hands nothing of it over. With nulls below every value they stand in an
# order where Spark has them.
SESSION = {
    "TIMEZONE": "UTC",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "WEEK_START": "1",
    "DEFAULT_NULL_ORDERING": "FIRST",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": "false",
}
# Which part a row of a raw table came with.
PART = "pops_part"
STAGE = "product_ops.landing"
_TYPES = {
    "string": "varchar", "timestamp": "timestamp_ntz", "boolean": "boolean", "bigint": "number(38, 0)",
    "int": "number(38, 0)", "double": "double",
}  # fmt: skip
# By the numbers of Snowflake's types, those of the embedded engine.
_AS_EMBEDDED = {
    0: "bigint", 1: "double", 2: "varchar", 3: "date", 4: "timestamp", 6: "timestamp", 7: "timestamp", 8: "timestamp",
    13: "boolean",
}  # fmt: skip


class SnowflakeWarehouse:
    """A session of the account that the environment names.

    Raises EngineError, with the remedy, where it cannot be had.
    """

    def __init__(self, home: Home, env: Mapping[str, str] = os.environ, part_rows: int = PART_ROWS) -> None:
        self._home, self._part_rows = home, part_rows
        self._key = env.get(PSEUDONYM_KEY, "")
        self._connection = _connected(snowflake_account(env))

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()

    def check(self) -> None:
        """Raises EngineError, with the remedy, for sessions in which queries say something else, a database that keeps what was
        deleted, and a function of pseudonyms that is not there or has another key."""
        found = {str(row[0]).upper(): str(row[1]) for row in self.rows("show parameters in session")}
        wrong = {
            name: value for name, value in SESSION.items() if found.get(name, "").lower() != value.lower()
        }
        if wrong:
            settings = " ".join(f"{name} = '{value}'" for name, value in wrong.items())
            raise EngineError(
                f"Sessions of this user count otherwise: let an administrator run `alter user … set {settings}`."
            )
        kept = self.rows("show parameters like 'DATA_RETENTION_TIME_IN_DAYS' in database")
        if [str(row[1]) for row in kept] != ["0"]:
            raise EngineError(
                "The database keeps what is deleted, people who are forgotten too: let an administrator run "
                "`alter database … set data_retention_time_in_days = 0`."
            )
        try:
            ((made,),) = self.rows("select product_ops.pseudonym('probe')")
        except EngineError as problem:
            raise EngineError(
                f"The function product_ops.pseudonym, which holds {PSEUDONYM_KEY}, cannot be called ({problem}): "
                f"an administrator makes it once, as {SET_UP} says."
            ) from problem
        if made != hashlib.sha256(f"{self._key}|probe".encode()).hexdigest()[:32]:
            raise EngineError(
                f"The function product_ops.pseudonym has another {PSEUDONYM_KEY} than this night: people would be others. "
                f"Let an administrator give it the same, as {SET_UP} says."
            )

    def land(self) -> None:
        """Bring raw into tables, a transaction each. Raises EngineError, FileLocked, FileDamaged."""
        self.check()
        for statement in functions():
            self.rows(statement)
        self.rows(f"create stage if not exists {STAGE}")
        # What a landing that was killed left there: no rows of anybody stay in files.
        self.rows(f"remove @{STAGE}")
        known = self._known()
        present = self._present(known)
        schemas = set()
        try:
            for connection, table in raw_tables(self._home.root):
                name = f"{table.schema}.{table.name}"
                if table.schema not in schemas:
                    self.rows(f"create transient schema if not exists {table.schema}")
                    schemas.add(table.schema)
                if known.get(name) != [*table.columns, PART]:
                    self.rows(_made(table))
                    present[name] = set()
                wanted = parts(connection, table, self._part_rows)
                new, gone = wanted.keys() - present[name], present[name] - wanted.keys()
                if new or gone:
                    with tempfile.TemporaryDirectory() as work:
                        files = [Path(work) / part for part in sorted(new)]
                        for file in files:
                            write(connection, table, wanted[file.name], file, moment="epoch_us({})")
                        self._replace(table, files, sorted(gone))
        except (FileLocked, FileDamaged, EngineError):
            raise
        except OSError as problem:
            raise EngineError(f"Raw was not written: {without_values(str(problem))}") from problem

    def _known(self) -> dict[str, list[str]]:
        """By name the columns of the raw tables there are."""
        found: dict[str, list[str]] = {}
        for schema, table, column in self.rows(
            "select lower(table_schema), lower(table_name), lower(column_name) from information_schema.columns "
            "where startswith(lower(table_schema), 'raw_') order by 1, 2, ordinal_position"
        ):
            found.setdefault(f"{schema}.{table}", []).append(column)
        return found

    def _present(self, known: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
        """By name of a raw table, the parts that it holds."""
        present: dict[str, set[str]] = {name: set() for name, columns in known.items() if PART in columns}
        if present:
            query = " union all ".join(f"select distinct '{name}', {PART} from {name}" for name in present)
            for name, part in self.rows(query):
                present[name].add(part)
        return present

    def _replace(self, table: LandedTable, files: Sequence[Path], gone: Sequence[str]) -> None:
        """Of a raw table the rows of parts that are `gone` for those of files, which are called as their parts are."""
        name = f"{table.schema}.{table.name}"
        for file in files:
            self.rows(
                f"put {literal(f'file://{file}')} @{STAGE}/{name}/ auto_compress = false overwrite = true"
            )
        self.rows("begin")
        try:
            if gone:
                self.rows(f"delete from {name} where {PART} in ({', '.join(map(literal, gone))})")
            if files:
                self.rows(_copied(table))
            self.rows("commit")
        except BaseException:
            with suppress(EngineError):
                self.rows("rollback")
            raise
        if files:
            self.rows(f"remove @{STAGE}/{name}/")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; what a statement says of itself."""
        try:
            with self._connection.cursor() as cursor:
                return [tuple(row) for row in cursor.execute(sql).fetchall()]
        except Exception as problem:
            # What it refuses, and what becomes of a line that breaks, are errors of several libraries.
            raise EngineError(_said(problem)) from problem

    def answers(self, queries: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, ...] | EngineError]]:
        """By name, the one row of each query, all of the same columns; or why it has none."""
        return answers_of(self.rows, queries)

    def fetch(self, relations: Iterable[tuple[str, str]]) -> None:
        """Copy built tables into the home's file, with the types that DuckDB's own build gives their columns."""
        with open_duckdb(self._home.warehouse) as home:
            for schema, name in relations:
                home.execute(f"create schema if not exists {quoted(schema)}")
                try:
                    with self._connection.cursor() as cursor:
                        cursor.execute(f"select * from {schema}.{name}")
                        columns = {each.name.lower(): _type(each) for each in cursor.description}
                        home.execute("begin")
                        described = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
                        home.execute(f"create or replace table {quoted(schema, name)} ({described})")
                        chosen = ", ".join(
                            f"cast({quoted(column)} as {kind})" for column, kind in columns.items()
                        )
                        for batch in cursor.fetch_arrow_batches(force_microsecond_precision=True):
                            home.register("batch", batch)
                            home.execute(f"insert into {quoted(schema, name)} select {chosen} from batch")
                            home.unregister("batch")
                        home.execute("commit")
                except Exception as problem:
                    raise EngineError(f"{schema}.{name} cannot be fetched: {_said(problem)}") from problem

    def forget(self) -> None:
        """Remove every table that was built; raw there is brought to what raw holds."""
        for schema, table in self.rows(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and not startswith(lower(table_schema), 'raw_')"
        ):
            self.rows(f"drop table if exists {quoted(schema, table)}")
        self.land()


def functions() -> list[str]:
    """The statements that make what the macros call."""
    text = re.sub(r"^--.*\n", "", FUNCTIONS.read_text(), flags=re.MULTILINE)
    return [each.strip() for each in re.split(r"(?<=\$\$);\n", text) if each.strip()]


def _made(table: LandedTable) -> str:
    columns = "".join(f"{name} {_TYPES[kind]}, " for name, kind in table.columns.items())
    return (
        f"create or replace transient table {table.schema}.{table.name} ({columns}{PART} varchar) "
        "data_retention_time_in_days = 0"
    )


def _copied(table: LandedTable) -> str:
    """Moments are numbers in the files, for what Snowflake makes of those of Parquet depends on its settings. A part that comes
    back has a name that Snowflake remembers, and would leave out."""
    read = {"timestamp": 'to_timestamp_ntz($1:"{}"::number, 6)'}
    columns = ", ".join(
        read.get(kind, '$1:"{}"::' + _TYPES[kind]).format(name) for name, kind in table.columns.items()
    )
    name = f"{table.schema}.{table.name}"
    return (
        f"copy into {name} ({', '.join(table.columns)}, {PART}) from (select {columns}, split_part(metadata$filename, '/', -1) "
        f"from @{STAGE}/{name}/) file_format = (type = parquet) force = true"
    )


def _type(column: Any) -> str:
    """Of a column as the cursor describes it."""
    kind = _AS_EMBEDDED.get(column.type_code, "varchar")
    return f"decimal(38, {column.scale})" if kind == "bigint" and column.scale else kind


def _connected(account: SnowflakeAccount) -> Any:
    """As dbt's profile connects."""
    # Imported here: the embedded engine needs none of it.
    import snowflake.connector

    secret: dict[str, str | None] = {"password": account.password}
    if account.key_file:
        secret = {"private_key_file": account.key_file, "private_key_file_pwd": account.key_password}
    try:
        return snowflake.connector.connect(
            account=account.account,
            user=account.user,
            role=account.role,
            database=account.database,
            warehouse=account.warehouse,
            schema="product_ops",
            autocommit=True,
            client_session_keep_alive=True,
            login_timeout=60,
            **secret,
        )
    except Exception as problem:
        raise EngineError(
            f"The account {account.account} of Snowflake does not let {account.user} in ({_said(problem)}): correct "
            "POPS_SNOWFLAKE_ACCOUNT, POPS_SNOWFLAKE_USER, and POPS_SNOWFLAKE_PASSWORD or POPS_SNOWFLAKE_KEY_FILE."
        ) from problem


def _said(problem: Exception) -> str:
    """What the engine says, without the values that it quotes."""
    text = str(getattr(problem, "raw_msg", None) or problem)
    return without_values(" ".join(text.split()))
