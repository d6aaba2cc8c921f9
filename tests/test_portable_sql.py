"""SQL that every engine understands alike: what only one engine knows stands in dbt_project/macros/engine*.sql."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import TokenType, exp
from sqlglot.dialects.snowflake import Snowflake

from tests.sql_macros import model_sql
from warehouse.snowflake import FUNCTIONS

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
CONTRACT_TYPES = {"string", "bigint", "double", "boolean", "date", "timestamp"}
# What an engine has of its own, or has otherwise than another one, and what to write instead.
ENGINE_WORDS = {
    r"\b(try|try_cast|safe_cast)\s*\(": "{{ try_cast(..) }}",
    r"\btimestamptz\b|\b(strptime|strftime|to_timestamp|to_date|now)\s*\(": "{{ parse_timestamp(..) }}",
    r"\b(epoch\w*|make_timestamp|make_date)\s*\(": "{{ from_epoch(..) }}, {{ epoch_seconds(..) }}",
    r"\b(date_add|dateadd|date_sub)\s*\(|\binterval\s+['\d(]": "{{ add_days(..) }}, {{ add_time(..) }}",
    r"\b(date_diff|datediff|datesub)\s*\(": "{{ days_between(..) }}, {{ seconds_between(..) }}",
    r"\bat time zone\b": "{{ reporting_date(..) }}",
    r"\b(from_json|to_json|parse_json|json_\w+)\s*\(|->": "{{ parse_json(..) }}, {{ json_property(..) }}",
    r"\b(unnest|flatten|explode|generate_series|list_\w+|array_\w+)\s*\(": "{{ json_array_rows(..) }}",
    r"\b(string_agg|listagg|group_concat)\s*\(": "{{ joined_texts(..) }}",
    r"\b(split_part|string_split|split)\s*\(": "{{ text_part(..) }}",
    r"\b(date|timestamp|datetime|bigint|double|to_number|to_decimal|to_double|to_boolean)\s*\(": "{{ try_cast(..) }}",
    r"\b(regexp_\w+|rlike|ilike|similar to)\b": "{{ text_match_rows(..) }}",
    r"\bcontains\s*\(": "{{ contains_text(..) }}",
    r"\b(greatest|least)\s*\(": "{{ greatest() }}(..), {{ least() }}(..)",
    r"\b(sha256|sha2|md5_number|getvariable)\s*\(": "{{ pseudonym(..) }}",
    r"\b(percentile_cont|quantile\w*|median)\s*\(": "{{ percentile(..) }}",
    r"::|\bvarchar\b|\bas text\b": "cast(.. as {{ dbt.type_string() }})",
    r"\bqualify\b|\bexclude\b|\basof\b|\blambda\b|\bgroup by all\b|\bpivot\b": "plain SQL",
    r"\bdate_trunc\s*\(|\bdayofweek\b|\b(arg_max|arg_min|max_by|min_by|count_if|countif)\s*\(": "plain SQL",
    r"duckdb|snowflake|spark": "nothing: no model knows its engine",
}
# dbt's own macros that are not equal on all engines, and types of one of them.
JINJA_WORDS = {
    r"dbt\.dateadd\b": "add_time",
    r"dbt\.datediff\b": "days_between, seconds_between",
    r"dbt\.split_part\b": "text_part",
    r"dbt\.(safe_)?cast\b": "try_cast",
    r"dbt\.listagg\b": "joined_texts",
    r"['\"](greatest|least)\(": "greatest() ~ '(..)'",
    r"(?i)['\"](varchar|text|json)['\"]\s*[,}]": "text_type(), json_type()",
}
# What a vendor sent is cast by a macro, which takes what does not fit for null. A plain cast raises then, so that it is only
# for what is a time or a number already: its name says so, or the value is not made of a text.
_TYPE = r"\s+as\s+(date|time|timestamp\w*|bool\w*|\w*int\w*|double|float\w*|real|number|numeric|decimal)\b"
_OF_A_COLUMN = re.compile(rf"\bcast\(\s*(?:\w+\.)?([a-z_]\w*){_TYPE}", re.IGNORECASE)
_TIMES_AND_NUMBERS = re.compile(
    r"x|null|\w+_(at|date|day|days|count|number|points|seconds|usd|users)|seconds_before|date_day|total|counted|confidence"
)
_OF_A_TEXT = re.compile(
    r"\bcast\(\s*((nullif|trim|l?r?trim|replace|substr\w*|left|right|lower|upper|concat)\s*\("
    rf"|(?:\w+\.)?\w+\s*\|\|)[^;]*?{_TYPE}",
    re.IGNORECASE,
)
_OF_JSON = re.compile(
    rf"\bcast\(\s*\{{\{{-?\s*(json_\w+|struct_field|text_\w+)\b[^}}]*\}}\}}{_TYPE}", re.IGNORECASE
)
# Their rows hold hashes, whose key only the engine's session has.
OF_THE_SESSIONS_KEY = (
    "mixpanel_senders_are_users_or_devices_whatever_the_project_calls_them",
    "posthog_senders_are_users_or_devices_whatever_the_sdk_says_of_them",
)
_COMMENT = re.compile(r"--[^\n]*|\{#.*?#\}", re.DOTALL)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def faults_of_sql(text: str) -> list[str]:
    """What of a model's, macro's or test's text is not portable: the words that were found, and what to write instead."""
    text = _COMMENT.sub("", text)
    sql = _JINJA.sub("x", text)
    found = [
        f"{match.group().strip()!r}: write {instead}"
        for word, instead in ENGINE_WORDS.items()
        for match in re.finditer(word, _LITERAL.sub("''", sql), re.IGNORECASE)
    ]
    jinja = " ".join(_JINJA.findall(text))
    found += [
        f"{match.group()!r}: write {instead}"
        for word, instead in JINJA_WORDS.items()
        for match in re.finditer(word, jinja)
    ]
    casts = [
        match.group()
        for match in _OF_A_COLUMN.finditer(sql)
        if not _TIMES_AND_NUMBERS.fullmatch(match.group(1).lower())
    ]
    casts += [
        match.group()
        for pattern, of in ((_OF_A_TEXT, sql), (_OF_JSON, text))
        for match in pattern.finditer(of)
    ]
    found += [f"{cast!r}: write {{{{ try_cast(..) }}}}, {{{{ parse_timestamp(..) }}}}" for cast in casts]
    return found + [
        f"{literal}: write {{{{ text_literal(..) }}}}"
        for literal in _LITERAL.findall(sql)
        if "''" in literal[1:-1]
    ]


