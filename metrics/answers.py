"""What a question about a metric is answered with: rows, and the names of what they are of."""

import difflib
from dataclasses import dataclass
from datetime import date

import duckdb

from metrics.definitions import MetricDefinition
from metrics.dimensions import DIMENSIONS
from settings.shown_text import plain


@dataclass(frozen=True)
class QueryRow:
    """A number of a period; `members`: the names of what it is of, one for each dimension asked for."""

    period: str
    members: tuple[str, ...]
    value: float | None
    n: int | None
    revision: int | None


@dataclass(frozen=True)
class QueryAnswer:
    """Rows in the order of period and members. `revision`: of the publication; `computed`: by MetricFlow just now."""

    metric: MetricDefinition
    by: tuple[str, ...]
    rows: tuple[QueryRow, ...]
    as_of: date
    revision: int
    computed: bool


def did_you_mean(asked: str, names: dict[str, str]) -> str:
    """Up to five of the names (key: as it may be written, value: as it is) that look like what was asked for."""
    close = difflib.get_close_matches(asked, names, n=5, cutoff=0.6)
    parts = [name for name in names if asked in name]
    found = list(dict.fromkeys(names[name] for name in (*close, *parts)))[:5]
    return f" Did you mean {' or '.join(found)}?" if found else ""


def names_of_members(mart: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What the ids of features, products, teams, funnels and steps are called; other members are called as they are."""
    named = (
        f"select {each.name}, {each.label} from {each.relation}" for each in DIMENSIONS.values() if each.label
    )
    return {key: name and plain(name) for key, name in mart.execute(" union ".join(named)).fetchall()}
