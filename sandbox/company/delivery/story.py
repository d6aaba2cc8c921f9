"""What happens to stories, tasks, bugs and sub-tasks: their way to done, due dates, sprints and versions."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company.delivery.model import Change, History, Issue, Member, Project, Sprint, Version, category
from sandbox.company.delivery.plan import new_state
from sandbox.company.work_time import at_local, awake, local_date, next_work

# What happens to an issue, and how often in a thousand.
FATES = {
    "normal": 550,
    "idle": 70,
    "jumped": 60,
    "sent_back": 60,
    "blocked": 60,
    "reopened": 60,
    "left_open": 25,
    "silent": 40,
    "refused": 60,
    "at_once": 20,
    "tidied": 30,
}
PATHS = {
    "ATL": ("To Do", "In Progress", "In Review", "Done"),
    "BOR": ("Backlog", "Selected for Development", "In Progress", "Code Review", "QA", "Done"),
    "COS": ("To Do", "In Progress", "In Review", "Done"),
    "DRA": ("Ready", "In Progress", "In Review", "Done"),
}
# Median days in a status, for a team of pace 1.
DAYS = {"Backlog": 6.0, "Selected for Development": 2.0, "In Progress": 3.0, "Blocked by Vendor": 4.0}
PACE = {"atlas": 1.0, "borealis": 1.1, "cosmos": 1.6, "draco": 0.8}
# Due dates per team: how often none, set at creation, set later, moved in time, moved after they passed,
# cleared and set again.
PROMISES = ("none", "at_creation", "later", "moved_before", "moved_after", "set_again")
PROMISE_SHARES = {"cosmos": (0.2, 0.12, 0.05, 0.1, 0.5, 0.03)}
USUAL_PROMISE_SHARES = (0.44, 0.3, 0.12, 0.07, 0.04, 0.03)
PUNCTUAL = {"atlas": 0.86, "borealis": 0.8, "cosmos": 0.22, "draco": 0.9}
REFUSALS = ("Won't Do", "Duplicate", "Cannot Reproduce")
_VERBS = ("Show", "Speed up", "Rework", "Fix", "Allow", "Explain", "Remove", "Test")
_NOUNS = (
    "empty state",
    "import of large files",
    "keyboard focus",
    "error message",
    "date filter",
    "sharing dialog",
    "retry of failed calls",
    "loading of the list",
    "rounding of totals",
    "access for guests",
)


class Story:
    """Writes the lives of issues. One generator of random numbers, so that one seed gives one history."""

    def __init__(
        self, rng: np.random.Generator, sprints: Sequence[Sprint], versions: Sequence[Version]
    ) -> None:
        self.rng = rng
        self.sprints = sprints
        self.versions = versions
        self._refusals = 0

    def issue(
        self,
        project: Project,
        created_at: datetime,
        fate: str,
        promise: str,
        parent: Issue | None,
        kind: str = "Story",
    ) -> Issue:
        """An issue with its whole life. `fate` and `promise`: a key of `FATES` and one of `PROMISES`."""
        rng = self.rng
        members = project.members
        summary = f"{_VERBS[rng.integers(len(_VERBS))]} the {_NOUNS[rng.integers(len(_NOUNS))]}"
        first = new_state(
            created_at,
            PATHS[project.key][0],
            priority=("High", "Medium", "Medium", "Low")[int(rng.integers(4))],
            points=float(rng.choice([1, 2, 3, 5, 8])) if rng.random() < 0.5 else None,
        )
        labels = ("customer",) if rng.random() < 0.15 else ()
        reporter = members[int(rng.integers(len(members)))]
        issue = Issue(project, kind, summary, created_at, first, reporter, parent, fate, labels)
        self._live(issue, fate)
        if parent is None or parent.level == 1:
            self._promise(issue, promise)
            self._plan_version(issue)
        self._plan_sprints(issue)
        if first.points is None and rng.random() < 0.6:
            issue.change_together(self._soon(issue), reporter, points=3.0)
        issue.histories.sort(key=lambda history: history.at)
        return issue

    def _go(self, issue: Issue, status: str, days: float | None = None) -> None:
        usual = DAYS.get(status, 1.5) if days is None else days
        pace = PACE[issue.project.team_id]
        last = issue.histories[-1].at if issue.histories else issue.created_at
        moment = next_work(self.rng, last, usual * pace * float(self.rng.lognormal(0, 0.7)))
        members = issue.project.members
        author = members[int(self.rng.integers(len(members)))]
        fields: dict[str, object] = {"status": status}
        now = issue.last()
        if category(status) == "done":
            if category(now.status) != "done":
                fields = {"resolution": None if issue.kind == "silent" else "Done", **fields}
        elif now.resolution is not None:
            fields = {"resolution": None, **fields}
        if status == "In Progress" and now.assignee is None:
            issue.change(moment - timedelta(seconds=40), author, assignee=author)
        issue.change(awake(moment), author, **fields)

    def _live(self, issue: Issue, fate: str) -> None:
        path = PATHS[issue.project.key]
        wait = DAYS.get(path[1], 1.5)
        wait = 5.0 if path[1] == "In Progress" else wait
        if fate == "idle":
            if self.rng.random() < 0.4:
                self._go(issue, path[1], wait * 4)
            return
        if fate == "jumped":
            self._go(issue, "Done", 4)
            return
        if fate == "refused":
            self._refuse(issue)
            return
        for place, status in enumerate(path[1:]):
            if fate == "at_once" and status in ("In Review", "Code Review"):
                # Two clicks in one moment: only their ids say which came first.
                issue.change_together(issue.histories[-1].at, issue.histories[-1].author, status=status)
                continue
            # How long the issue stays where it is decides when it goes on.
            self._go(issue, status, wait if place == 0 else DAYS.get(path[place], 1.2))
            if status == "In Progress" and fate == "sent_back":
                self._go(issue, path[0], 1)
                self._go(issue, "In Progress", 3)
            if status == "In Progress" and fate == "blocked":
                self._go(issue, "Blocked by Vendor", 1)
                self._go(issue, "In Progress", DAYS["Blocked by Vendor"])
        if fate in ("reopened", "left_open"):
            self._go(issue, "In Progress" if fate == "reopened" else path[0], 4)
        if fate == "reopened":
            self._go(issue, "Done", 2)
        if fate == "tidied":
            self._go(issue, "Closed", 5)

    def _refuse(self, issue: Issue) -> None:
        resolution = REFUSALS[self._refusals % len(REFUSALS)]
        self._refusals += 1
        if self._refusals % 2:
            self._go(issue, "In Progress", 4)
        last = issue.histories[-1].at if issue.histories else issue.created_at
        moment = next_work(self.rng, last, 3 + 6 * self.rng.random())
        issue.change(moment, issue.reporter, resolution=resolution, status="Done")

    def _promise(self, issue: Issue, promise: str) -> None:
        if promise == "none":
            return
        rng = self.rng
        author = issue.reporter
        end = issue.last()
        created = local_date(issue.created_at)
        if category(end.status) == "done":
            done = local_date(end.resolved_at or end.status_since)
            punctual = rng.random() < PUNCTUAL[issue.project.team_id]
            late_by = -int(rng.integers(0, 6)) if punctual else int(rng.integers(1, 16))
            due = max(done - timedelta(days=late_by), created + timedelta(days=1))
            stop = done
        else:
            due = created + timedelta(days=int(rng.integers(15, 45)))
            stop = due + timedelta(days=40)
        moments: list[tuple[datetime, date | None]] = []
        if promise == "later":
            moments.append((self._soon(issue), due))
        else:
            issue.first.due = due
        if promise == "moved_before" and due - timedelta(days=1) > created:
            moments.append(
                (self._at_work(due - timedelta(days=1)), due + timedelta(days=int(rng.integers(3, 11))))
            )
        elif promise == "moved_after":
            while due < stop and len(moments) < 4:
                moved_on = due + timedelta(days=int(rng.integers(1, 4)))
                if moved_on > stop:
                    break
                due = moved_on + timedelta(days=int(rng.integers(4, 12)))
                moments.append((self._at_work(moved_on), due))
        elif promise == "set_again" and due - timedelta(days=3) > created:
            moments.append((self._at_work(due - timedelta(days=3)), None))
            moments.append((self._at_work(due - timedelta(days=2)), due + timedelta(days=2)))
        before = issue.first.due
        for moment, day in moments:
            self._add(issue, moment, author, "due", before, day)
            before = day

    def _plan_version(self, issue: Issue) -> None:
        if self.rng.random() > 0.35:
            return
        wanted = local_date(issue.created_at) + timedelta(days=int(self.rng.integers(12, 40)))
        version = next(
            (
                v
                for v in self.versions
                if v.project is issue.project and v.dates and (v.dates[0][1] or date.min) >= wanted
            ),
            None,
        )
        if version is None:
            return
        if self.rng.random() < 0.5:
            issue.first.versions = (version,)
        else:
            self._add(issue, self._soon(issue), issue.reporter, "versions", (), (version,))

    def _plan_sprints(self, issue: Issue) -> None:
        begun = next(
            (
                h.at
                for h in issue.histories
                if any(c.name == "status" and c.after == "In Progress" for c in h.changes)
            ),
            None,
        )
        if begun is None or self.rng.random() < 0.25:
            return
        done = next((h.at for h in issue.histories if any(c.name == "resolution" for c in h.changes)), None)
        until = done or begun + timedelta(days=20)
        before: tuple[Sprint, ...] = ()
        for sprint in self.sprints:
            if sprint.project is issue.project and sprint.starts_at <= until and sprint.completed_at >= begun:
                moment = max(
                    begun - timedelta(seconds=20), sprint.starts_at, issue.created_at + timedelta(seconds=5)
                )
                self._add(issue, moment, issue.reporter, "sprints", before, (*before, sprint))
                before = (*before, sprint)
                if len(before) == 3:
                    break

    def _add(
        self, issue: Issue, moment: datetime, author: Member, name: str, before: object, after: object
    ) -> None:
        issue.histories.append(History(moment, author, (Change(name, before, after),)))

    def _soon(self, issue: Issue) -> datetime:
        return next_work(self.rng, issue.created_at, 0.2 + 3 * self.rng.random(), own_hours=0)

    def _at_work(self, day: date) -> datetime:
        return at_local(day, 8.5 + 9 * self.rng.random()) + timedelta(
            milliseconds=int(self.rng.integers(1000))
        )
