"""The company's tracker: epics, stories and sub-tasks with everything that ever happens to them."""

import itertools
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from sandbox.company.decks import Deck
from sandbox.company.delivery.links import blocking
from sandbox.company.delivery.model import Issue, Project, Sprint, Version
from sandbox.company.delivery.nights import planted_issues
from sandbox.company.delivery.plan import (
    FIRST_DAY,
    LAST_DAY,
    EpicPlan,
    feature_epics,
    other_epics,
    projects,
    sprints,
    versions,
)
from sandbox.company.delivery.sprint_scope import plan_scope
from sandbox.company.delivery.story import FATES, PROMISE_SHARES, PROMISES, USUAL_PROMISE_SHARES, Story
from sandbox.company.population import Population
from sandbox.company.work_time import at_local, next_work

# Issues, and epics among them, by scale.
ISSUE_COUNTS = {"small": (180, 24), "demo": (2_500, 60), "large": (7_500, 150)}
SHARE_OF_SUBTASKS = 0.1
SHARE_OF_CHILDREN = 0.5


class Delivery:
    """Projects, versions, sprints and issues, with everything that ever happens to them. `blocking`: who waits, and for whom."""

    def __init__(self, company: Population) -> None:
        self.rng = company.rng("delivery")
        self.projects: list[Project] = projects()
        self.sprints: list[Sprint] = [sprint for project in self.projects for sprint in sprints(project)]
        self.versions: list[Version] = [v for project in self.projects for v in versions(project, self.rng)]
        for place, version in enumerate(self.versions):
            version.id = str(10100 + place)
        count, epic_count = ISSUE_COUNTS[company.scale]
        plans = self._epics(epic_count)
        self.issues: list[Issue] = [plan.issue for plan in plans]
        story = Story(company.rng("delivery.story"), self.sprints, self.versions)
        self._fates = Deck(FATES, company.rng("delivery.fates"))
        subtask_count = int(count * SHARE_OF_SUBTASKS)
        child_count = int((count - epic_count - subtask_count) * SHARE_OF_CHILDREN)
        self._add_children(story, plans, child_count)
        self._add_loose_issues(story, count - epic_count - subtask_count - child_count)
        self._add_subtasks(story, subtask_count)
        self.issues.extend(planted_issues({project.key: project for project in self.projects}, self.versions))
        plan_scope(self.issues, self.sprints, company.rng("delivery.sprints"))
        self._number()
        self.blocking = blocking(self.issues)

    def _epics(self, epic_count: int) -> list[EpicPlan]:
        plans: list[EpicPlan] = []
        own = {p.key: [v for v in self.versions if v.project is p] for p in self.projects}
        for project in self.projects:
            plans.extend(feature_epics(project, own[project.key], self.rng))
        missing = max(epic_count - len(plans), 0)
        for place, project in enumerate(self.projects):
            share = missing // 4 + (1 if place < missing % 4 else 0)
            plans.extend(other_epics(project, own[project.key], share, self.rng, start=2 * place))
        return plans

    def _add_children(self, story: Story, plans: Sequence[EpicPlan], count: int) -> None:
        parents = [plan for plan in plans if plan.work is not None]
        for place in range(count):
            plan = parents[place % len(parents)]
            assert plan.work is not None
            start, end = plan.work
            fate = self._fates.draw()
            if plan.must_finish and fate in ("idle", "left_open", "reopened", "refused", "silent"):
                fate = "normal"
            share = self.rng.random()
            done_by = start + (end - start) * share
            created_at = next_work(
                self.rng, max(done_by - timedelta(days=30 * share), plan.issue.created_at), 0.1
            )
            promise = self._promise(plan.issue.project)
            kind = ("Story", "Story", "Story", "Task", "Bug")[place % 5]
            self.issues.append(story.issue(plan.issue.project, created_at, fate, promise, plan.issue, kind))

    def _add_loose_issues(self, story: Story, count: int) -> None:
        days = (LAST_DAY - FIRST_DAY).days
        for place in range(count):
            # More is written down the bigger the company gets.
            share = float(np.sqrt(0.2 + 0.8 * self.rng.random()))
            start = at_local(FIRST_DAY + timedelta(days=int(days * (share - 0.447) / 0.553)), 7)
            project = self.projects[place % len(self.projects)]
            kind = ("Bug", "Story", "Task")[place % 3]
            created_at = next_work(self.rng, start, self.rng.random() / 3)
            self.issues.append(
                story.issue(project, created_at, self._fates.draw(), self._promise(project), None, kind)
            )

    def _add_subtasks(self, story: Story, count: int) -> None:
        parents = [issue for issue in self.issues if issue.level == 0]
        for place in range(count):
            parent = parents[int(self.rng.integers(len(parents)))]
            created_at = next_work(self.rng, parent.created_at, 1)
            fate = "normal" if place % 5 else "idle"
            self.issues.append(story.issue(parent.project, created_at, fate, "none", parent, "Sub-task"))

    def _promise(self, project: Project) -> str:
        shares = PROMISE_SHARES.get(project.team_id, USUAL_PROMISE_SHARES)
        return PROMISES[int(self.rng.choice(len(PROMISES), p=shares))]

    def _number(self) -> None:
        """Give ids in the order in which things came to be; epics of features keep the lowest keys."""
        self.issues.sort(key=lambda issue: (issue.created_at, issue.project.key, issue.summary))
        numbers = {p.key: sum(1 for i in self.issues if i.project is p and i.number) for p in self.projects}
        for place, issue in enumerate(self.issues):
            issue.id = 20_001 + place
            if not issue.number:
                numbers[issue.project.key] += 1
                issue.number = numbers[issue.project.key]
        ordered = sorted(
            (
                (history.at, issue.id, place, history)
                for issue in self.issues
                for place, history in enumerate(issue.histories)
            ),
            key=lambda row: row[:3],
        )
        # Ids pass from five digits to six between two changes of one issue in one moment: as text they
        # would sort the wrong way round.
        crossing = next(
            place
            for place, (one, other) in enumerate(itertools.pairwise(ordered))
            if one[0] == other[0] and one[1] == other[1] and one[0] >= at_local(date(2026, 9, 21), 0)
        )
        for place, row in enumerate(ordered):
            row[3].id = 99_999 - crossing + place
