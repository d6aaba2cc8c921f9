"""How a column of the published file becomes one of PostgreSQL, without losing a value."""

import re
from dataclasses import dataclass

from publication.postgres.session import quoted

# DuckDB type: (PostgreSQL type, DuckDB type whose Arrow form PostgreSQL takes in binary as that type).
_TYPES = {
    "BOOLEAN": ("boolean", "boolean"),
    "TINYINT": ("smallint", "smallint"),
    "SMALLINT": ("smallint", "smallint"),
    "UTINYINT": ("smallint", "smallint"),
    "INTEGER": ("integer", "integer"),
    "USMALLINT": ("integer", "integer"),
    "BIGINT": ("bigint", "bigint"),
    "UINTEGER": ("bigint", "bigint"),
    "UBIGINT": ("numeric(20,0)", "decimal(20,0)"),
    "FLOAT": ("real", "float"),
    "DOUBLE": ("double precision", "double"),
    "DATE": ("date", "date"),
    "TIME": ("time", "time"),
    "TIMESTAMP": ("timestamp", "timestamp"),
    "TIMESTAMP_S": ("timestamp", "timestamp"),
    "TIMESTAMP_MS": ("timestamp", "timestamp"),
    "TIMESTAMP_NS": ("timestamp", "timestamp"),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", "timestamp with time zone"),
    "BLOB": ("bytea", "blob"),
}
# Sent as text and converted there: PostgreSQL's own reading of a number of any length, and of JSON.
_BY_TEXT = {"HUGEINT": "numeric", "UHUGEINT": "numeric", "UUID": "uuid"}
_NESTED = re.compile(r".*\]$|(STRUCT|MAP|UNION)\(.*|JSON$", re.DOTALL)


@dataclass(frozen=True)
class PostgresColumn:
    """`sent`: type of the table while it is loaded. `type`: its type then. `expression`: SQL over the published file."""

    name: str
    sent: str
    type: str
    expression: str


def postgres_column(name: str, duckdb_type: str) -> PostgresColumn:
    """Whole and unsigned numbers widen, decimals keep their scale, timestamps keep their zone or its absence.

    Lists, structs, maps and JSON become jsonb; enumerations and what PostgreSQL has no like of become text. A NUL
    character, which PostgreSQL's text cannot hold, becomes U+FFFD; nanoseconds are cut to microseconds.
    """
    column = quoted(name)
    if duckdb_type in _TYPES:
        postgres, arrow = _TYPES[duckdb_type]
        return PostgresColumn(
            name, postgres, postgres, column if arrow.upper() == duckdb_type else f"{column}::{arrow}"
        )
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        numeric = f"numeric({decimal[1]},{decimal[2]})"
        return PostgresColumn(name, numeric, numeric, column)
    if duckdb_type in _BY_TEXT:
        return PostgresColumn(name, "text", _BY_TEXT[duckdb_type], f"{column}::varchar")
    if _NESTED.fullmatch(duckdb_type):
        # No control character is raw in JSON, so chr(1) can stand for an escaped backslash meanwhile.
        text = f"to_json({column})::varchar"
        for find, put in ((r"'\\'", "chr(1)"), (r"'\u0000'", r"'\ufffd'"), ("chr(1)", r"'\\'")):
            text = f"replace({text}, {find}, {put})"
        return PostgresColumn(name, "text", "jsonb", text)
    return PostgresColumn(name, "text", "text", f"replace({column}::varchar, chr(0), chr(65533))")
