"""The answer of `pops query`: a table for a terminal, or CSV or JSON for programs."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from metrics.answers import QueryAnswer, QueryRow
from metrics.definitions import MetricDefinition
from metrics.query import catalogue, query_metric
from reports.language import language
from reports.wording import quantity
from settings.home import Home
from settings.shown_text import plain, plain_lines, shown, unlike_formula

FORMATS = ("table", "csv", "json")
# More members than this stand below each other, not side by side.
_MOST_COLUMNS = 8


def catalogue_table(entries: list[MetricDefinition]) -> Table:
    """Every metric with its meaning and the cuts in which it is published."""
    table = Table("subject", "metric", "label", "unit", "every", "by", box=None)
    for entry in entries:
        cuts = [" × ".join(name.removesuffix("_id") for name in grouping) for grouping in entry.groupings]
        table.add_row(
            *map(shown, (entry.subject, entry.metric, entry.label, entry.unit, entry.grain)),
            ", ".join(filter(None, cuts)),
        )
    return table


def answer_table(answer: QueryAnswer) -> Table:
    """Periods downwards; one dimension of few members side by side, everything else a row each with its sample."""
    members = list(dict.fromkeys(row.members for row in answer.rows))
    if len(answer.by) == 1 and len(members) <= _MOST_COLUMNS:
        return _side_by_side(answer, sorted(members))
    table = Table(answer.metric.grain, *(name.removesuffix("_id") for name in answer.by), box=None)
    for heading in ("value", "n", ""):
        table.add_column(heading, justify="right")
    for row in answer.rows:
        table.add_row(
            row.period, *map(shown, row.members), _value(answer, row), f"{row.n or 0:,}", _note(answer, row)
        )
    return table


def answer_footer(answer: QueryAnswer) -> str:
    """What the numbers are as of, and where they come from."""
    small = any(answer.metric.is_small(row.n) for row in answer.rows)
    least = f" * n below {answer.metric.minimum_sample}: too few to say much." if small else ""
    return f"{answer.metric.label}: {answer.metric.description} As of {answer.as_of}, revision {answer.revision}, definition {answer.metric.definition_version}; {answer.origin}.{least}"


def _side_by_side(answer: QueryAnswer, members: list[tuple[str, ...]]) -> Table:
    table = Table(answer.metric.grain, box=None)
    for (name,) in members:
        table.add_column(shown(name), justify="right")
    cells = {(row.period, row.members): row for row in answer.rows}
    for period in dict.fromkeys(row.period for row in answer.rows):
        rows = [cells.get((period, member)) for member in members]
        table.add_row(period, *("" if row is None else _value(answer, row) for row in rows))
    return table


def _note(answer: QueryAnswer, row: QueryRow) -> str:
    return f"restated (revision {row.revision})" if row.revision is not None and row.revision > 1 else ""


def _value(answer: QueryAnswer, row: QueryRow) -> str:
    mark = "*" if answer.metric.is_small(row.n) else ""
    # As the report says it.
    return quantity(language("en"), row.value, answer.metric.unit) + mark


def described(entry: MetricDefinition) -> dict[str, Any]:
    """A metric's definition as data."""
    return asdict(entry) | {"cuts": entry.cuts}


def as_data(answer: QueryAnswer) -> dict[str, Any]:
    """The answer with what its numbers mean; `rows`: as `QueryAnswer.records`."""
    metric = answer.metric
    return {
        "metric": metric.metric,
        "label": metric.label,
        "description": metric.description,
        "unit": metric.unit,
        "good_direction": metric.good_direction,
        "grain": metric.grain,
        "minimum_sample": metric.minimum_sample,
        "definition_version": metric.definition_version,
        "by": [name.removesuffix("_id") for name in answer.by],
        "as_of": str(answer.as_of),
        "revision": answer.revision,
        "origin": answer.origin,
        "rows": answer.records(),
    }


def _csv(columns: list[str], records: list[dict[str, Any]]) -> str:
    """A text that begins like a formula gets an apostrophe, as in exports."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for record in records:
        writer.writerow({key: unlike_formula(value) for key, value in record.items()})
    return text.getvalue().rstrip("\n")


def members_asked(where: list[str]) -> dict[str, str]:
    """`product=Studio` as dimension and member. Raises ValueError for what is written otherwise."""
    asked = {}
    for each in where:
        dimension, equals, member = each.partition("=")
        if not equals or not dimension.strip() or not member.strip():
            raise ValueError(f"--where {each!r} names no member: write it like product=Studio.")
        asked[dimension.strip()] = member.strip()
    return asked


def print_query(
    terminal: Console,
    metric: str | None,
    by: list[str],
    last: str,
    as_of: date | None,
    where: Mapping[str, str] | None = None,
    file_format: str = "table",
) -> None:
    """Print a metric's numbers, or the catalogue when no metric is named, as table, csv or json.

    Raises what `query_metric` raises, and ValueError for another format.
    """
    if file_format not in FORMATS:
        raise ValueError(f"{file_format!r} is no format of an answer: choose {', '.join(FORMATS)}.")
    home = Home.from_environment()
    if metric is None:
        entries = catalogue(home.published)
        if file_format == "table":
            terminal.print(catalogue_table(entries))
        else:
            records = [described(entry) for entry in entries]
            columns = ["subject", "metric", "label", "unit", "grain", "cuts", "owner", "description"]
            _print_data(terminal, file_format, records, columns, records)
        return
    answer = query_metric(home, metric, by, last, as_of, where)
    if file_format != "table":
        dimensions = [name.removesuffix("_id") for name in answer.by]
        columns = ["period", *dimensions, "value", "n", "is_small_sample", "revision"]
        _print_data(terminal, file_format, as_data(answer), columns, answer.records())
        return
    if not answer.rows:
        terminal.print(f"{answer.metric.metric} has no numbers in the last {last} before {answer.as_of}.")
        return
    terminal.print(answer_table(answer))
    terminal.print(plain(answer_footer(answer)), markup=False)


def _print_data(
    terminal: Console, file_format: str, data: Any, columns: list[str], records: list[dict[str, Any]]
) -> None:
    text = (
        json.dumps(data, indent=2, ensure_ascii=False, default=str)
        if file_format == "json"
        else _csv(columns, records)
    )
    terminal.print(plain_lines(text), markup=False, soft_wrap=True)
