"""`make test-engine`: what the macros of engine_spark.sql make of any text, beside what those of DuckDB make of it."""

import hashlib
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from tests.engine.session import KEY
from tests.engine.texts import BOOLEANS, HUGE, JSON, MOMENTS, NUMBERS, TEXTS
from tests.sql_macros import connected, macros

pytest_plugins = "tests.engine.session"

STRINGS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.sampled_from([0.5, -2.25, 0.1]) | STRINGS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "id", "x"]) | STRINGS, inner, max_size=3)
    ),
    max_leaves=8,
)


def made_by_duckdb(expression: str, texts: list[str | None]) -> list[str | None]:
    with connected() as engine:
        engine.execute(
            "create temp table texts as select unnest(range(len($1))) as n, unnest($1::varchar[]) as t",
            [texts],
        )
        return [
            row[0]
            for row in engine.execute(
                f"select cast({expression} as varchar) from texts order by n"
            ).fetchall()
        ]


def made_by_spark(spark: SparkSession, expression: str, texts: list[str | None]) -> list[str | None]:
    spark.createDataFrame(list(enumerate(texts)), "n int, t string").createOrReplaceTempView("texts")
    return [
        row[0] for row in spark.sql(f"select cast({expression} as string) from texts order by n").collect()
    ]


def parsed(text: str | None) -> Any:
    """The JSON of a text; a text that is none as it is."""
    try:
        return None if text is None else ("JSON", json.loads(text))
    except ValueError:
        return text


@cache
def expressions(engine: str) -> dict[str, tuple[str, list[str | None]]]:
    """By name the SQL of an engine over the column `t`, and the texts that it is tried with."""
    made: Any = macros(engine)
    shape = {"a": made.text_type(), "b": made.json_type()}
    deep = {"a": {"c": made.json_type()}}
    found = {
        "moment": (made.parse_timestamp("t"), MOMENTS),
        "date of a moment": (made.reporting_date(made.parse_timestamp("t")), MOMENTS),
        "date": (made.try_cast("t", "date"), MOMENTS),
        "midnight": (made.reporting_midnight(made.reporting_date(made.parse_timestamp("t"))), MOMENTS),
        "wall clock": (made.from_wall_clock(made.parse_timestamp("t"), "'Europe/Berlin'"), MOMENTS),
        "wall clock of an island": (made.from_wall_clock(made.parse_timestamp("t"), "'Australia/Lord_Howe'"), MOMENTS),
        "a day later": (made.add_time("day", 1, made.parse_timestamp("t")), MOMENTS),
        "seconds": (made.epoch_seconds(made.parse_timestamp("t")), MOMENTS),
        "days": (made.days_between(made.parse_timestamp("t"), "date '2026-11-30'"), MOMENTS),
        "epoch": (made.from_epoch("t"), NUMBERS),
        "whole number": (made.try_cast("t", "bigint"), NUMBERS + BOOLEANS),
        "number": (f"cast({made.try_cast('t', 'double')} as decimal(38, 4))", [each for each in NUMBERS if each not in HUGE]),
        "boolean": (made.try_cast("t", "boolean"), BOOLEANS),
        "json_as_list": (made.json_as_list(made.json_member("t", "'a'")), JSON),
        "json_unwrapped": (made.json_unwrapped(made.json_member("t", "'a'")), JSON),
        "json_first_item": (made.json_first_item("t"), JSON),
        "json_first_item_property": (made.json_first_item_property("t", "id"), JSON),
        "json_array_contains": (made.json_array_contains("t", "'x'"), JSON),
        "json_text_list": (made.json_text_list("t", ";"), TEXTS),
        "json_first_name": (made.json_first_name("t"), JSON),
        "json_name_count": (made.json_name_count("t"), JSON),
        "json_object_without": (made.json_object_without("t", "a", ["ip"]), JSON),
        "text in a struct": (made.struct_field(made.parse_json("t", shape), ["a"]), JSON),
        "JSON in a struct": (made.json_text(made.struct_field(made.parse_json("t", shape), ["b"])), JSON),
        "JSON deep in a struct": (made.json_text(made.struct_field(made.parse_json("t", deep), ["a", "c"])), JSON),
        "text_key": (made.text_key("t"), TEXTS),
        "text_capture": (made.text_capture("t", "[,]id=([0-9]+)"), TEXTS),
        "text_part": (made.text_part("t", "'@'", 2), TEXTS),
        "contains_text": (made.contains_text("t", "'@'"), TEXTS),
        "text_literal": (f"t = {made.text_literal('a' + chr(92) + 'b')}", TEXTS),
    }  # fmt: skip
    for name in ("a", "", "a.b", "a/b", "it's", "`t", "a\\b", "$.a", "*"):
        found[f"json_property {name}"] = (made.json_property("t", made.text_literal(name)), JSON)
    return found


@pytest.mark.parametrize("name", expressions("duckdb"))
def test_a_text_is_read_alike(spark: SparkSession, name: str) -> None:
    (ours, texts), (theirs, _) = expressions("duckdb")[name], expressions("spark")[name]
    expected, found = made_by_duckdb(ours, texts), made_by_spark(spark, theirs, texts)
    assert dict(zip(texts, found, strict=True)) == dict(zip(texts, expected, strict=True))


@pytest.mark.parametrize("macro", ["json_array_rows", "json_object_rows", "json_member_rows"])
def test_rows_of_a_text_are_alike(spark: SparkSession, macro: str) -> None:
    spark.createDataFrame(list(enumerate(JSON)), "n int, t string").createOrReplaceTempView("texts")
    with connected() as engine:
        engine.execute(
            "create temp table texts as select unnest(range(len($1))) as n, unnest($1::varchar[]) as t",
            [JSON],
        )
        expected = engine.execute(getattr(macros(), macro)("texts", ["n"], "t")).fetchall()
    found = [tuple(row) for row in spark.sql(getattr(macros("spark"), macro)("texts", ["n"], "t")).collect()]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert len(found) > 1


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(records=st.lists(VALUES, min_size=30, max_size=60))
def test_any_json_is_read_alike(spark: SparkSession, records: list[Any]) -> None:
    texts: list[str | None] = [json.dumps(record, ensure_ascii=False) for record in records]
    for name in (
        "text in a struct",
        "JSON in a struct",
        "json_property a",
        "json_as_list",
        "json_name_count",
    ):
        ours, theirs = expressions("duckdb")[name][0], expressions("spark")[name][0]
        found, expected = made_by_spark(spark, theirs, texts), made_by_duckdb(ours, texts)
        # A variant gives the names of an object in the order of the alphabet.
        assert [*map(parsed, found)] == [*map(parsed, expected)]


def test_a_pseudonym_is_alike_and_its_key_in_no_plan(spark: SparkSession) -> None:
    made = macros("spark").pseudonym("t")
    spark.createDataFrame([("somebody",)], "t string").createOrReplaceTempView("texts")
    query = spark.sql(f"select {made} as hashed from texts")
    assert [row.hashed for row in query.collect()] == [
        hashlib.sha256(f"{KEY}|somebody".encode()).hexdigest()[:32]
    ]
    assert KEY not in query._jdf.queryExecution().toString()
