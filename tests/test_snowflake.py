"""Snowflake's side of a night, against an account that DuckDB plays: every statement must be one of Snowflake's grammar, and runs
here as sqlglot says it in DuckDB's. What is not SQL of DuckDB at all (files, stages, parameters) is played as it is documented.
"""

import contextlib
import re
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from connectors.storage import open_duckdb
from settings.home import Home
from tests.test_landing import CHANGES, SEEN, forget, held_by_raw, load, raw_file
from warehouse.contract import EngineError
from warehouse.snowflake import SESSION, SnowflakeWarehouse, functions
from warehouse.targets import SnowflakeAccount

KEY = "a-key-for-tests-only-and-long-enough"
ENV = {
    "POPS_SNOWFLAKE_ACCOUNT": "company-product_ops",
    "POPS_SNOWFLAKE_USER": "product_ops",
    "POPS_SNOWFLAKE_PASSWORD": "s3cr3t-of-the-user",
    "POPS_PSEUDONYM_KEY": KEY,
}
# As Snowflake numbers its types.
TYPES = {
    "BIGINT": (0, 0),
    "DOUBLE": (1, None),
    "VARCHAR": (2, None),
    "DATE": (3, None),
    "TIMESTAMP": (8, None),
    "BOOLEAN": (13, None),
}


class Stopped(Exception):
    """The line breaks."""


@cache
def _parsed(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, dialect="snowflake")


class Account:
    """What an account holds: its tables in DuckDB, staged files in a folder, its settings. `asked`: every statement."""

    def __init__(self, folder: Path) -> None:
        self.duckdb = duckdb.connect()
        self.duckdb.execute("set TimeZone = 'UTC'; create schema product_ops")
        self.duckdb.execute("create macro startswith(text, part) as starts_with(text, part)")
        self.duckdb.execute("create macro to_timestamp_ntz(number, scale) as make_timestamp(number)")
        self.duckdb.execute(f"create macro product_ops.pseudonym(t) as left(sha256('{KEY}' || '|' || t), 32)")
        self.stage = folder / "stage"
        self.parameters = dict(SESSION)
        self.retention = "0"
        self.asked: list[str] = []
        self.left = 10**9

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """A statement, as it runs here."""
        self.asked.append(sql)
        self.left -= 1
        if self.left < 0:
            raise Stopped("the line breaks")
        # Raises for what Snowflake's grammar, as sqlglot knows it, does not have.
        parsed = _parsed(sql)
        if sql.startswith("put "):
            found = re.fullmatch(
                r"put 'file://(.*)' @product_ops\.landing/(.*)/ auto_compress = false overwrite = true", sql
            )
            assert found
            folder = self.stage / found[2]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / Path(found[1]).name).write_bytes(Path(found[1]).read_bytes())
        elif sql.startswith("remove "):
            prefix = sql.removeprefix("remove @product_ops.landing").removeprefix("/")
            for file in [each for each in self.stage.rglob("*") if each.is_file()]:
                if str(file.relative_to(self.stage)).startswith(prefix):
                    file.unlink()
        elif sql.startswith("copy into "):
            self._copy(sql)
        elif sql.startswith("show parameters in session"):
            return self._of([(name, value) for name, value in self.parameters.items()])
        elif sql.startswith("show parameters like"):
            return self._of([("DATA_RETENTION_TIME_IN_DAYS", self.retention)])
        elif not sql.startswith(("create or replace function", "create stage")):
            said = re.sub(r"\btransient |\bdata_retention_time_in_days = 0", "", sql)
            if sql.startswith(("select", "delete")):
                said = parsed.sql("duckdb")
            return self.duckdb.execute(
                said.replace("timestamp_ntz", "timestamp").replace("number(38, 0)", "bigint")
            )
        return self._of([("done", "")])

    def _of(self, rows: list[tuple[str, str]]) -> duckdb.DuckDBPyConnection:
        self.duckdb.execute("create or replace temp table answers (name varchar, value varchar)")
        if rows:
            self.duckdb.executemany("insert into answers values (?, ?)", rows)
        return self.duckdb.execute("select * from answers")

    def _copy(self, sql: str) -> None:
        """The files of a folder of the stage, their columns by name."""
        found = re.fullmatch(
            r"copy into (\S+) \((.*?)\) from \(select (.*) from @product_ops\.landing/(.*)/\) "
            r"file_format = \(type = parquet\) force = true",
            sql,
        )
        assert found
        name, columns, chosen, folder = found.groups()
        chosen = chosen.replace("$1:", "").replace("metadata$filename", "filename").replace("::number,", ",")
        chosen = chosen.replace("timestamp_ntz(", "TIMESTAMP_NTZ(").replace("number(38, 0)", "bigint")
        files = f"read_parquet('{self.stage}/{folder}/*.parquet', filename = true)"
        self.duckdb.execute(f"insert into {name} ({columns}) select {chosen} from {files}")

    # As the connector has it.
    def cursor(self) -> "Cursor":
        return Cursor(self)

    def close(self) -> None:
        """A session ends; the account stays."""


