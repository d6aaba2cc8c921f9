"""What the functions of warehouse/functions/snowflake.sql make of any text, beside what the macros of DuckDB make of it.

Their SQL runs here on DuckDB, over Snowflake's own functions as its documentation describes them: what it makes of a text is held, and
not whether Snowflake keeps to its documentation.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.texts import BOOLEANS, HUGE, MOMENTS, NUMBERS, TEXTS
from tests.sql_macros import connected, macros
from warehouse.snowflake import functions

DOCUMENTED = """
create type timestamp_ntz as timestamp;
create macro regexp_like(text, pattern) as regexp_full_match(text, pattern);
create macro regexp_substr(text, pattern) as case when regexp_matches(text, pattern) then regexp_extract(text, pattern) end,
    (text, pattern, start, occurrence, kind, number) as
        case when regexp_matches(text, pattern) then nullif(regexp_extract_all(text, pattern, number)[1], '') end;
create macro try_to_number(text) as try_cast(text as bigint);
create macro try_to_double(text) as try_cast(text as double);
create macro try_to_decimal(text, digits, scale) as try_cast(text as decimal(38, 0));
create macro try_to_date(text, format) as try_cast(text as date);
create macro try_to_timestamp_ntz(text, format) as try_cast(text as timestamp);
create macro to_timestamp_ntz(number, scale) as make_timestamp(cast(number as bigint) * 1000);
create macro dateadd(part, number, moment) as moment + case part
    when 'minute' then to_minutes(cast(number as bigint)) when 'second' then to_seconds(cast(number as bigint))
    when 'day' then to_days(cast(number as integer)) end;
create macro convert_timezone(zone, other, moment) as moment at time zone zone at time zone other;
create schema product_ops;
"""
_FUNCTION = re.compile(
    r"create or replace function product_ops\.(\w+)\((.*?)\) returns [^$]*?(language python .*?)?as \$\$(.*)\$\$", re.DOTALL
)  # fmt: skip
ZONES = [
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "America/Havana",
    "UTC",
]


def parsed() -> Iterator[tuple[str, list[str], bool, str]]:
    """By name of each function its arguments, whether it is one of Python, and its body."""
    for statement in functions():
        found = _FUNCTION.fullmatch(statement)
        assert found, statement
        name, arguments, python, body = found.groups()
        named = re.sub(r"\([^)]*\)", "", arguments).split(",")
        yield name, [each.split()[0] for each in named], python is not None, body


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with connected() as connection:
        connection.execute(DOCUMENTED)
        for name, arguments, is_python, body in parsed():
            if not is_python:
                sql = body.replace("number(38, 0)", "decimal(38, 0)")
                connection.execute(f"create macro product_ops.{name}({', '.join(arguments)}) as {sql}")
        yield connection


def of_python(name: str) -> Callable[..., str | None]:
    (body,) = [body for each, _, _, body in parsed() if each == name]
    scope: dict[str, Any] = {}
    exec(body, scope)
    function: Callable[..., str | None] = scope[name]
    return function


def values(
    connection: duckdb.DuckDBPyConnection, expression: str, texts: list[str | None]
) -> list[str | None]:
    query = f"select cast({expression} as varchar) from (select unnest(range(len($1))) as n, unnest($1::varchar[]) as t) order by n"
    return [row[0] for row in connection.execute(query, [texts]).fetchall()]


KINDS: dict[str, tuple[Callable[[Any], str], list[str | None]]] = {
    "moment": (lambda made: str(made.parse_timestamp("t")), MOMENTS),
    "date": (lambda made: str(made.try_cast("t", "date")), MOMENTS),
    "epoch": (lambda made: str(made.from_epoch("t")), NUMBERS),
    "whole number": (lambda made: str(made.try_cast("t", "bigint")), [*NUMBERS, *BOOLEANS]),
    "number": (
        lambda made: f"cast({made.try_cast('t', 'double')} as decimal(38, 4))",
        [each for each in NUMBERS if each not in HUGE],
    ),
    "boolean": (lambda made: str(made.try_cast("t", "boolean")), [*BOOLEANS]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_read_alike(engine: duckdb.DuckDBPyConnection, kind: str) -> None:
    sql, texts = KINDS[kind]
    ours, theirs = sql(macros()), sql(macros("snowflake")).replace("timestamp_ntz", "timestamp")
    assert dict(zip(texts, values(engine, theirs, texts), strict=True)) == dict(
        zip(texts, values(engine, ours, texts), strict=True)
    )


@pytest.mark.parametrize("zone", ZONES)
def test_a_clock_is_read_alike_where_it_is_put_forward_and_back(
    engine: duckdb.DuckDBPyConnection, zone: str
) -> None:
    shown = "select moment, {} as read from range(timestamp '2017-01-01', timestamp '2018-01-01', interval 30 minute) as t(moment)"
    ours, theirs = (
        shown.format(macros(name).from_wall_clock("moment", f"'{zone}'")) for name in ("duckdb", "snowflake")
    )
    assert engine.execute(f"({theirs} except {ours}) order by 1 limit 5").fetchall() == []


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0")), max_size=200
    )
)
def test_letters_and_digits_of_any_script_make_a_key(
    engine: duckdb.DuckDBPyConnection, texts: list[str | None]
) -> None:
    asked = [*texts, *TEXTS]
    assert [of_python("text_key")(text) for text in asked] == values(engine, macros().text_key("t"), asked)


CAPTURES = [
    (r"^[\s\[]*0*([0-9]+)[\s\]]*$", ["12", " [0042] ", "12x", "", "\n7\n"]),
    (r"[,\[]name=(.*?)(?:,(?:startDate|goal)=.*)?\]?$", ["[id=1,name=a, b,goal=x=y]", "[name=]", "[name=a]]", "name=a"]),
    (r"line [0-9]+: (.*)", ["line 3: it is", "line x", "line 3: a\nb"]),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "texts"), CAPTURES)
def test_a_pattern_captures_alike(
    engine: duckdb.DuckDBPyConnection, pattern: str, texts: list[str | None]
) -> None:
    ours = values(engine, macros().text_capture("t", pattern), texts)
    assert [of_python("text_capture")(text, pattern) for text in texts] == ours
