"""What the macros that read a vendor's values make of any text: a value or null, never an error."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.reconciliation import CREATED
from connectors.forgotten import moment_sql
from connectors.zones import MOMENT, moment_of
from tests.sql_macros import connected, macros

# Some of these raise in DuckDB's try_cast, alone or beside another that names a time zone.
FAR = (
    "290309-12-22 (BC) 00:00:00", "290309-12-22 (BC) 00:00:00 Europe/Berlin", "294247-01-10 04:00:54.775806",
    "294247-01-10 04:00:54.775806 America/New_York", "99999-01-01 00:00:00 Asia/Tokyo", "2026-11-10 10:00:00 Foo/Bar",
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with connected() as connection:
        yield connection


def values(engine: duckdb.DuckDBPyConnection, expression: str, *texts: str | None) -> list[Any]:
    """What an expression over the column `t` makes of texts, read as text so that nothing is lost on the way."""
    engine.execute("create or replace temp table texts as select unnest(?::varchar[]) as t", [list(texts)])
    return [row[0] for row in engine.execute(f"select cast({expression} as varchar) from texts").fetchall()]


def test_a_moment_is_a_text_with_or_without_an_offset(engine: duckdb.DuckDBPyConnection) -> None:
    assert values(
        engine,
        macros().parse_timestamp("t"),
        *(
            "2026-11-02T10:00:00+01:00",
            "2026-11-02 10:00:00",
            "2026-11-02",
            "yesterday",
            "",
            "1793613600",
            None,
        ),
        *(
            *FAR,
            "infinity",
            "-infinity",
            "0001-01-01 00:00:00",
            "294247-01-01",
            "9999-12-31 23:59:59",
            "2026-02-30",
        ),
    ) == ["2026-11-02 09:00:00", "2026-11-02 10:00:00", "2026-11-02 00:00:00", *[None] * (10 + len(FAR))]


def test_a_far_moment_breaks_no_query_that_reads_one_in_raw(engine: duckdb.DuckDBPyConnection) -> None:
    """Beside staging: what tells how old a record is, of events to forget and of records to count."""
    texts = [
        json.dumps({"at": each, "fields": {"created": each}}) for each in (*FAR, "1e300", "-1e18", "inf")
    ]
    engine.execute(
        "create or replace temp table raw_moments as select unnest(?::varchar[]) as record", [texts]
    )
    for moment in (moment_sql("at"), *map(str, CREATED.values())):
        asked = re.sub(r"->> '\w+'", "->> 'at'", moment) if "fields" not in moment else moment
        engine.execute(f"select max({asked}) from raw_moments where {asked} < now()").fetchall()


def test_staging_and_connectors_call_the_same_a_moment() -> None:
    assert macros().moment_pattern() == MOMENT


def test_what_may_be_a_whole_record_stands_no_more_often_than_it_must() -> None:
    """DuckDB parses it, and holds what it parsed, once for each place: with four of them a night ran out of memory."""
    assert macros().parse_timestamp("a_text").count("a_text") == 2
    assert moment_of("a_text").count("a_text") == 1


@pytest.mark.parametrize("sql", [macros().parse_timestamp("t"), moment_of("t")], ids=["macro", "connectors"])
def test_a_moment_is_read_alike_whatever_stands_before_it(
    engine: duckdb.DuckDBPyConnection, sql: str
) -> None:
    """DuckDB casts what comes after the name of a zone as if it were of that zone."""
    moments = (
        "2026-10-28 10:00:00",
        "2026-10-28T10:00",
        "2026-10-28",
        "2026-10-28T12:30:00+0230",
        "2026-10-28T12:30+02:30",
    )
    alone = [value[:19] for value in values(engine, sql, *moments)]
    assert alone == [*["2026-10-28 10:00:00"] * 2, "2026-10-28 00:00:00", *["2026-10-28 10:00:00"] * 2]
    odd = ("2026-10-28 10:00:00 Asia/Tokyo", "2026-10-28 10:00 PST", "2026-10-28T10:00:00+25:00", "-infinity")
    after = values(engine, sql, *(text for moment in moments for text in (*odd, moment)))
    assert after[:3] == [None] * 3
    assert [value[:19] for value in after[4::5]] == alone


def test_a_number_of_seconds_or_milliseconds_is_a_moment(engine: duckdb.DuckDBPyConnection) -> None:
    odd = [
        "soon",
        "",
        "NaN",
        "inf",
        "1e300",
        "99999999999999999",
        "9223372036854775807",
        "-62135596800000",
        None,
    ]
    told = ("1793613600", "1793613600123", "1793613600.5", "-1", "99999999999", "100000000000")
    assert values(engine, macros().from_epoch("t"), *told, "253402300800000", *odd) == [
        "2026-11-02 10:00:00",
        "2026-11-02 10:00:00.123",
        "2026-11-02 10:00:00.5",
        "1969-12-31 23:59:59",
        "5138-11-16 09:46:39",
        "1973-03-03 09:46:40",
        *[None] * (1 + len(odd)),
    ]


def test_a_property_is_had_as_json_and_as_a_list(engine: duckdb.DuckDBPyConnection) -> None:
    rows = ('{"f": "x"}', '{"f": [1]}', '{"f": {"id": 5}}', '{"f": null}', "{}", "[1]", "no JSON", None)
    member = macros().json_member("t", "'f'")
    assert values(engine, member, *rows) == ['"x"', "[1]", '{"id":5}', *[None] * 5]
    assert values(engine, macros().json_as_list(member), *rows) == ['["x"]', "[1]", '[{"id":5}]', *[None] * 5]


def test_a_text_is_known_by_its_letters_whatever_stands_between_them(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    key = macros().text_key("t")
    assert values(
        engine, key, "Won't Fix", "WON’T-FIX", " wont_fix ", "完成", "Erledigt!", "-", "", None
    ) == [
        *["wontfix"] * 3,
        "完成",
        "erledigt",
        *[None] * 3,
    ]
    capture = macros().text_capture("t", "[,]id=([0-9]+)")
    assert values(engine, capture, "a,id=12,id=13", "id=12", ",id=x", None) == ["12", None, None, None]


def test_a_cast_keeps_only_what_every_engine_holds(engine: duckdb.DuckDBPyConnection) -> None:
    assert values(
        engine, macros().try_cast("t", "double"), "1.5", "NaN", "inf", "-Infinity", "1e999", "x", ""
    ) == [
        "1.5",
        *[None] * 6,
    ]
    assert values(engine, macros().try_cast("t", "bigint"), "7", "9223372036854775808", "seven", "") == [
        "7",
        *[None] * 3,
    ]
    assert values(
        engine,
        macros().try_cast("t", "date"),
        "2026-11-02",
        "9999-12-31",
        "infinity",
        "10000-01-01",
        "0001-01-01 (BC)",
    ) == ["2026-11-02", "9999-12-31", *[None] * 3]
    assert values(engine, macros().try_cast("t", "boolean"), "true", "perhaps", "") == ["true", None, None]
    with pytest.raises(ValueError, match="not to varchar"):
        macros().try_cast("t", "varchar")


def test_a_property_has_any_name_and_only_objects_have_some(engine: duckdb.DuckDBPyConnection) -> None:
    objects = ['{"a": 1, "b": "x"}', '{"a": {"c": [2]}}', '{"a": null}', "{}"]
    others = ['"a"', '["a"]', "5", "null", "{a: 1}", "", '{"a": "\\ud800"}', None]
    assert values(engine, macros().json_property("t", "'a'"), *objects, *others) == [
        "1",
        '{"c":[2]}',
        *[None] * (2 + len(others)),
    ]
    for name in ('say "hi"', "a/b", "a~1b", "$.a", "*", "a.b", "[0]", "", "it's"):
        literal = macros().text_literal(name)
        assert values(engine, macros().json_property("t", literal), json.dumps({name: "found", "a": 1})) == [
            "found"
        ]


def test_items_of_an_array_are_texts_or_objects_and_not_one_for_the_other(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    array = ["text", 5, None, {"id": 1}, '{"id": 2}', ["x"]]
    engine.execute("create or replace temp table lists (id bigint, items varchar)")
    others = ['{"id": 3}', '"text"', "[1,", "null", "", None]
    engine.executemany("insert into lists values (?, ?)", list(enumerate([json.dumps(array), "[]", *others])))
    texts = engine.execute(macros().json_array_rows("lists", ["id"], "items")).fetchall()
    assert sorted(texts, key=lambda row: row[2]) == [
        (0, "text", 1),
        (0, "5", 2),
        (0, None, 3),
        (0, '{"id":1}', 4),
        (0, '{"id": 2}', 5),
        (0, '["x"]', 6),
    ]
    assert engine.execute(macros().json_object_rows("lists", ["id"], "items")).fetchall() == [
        (0, '{"id":1}', 4)
    ]
    assert values(engine, macros().json_first_item("t"), '["x", "y"]', "[]", '{"0": "x"}', "x", None) == [
        "x",
        *[None] * 4,
    ]
    firsts = ['[{"id": "x"}]', '["{\\"id\\": \\"x\\"}"]', "[]", '{"id": "x"}', "[x", None]
    assert values(engine, macros().json_first_item_property("t", "id"), *firsts) == ["x", *[None] * 5]
    assert values(engine, macros().json_array_contains("t", "'x'"), '["x"]', '["y"]', '"x"', "x", None) == [
        "true",
        "false",
        *[None] * 3,
    ]


def test_a_list_in_a_text_is_an_array_whatever_its_parts_hold(engine: duckdb.DuckDBPyConnection) -> None:
    made = values(engine, macros().json_text_list("t", ","), "12, 13", "7", " ", None, 'a "b", c\\d', "x,,y")
    assert [json.loads(each) for each in made] == [
        ["12", "13"],
        ["7"],
        [],
        [],
        ['a "b"', "c\\d"],
        ["x", "", "y"],
    ]


def test_the_members_of_an_object_are_rows(engine: duckdb.DuckDBPyConnection) -> None:
    texts = ['{"a": "x", "b/~": [1], "": {"c": null}, "d": null}', "[1]", "{", "7", None]
    engine.execute("create or replace temp table objects as select unnest(?) as t", [texts])
    rows = engine.execute(macros().json_member_rows("objects", ["t"], "t")).fetchall()
    assert sorted(rows) == sorted(
        (texts[0], *each) for each in (("a", '"x"'), ("b/~", "[1]"), ("", '{"c":null}'), ("d", None))
    )


def test_an_object_is_kept_without_some_of_its_properties(engine: duckdb.DuckDBPyConnection) -> None:
    kept = macros().json_object_without("t", "properties", ["ip", "$city"])
    record = '{"properties": {"ip": "192.0.2.1", "$city": "Rome", "kind": "draft"}}'
    others = ['{"properties": "text"}', '{"properties": [1]}', "{}", "{properties", "", None]
    assert values(engine, kept, record, *others) == ['{"kind":"draft"}', *[None] * 6]
    assert values(engine, macros().json_first_name("t"), '{"b": 1, "a": 2}', "{}", '"b"', "{b", None) == [
        "b",
        *[None] * 4,
    ]
    assert values(engine, macros().json_name_count("t"), '{"b": 1, "a": 2}', "{}", '"b"', "{b", None) == [
        "2",
        *["0"] * 4,
    ]


FIELDS = [
    ("name", "name", "text"),
    ("details", "details", "json"),
    ("owner.id", "owner_id", "text"),
    ("size", "size", "integer"),
    ("price", "price", "double"),
    ("is_live", "is_live", "boolean"),
    ("at", "happened_at", "timestamp"),
    ("on", "happened_on", "date"),
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "owner", "id", "at", "size"]) | st.text(), inner, max_size=3
        )
    ),
    max_leaves=8,
)
# What a vendor can send: JSON of any shape, half of it, a moment far away, and texts of any kind.
TEXTS = st.one_of(
    JSON_VALUES.map(json.dumps),
    JSON_VALUES.map(lambda value: json.dumps(value, ensure_ascii=False)[:-1]),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(str),
    st.dates().map(str),
    st.sampled_from(FAR),
    st.text(),
).filter(lambda text: text.encode(errors="ignore").decode() == text)


def staged(engine: duckdb.DuckDBPyConnection, records: list[str]) -> list[dict[str, Any]]:
    """Rows of `stage_records` over raw records."""
    engine.execute(
        "create or replace temp table raw_records as select 'id' as record_id, 'v' as record_version, "
        "timestamp '2026-11-02' as extracted_at, false as is_deleted, unnest(?::varchar[]) as record",
        [records],
    )
    rows: list[dict[str, Any]] = (
        engine.execute(macros().stage_records("raw_records", FIELDS)).fetch_arrow_table().to_pylist()
    )
    return rows


def test_a_record_of_another_shape_is_staged_with_nulls(engine: duckdb.DuckDBPyConnection) -> None:
    good = {"name": "n", "details": {"a": 1}, "owner": {"id": "o"}, "size": 3, "price": 1.5, "is_live": True}
    good |= {"at": "2026-11-02T10:00:00Z", "on": "2026-11-02"}
    odd: dict[str, Any] = {
        "name": None,
        "owner": "somebody",
        "size": "big",
        "price": "NaN",
        "is_live": "?",
        "at": {},
        "on": [1],
    }
    rows = staged(engine, [json.dumps(good), json.dumps(odd), '"text"', "[]", "{", ""])
    assert [rows[0][name] for _, name, _ in FIELDS[:6]] == ["n", '{"a":1}', "o", 3, 1.5, True]
    assert f"{rows[0]['happened_at']} {rows[0]['happened_on']}" == "2026-11-02 10:00:00 2026-11-02"
    assert len(rows) == 6
    for row in rows[1:]:
        assert row["record_id"] == "id"
        assert {name: row[name] for _, name, _ in FIELDS} == {name: None for _, name, _ in FIELDS}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5), name=st.text())
def test_no_text_raises(texts: list[str], name: str) -> None:
    made = macros()
    with connected() as engine:
        expressions = [
            made.parse_timestamp("t"),
            made.reporting_date(made.parse_timestamp("t")),
            made.add_time("day", 1, made.from_epoch("t")),
            made.reporting_midnight(made.try_cast("t", "date")),
            made.reporting_date(made.from_epoch("t")),
            *(made.try_cast("t", kind) for kind in ("bigint", "double", "boolean", "date")),
            made.json_property("t", made.text_literal(name.replace("\0", ""))),
            made.json_property("t", "t"),
            made.json_as_list(made.json_member("t", "t")),
            made.text_key("t"),
            made.text_capture("t", "([0-9]+)"),
            made.json_first_item("t"),
            made.json_first_item_property("t", "id"),
            made.json_array_contains("t", "t"),
            made.json_array_contains(made.json_text_list("t", ";"), "t"),
            made.json_first_name("t"),
            made.json_name_count("t"),
            made.json_object_without("t", "owner", ["id"]),
            made.struct_field(made.parse_json("t", {"owner": {"id": "VARCHAR"}}), ["owner", "id"]),
        ]
        for expression in expressions:
            assert len(values(engine, expression, *texts)) == len(texts)
        engine.execute(made.json_array_rows("texts", ["t"], "t")).fetchall()
        engine.execute(made.json_object_rows("texts", ["t"], "t")).fetchall()
        engine.execute(made.json_member_rows("texts", ["t"], "t")).fetchall()
        assert len(staged(engine, texts)) == len(texts)
