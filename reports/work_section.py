"""Work in flight: epics with the days until half, and 85 of 100, like them were done; issues in progress by age."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from reports import wording
from reports.model import HealthReport
from reports.sections import SMALLEST_GROUP, Cell, Head, Row, Section, Table, caveats, named, worded

_MOST_EPICS, _MOST_ISSUES = 12, 10


def in_flight(report: HealthReport, team: str | None = None, with_issues: bool = False) -> Section | None:
    """Open epics with forecast dates and, where asked, the oldest issues in progress; of one team or of all."""
    say, issues = report.say, report.facts.issues
    if issues.empty:
        return None
    is_epic, is_open = issues["hierarchy_level"] == 1, ~issues["is_resolved"].astype(bool)
    is_own = issues["team_id"] == team if team else pd.Series(True, index=issues.index)
    tables = [_epics(report, issues[is_epic & is_own & is_open], issues[is_epic & ~is_open])]
    if with_issues:
        tables.append(_issues(report, issues[is_own & is_open & ~is_epic]))
    tables = [table for table in tables if table.rows]
    if not tables:
        return None
    return Section(
        "in-flight",
        say.text("Work in flight"),
        tables=tuple(tables),
        trust=caveats(report, ("delivery",), ("issue",)),
    )


def forecast(age: int, durations: Sequence[int]) -> tuple[int, int] | None:
    """Days from now within which half, and 85 of 100, of those that had taken longer than `age` were done.

    None when fewer than five had.
    """
    longer = [each - age for each in durations if each > age]
    if len(longer) < SMALLEST_GROUP:
        return None
    half, most = np.quantile(longer, [0.5, 0.85])
    return round(float(half)), round(float(most))


def _epics(report: HealthReport, epics: pd.DataFrame, done: pd.DataFrame) -> Table:
    say = report.say
    # One that was given up says nothing of how long one takes that is done.
    known = done[
        done["resolved_date"].notna() & done["created_date"].notna() & done["is_delivery"].astype(bool)
    ]
    durations = [
        (end - start).days
        for start, end in zip(pd.to_datetime(known["created_date"]), pd.to_datetime(known["resolved_date"]), strict=True)
    ]  # fmt: skip
    rows: list[Row] = []
    for row in epics.head(_MOST_EPICS).to_dict("records"):
        age = (report.as_of - _day(row["created_date"])).days
        found = forecast(age, durations)
        expected = (
            Cell(wording.MISSING, note=say.text("fewer than {n} took longer", n=SMALLEST_GROUP))
            if found is None
            else Cell(say.day(report.as_of + timedelta(days=found[0])), note=say.text("to {day}", day=say.day(report.as_of + timedelta(days=found[1]))))
        )  # fmt: skip
        due = row["last_due_date"]
        rows.append(
            (
                issue(report, row),
                # Beside its name, and so on a phone's first sight.
                expected,
                worded(report, report.words.stages, str(row["stage"])),
                wording.MISSING if pd.isna(due) else say.day(_day(due)),
                say.number(age),
                named(report, str(row["team_id"])),
                named(report, str(row["feature_id"])),
            )
        )
    return Table(
        say.plural(
            "Open epics, the oldest first. Expected: by when half, and 85 of 100, of the epics were done that had taken longer than this one has; from {n} done one.",
            "Open epics, the oldest first. Expected: by when half, and 85 of 100, of the epics were done that had taken longer than this one has; from {n} done ones.",
            len(durations),
        ),
        (
            Head(say.text("epic")),
            Head(say.text("expected"), True),
            Head(say.text("stage")),
            Head(say.text("promised for"), True),
            Head(say.text("days since it was written down"), True),
            Head(say.text("team")),
            Head(say.text("feature")),
        ),
        tuple(rows),
    )


def _issues(report: HealthReport, issues: pd.DataFrame) -> Table:
    say = report.say
    started = issues[issues["started_date"].notna()].sort_values(["started_date", "issue_key"])
    late = sum(1 for due in issues["first_due_date"] if not pd.isna(due) and _day(due) < report.as_of)
    rows: list[Row] = []
    for row in started.head(_MOST_ISSUES).to_dict("records"):
        due = row["first_due_date"]
        is_late = not pd.isna(due) and _day(due) < report.as_of
        rows.append(
            (
                issue(report, row),
                worded(report, report.words.stages, str(row["stage"])),
                say.number((report.as_of - _day(row["started_date"])).days),
                Cell(wording.MISSING if pd.isna(due) else say.day(_day(due)), note=say.text("late") if is_late else ""),
                named(report, str(row["feature_id"])),
            )
        )  # fmt: skip
    return Table(
        " ".join(
            filter(
                None, (_in_progress(report, len(issues), late), _first_of(report, len(rows), len(started)))
            )
        ),
        (
            Head(say.text("issue")),
            Head(say.text("stage")),
            Head(say.text("days in progress"), True),
            Head(say.text("first due date"), True),
            Head(say.text("feature")),
        ),
        tuple(rows),
    )


def _in_progress(report: HealthReport, count: int, late: int) -> str:
    if late == count:
        return report.say.plural(
            "{n} issue in progress, past its first date.",
            "{n} issues in progress, all past their first date.",
            count,
        )
    return report.say.plural(
        "{n} issue in progress.",
        "{n} issues in progress, {late} of them past their first date.",
        count,
        late=report.say.number(late),
    )


def _first_of(report: HealthReport, shown: int, count: int) -> str:
    if shown == count:
        return ""
    return report.say.text("Here are the {n} that were begun first.", n=report.say.number(shown))


def issue(report: HealthReport, row: dict[object, object]) -> Cell:
    """The key of an issue, which leads to it where the organisation says where its tracker is."""
    key = str(row["issue_key"])
    return Cell(key, link=report.issue_urls.get(str(row["tracker"]), "").replace("{key}", key))


def _day(value: object) -> date:
    found: date = pd.Timestamp(value).date()
    return found
