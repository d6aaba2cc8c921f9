"""The answer of `pops query` as a table for a terminal."""

from datetime import date

from rich.console import Console
from rich.table import Table

from metrics.answers import QueryAnswer, QueryRow
from metrics.definitions import MetricDefinition
from metrics.query import catalogue, query_metric
from reports.language import language
from reports.wording import quantity
from settings.home import Home
from settings.shown_text import plain, shown

# More members than this stand below each other, not side by side.
_MOST_COLUMNS = 8


def catalogue_table(entries: list[MetricDefinition]) -> Table:
    """Every metric with its meaning and the cuts in which it is published."""
    table = Table("subject", "metric", "label", "unit", "every", "by", box=None)
    for entry in entries:
        cuts = [" × ".join(name.removesuffix("_id") for name in grouping) for grouping in entry.groupings]
        table.add_row(
            entry.subject, entry.metric, entry.label, entry.unit, entry.grain, ", ".join(filter(None, cuts))
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
    origin = "computed by MetricFlow from the published facts" if answer.computed else "the published numbers"
    small = any(answer.metric.is_small(row.n) for row in answer.rows)
    least = f" * n below {answer.metric.minimum_sample}: too few to say much." if small else ""
    return f"{answer.metric.label}: {answer.metric.description} As of {answer.as_of}, revision {answer.revision}; {origin}.{least}"


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


def print_query(terminal: Console, metric: str | None, by: list[str], last: str, as_of: date | None) -> None:
    """Print a metric's numbers, or the catalogue when no metric is named. Raises what `query_metric` raises."""
    home = Home.from_environment()
    if metric is None:
        terminal.print(catalogue_table(catalogue(home.published)))
        return
    answer = query_metric(home, metric, by, last, as_of)
    if not answer.rows:
        terminal.print(f"{answer.metric.metric} has no numbers in the last {last} before {answer.as_of}.")
        return
    terminal.print(answer_table(answer))
    terminal.print(plain(answer_footer(answer)), markup=False)
