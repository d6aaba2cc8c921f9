"""The project's SQL macros and models, rendered as dbt renders them and run on DuckDB alone: in seconds, without a warehouse."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
VARIABLES = {"reporting_time_zone": "Europe/Berlin", "week_starts_on": "monday"}


@cache
def macros(**variables: Any) -> Any:
    """The project's macros, by their names."""
    return _environment(**variables)[1]


@cache
def model_sql(name: str, **variables: Any) -> str:
    """The SELECT of a model or of a test of one; it reads `raw_<source>.<stream>` and tables of the names of models.

    With the variable `is_incremental` it is that of an increment, which reads what was built before as `this`.
    """
    (file,) = [*(PROJECT / "models").rglob(f"{name}.sql"), *(PROJECT / "tests").rglob(f"{name}.sql")]
    return _environment(**variables)[0].from_string(_with_lists(file.read_text())).render()


@cache
def _macro_texts() -> str:
    """The macros that give SQL; how dbt builds a model with it is dbt's own, in a tag that Jinja alone does not know."""
    files = sorted(set((PROJECT / "macros").glob("*.sql")) - {PROJECT / "macros" / "materialization.sql"})
    return "\n".join(file.read_text() for file in files)


def _with_lists(text: str) -> str:
    """The text with the lists in place of the macros that return them: Jinja alone would hand on a list's text."""
    for name, written in re.findall(r"{% macro (\w+)\(\) -%}\s*{{ return\((\[.*?\])\) }}", _macro_texts()):
        text = re.sub(rf"(?<!macro )\b{name}\(\)", written, text)
    return text


@cache
def _environment(**variables: Any) -> tuple[jinja2.Environment, Any]:
    """Jinja as dbt has it, and the macros of the project in it."""
    known = VARIABLES | variables

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
            date_trunc=lambda part, date: f"date_trunc('{part}', {date})",
        ),
        "exceptions": SimpleNamespace(raise_compiler_error=fail),
        "return": lambda value: value,
        # dbt hands on what a macro returns; Jinja alone hands on its text.
        "tojson": lambda shape: json.dumps(ast.literal_eval(str(shape).strip())),
        "var": lambda name, otherwise=None: known.get(name, otherwise),
        "ref": lambda name: name,
        "source": lambda source, table: f"raw_{source}.{table}",
        "config": lambda **options: "",
        "is_incremental": lambda: bool(known.get("is_incremental")),
        "this": "this",
    }
    module = environment.from_string(_with_lists(_macro_texts())).module
    environment.globals |= {name: each for name, each in vars(module).items() if not name.startswith("_")}
    return environment, module


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set threads = 1")
        yield connection
