"""What counts of an issue as of a date, said in plain Python from its dated changes."""

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import EXCLUDED_ISSUE_RESOLUTIONS, STAGES
from sandbox.company.company import Company
from sandbox.company.delivery.model import Issue, category
from sandbox.company.work_time import local_date, midnight, seconds_between


@dataclass(frozen=True)
class IssueFacts:
    """An issue as of a date. `last_due`: the due date that it has then. `is_reopened`: did it leave done again within 30
    days of first being done? None before they are over. Moments are aware UTC, days in the reporting time zone, durations whole seconds.

    `versions`: (release date, is released) of its fix versions. `first_stage_entry`, `first_category_entry`:
    when the issue first came into each stage and each category, from another one.
    """

    issue: Issue
    team_id: str
    created_at: datetime
    is_done: bool
    is_excluded: bool
    resolved_at: datetime | None
    done_at: datetime | None
    cycle_seconds: int | None
    stage_seconds: dict[str, int]
    first_due: date | None
    last_due: date | None
    due_moves: int
    first_done_at: datetime | None
    is_reopened: bool | None
    versions: tuple[tuple[date | None, bool], ...]
    first_stage_entry: dict[str, datetime]
    first_category_entry: dict[str, datetime]

    @property
    def is_delivered(self) -> bool:
        return self.is_done and not self.is_excluded

    @property
    def created_date(self) -> date:
        return local_date(self.created_at)

    def commitment(self, due: date | None) -> date | None:
        """The due date, else the last release date of the fix versions."""
        release_dates = [day for day, _ in self.versions if day is not None]
        return due or max(release_dates, default=None)


def issue_facts(company: Company, as_of: date, read_at: datetime) -> list[IssueFacts]:
    """The issues of every level that were created before the as-of date."""
    cut = midnight(as_of)
    return [_facts(issue, cut, read_at) for issue in company.delivery.issues if issue.created_at < cut]


def stage_of(status: str) -> str:
    """The delivery stage of a status; `other` when nobody mapped it."""
    for stage in STAGES:
        if status.lower() in [name.lower() for name in stage.statuses]:
            return stage.id
    return "other"


def _facts(issue: Issue, cut: datetime, read_at: datetime) -> IssueFacts:
    # The statuses the issue was in and since when, and what else happened, all before the cut.
    statuses = [(issue.created_at, issue.first.status)]
    resolution: str | None = None
    resolution_at: datetime | None = None
    due_dates = [issue.first.due]
    for history in sorted(issue.histories, key=lambda history: (history.at, history.id)):
        if history.at >= cut:
            break
        for change in history.changes:
            if change.name == "status":
                statuses.append((history.at, change.after))
            elif change.name == "resolution":
                resolution = change.after
                resolution_at = history.at if change.after else None
            elif change.name == "due":
                due_dates.append(change.after)

    first_stage_entry: dict[str, datetime] = {}
    first_category_entry: dict[str, datetime] = {}
    done_entries = []
    for (_, before), (at, after) in itertools.pairwise(statuses):
        if stage_of(after) != stage_of(before):
            first_stage_entry.setdefault(stage_of(after), at)
        if category(after) != category(before):
            first_category_entry.setdefault(category(after), at)
            if category(after) == "done":
                done_entries.append(at)
    is_done = category(statuses[-1][1]) == "done"
    # Done without a resolution date: resolved when it first came to done.
    resolved_at = (resolution_at or done_entries[0]) if is_done else None
    done_at = done_entries[-1] if is_done else None

    dues = [day for day in due_dates if day is not None]
    now = issue.at(read_at)
    return IssueFacts(
        issue=issue,
        team_id=issue.project.team_id,
        created_at=issue.created_at,
        is_done=is_done,
        is_excluded=is_done and resolution in EXCLUDED_ISSUE_RESOLUTIONS,
        resolved_at=resolved_at,
        done_at=done_at,
        cycle_seconds=_cycle_seconds(statuses, first_category_entry.get("indeterminate"), done_at),
        stage_seconds=_stage_seconds(statuses, resolved_at),
        first_due=dues[0] if dues else None,
        last_due=due_dates[-1],
        due_moves=sum(None not in pair and pair[0] != pair[1] for pair in itertools.pairwise(due_dates)),
        first_done_at=done_entries[0] if done_entries else None,
        is_reopened=_is_reopened(statuses, done_entries[0], cut) if done_entries else None,
        versions=tuple((v.release_date(read_at), v.is_released(read_at)) for v in now.versions),
        first_stage_entry=first_stage_entry,
        first_category_entry=first_category_entry,
    )


def _cycle_seconds(
    statuses: list[tuple[datetime, str]], begun_at: datetime | None, done_at: datetime | None
) -> int | None:
    """From the first work to the last entry into done, less the time spent in done in between."""
    if begun_at is None or done_at is None or begun_at > done_at:
        return None
    seconds = seconds_between(begun_at, done_at)
    for (start, status), (end, _) in itertools.pairwise(statuses):
        if category(status) == "done" and start >= begun_at and end <= done_at:
            seconds -= seconds_between(start, end)
    return seconds


def _is_reopened(statuses: list[tuple[datetime, str]], done_at: datetime, cut: datetime) -> bool | None:
    """Did it leave done within 30 days? Unknown before they are over."""
    known_at = done_at + timedelta(days=30)
    if known_at >= cut:
        return None
    return any(
        category(before) == "done" and category(after) != "done" and at < known_at
        for (_, before), (at, after) in itertools.pairwise(statuses)
    )


def _stage_seconds(statuses: list[tuple[datetime, str]], resolved_at: datetime | None) -> dict[str, int]:
    """Seconds in each visited stage from creation to resolution; time in done is nobody's."""
    seconds: dict[str, int] = {}
    if resolved_at is None:
        return seconds
    for (start, status), (end, _) in itertools.pairwise(statuses):
        if category(status) != "done" and end <= resolved_at:
            seconds[stage_of(status)] = seconds.get(stage_of(status), 0) + seconds_between(start, end)
    return seconds