def faults_of_yaml(content: dict[str, Any]) -> list[str]:
    """What of a parsed YAML file of models, unit tests or sources is not portable."""
    found = [
        f"{model['name']}.{column['name']} is {column['data_type']}: one of {', '.join(sorted(CONTRACT_TYPES))}"
        for model in content.get("models", [])
        for column in model.get("columns", [])
        if column.get("data_type", "string") not in CONTRACT_TYPES
    ]
    for test in content.get("unit_tests", []):
        if test["name"] in OF_THE_SESSIONS_KEY:
            continue
        for part in (*test["given"], test["expect"]):
            if part.get("format") == "sql":
                found += [f"{test['name']}: {fault}" for fault in faults_of_sql(part["rows"])]
    for source in content.get("sources", []):
        attached = f"{{{{ '{source['name']}' if target.type == 'duckdb' else none }}}}"
        if source.get("database") != attached:
            found.append(f"database of {source['name']}: write {attached}")
    return found


def is_of_an_engine(path: Path) -> bool:
    return path.parent.name == "macros" and path.name.startswith("engine")


SQL_FILES = [
    path
    for folder in ("models", "macros", "tests")
    for path in sorted((PROJECT / folder).rglob("*.sql"))
    if not is_of_an_engine(path)
]


# Functions of Apache Spark 4 that the macros of its engine write, and sqlglot has no name for.
FUNCTIONS_OF_SPARK = {
    *("from_json", "get", "map_filter", "raise_error", "reflect"),
    *("schema_of_variant", "timestamp_millis", "try_parse_json", "try_variant_get"),
}  # fmt: skip


def unknown_to_spark(sql: str) -> set[str]:
    """The functions of a query that Spark does not have; raises where Spark's grammar, as sqlglot knows it, does not hold."""
    query = sqlglot.parse_one(sql, dialect="spark")
    tried = {"try" for _ in query.find_all(exp.Try)}
    return {called.name.lower() for called in query.find_all(exp.Anonymous)} - FUNCTIONS_OF_SPARK | tried


