"""The project's SQL macros, rendered as dbt renders them and run on DuckDB alone: in seconds, without a warehouse."""

import ast
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

MACROS = Path(__file__).resolve().parent.parent / "dbt_project" / "macros"


@cache
def macros() -> Any:
    """The project's macros, by their names."""

    def dispatched(name: str) -> Callable[..., str]:
        found: Callable[..., str] = getattr(module, f"duckdb__{name}", None) or getattr(
            module, f"default__{name}"
        )
        return found

    def fail(message: str) -> None:
        raise ValueError(message)

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals |= {
        "adapter": SimpleNamespace(dispatch=dispatched),
        "dbt": SimpleNamespace(
            string_literal=lambda text: f"'{text}'",
            escape_single_quotes=lambda text: text.replace("'", "''"),
            type_string=lambda: "string",
        ),
        "exceptions": SimpleNamespace(raise_compiler_error=fail),
        "return": lambda value: value,
        # dbt hands on what a macro returns; Jinja alone hands on its text.
        "tojson": lambda shape: json.dumps(ast.literal_eval(str(shape).strip())),
        "var": {"reporting_time_zone": "Europe/Berlin"}.__getitem__,
    }
    files = sorted(MACROS.glob("*.sql"))
    module = environment.from_string("\n".join(file.read_text() for file in files)).module
    return module


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set threads = 1")
        yield connection
