"""Evaluates suites with Great Expectations over bounded pandas batches of the warehouse."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from numbers import Real
from typing import TYPE_CHECKING, Any

import duckdb

from checks.contract import BETWEEN, Outcome, Rule, Severity, Status, Suite, check_name, redacted
from connectors.redaction import without_values

if TYPE_CHECKING:
    import pandas as pd

MAXIMUM_ROWS = 100_000


def run_suites(
    connection: duckdb.DuckDBPyConnection,
    suites: Iterable[Suite],
    as_of: date,
    as_of_at: datetime,
    until: datetime,
) -> Iterator[Outcome]:
    """One outcome per rule, in order. A query or an engine that breaks gives `errored`, never `failed`."""
    batches = _batches()
    moments = {"as_of": as_of, "as_of_at": _utc(as_of_at), "until": _utc(until)}
    for suite in suites:
        try:
            rows = _rows(connection, suite, moments)
        except (duckdb.Error, ValueError) as error:
            yield from (
                _outcome(suite, rule, Status.ERRORED, without_values(str(error))) for rule in suite.rules
            )
            continue
        yield from _evaluate(suite, rows, batches)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _rows(connection: duckdb.DuckDBPyConnection, suite: Suite, moments: dict[str, Any]) -> "pd.DataFrame":
    used = {name: value for name, value in moments.items() if re.search(rf"\${name}\b", suite.query)}
    rows = connection.execute(suite.query, used).df()
    if len(rows) > MAXIMUM_ROWS:
        raise ValueError(f"suite {suite.name} reads {len(rows)} rows; bound its query to {MAXIMUM_ROWS}")
    return rows


def _batches() -> Any:
    """Makes a batch of any rows: one for the whole run, as a context of Great Expectations costs more than most rules."""
    # Imported here: it takes seconds, and definitions must load without it.
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    rows = context.data_sources.add_pandas("warehouse").add_dataframe_asset("suite")
    return rows.add_batch_definition_whole_dataframe("rows")


def _evaluate(suite: Suite, rows: "pd.DataFrame", batches: Any) -> Iterator[Outcome]:
    import great_expectations.expectations as expectations

    batch = batches.get_batch({"dataframe": rows})
    for rule in suite.rules:
        try:
            expectation = getattr(expectations, rule.expectation)(**rule.arguments)
            result = batch.validate(
                expectation,
                result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [suite.key]},
            )
        except Exception as error:  # noqa: BLE001 - whatever the engine raises says nothing of the data
            yield _outcome(suite, rule, Status.ERRORED, without_values(f"{type(error).__name__}: {error}"))
            continue
        yield _outcome_of(suite, rule, result)


def _outcome_of(suite: Suite, rule: Rule, result: Any) -> Outcome:
    raised = _exception(result.exception_info)
    if raised:
        return _outcome(suite, rule, Status.ERRORED, raised)
    found = result.result
    rows = found.get("unexpected_index_list") or []
    failing = [row.get(suite.key) for row in rows]
    count = int(found.get("unexpected_count") or len(failing))
    observed = found.get(
        "observed_value", f"{count} of {found.get('element_count', 0)} rows{_numbers(rule, rows)}"
    )
    status = Status.PASSED if result.success else Status.FAILED
    return _outcome(suite, rule, status, str(observed), count, tuple(redacted(key) for key in failing[:5]))


def _numbers(rule: Rule, rows: Sequence[Mapping[str, Any]]) -> str:
    """What a column held that was to lie between bounds, of at most five rows; nothing for other rules."""
    column = str(rule.arguments.get("column", ""))
    values = [row.get(column) for row in rows[:5]]
    if rule.expectation != BETWEEN or not values or not all(isinstance(value, Real) for value in values):
        return ""
    return f", {column} {', '.join(f'{value:.3g}' for value in values)}"


def _exception(info: Any) -> str | None:
    """The first exception in what GX reports, which is one record, or one per metric."""
    if not info:
        return None
    records = [info] if "raised_exception" in info else list(info.values())
    return next(
        (
            without_values(str(record.get("exception_message")))
            for record in records
            if record.get("raised_exception")
        ),
        None,
    )


def _outcome(
    suite: Suite, rule: Rule, status: Status, observed: str, failing: int = 0, keys: tuple[str, ...] = ()
) -> Outcome:
    return Outcome(
        check_name(suite, rule), suite.asset, suite.area, Severity(rule.severity), status, rule.meaning, observed, failing, keys, suite.query
    )  # fmt: skip