class Cursor:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def execute(self, sql: str) -> "Cursor":
        self._result = self._account.run(sql)
        if fetched := self._result.description:
            self.description = [
                SimpleNamespace(name=name.upper(), type_code=TYPES.get(str(kind), (0, 3))[0], scale=TYPES.get(str(kind), (0, 3))[1])
                for name, kind, *_ in fetched
            ]  # fmt: skip
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._result.fetchall()
        return rows

    def fetch_arrow_batches(self, *, force_microsecond_precision: bool) -> Any:
        assert force_microsecond_precision
        table = self._result.fetch_arrow_table()
        # No batch, as of an empty table, or several.
        yield from (table.slice(start, 2) for start in range(0, len(table), 2))


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    return connected(tmp_path, monkeypatch)


def connected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    account = Account(folder)

    def connect(given: SnowflakeAccount) -> Account:
        assert given.password == ENV["POPS_SNOWFLAKE_PASSWORD"]
        return account

    monkeypatch.setattr("warehouse.snowflake._connected", connect)
    monkeypatch.setattr("warehouse.landing.held_sources", lambda _home: ["zendesk"])
    return account


def warehouse(folder: Path, part_rows: int = 1000) -> SnowflakeWarehouse:
    return SnowflakeWarehouse(Home(folder), ENV, part_rows)


def held_by(account: Account) -> list[tuple[Any, ...]]:
    rows = account.duckdb.execute(f"select {SEEN} from raw_zendesk.tickets").fetchall()
    at = SEEN.split(", ").index("extracted_at")
    return sorted((*row[:at], row[at].replace(tzinfo=UTC), *row[at + 1 :]) for row in rows)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=CHANGES, part_rows=st.sampled_from([1, 6, 1000]))
def test_the_account_holds_what_raw_holds_whatever_happened(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    changes: list[tuple[str, Any, Any]],
    part_rows: int,
) -> None:
    home = tmp_path_factory.mktemp("home")
    account = connected(home, monkeypatch)
    raw_file(home)
    for number, (kind, first, second) in enumerate(changes):
        if kind == "load":
            load(home, number, first, second)
        elif kind == "forget":
            forget(home, first, whole=second)
        elif kind == "land":
            warehouse(home, part_rows).land()
        else:
            # Behind what every landing begins with.
            account.left = first * 4 + len(functions()) + 8
            with contextlib.suppress(EngineError):
                warehouse(home, part_rows).land()
            # A session that is gone has committed nothing.
            with contextlib.suppress(duckdb.TransactionException):
                account.duckdb.execute("rollback")
            account.left = 10**9
    warehouse(home, part_rows).land()
    assert held_by(account) == held_by_raw(home)
    assert not [each for each in account.stage.rglob("*") if each.is_file()]
    account.asked.clear()
    warehouse(home, part_rows).land()
    assert not [sql for sql in account.asked if sql.startswith(("put ", "copy ", "delete "))]


def test_a_table_whose_columns_are_others_is_made_anew(tmp_path: Path, account: Account) -> None:
    load(tmp_path, 0, [1, 2], 0)
    warehouse(tmp_path).land()
    with open_duckdb(raw_file(tmp_path)) as connection:
        connection.execute("alter table raw_zendesk.tickets add column brand varchar default 'b'")
    warehouse(tmp_path).land()
    ((brands,),) = account.duckdb.execute("select list(distinct brand) from raw_zendesk.tickets").fetchall()
    assert brands == ["b"]
    assert held_by(account) == held_by_raw(tmp_path)


@pytest.mark.parametrize("name", SESSION)
def test_a_session_that_counts_otherwise_is_refused_with_what_sets_it_right(
    tmp_path: Path, account: Account, name: str
) -> None:
    account.parameters[name] = "another"
    with pytest.raises(EngineError, match=re.escape(f"`alter user … set {name} = '{SESSION[name]}'`")):
        warehouse(tmp_path).land()
    assert not any(sql.startswith("create") for sql in account.asked)