# Functions of Snowflake that the macros of its engine and models write, and sqlglot has no name for, or calls by another.
FUNCTIONS_OF_SNOWFLAKE = {
    *("as_array", "as_object", "extract", "is_object", "object_delete", "regexp_substr_all", "substr", "pseudonym"),
    *re.findall(r"create or replace function product_ops\.(\w+)", FUNCTIONS.read_text()),
}  # fmt: skip
# A table, column or alias is not called like these, unless in quotes.
_RESERVED = """
all alter and any as between by case cast check column connect connection constraint create cross current delete
distinct drop else exists false following for from full grant group having ilike in increment inner insert intersect
into is join lateral left like localtime localtimestamp minus natural not null of on or order qualify regexp revoke
right rlike row rows sample select set some start table tablesample then to trigger true try_cast union unique update
using values when whenever where with
"""
RESERVED_BY_SNOWFLAKE = set(_RESERVED.split())


def called(sql: str) -> set[str]:
    """The names in a query of Snowflake's after which a bracket opens."""
    tokens = Snowflake().tokenize(sql)
    return {
        token.text.lower()
        for token, after in pairwise(tokens)
        if after.token_type is TokenType.L_PAREN and token.token_type not in RESERVED_TOKENS
    }


# After these a bracket opens that is no call.
RESERVED_TOKENS = {TokenType.IN, TokenType.NUMBER, TokenType.STRING}


# Names that sqlglot, too, writes for Snowflake: they are asked once, for to write a query takes as long as to read it.
_CALLED_SO: set[str] = set()


def unknown_to_snowflake(sql: str) -> set[str]:
    """What of a query Snowflake does not have: functions, also those that sqlglot knows and would call otherwise there, words
    that are no names there, and filters of aggregates; raises where Snowflake's grammar, as sqlglot knows it, does not hold."""
    query = sqlglot.parse_one(sql, dialect="snowflake")
    functions = {each.name.lower() for each in query.find_all(exp.Anonymous)}
    if called(sql) - _CALLED_SO:
        _CALLED_SO.update(called(sql) & called(query.sql("snowflake", comments=False)))
    functions |= called(sql) - _CALLED_SO
    names = {each.name.lower() for each in query.find_all(exp.Identifier) if not each.quoted}
    filters = {"filter" for _ in query.find_all(exp.Filter)}
    return functions - FUNCTIONS_OF_SNOWFLAKE | names & RESERVED_BY_SNOWFLAKE | filters


UNKNOWN = {"spark": unknown_to_spark, "snowflake": unknown_to_snowflake}


@pytest.mark.parametrize("engine", UNKNOWN)
@pytest.mark.parametrize("folder", ["models", "tests"])
def test_all_sql_is_sql_of_an_engine_as_its_macros_write_it(folder: str, engine: str) -> None:
    paths = [path for path in (PROJECT / folder).rglob("*.sql") if path.parent.name != "generic"]
    unknown = {path.stem: UNKNOWN[engine](model_sql(path.stem, engine)) for path in paths}
    unknown |= {
        f"an increment of {path.stem}": UNKNOWN[engine](model_sql(path.stem, engine, is_incremental=True))
        for path in paths
        if "is_incremental" in path.read_text()
    }
    assert paths
    assert not {name: functions for name, functions in unknown.items() if functions}


def test_what_differs_between_engines_differs_on_each_of_them() -> None:
    """A macro that an engine lacks would be found by the first model that calls it; one that no model calls, here."""
    texts = "\n".join(path.read_text() for path in (PROJECT / "macros").glob("engine*.sql"))
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", texts))
    written = set(re.findall(r"macro (\w+)\(", texts))
    assert dispatched
    for engine in UNKNOWN:
        assert {
            name for name in dispatched if not written & {f"{engine}__{name}", f"default__{name}"}
        } == set()


@pytest.mark.parametrize(
    "call", ["list_contains(ids, 1)", "epoch_ms(x)", "try(x)", "generate_subscripts(x, 1)"]
)
def test_a_function_of_duckdb_is_unknown_to_spark(call: str) -> None:
    assert unknown_to_spark(f"select {call} from ids")


@pytest.mark.parametrize(
    "call",
    [
        *("list_contains(ids, 1)", "epoch_ms(x)", "generate_subscripts(x, 1)", "bool_or(x)", "string_agg(x, ',')"),
        *("count(*) filter (where x)", "x as following", "from_json(x, 'y')", "sha256(x)", "try_strptime(x, '%Y')"),
    ],
)  # fmt: skip
def test_what_another_engine_has_is_unknown_to_snowflake(call: str) -> None:
    assert unknown_to_snowflake(f"select {call} from ids")


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)
def test_sql_is_portable(path: Path) -> None:
    assert faults_of_sql(path.read_text()) == []


