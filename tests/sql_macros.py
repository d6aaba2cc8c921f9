"""The project's SQL macros and models, rendered as dbt renders them and run on DuckDB alone: in seconds, without a warehouse."""

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
VARIABLES = {"reporting_time_zone": "Europe/Berlin"}


@cache
def macros() -> Any:
    """The project's macros, by their names."""
    return _module(VARIABLES)


@cache
def model_sql(name: str, **variables: Any) -> str:
    """The SELECT of a model, which reads the tables that bear the names of the models that it reads."""
    (file,) = (PROJECT / "models").rglob(f"{name}.sql")
    rendered: str = _module(VARIABLES | variables, file.read_text()).rendered
    return rendered


def _module(variables: Mapping[str, Any], model: str = "") -> Any:
    def dispatched(name: str) -> Callable[..., str]:
        found: Callable[..., str] = getattr(module[0], f"duckdb__{name}", None) or getattr(
            module[0], f"default__{name}"
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
        "var": lambda name, otherwise=None: variables.get(name, otherwise),
        "ref": lambda name: name,
    }
    sources = "\n".join(file.read_text() for file in sorted((PROJECT / "macros").glob("*.sql")))
    # The macros must be there before a model that dispatches to them is rendered.
    module = [environment.from_string(sources).module]
    if model:
        environment.globals |= {
            name: macro for name, macro in vars(module[0]).items() if not name.startswith("_")
        }
        return SimpleNamespace(rendered=environment.from_string(model).render())
    return module[0]


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set threads = 1")
        yield connection
