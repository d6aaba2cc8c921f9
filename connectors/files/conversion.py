"""From a file's cells to conformed rows, in SQL made from the mapping: each row becomes a record or gets its reason."""

import duckdb

from connectors.files.entities import Column
from connectors.files.mapping import Mapping, Rule
from connectors.files.reading import source_columns
from connectors.storage import literal
from connectors.zones import moment_of

_NUMBER = {
    ".": r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$",
    # Points may group the thousands.
    ",": r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?$",
}
_OFFSET = r"\d[T ]\d.*(Z|z|[+-]\d{2}(:?\d{2})?)$"
_WORDS = {
    "number": "no number",
    "integer": "no whole number",
    "boolean": "neither true nor false",
    "date": "no date",
    "timestamp": "no time",
}


def convert(connection: duckdb.DuckDBPyConnection, path: str, mapping: Mapping) -> None:
    """Make the table `conformed` (line, raw, record_id, record, problem) from `source_rows`.

    A good row has a record and no problem. Reasons name the line (or the row of a
    Parquet file), the column, and no value.
    """
    noun = "row" if mapping.format_of(path) == "parquet" else "line"
    # Elsewhere a number is written as a number.
    decimal = mapping.decimal if mapping.format_of(path) == "csv" else "."
    places = {name: f"c{number}" for number, name in enumerate(source_columns(mapping))}
    texts, values = [], []
    for column, rule in mapping.mapped():
        cell = literal(rule.constant) if rule.constant is not None else places[str(rule.column)]
        texts.append(f"{_mapped_text(cell, rule)} as {column.name}_text")
        values.append(f"{_value(column, rule, mapping.time_zone, decimal)} as {column.name}")
    problems = [problem for column, rule in mapping.mapped() for problem in _problems(column, rule, mapping)]
    if mapping.conformed.one_of:
        nothing = " and ".join(
            f"{name} is null" for name in mapping.conformed.one_of if name in mapping.columns
        )
        problems.append(
            f"case when {nothing} then {literal(f'{_names(mapping.conformed.one_of)} is empty')} end"
        )
    keys = mapping.row_key
    key = keys[0] if len(keys) == 1 else f"cast(json_array({', '.join(keys)}) as varchar)"
    pairs = ", ".join(f"'{column.name}', {column.name}" for column, _ in mapping.mapped())
    connection.execute(
        f"""
        create or replace table conformed as
        with texts as (select line, raw, problem, {", ".join(texts)} from source_rows),
        converted as (select *, {", ".join(values)} from texts),
        judged as (
            select line, raw, {key} as row_key, coalesce(problem, {", ".join(problems)}) as problem, json_merge_patch(
                json_object('_mapping', {literal(mapping.id)}, '_file', {literal(path)}, '_key', {key}),
                json_object({pairs})
            ) as record
            from converted
        ),
        compared as (
            select
                *,
                first_value(line) over same_key as first_line,
                first_value(record) over same_key as first_record
            from judged
            window same_key as (partition by row_key, problem is null order by line)
        )
        select
            line,
            raw,
            {literal(f"{mapping.id}/{path}//")} || row_key as record_id,
            cast(record as varchar) as record,
            {literal(f"{path} {noun} ")} || line || ': ' || coalesce(
                problem,
                case when record <> first_record then
                    {literal(f"{_names(keys)} is that of {noun} ")} || first_line || ', with other content'
                end
            ) || '.' as problem
        from compared
        """
    )


def _mapped_text(cell: str, rule: Rule) -> str:
    trimmed = f"nullif(trim({cell}, e' \\t\\r\\n'), '')"
    if not rule.values:
        return trimmed
    cases = " ".join(f"when {literal(theirs)} then {literal(ours)}" for theirs, ours in rule.values.items())
    # What is not listed stays, and is found out by its leading zero byte.
    return f"case {trimmed} {cases} else {_UNLISTED} || {trimmed} end"


_UNLISTED = "chr(1)"


def _value(column: Column, rule: Rule, time_zone: str, decimal: str) -> str:
    text = f"{column.name}_text"
    zone = literal(time_zone)
    match column.kind:
        case "text":
            return f"case when not starts_with({text}, {_UNLISTED}) then {text} end" if rule.values else text
        case "number" | "integer":
            plain = f"replace(replace({text}, '.', ''), ',', '.')" if decimal == "," else text
            number = f"case when regexp_matches({text}, {literal(_NUMBER[decimal])}) then try_cast({plain} as double) end"
            if column.kind == "number":
                return f"(case when isfinite({number}) then {number} end)"
            return f"(case when {number} = trunc({number}) then try_cast({number} as bigint) end)"
        case "boolean":
            return f"case when lower({text}) in ('true', 'yes', '1') then true when lower({text}) in ('false', 'no', '0') then false end"
        case "date":
            return f"try(strftime(cast({_local_time(text, rule, zone)} as date), '%Y-%m-%d'))"
        case "timestamp":
            return f"try(strftime({_moment(text, rule, zone)} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ'))"


def _moment(text: str, rule: Rule, zone: str) -> str:
    """The text as a moment; a local time without offset is one of the mapping's time zone."""
    if rule.format in ("epoch_seconds", "epoch_milliseconds"):
        factor = 1_000_000 if rule.format == "epoch_seconds" else 1_000
        number = (
            f"case when regexp_matches({text}, {literal(_NUMBER['.'])}) then try_cast({text} as double) end"
        )
        return f"(try(make_timestamp(cast(round({number} * {factor}) as bigint))) at time zone 'UTC')"
    if rule.format == "iso":
        return (
            f"case when regexp_matches({text}, {literal(_OFFSET)}) then {moment_of(text)} "
            f"else try_cast({text} as timestamp) at time zone {zone} end"
        )
    if _names_zone(rule.format):
        return f"cast(try_strptime({text}, {literal(rule.format)}) as timestamptz)"
    return f"(try_strptime({text}, {literal(rule.format)}) at time zone {zone})"


def _names_zone(pattern: str) -> bool:
    """Does each text say in which zone it is: by its offset or its name?"""
    return "%z" in pattern or "%Z" in pattern


def _local_time(text: str, rule: Rule, zone: str) -> str:
    """The text as a time on the mapping's clock: a date without a time of day stays that date."""
    if rule.format in ("iso", "epoch_seconds", "epoch_milliseconds") or _names_zone(rule.format):
        return f"({_moment(text, rule, zone)} at time zone {zone})"
    return f"try_strptime({text}, {literal(rule.format)})"


def _problems(column: Column, rule: Rule, mapping: Mapping) -> list[str]:
    text, origin = f"{column.name}_text", f"`{column.name}`"
    if rule.column is not None:
        origin += f" (column `{rule.column}`)"
    found = []
    if column.required or (column.name in mapping.row_key and column.name not in mapping.conformed.one_of):
        found.append(f"case when {text} is null then {literal(f'{origin} is empty')} end")
    if rule.values:
        found.append(
            f"case when starts_with({text}, {_UNLISTED}) then {literal(f'{origin} is none of the `values` of the mapping')} end"
        )
    if column.values:
        allowed = ", ".join(literal(each) for each in column.values)
        found.append(
            f"case when {text} not in ({allowed}) then {literal(f'{origin} is none of ' + ', '.join(column.values))} end"
        )
    if column.kind != "text":
        wrong = f"{origin} is {_WORDS[column.kind]}"
        if column.kind in ("date", "timestamp"):
            wrong += f" of the format {rule.format}"
        found.append(f"case when {text} is not null and {column.name} is null then {literal(wrong)} end")
    return found


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in columns)