def test_contracts_unit_tests_and_sources_are_portable() -> None:
    found = {
        path.name: faults_of_yaml(yaml.safe_load(path.read_text()) or {})
        for path in sorted((PROJECT / "models").rglob("*.yml"))
    }
    assert not {name: faults for name, faults in found.items() if faults}


@pytest.mark.parametrize(
    "line",
    [
        "try_cast(score as double) as score,",
        "{{ dbt.safe_cast('score', 'double') }} as score,",
        "strptime(day, '%d.%m.%Y') as day,",
        "to_timestamp(created) as created_at,",
        "epoch_ms(created) as created_at,",
        "created::date as created_date,",
        "cast(created as date) as created_date,",
        "cast(items.created as timestamp) as created_at,",
        "cast(score as double) as score,",
        "cast(is_open_original as boolean) as is_open,",
        "cast(nullif(points, '') as bigint) as points,",
        "cast(day || ' 00:00' as timestamp) as started_at,",
        "cast({{ json_property('record', \"'created'\") }} as date) as created_date,",
        "cast({{ text_part('day', \"' '\", 1) }} as date) as created_date,",
        "date(created) as created_date,",
        "to_number(points) as points,",
        "{{ dbt.cast('created', 'date') }} as created_date,",
        "make_timestamp(seconds * 1000000) as happened_at,",
        "epoch(ended_at) - epoch(started_at) as seconds,",
        "started_at + interval 1 day as ends_at,",
        "{{ dbt.dateadd('day', 1, 'started_at') }} as ends_at,",
        "{{ dbt.datediff('a', 'b', 'day') }} as days,",
        "datediff('day', a, b) as days,",
        "cast(at as timestamptz) as at,",
        "at at time zone 'UTC' as at,",
        "json_extract_string(record, '$.id') as id,",
        "record ->> 'id' as id,",
        "unnest(from_json(ids, '[\"JSON\"]')) as id,",
        "list_contains(ids, id) as is_in,",
        "string_agg(name, ',') as names,",
        "{{ dbt.listagg('name', \"','\") }} as names,",
        "split_part(email, '@', 2) as domain,",
        "{{ dbt.split_part('email', \"'@'\", 2) }} as domain,",
        "regexp_replace(name, ' ', '') as name,",
        "name ilike 'a%' as begins_with_a,",
        "greatest(a, b) as later,",
        "{{ seconds_between('a', 'least(b, c)') }} as seconds,",
        "id::bigint as id,",
        "cast(id as varchar) as id,",
        "{{ parse_json('item', {'id': 'VARCHAR'}) }} as parsed,",
        "select * exclude (id) from items",
        "qualify row_number() over (partition by id) = 1",
        "'the tool''s own' as meaning,",
        "{% if x %} {% endif %} duckdb_tables()",
    ],
)
def test_a_line_of_one_engine_is_found(line: str) -> None:
    assert faults_of_sql(f"select\n    {line}\n    1 as one")


@pytest.mark.parametrize(
    "line",
    [
        "{{ try_cast('score', 'double') }} as score, -- the vendor's try_cast(x as double)",
        "coalesce(name, '') <> '' as has_name,",
        "'a sentence with interval 1 day, and contains(x) in it' as meaning,",
        "cast(x.json_count as bigint) as json_count,",
        "cast(started_at as date) as started_date,",
        "cast('9999-12-31' as date) as valid_to,",
        "cast(sum(case when is_open then 1 else 0 end) as bigint) as open_count,",
        "cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,",
    ],
)
def test_a_portable_line_is_not(line: str) -> None:
    assert faults_of_sql(f"select\n    {line}\n    1 as one") == []


def test_types_rows_and_databases_of_one_engine_are_found() -> None:
    column = {"name": "id", "data_type": "varchar"}
    assert faults_of_yaml({"models": [{"name": "a_model", "columns": [column]}]})
    rows = {"format": "sql", "rows": "select timestamptz '2026-10-28' as at"}
    unit_test = {"name": "a_test", "given": [], "expect": {"rows": []}}
    assert faults_of_yaml({"unit_tests": [{**unit_test, "given": [rows]}]})
    assert faults_of_yaml({"unit_tests": [{**unit_test, "expect": rows}]})
    assert faults_of_yaml({"sources": [{"name": "jira", "database": "jira"}]})
    assert faults_of_yaml({"sources": [{"name": "jira"}]})