def test_a_database_that_keeps_what_is_deleted_is_refused(tmp_path: Path, account: Account) -> None:
    account.retention = "1"
    with pytest.raises(EngineError, match="data_retention_time_in_days = 0"):
        warehouse(tmp_path).check()


def test_another_key_is_refused_and_the_key_is_in_no_statement(tmp_path: Path, account: Account) -> None:
    load(tmp_path, 0, [1], 0)
    warehouse(tmp_path).land()
    assert not any(KEY in sql or ENV["POPS_SNOWFLAKE_PASSWORD"] in sql for sql in account.asked)
    account.duckdb.execute("create or replace macro product_ops.pseudonym(t) as left(sha256('x|' || t), 32)")
    with pytest.raises(EngineError, match="has another POPS_PSEUDONYM_KEY than this night") as refused:
        warehouse(tmp_path).check()
    assert KEY not in str(refused.value)
    account.duckdb.execute("drop macro product_ops.pseudonym")
    with pytest.raises(EngineError, match=r"cannot be called .* as deploy/SNOWFLAKE\.md says"):
        warehouse(tmp_path).check()


def test_a_built_table_comes_back_with_the_types_that_models_have(tmp_path: Path, account: Account) -> None:
    account.duckdb.execute(
        "create schema marts; create table marts.fct_ticket as select 't' || n as ticket_id, "
        "timestamp '2026-10-25 00:30:00.123456' as created_at, n as reopens, date '9999-12-31' as valid_to, "
        "n > 2 as is_open, n / 4 as share, cast(n as decimal(38, 3)) as price, null::varchar as team_id from range(1, 6) as t(n);"
        "create table marts.fct_call as from marts.fct_ticket where false"
    )
    for _ in range(2):
        warehouse(tmp_path).fetch([("marts", "fct_ticket"), ("marts", "fct_call")])
    with open_duckdb(Home(tmp_path).warehouse, read_only=True) as connection:
        types = {
            table: dict(
                connection.execute(
                    "select column_name, data_type from duckdb_columns() where table_name = ?", [table]
                ).fetchall()
            )
            for table in ("fct_ticket", "fct_call")
        }
        rows = connection.execute("select * from marts.fct_ticket order by 1").fetchall()
    assert types["fct_ticket"] == types["fct_call"] == {
        "ticket_id": "VARCHAR", "created_at": "TIMESTAMP", "reopens": "BIGINT", "valid_to": "DATE", "is_open": "BOOLEAN",
        "share": "DOUBLE", "price": "DECIMAL(38,3)", "team_id": "VARCHAR",
    }  # fmt: skip
    assert [row[2] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0][:2] == ("t1", datetime(2026, 10, 25, 0, 30, 0, 123456))
    assert rows[0][3:] == (date(9999, 12, 31), False, 0.25, 1, None)
    with pytest.raises(EngineError, match=r"^marts\.fct_lost cannot be fetched"):
        warehouse(tmp_path).fetch([("marts", "fct_lost")])


def test_what_was_built_goes_with_whom_it_told_of(tmp_path: Path, account: Account) -> None:
    load(tmp_path, 0, [1, 2], 0)
    warehouse(tmp_path).land()
    account.duckdb.execute("create schema marts; create table marts.fct_ticket as select 1 as ticket_id")
    forget(tmp_path, 1, whole=True)
    warehouse(tmp_path).forget()
    tables = account.duckdb.execute("select schema_name from duckdb_tables() where not temporary").fetchall()
    assert {schema for (schema,) in tables} == {"raw_zendesk"}
    assert held_by(account) == held_by_raw(tmp_path)


def test_questions_are_answered_together_and_alone_where_one_cannot_be(
    tmp_path: Path, account: Account
) -> None:
    queries = {f"q{number}": f"select {number} as failures" for number in range(12)} | {
        "lost": "select count(*) as failures from lost"
    }
    found = dict(warehouse(tmp_path).answers(queries))
    assert {name: found[name] for name in queries if name != "lost"} == {
        f"q{number}": (number,) for number in range(12)
    }
    assert isinstance(found["lost"], EngineError)
    assert len(account.asked) == 5


def test_an_error_says_no_value(tmp_path: Path, account: Account) -> None:
    account.duckdb.execute("create schema marts; create table marts.x as select 'mia@their.example' as v")
    with pytest.raises(EngineError) as refused:
        warehouse(tmp_path).rows("select cast(v as bigint) from marts.x")
    assert "mia@" not in str(refused.value)
