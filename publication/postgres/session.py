"""A session with PostgreSQL over ADBC whose errors are one sentence without secrets or rows."""

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from adbc_driver_manager import Error as DriverError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from publication.postgres.address import URL_VARIABLE, PostgresAddress
from publication.target import PublicationError

NO_RIGHT = "42501"
# A server that is starting, ending or full may answer in a moment; one that refuses us will refuse us again.
_PASSING = re.compile(r"starting up|shutting down|too many|remaining connection slots")
_REMEDIES = {
    NO_RIGHT: "Give the publishing role the rights that the README names.",
    "53100": "Its disk is full: make room there.",
}


class PostgresError(PublicationError):
    """PostgreSQL did not take the mart. `code`: its SQLSTATE, empty when there was no answer."""

    def __init__(self, message: str, code: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class PostgresSession:
    """One connection, in a transaction from the first statement until `commit` or `rollback`."""

    def __init__(self, address: PostgresAddress, autocommit: bool = False) -> None:
        """`autocommit`: every statement is its own transaction. Raises PostgresError when nobody answers (after three tries) or the login is refused."""
        self.address = address
        try:
            for attempt in Retrying(
                stop=stop_after_attempt(3),
                wait=wait_exponential(max=5),
                retry=retry_if_exception(_may_pass),
                reraise=True,
            ):
                with attempt:
                    self._connection = adbc.connect(address.url, autocommit=autocommit)
        except DriverError as error:
            raise PostgresError(
                f"PostgreSQL at {address.place} cannot be reached: {self._plain(error)}. "
                f"Check the server and {URL_VARIABLE}; the published file stands."
            ) from None

    def __enter__(self) -> "PostgresSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def run(self, sql: str, what: str = "a statement") -> None:
        """Raises PostgresError, which says that `what` was refused."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
        except DriverError as error:
            raise self._error(error, what) from None

    def run_all(self, statements: Sequence[str], what: str) -> None:
        """Several statements in one round trip, in order; the first that fails ends all."""
        if statements:
            body = ";\n".join(statements) + ";"
            self.run(f"do {_dollar_quoted('begin ' + body + ' end')}", what)

    def run_unless_held(self, statements: Sequence[str], what: str) -> bool:
        """As `run_all`, or none of it where a lock is not to be had within `lock_timeout`: then False, and the transaction goes on."""
        body = "".join(f"{statement};\n" for statement in statements)
        told = "perform set_config('product_ops.is_held', '{}', true)"
        self.run_all(
            [
                f"begin {body}{told.format('no')}; "
                f"exception when lock_not_available or deadlock_detected then {told.format('yes')}; end"
            ],
            what,
        )
        return bool(self.rows("select current_setting('product_ops.is_held')")[0][0] == "no")

    def rows(self, sql: str, what: str = "a query of its catalogue") -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        except DriverError as error:
            raise self._error(error, what) from None

    def ingest(self, schema: str, table: str, batches: pa.RecordBatchReader) -> None:
        """Append Arrow batches to a table with binary COPY, a batch in memory at a time."""
        try:
            with self._connection.cursor() as cursor:
                cursor.adbc_ingest(table, batches, mode="append", db_schema_name=schema)
        except DriverError as error:
            raise self._error(error, f"the rows of {table}") from None

    def commit(self) -> None:
        try:
            self._connection.commit()
        except DriverError as error:
            raise self._error(error, "the commit") from None

    def rollback(self) -> None:
        try:
            self._connection.rollback()
        except DriverError as error:
            raise self._error(error, "the rollback") from None

    def _error(self, error: DriverError, what: str) -> PostgresError:
        code, reason = error.sqlstate or "", self._plain(error)
        remedy = _REMEDIES.get(code, "Readers there keep what they have; the published file stands.")
        return PostgresError(
            f"PostgreSQL at {self.address.place} refused {what}: {reason}. {remedy}", code, reason
        )

    def _plain(self, error: DriverError) -> str:
        """The server's own first line: what follows may quote statements and rows."""
        text = self.address.without_secrets(str(error))
        found = re.search(r"(?:ERROR|FATAL|PANIC): +(.*?)(?:\n|\. SQLSTATE|$)", text)
        line = found[1] if found else text.removeprefix("IO: [libpq] Failed to connect: ").splitlines()[0]
        return line.strip().rstrip(".")


def quoted(*names: str) -> str:
    """A possibly qualified identifier."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """A string constant that reads the same whatever `standard_conforming_strings` says."""
    escaped = text.replace("\x00", "\ufffd").replace("'", "''")
    return f" E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in escaped else f"'{escaped}'"


def _dollar_quoted(body: str) -> str:
    tag = "$pops$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"{tag}{body}{tag}"


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, DriverError) and ("FATAL" not in str(error) or bool(_PASSING.search(str(error))))
