"""`pops query`: a metric by some of its dimensions, over some periods.

Everything is read from the published mart, never from the warehouse: it answers while a night is building, and shows
what report and digest show. The cuts that a metric's owner signed are there as numbers that MetricFlow computed in the
night, with all their revisions. Another cut is computed by MetricFlow on the spot, but only where the metric stands on
facts (`fct_`: one row a happening): prepared models hold totals beside parts, and cutting them anew would be wrong.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from connectors.storage import attach, open_duckdb
from metrics.answers import QueryAnswer, QueryRow, called, did_you_mean, names_of_members, of_members
from metrics.catalogue import read_definitions, week_starts_on_of
from metrics.definitions import MetricDefinition
from metrics.periods import complete_periods, days_back, next_period, period_name
from settings.home import Home
from settings.published import of_any_release

# Earlier than any history: the last complete period is asked for, not the first.
_LONG_AGO = date(1970, 1, 1)


def catalogue(published: Path) -> list[MetricDefinition]:
    """Every published metric, by subject and name. Raises ValueError when nothing is published."""
    with _open(published) as mart:
        return list(read_definitions(mart).values())


def metric_named(published: Path, name: str) -> MetricDefinition:
    """A published metric by its name or label. Raises ValueError naming close ones, or when nothing is published."""
    return _entry(catalogue(published), name)


def query_metric(
    home: Home,
    metric: str,
    by: Sequence[str] = (),
    last: str = "8w",
    as_of: date | None = None,
    where: Mapping[str, str] | None = None,
) -> QueryAnswer:
    """A metric's numbers by dimensions (`product` or `product_id`), for the complete periods of a span such as 8w.

    `as_of`: what was known on that date, in the reporting time zone; default: what is published now.
    `where`: of some dimensions the one member that is asked for, by its name or id; the numbers are cut by them too.
    Raises ValueError for a metric, dimension, member or span that there is not (naming close ones), for a cut that cannot
    be made, and when nothing is published.
    """
    asked = where or {}
    answer = _numbers(home, metric, tuple(dict.fromkeys((*by, *asked))), last, as_of)
    if not asked:
        return answer
    with _open(home.published) as mart:
        names = names_of_members(mart)
    return replace(answer, rows=of_members(answer, asked, names))


def _numbers(home: Home, metric: str, by: Sequence[str], last: str, as_of: date | None) -> QueryAnswer:
    """The numbers of all members."""
    with _open(home.published) as mart:
        entry = _entry(list(read_definitions(mart).values()), metric)
        (published_as_of, revision), *_ = mart.execute(
            "select as_of, revision from meta.publication"
        ).fetchall()
        known = as_of or published_as_of
        if known > published_as_of:
            raise ValueError(f"{known} is not published yet: the mart is as of {published_as_of}.")
        ((first_known,),) = mart.execute("select min(as_of) from metrics.metric_values").fetchall()
        if first_known and known < first_known:
            raise ValueError(
                f"Nothing is known as of {known}: the first night that is kept is of {first_known}."
            )
        periods = complete_periods(
            entry.grain, _LONG_AGO, known, entry.closes_after_days, week_starts_on_of(mart)
        )
        # Some period is over since long ago, whatever the date.
        assert periods is not None
        end = next_period("day", periods[1])
        start = days_back(last, end)
        signed = {name for grouping in entry.groupings for name in grouping}
        dimensions = tuple(_dimension(name, signed) or name for name in by)
        rows = (
            _published_rows(mart, entry, dimensions, start, end, known) if signed >= set(dimensions) else ()
        )
        # Prepared models may give the whole beside the cuts that are signed.
        if rows or set(dimensions) in [set(grouping) for grouping in entry.groupings]:
            return QueryAnswer(entry, dimensions, rows, known, revision, computed=False)
        if as_of is not None:
            raise ValueError(
                f"{entry.metric} of a past date is kept {entry.cuts} only: ask for one of these, or leave --as-of out."
            )
        # MetricFlow takes a second to load, and most questions need none of it.
        from metrics.cut import computed_rows

        manifest = home.dbt_target / "semantic_manifest.json"
        dimensions, rows = computed_rows(mart, manifest, entry, by, start, periods[1])
        return QueryAnswer(entry, dimensions, rows, known, revision, computed=True)


@contextmanager
def _open(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not published.exists():
        raise ValueError(f"Nothing is published yet at {published}: run `pops nightly` or `make demo` first.")
    with of_any_release(published), open_duckdb() as connection:
        attach(connection, published, "published")
        connection.execute("use published")
        yield connection


def _entry(entries: Sequence[MetricDefinition], metric: str) -> MetricDefinition:
    for entry in entries:
        if metric in (entry.metric, entry.label):
            return entry
    asked = re.sub(r"\W+", "_", metric.lower())
    names = {entry.metric: entry.metric for entry in entries}
    names |= {re.sub(r"\W+", "_", entry.label.lower()): entry.metric for entry in entries}
    raise ValueError(
        f"There is no metric {metric!r}.{did_you_mean(asked, names)} `pops query` without a metric lists all."
    )


def _dimension(name: str, known: Iterable[str]) -> str | None:
    """`product` is `product_id`; None for what is not known."""
    return next((each for each in (name, f"{name}_id") if each in known), None)


def _published_rows(
    mart: duckdb.DuckDBPyConnection,
    entry: MetricDefinition,
    dimensions: tuple[str, ...],
    start: date,
    end: date,
    known: date,
) -> tuple[QueryRow, ...]:
    """Of each number the revision that was known on a date; withdrawn numbers have neither value nor sample."""
    names = names_of_members(mart)
    all_dimensions = {name for grouping in entry.groupings for name in grouping}
    conditions = [f"{name} is {'not ' if name in dimensions else ''}null" for name in sorted(all_dimensions)]
    members = "".join(f", {name}" for name in dimensions)
    rows = mart.execute(
        f"""
        select period_start, value, n, revision{members}
        from (
            select *, row_number() over (
                partition by period_start{members} order by as_of desc, revision desc
            ) as place
            from metrics.metric_values
            where {" and ".join(["metric = $metric", "as_of <= $known", "period_start >= $start", "period_start < $end", *conditions])}
        )
        where place = 1 and (value is not null or n > 0)
        order by period_start{members}
        """,
        {"metric": entry.metric, "known": known, "start": start, "end": end},
    ).fetchall()
    return tuple(
        QueryRow(
            period_name(entry.grain, period), tuple(called(each, names) for each in of), value, n, revision
        )
        for period, value, n, revision, *of in rows
    )
