"""What a question about a metric is answered with: rows, and the names of what they are of."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

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

    @property
    def origin(self) -> str:
        """Where the numbers come from, in words."""
        return "computed by MetricFlow from the published facts" if self.computed else "the published numbers"

    def records(self) -> list[dict[str, Any]]:
        """A record a row: period, the members' names by dimension (`product`), value, n, is_small_sample, revision."""
        names = [name.removesuffix("_id") for name in self.by]
        return [
            {
                "period": row.period,
                **dict(zip(names, row.members, strict=True)),
                "value": row.value,
                "n": row.n,
                "is_small_sample": self.metric.is_small(row.n),
                "revision": row.revision,
            }
            for row in self.rows
        ]


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


def called(member: str, names: Mapping[str, str]) -> str:
    """What a member is called. A tool's users have written it: nothing of it steers a terminal or turns a line around."""
    return member and plain(names.get(member) or member)


def of_members(
    answer: QueryAnswer, asked: Mapping[str, str], names: Mapping[str, str]
) -> tuple[QueryRow, ...]:
    """The rows of the members that are asked for, by name or id, without regard to case. `names`: of members by id.

    Raises ValueError for a member of which there is no number, naming close ones.
    """
    rows = answer.rows
    for dimension, member in asked.items():
        place = next(place for place, name in enumerate(answer.by) if name in (dimension, f"{dimension}_id"))
        known = {row.members[place].lower(): row.members[place] for row in rows}
        ids = {key.lower(): name for key, name in names.items() if name and name.lower() in known}
        wanted = known.get(member.lower()) or ids.get(member.lower())
        if wanted is None:
            there = f" There are {', '.join(sorted(known.values())[:20])}." if known else ""
            raise ValueError(
                f"{answer.metric.metric} has no number of {dimension.removesuffix('_id')} {member!r} then."
                f"{did_you_mean(member.lower(), known) or there}"
            )
        rows = tuple(row for row in rows if row.members[place] == wanted)
    return rows
