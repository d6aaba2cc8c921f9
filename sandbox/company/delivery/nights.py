"""Issues written by hand for moments that chance would miss: the nights, midnight, and the night of the
clock change on 2026-10-25. Times are local."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sandbox.company.delivery.model import Issue, Project, Version
from sandbox.company.delivery.plan import new_state
from sandbox.company.delivery.story import PATHS
from sandbox.company.work_time import local

FINISH = {"resolution": "Done", "status": "Done"}
START = {"status": "In Progress"}


@dataclass(frozen=True)
class _Script:
    project: str
    summary: str
    created: str
    steps: tuple[tuple[str, dict[str, Any]], ...]
    due: date | None = None
    version: str | None = None


_SCRIPTS = (
    # Between the demo's nights.
    _Script(
        "ATL",
        "Done on a Saturday, a day late",
        "2026-11-02 09:10",
        (("2026-11-10 10:00", START), ("2026-11-14 10:30", FINISH)),
        due=date(2026, 11, 13),
    ),
    _Script(
        "BOR",
        "Created and begun between nights",
        "2026-11-14 11:00",
        (("2026-11-14 15:00", {"status": "Selected for Development"}), ("2026-11-15 12:00", START)),
    ),
    _Script(
        "COS",
        "Due date moved the day after it passed",
        "2026-10-12 10:00",
        (
            ("2026-11-03 09:00", START),
            ("2026-11-14 09:30", {"due": date(2026, 11, 27)}),
            ("2026-11-26 17:00", FINISH),
        ),
        due=date(2026, 11, 13),
    ),
    _Script(
        "COS",
        "Due date moved on the day itself",
        "2026-10-19 10:00",
        (
            ("2026-11-09 09:00", START),
            ("2026-11-15 16:00", {"due": date(2026, 11, 29)}),
            ("2026-11-20 15:00", FINISH),
        ),
        due=date(2026, 11, 15),
    ),
    _Script(
        "ATL",
        "Reopened on a Sunday",
        "2026-10-20 10:00",
        (
            ("2026-10-28 09:00", START),
            ("2026-11-05 16:00", FINISH),
            ("2026-11-15 14:00", {"resolution": None, "status": "In Progress"}),
            ("2026-11-18 11:00", FINISH),
        ),
        due=date(2026, 11, 6),
    ),
    _Script(
        "BOR",
        "Given up between nights",
        "2026-10-27 10:00",
        (("2026-11-14 15:00", {"resolution": "Won't Do", "status": "Done"}),),
        due=date(2026, 11, 13),
    ),
    _Script(
        "COS",
        "Promised by its version only",
        "2026-10-21 10:00",
        (("2026-11-04 10:00", START), ("2026-11-12 10:00", FINISH)),
        version="COS 2026.10",
    ),
    # After midnight of a night: not yet part of it.
    _Script(
        "DRA",
        "Done after the first night's midnight",
        "2026-11-03 10:00",
        (("2026-11-09 10:00", START), ("2026-11-14 00:40", FINISH)),
        due=date(2026, 11, 14),
    ),
    _Script(
        "BOR",
        "Done after the second night's midnight",
        "2026-11-03 11:00",
        (("2026-11-10 10:00", START), ("2026-11-15 00:20", FINISH)),
        due=date(2026, 11, 13),
    ),
    _Script(
        "COS",
        "First due date after the third night's midnight",
        "2026-11-09 10:00",
        (
            ("2026-11-11 10:00", START),
            ("2026-11-16 00:30", {"due": date(2026, 11, 15)}),
            ("2026-11-16 01:10", FINISH),
        ),
    ),
    _Script(
        "ATL",
        "Reopened after the third night's midnight",
        "2026-11-04 10:00",
        (
            ("2026-11-06 10:00", START),
            ("2026-11-12 10:00", FINISH),
            ("2026-11-16 00:45", {"resolution": None, "status": "In Progress"}),
        ),
        due=date(2026, 11, 12),
    ),
    _Script(
        "COS",
        "Due date moved after the third night's midnight",
        "2026-11-02 10:00",
        (("2026-11-05 10:00", START), ("2026-11-16 00:20", {"due": date(2026, 11, 30)})),
        due=date(2026, 11, 12),
    ),
    # Midnight between two weeks.
    _Script(
        "BOR",
        "Done in the last second of a week",
        "2026-10-29 10:00",
        (("2026-11-02 10:00", START), ("2026-11-08 23:59:59.500", FINISH)),
        due=date(2026, 11, 8),
    ),
    _Script(
        "DRA",
        "Done in the first second of a week",
        "2026-10-29 11:00",
        (("2026-11-03 10:00", START), ("2026-11-09 00:00:00", FINISH)),
        due=date(2026, 11, 8),
    ),
    # The night that has an hour twice, and a Sunday that lasts longer than UTC+2 would have it.
    _Script(
        "ATL",
        "Worked on while the clock was set back",
        "2026-10-23 10:00",
        (
            ("2026-10-25T00:30Z", START),
            ("2026-10-25T01:30Z", {"status": "In Review"}),
            ("2026-10-25T22:30Z", FINISH),
        ),
        due=date(2026, 10, 25),
    ),
    # What must exist at every scale.
    _Script(
        "COS",
        "Two changes in one moment",
        "2026-10-01 10:00",
        (
            ("2026-10-06 10:00:00.250", START),
            ("2026-10-06 10:00:00.250", {"status": "In Review"}),
            ("2026-10-09 10:00", FINISH),
        ),
        due=date(2026, 10, 8),
    ),
    _Script(
        "DRA",
        "Done without a resolution",
        "2026-10-30 10:00",
        (("2026-11-05 10:00", START), ("2026-11-11 10:00", {"status": "Done"})),
    ),
    _Script(
        "COS",
        "Waiting for somebody else",
        "2026-10-26 10:00",
        (
            ("2026-10-30 10:00", START),
            ("2026-11-02 10:00", {"status": "Blocked by Vendor"}),
            ("2026-11-06 10:00", START),
            ("2026-11-10 10:00", FINISH),
        ),
        due=date(2026, 11, 4),
    ),
    _Script(
        "COS",
        "Still waiting for somebody else",
        "2026-11-04 10:00",
        (
            ("2026-11-09 10:00", START),
            ("2026-11-13 10:00", {"status": "Blocked by Vendor"}),
            ("2026-11-25 10:00", START),
        ),
        due=date(2026, 11, 18),
    ),
)


def planted_issues(projects: dict[str, Project], versions: Sequence[Version]) -> list[Issue]:
    """The issues written by hand, with their histories in the order in which they happened."""
    issues = []
    for place, script in enumerate(_SCRIPTS):
        project = projects[script.project]
        created_at = _moment(script.created)
        first = new_state(created_at, PATHS[script.project][0], due=script.due)
        if script.version is not None:
            first.versions = tuple(version for version in versions if version.name == script.version)
        author = project.members[place % len(project.members)]
        issue = Issue(project, "Story", script.summary, created_at, first, author, kind="planted")
        for at, fields in script.steps:
            issue.change_together(_moment(at), author, **fields)
        issues.append(issue)
    return issues


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC) if text.endswith("Z") else local(text)
