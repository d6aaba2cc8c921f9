"""What a section of a page is made of, and how its numbers are looked up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

import pandas as pd

from learning import uncertainty
from reports import check_words, coverage_words, wording
from reports.charts import Chart
from reports.model import HealthReport, SourceStatus

TREND_WEEKS = 13
# A share of known rows from which on nobody needs to be told of the rest.
_COMPLETE = 0.98
# Groups smaller than this are not shown as shares: they would point at persons.
SMALLEST_GROUP = 5
# Fewer users make a rate per thousand of them jump.
FEWEST_USERS = 30


@dataclass(frozen=True)
class Cell:
    """A number in a table. `is_faint`: below the minimum sample; `note`: its interval or sample then.

    `tint`: how strongly its ground is coloured, in per cent; None: not. `link`: where it leads.
    """

    text: str
    is_faint: bool = False
    note: str = ""
    tint: int | None = None
    link: str = ""


Row = tuple[Cell | str, ...]


@dataclass(frozen=True)
class Head:
    """A column. `note`: what is wrong with the source of its numbers."""

    text: str
    is_number: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table:
    caption: str
    columns: tuple[Head, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Figure:
    """A chart with its caption, which says what to see, and the table behind it. `note`: as of a column.

    Without a chart (nothing to draw) the table stands open, and the caption says why there is no picture.
    """

    caption: str
    chart: Chart | None
    table: Table
    note: str = ""

    @property
    def svg(self) -> str:
        """The chart as drawn for a desk; empty without one."""
        return self.chart.wide if self.chart else ""


@dataclass(frozen=True)
class Tally:
    """How many of a kind there are, in words, and their names."""

    text: str
    names: str


@dataclass(frozen=True)
class Trust:
    """Why a section's numbers may mislead. `caveats`: what is wrong now; `limits`: what they leave out every week."""

    caveats: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """`findings` are sentences a reader should not miss; `trust` says how far the numbers can be trusted."""

    anchor: str
    title: str
    findings: tuple[str, ...] = ()
    tallies: tuple[Tally, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    trust: Trust = field(default_factory=Trust)


def named(report: HealthReport, identifier: str) -> str:
    """The name of a feature, product, team or step; of what belongs to none, which marts write in brackets, in words."""
    if identifier.startswith("("):
        return wording.label(report.say, identifier)
    return report.name(identifier)


def worded(report: HealthReport, words: Mapping[str, str], identifier: str) -> str:
    """What the organisation calls one of its stages or segments; the id, as words, of one that it does not name."""
    if identifier.startswith("("):
        return wording.label(report.say, identifier)
    return words.get(identifier, identifier.replace("_", " "))


def in_order(words: Mapping[str, str], identifiers: Iterable[str]) -> list[str]:
    """Each of the ids once: those of the organisation's words in its order, then the others, those in brackets last."""
    place = {identifier: number for number, identifier in enumerate(words)}
    return sorted(
        set(identifiers), key=lambda each: (each.startswith("("), place.get(each, len(place)), each)
    )


def caveats(
    report: HealthReport, families: Sequence[str], assets: Sequence[str], coverage: Sequence[str] = ()
) -> Trust:
    """Why a section's numbers may mislead: stale sources, failed checks, and what the named coverage leaves out.

    `families`: kinds of tools that the section is made of. `assets`: words of the asset keys whose checks touch it.
    """
    say = report.say
    concerned = [status for status in report.sources if status.family in families]
    notes = stale_notes(report, concerned)
    words = (*(status.source for status in concerned), *assets)
    failed: dict[str, list[str]] = {}
    for check in report.checks:
        if not check.passed and any(word in check.asset for word in words):
            failed.setdefault(check_words.meaning(say, check), []).append(check.asset)
    notes += [
        say.text(
            "Check failed on {asset}: {meaning}",
            asset=say.listed(list(dict.fromkeys(assets))),
            meaning=meaning,
        )
        for meaning, assets in failed.items()
    ]
    limits = []
    rows = report.coverage[report.coverage["check_name"].isin(coverage)]
    for row in rows[rows["coverage_rate"] < _COMPLETE].sort_values("coverage_rate").itertuples():
        limits.append(
            coverage_words.effect(
                say,
                str(row.check_name),
                report.source_name(str(row.source)),
                say.percent(1 - float(str(row.coverage_rate))),
            )
        )
    return Trust(tuple(dict.fromkeys(notes)), tuple(dict.fromkeys(limits)))


def stale_notes(report: HealthReport, sources: Sequence[SourceStatus]) -> list[str]:
    """A sentence for each of the sources that is stale."""
    return [
        report.say.text(
            "{source} was never read: numbers made from it are missing.",
            source=report.source_name(status.source),
        )
        if status.read_until == "never"
        else report.say.text(
            "{source} was last read until {moment} UTC: numbers made from it are older than the report.",
            source=report.source_name(status.source),
            moment=status.read_until,
        )
        for status in sources
        if status.is_stale
    ]


def warning(report: HealthReport, *metrics: str) -> str:
    """What to write beside numbers of these metrics when a source of theirs is stale or failed; empty when none is."""
    say = report.say
    stale = {
        report.source_name(status.source): status
        for metric in metrics
        for status in report.stale_sources(metric)
    }
    return say.semicolon.join(
        say.text("{source} failed, read until {moment}", source=name, moment=status.read_until)
        if status.outcome == "failed"
        else say.text("{source} stale, read until {moment}", source=name, moment=status.read_until)
        for name, status in sorted(stale.items())
    )


def head(report: HealthReport, text: str, *metrics: str) -> Head:
    """The column of a number, with what is wrong with the sources of its metrics."""
    return Head(text, True, warning(report, *metrics))


def cell(report: HealthReport, metric: str, row: Mapping[str, object]) -> Cell:
    """The value of a row of `metric_values`: greyed with its interval (or its n) below the minimum sample."""
    definition = report.definitions.get(metric)
    value = number(row.get("value"))
    if definition is None or value is None:
        return Cell(wording.MISSING)
    text = wording.quantity(report.say, value, definition.unit)
    if not is_small(report, metric, row):
        return Cell(text)
    return Cell(text, True, f"{margin(report, metric, row)} n = {count(report, row.get('n'))}".strip())


def is_small(report: HealthReport, metric: str, row: Mapping[str, object]) -> bool:
    definition = report.definitions.get(metric)
    return definition is not None and definition.is_small(number(row.get("n")))


def with_faint(report: HealthReport, metric: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows and whether each `is_faint`: of fewer cases than its metric asks for. `metric`: "" for that of each row."""
    records = rows.to_dict("records")
    return rows.assign(is_faint=[is_small(report, metric or str(row["metric"]), row) for row in records])


def pale_note(report: HealthReport, rows: pd.DataFrame, *metrics: str, is_line: bool = False) -> str:
    """What a caption says of pale marks, with a space before it; empty where all have enough cases."""
    if not rows["is_faint"].any():
        return ""
    asked = [
        report.definitions[metric].minimum_sample or 0 for metric in metrics if metric in report.definitions
    ]
    n = report.say.number(max(asked, default=0))
    if is_line:
        return " " + report.say.text("Pale points, which no line joins: of fewer than {n} cases.", n=n)
    return " " + report.say.text("Pale: of fewer than {n} cases.", n=n)


def margin(
    report: HealthReport, metric: str, row: Mapping[str, object], standard_error: float | None = None
) -> str:
    """The 95% interval of a row as text; empty where it cannot be told."""
    definition = report.definitions.get(metric)
    if definition is None:
        return ""
    found = uncertainty.interval(definition.unit, row, standard_error)
    if found is None:
        return ""
    low, high = (wording.quantity(report.say, each, definition.unit) for each in found)
    return report.say.text("({low} to {high})", low=low, high=high)


def newest(
    report: HealthReport, metric: str, before: date | None = None, **dimensions: str
) -> Mapping[str, object]:
    """The newest row of a metric with a value (up to the week; earlier than `before`); empty when there is none."""
    rows = report.series(metric, **dimensions)
    rows = rows[rows["value"].notna() & (rows["period_start"] <= report.week_end)]
    if before is not None:
        rows = rows[rows["period_start"] < before]
    return {} if rows.empty else {str(key): value for key, value in rows.iloc[-1].items()}


def row_of_week(report: HealthReport, metric: str, **dimensions: str) -> Mapping[str, object]:
    kept: dict[tuple[object, ...], Mapping[str, object]] = report.kept.setdefault("rows of the week", {})
    key = (metric, *sorted(dimensions.items()))
    if key not in kept:
        rows = of_week(report.series(metric, **dimensions), report)
        found = {} if rows.empty else {str(name): value for name, value in rows.iloc[-1].items()}
        kept[key] = MappingProxyType(found)
    return kept[key]


def cell_of_week(report: HealthReport, metric: str, **dimensions: str) -> Cell:
    return cell(report, metric, row_of_week(report, metric, **dimensions))


def of_week(rows: pd.DataFrame, report: HealthReport) -> pd.DataFrame:
    return rows[rows["period_start"] == report.week_start]


def last(rows: pd.DataFrame, report: HealthReport) -> pd.DataFrame:
    """The rows of the newest period that has a value."""
    known = rows[(rows["period_start"] <= report.week_end) & rows["value"].notna()]
    return known[known["period_start"] == known["period_start"].max()] if len(known) else known


def weeks(rows: pd.DataFrame, report: HealthReport, number_of: int = TREND_WEEKS) -> pd.DataFrame:
    first = report.week_start - timedelta(weeks=number_of - 1)
    return rows[(rows["period_start"] >= first) & (rows["period_start"] <= report.week_start)]


def pooled_row(report: HealthReport, metric: str, **dimensions: str) -> Mapping[str, object]:
    """A rate over the trend's weeks, from its stored numerators and denominators: rates are never averaged.

    Empty without anything to divide by.
    """
    rows = weeks(report.series(metric, **dimensions), report)
    total = float(rows["denominator"].sum())
    return {"value": float(rows["numerator"].sum()) / total, "n": total} if total else {}


def pooled(report: HealthReport, metric: str, **dimensions: str) -> Cell:
    return cell(report, metric, pooled_row(report, metric, **dimensions))


def number(value: object) -> float | None:
    return None if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]


def count(report: HealthReport, value: object) -> str:
    found = number(value)
    return wording.MISSING if found is None else report.say.number(found)


def table_of(
    report: HealthReport,
    caption: str,
    rows: pd.DataFrame,
    row_names: tuple[str, str],
    column: str,
    metric: str,
) -> Table:
    """The table behind a chart of several lines or cells: a row for each value of one column, a column for the other.

    `row_names`: the column that makes the rows, and what its header says; `column`: the one that makes the columns.
    """
    key, title = row_names
    columns = list(dict.fromkeys(rows[column]))
    cells = {
        (row[key], row[column]): cell(report, metric or str(row["metric"]), row)
        for row in rows.to_dict("records")
    }
    lines: tuple[Row, ...] = tuple(
        (
            report.say.day(name) if isinstance(name, date) else str(name),
            *(cells.get((name, each), Cell(wording.MISSING)) for each in columns),
        )
        for name in dict.fromkeys(rows[key])
    )
    return Table(caption, (Head(title), *(Head(str(each), True) for each in columns)), lines)
