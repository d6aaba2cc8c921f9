"""`pops model`: build one model with what changed above it, and look at the result."""

from dataclasses import dataclass
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pops.workbench.workbench import LAST_NIGHT, WORK, Outcome, Workbench
from settings.home import Home
from settings.shown_text import plain, plain_lines, shown

_TEST_ROWS, _WIDEST = 5, 40


@dataclass(frozen=True)
class ModelResult:
    """A model's first rows. `rows_before`: in the last night, None when it did not have the model."""

    columns: tuple[str, ...]
    head: list[tuple[Any, ...]]
    rows: int
    rows_before: int | None


def run_model(home: Home, name: str, rows: int, terminal: Console) -> bool:
    """Build the model and print its head and what its tests say; whether everything is good.

    Raises ValueError when there is no such model, and whatever Workbench raises.
    """
    bench = Workbench(home, lambda line: terminal.print(f"[dim]{shown(line)}[/dim]"))
    bench.prepare()
    node = bench.manifest.nodes.get(f"model.product_ops.{name}")
    if node is None:
        raise ValueError(f"There is no model {name!r}{_likely(bench, name)}.")
    # What changed above the model, and what lies between that and the model.
    outcomes = bench.build(bench.select(name, f"state:modified+,+{name}"))
    with bench.opened() as connection:
        for outcome in outcomes:
            _tell(outcome, connection, terminal)
        built = next((each for each in outcomes if each.unique_id == node.unique_id), None)
        if built is not None and built.is_good:
            _show(read_result(connection, node.schema, node.name, rows), terminal)
    terminal.print(
        f"[dim]As of {bench.night.as_of}. Everything that was built: {shown(bench.database)}[/dim]"
    )
    return all(each.is_good or each.status == "warn" for each in outcomes)


def read_result(connection: duckdb.DuckDBPyConnection, schema: str, table: str, rows: int) -> ModelResult:
    """The first rows of what was built, and the row counts of now and of the last night."""
    name = f'"{schema}"."{table}"'
    cursor = connection.execute(f"select * from {WORK}.{name} limit {rows}")
    columns = tuple(str(column[0]) for column in cursor.description or ())
    head = cursor.fetchall()
    known = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_catalog = ? and table_schema = ? and table_name = ?",
        [LAST_NIGHT, schema, table],
    ).fetchone()
    before = _count(connection, f"{LAST_NIGHT}.{name}") if known and known[0] else None
    return ModelResult(columns, head, _count(connection, f"{WORK}.{name}"), before)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _likely(bench: Workbench, name: str) -> str:
    from difflib import get_close_matches

    models = [node.name for node in bench.manifest.nodes.values() if node.resource_type == "model"]
    found = get_close_matches(name, models, n=3)
    return f": did you mean {' or '.join(found)}?" if found else ""


def _tell(outcome: Outcome, connection: duckdb.DuckDBPyConnection, terminal: Console) -> None:
    colour = "green" if outcome.is_good else "yellow" if outcome.status in ("warn", "skipped") else "red"
    terminal.print(
        f"[{colour}]{outcome.status:<8}[/{colour}] {outcome.kind.replace('_', ' '):<9} {outcome.name}"
    )
    if outcome.is_good:
        return
    terminal.print(plain_lines(outcome.message), markup=False)
    if outcome.kind == "test" and outcome.query and outcome.status in ("fail", "warn"):
        try:
            cursor = connection.execute(f"select * from ({outcome.query}) as failing limit {_TEST_ROWS}")
        except duckdb.Error:
            # A query that needs what only dbt's session has shows no rows.
            return
        columns = tuple(str(column[0]) for column in cursor.description or ())
        terminal.print(_table(columns, cursor.fetchall()))


def _show(result: ModelResult, terminal: Console) -> None:
    before = "not in the last night" if result.rows_before is None else f"last night {result.rows_before:,}"
    terminal.print(_table(result.columns, result.head))
    terminal.print(f"[bold]{result.rows:,} rows[/bold] ({before})")


def _table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    """Few columns stand side by side; many stand under each other, a row each, or nobody could read them."""
    if len(columns) <= 8:
        table = Table(*columns, box=None)
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        return table
    table = Table("column", *(f"row {number + 1}" for number in range(min(len(rows), 3))), box=None)
    for place, column in enumerate(columns):
        table.add_row(column, *(_cell(row[place]) for row in rows[:3]))
    return table


def _cell(value: Any) -> str:
    text = "" if value is None else plain(value)
    return escape(text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…")
