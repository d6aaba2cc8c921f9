"""What the tracker is about, as plain objects: issues with dated changes, versions, sprints and boards.

Every moment is aware UTC; due dates and release dates are days without a time.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

# Status -> (the tracker's id, the category that the tracker puts it in).
STATUSES: dict[str, tuple[str, str]] = {
    "Idea": ("10010", "new"),
    "Backlog": ("10011", "new"),
    "Discovery": ("10012", "indeterminate"),
    "Ready": ("10013", "new"),
    "To Do": ("10000", "new"),
    "Selected for Development": ("10014", "new"),
    "In Progress": ("3", "indeterminate"),
    "In Review": ("10015", "indeterminate"),
    "Code Review": ("10016", "indeterminate"),
    "QA": ("10017", "indeterminate"),
    "Blocked by Vendor": ("10018", "indeterminate"),
    "Done": ("10002", "done"),
    "Released": ("10019", "done"),
    "Closed": ("6", "done"),
}
RESOLUTIONS = {"Done": "10000", "Won't Do": "10001", "Duplicate": "10002", "Cannot Reproduce": "10003"}
# Issue type -> (id, level in the hierarchy).
ISSUE_TYPES = {
    "Epic": ("10000", 1),
    "Story": ("10001", 0),
    "Task": ("10002", 0),
    "Bug": ("10004", 0),
    "Sub-task": ("10003", -1),
}
PRIORITIES = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4"}


def category(status: str) -> str:
    """`new`, `indeterminate` or `done`."""
    return STATUSES[status][1]


@dataclass(frozen=True)
class Member:
    """Somebody who works in the tracker."""

    account_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Project:
    id: str
    key: str
    name: str
    team_id: str
    board_id: int
    has_sprints: bool
    members: tuple[Member, ...]
    created_at: datetime


@dataclass
class Version:
    """A release. `dates`: when which release date was set (None: taken away), oldest first."""

    id: str
    project: Project
    name: str
    created_at: datetime
    dates: list[tuple[datetime, date | None]]
    released_at: datetime | None = None

    def release_date(self, now: datetime) -> date | None:
        known = [day for moment, day in self.dates if moment <= now]
        return known[-1] if known else None

    def is_released(self, now: datetime) -> bool:
        return self.released_at is not None and self.released_at <= now

    def updated_at(self, now: datetime) -> datetime:
        moments = [self.created_at, *(moment for moment, _ in self.dates)]
        if self.released_at is not None:
            moments.append(self.released_at)
        return max(moment for moment in moments if moment <= now)


@dataclass(frozen=True)
class Sprint:
    id: int
    project: Project
    name: str
    goal: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime
    completed_at: datetime

    def state(self, now: datetime) -> str:
        """`future`, `active` or `closed`."""
        if now < self.starts_at:
            return "future"
        return "active" if now < self.completed_at else "closed"


@dataclass(frozen=True, slots=True)
class Change:
    """A field's change. `name`: status, resolution, due, versions, sprints, assignee, points or priority."""

    name: str
    before: Any
    after: Any


@dataclass(slots=True)
class History:
    at: datetime
    author: Member
    changes: tuple[Change, ...]
    id: int = 0


@dataclass(slots=True)
class IssueState:
    """The fields of an issue at a moment."""

    status: str
    due: date | None
    versions: tuple[Version, ...]
    sprints: tuple[Sprint, ...]
    assignee: Member | None
    points: float | None
    priority: str
    updated_at: datetime
    status_since: datetime
    resolution: str | None = None
    resolved_at: datetime | None = None


@dataclass(eq=False)
class Issue:
    """An issue with everything that will ever happen to it. `first`: its fields when it was created."""

    project: Project
    type: str
    summary: str
    created_at: datetime
    first: IssueState
    reporter: Member
    parent: "Issue | None" = None
    kind: str = ""
    labels: tuple[str, ...] = ()
    histories: list[History] = field(default_factory=list)
    id: int = 0
    number: int = 0

    @property
    def key(self) -> str:
        return f"{self.project.key}-{self.number}"

    @property
    def level(self) -> int:
        return ISSUE_TYPES[self.type][1]

    def last(self) -> IssueState:
        """The fields after everything that will ever happen."""
        return self.at(datetime.max.replace(tzinfo=self.created_at.tzinfo))

    def at(self, now: datetime) -> IssueState:
        """The fields at `now`, from what has happened by then."""
        first = self.first
        state = IssueState(
            first.status,
            first.due,
            first.versions,
            first.sprints,
            first.assignee,
            first.points,
            first.priority,
            self.created_at,
            self.created_at,
        )
        for history in self.histories:
            if history.at > now:
                break
            state.updated_at = history.at
            for change in history.changes:
                setattr(state, change.name, change.after)
                if change.name == "resolution":
                    state.resolved_at = history.at if change.after else None
                elif change.name == "status":
                    state.status_since = history.at
        return state

    def change(self, at: datetime, author: Member, **fields: Any) -> datetime:
        """Let `fields` take new values at `at`, or a moment after the last change, and give that moment.

        Fields that already have the value are left out; a history with no changes is not written.
        """
        previous = self.histories[-1].at if self.histories else self.created_at
        if at <= previous:
            at = previous + timedelta(seconds=61)
        self.change_together(at, author, **fields)
        return at

    def change_together(self, at: datetime, author: Member, **fields: Any) -> None:
        """As `change`, at exactly `at`, which may be the moment of the last change."""
        now = self.last()
        changes = [
            Change(name, getattr(now, name), value)
            for name, value in fields.items()
            if getattr(now, name) != value
        ]
        if changes:
            self.histories.append(History(at, author, tuple(changes)))
