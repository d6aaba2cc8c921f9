"""The project's SQL macros and models, rendered as dbt renders them and run on DuckDB alone: in seconds, without a warehouse."""

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
import yaml

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
VARIABLES = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]


@cache
def macros(engine: str = "duckdb", **variables: Any) -> Any:
    """The project's macros, by their names, as an engine has them."""
    return _environment(engine, **variables)[1]


@cache
def model_sql(name: str, engine: str = "duckdb", **variables: Any) -> str:
    """The SELECT of a model or of a test of one; it reads `raw_<source>.<stream>` and tables of the names of models.

    With the variable `is_incremental` it is that of an increment, which reads what was built before as `this`.
    """
    (file,) = [*(PROJECT / "models").rglob(f"{name}.sql"), *(PROJECT / "tests").rglob(f"{name}.sql")]
    environment = _environment(engine, **variables)[0]
    environment.globals["model"].columns = _columns().get(name, {})
    return environment.from_string(file.read_text()).render()


@cache
def _columns() -> dict[str, dict[str, Any]]:
    """Of each model the columns that its YAML describes, by name."""
    files = sorted((PROJECT / "models").rglob("*.yml"))
    models = [model for file in files for model in (yaml.safe_load(file.read_text()) or {}).get("models", [])]
    return {
        model["name"]: {column["name"]: SimpleNamespace(**column) for column in model.get("columns", [])}
        for model in models
    }


@cache
def _macro_texts() -> dict[str, str]:
    """The macros that give SQL, by name; how dbt builds a model with it is dbt's own, in a tag that Jinja alone does not know."""
    files = sorted(set((PROJECT / "macros").glob("*.sql")) - {PROJECT / "macros" / "materialization.sql"})
    text = "\n".join(file.read_text() for file in files)
    return {
        found[1]: found[0]
        for found in re.finditer(r"{%-? macro (\w+)\(.*?{%-? endmacro -?%}", text, flags=re.DOTALL)
    }


class _Returned(Exception):
    """What a macro returns: dbt ends the macro there, and hands the value on as it is."""


@cache
def _environment(engine: str, **variables: Any) -> tuple[jinja2.Environment, Any]:
    """Jinja as dbt has it, and the macros of the project in it."""
    known = VARIABLES | variables
    module = SimpleNamespace()

    def dispatched(name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(module, f"{engine}__{name}", None) or getattr(
            module, f"default__{name}"
        )
        return found

    def fail(message: str) -> None:
        raise ValueError(message)

    def give_back(value: Any) -> None:
        raise _Returned(value)

    def callable_of(name: str, text: str) -> Callable[..., Any]:
        # A template looks up what it calls when it is made: by then all of them must be there.
        macro = cache(lambda: getattr(environment.from_string(text).module, name))

        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return str(macro()(*arguments, **named))
            except _Returned as returned:
                return returned.args[0]

        return call

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals |= {
        "adapter": SimpleNamespace(dispatch=dispatched),
        "dbt": SimpleNamespace(
            type_string=lambda: "string",
            date_trunc=lambda part, date: f"date_trunc('{part}', {date})",
            last_day=lambda date, part: f"last_day({date})",
            date_spine=lambda part, first, last: f"select {first} as date_day union all select {last}",
        ),
        "exceptions": SimpleNamespace(raise_compiler_error=fail),
        "modules": SimpleNamespace(re=re),
        "return": give_back,
        "tojson": json.dumps,
        "env_var": lambda name, otherwise: otherwise,
        "var": lambda name, otherwise=None: known.get(name, otherwise),
        "ref": lambda name: name,
        "source": lambda source, table: f"raw_{source}.{table}",
        "config": lambda **options: "",
        "is_incremental": lambda: bool(known.get("is_incremental")),
        "this": "this",
        "model": SimpleNamespace(resource_type="model"),
    }
    for name, text in _macro_texts().items():
        setattr(module, name, callable_of(name, text))
    environment.globals |= vars(module)
    return environment, module


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set threads = 1")
        yield connection
