"""From the tracker's stories to pull requests: each time somebody builds an issue, its code is written and reviewed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company.delivery.model import Issue, category
from sandbox.company.engineering.model import (
    Commit,
    Engineer,
    PullRequest,
    Repository,
    Review,
    minutes,
    sha,
    whole,
)
from sandbox.company.work_time import at_local, awake

# The company moved its code to this host then: what was built before has no pull request here.
FIRST_DAY = date(2026, 6, 1)
# The longest that building one issue in one go keeps a pull request busy.
LONGEST = timedelta(days=12)
# The share of the time of building until the pull request is opened, and then until it is merged: (least, most).
USUAL_SHARES = ((0.25, 0.5), (0.15, 0.4))
SLOW_REVIEWS = ((0.05, 0.15), (0.7, 0.84))
SLOW_REVIEWING_TEAM = "atlas"
REFUSALS = ("Won't Do", "Duplicate", "Cannot Reproduce")
BOTS = {
    name: Engineer(9_000 + place, f"{name}[bot]", f"{name}[bot]", None, True)
    for place, name in enumerate(("dependabot", "acmeflow-linter", "acmeflow-deployer"))
}


@dataclass(frozen=True)
class Building:
    """One time of building an issue: from its entry into progress to done, None: not finished."""

    issue: Issue
    started_at: datetime
    ended_at: datetime | None
    is_refused: bool


def buildings(issues: Sequence[Issue]) -> list[Building]:
    """Every time of building a standard issue since the company's code is on the host, in the order of starting."""
    found: list[Building] = []
    since = at_local(FIRST_DAY, 0)
    for issue in issues:
        if issue.level != 0:
            continue
        started_at: datetime | None = None
        for history in sorted(issue.histories, key=lambda history: (history.at, history.id)):
            fields = {change.name: change.after for change in history.changes}
            status = fields.get("status")
            if status is None:
                continue
            if category(status) == "done":
                if started_at is not None:
                    found.append(
                        Building(issue, started_at, history.at, fields.get("resolution") in REFUSALS)
                    )
                started_at = None
            elif status == "In Progress":
                started_at = started_at or history.at
        if started_at is not None:
            found.append(Building(issue, started_at, None, False))
    return sorted(
        (each for each in found if each.started_at >= since),
        key=lambda each: (each.started_at, each.issue.id),
    )


class Coding:
    """Writes pull requests. One generator of random numbers, so that one seed gives one history."""

    def __init__(self, rng: np.random.Generator, repositories: Sequence[Repository]) -> None:
        self.rng = rng
        self._repositories: dict[str | None, list[Repository]] = {}
        for repository in repositories:
            self._repositories.setdefault(repository.team_id, []).append(repository)

    def pull_requests(self, building: Building) -> list[PullRequest]:
        """One, or two after each other for a larger piece of work."""
        team_id = building.issue.project.team_id
        own = self._repositories[team_id]
        repository = own[int(self.rng.integers(len(own)))]
        start = building.started_at
        end = min(building.ended_at or start + timedelta(days=6), start + LONGEST)
        end = max(end, start + timedelta(hours=2))
        parts = 2 if self.rng.random() < 0.15 else 1
        length = (end - start) / parts
        return [
            self._pull_request(building, repository, start + place * length, length, part=place)
            for place in range(parts)
        ]

    def _pull_request(
        self, building: Building, repository: Repository, start: datetime, length: timedelta, part: int
    ) -> PullRequest:
        rng, issue = self.rng, building.issue
        is_slow = repository.team_id == SLOW_REVIEWING_TEAM
        coding, review = SLOW_REVIEWS if is_slow else USUAL_SHARES
        first_at = later(start, start + length * 0.15 * float(rng.random()))
        opened_at = later(first_at, start + length * float(rng.uniform(*coding)))
        taken = length * float(rng.uniform(*review))
        ended_at = later(opened_at, opened_at + (taken if is_slow else min(taken, timedelta(hours=30))))
        author = repository.engineers[int(rng.integers(len(repository.engineers)))]
        title, branch = self._names(issue, part)
        pull = PullRequest(
            repository,
            author,
            title,
            branch,
            opened_at,
            self._commits(
                f"{repository.name} {branch} {part} {issue.id}", author, title, first_at, opened_at
            ),
            issue=issue,
        )
        is_open = building.ended_at is None and rng.random() < 0.8
        if not is_open:
            pull.closed_at = ended_at
            if not building.is_refused and rng.random() >= 0.03:
                pull.merged_at = ended_at
        self._review(pull, ended_at)
        return pull

    def _names(self, issue: Issue, part: int) -> tuple[str, str]:
        """Title and branch; of fifteen one names the issue nowhere, and others in the branch or the title alone."""
        words = issue.summary.lower().replace(" ", "-")
        again = f"-{part + 1}" if part else ""
        dice = self.rng.random()
        if dice < 0.07:
            return issue.summary, f"{words}-{issue.id}{again}"
        if dice < 0.35:
            return issue.summary, f"{issue.key.lower()}-{words}{again}"
        if dice < 0.45:
            # What looks like a key and is none stands before the one that is.
            return f"{issue.summary} in UTF-8 ({issue.key})", f"{words}-{issue.id}{again}"
        return f"{issue.key}: {issue.summary}", f"feature/{issue.key}-{words}{again}"

    def _commits(
        self, seed: str, author: Engineer, title: str, first_at: datetime, opened_at: datetime
    ) -> tuple[Commit, ...]:
        count = int(self.rng.integers(1, 6))
        commits = []
        for place in range(count):
            at = whole(first_at + (opened_at - first_at) * (place / count))
            message = title if place == 0 else f"Fix what the tests found ({place})"
            commits.append(Commit(sha(f"{seed} {place}"), author, message, at, at))
        if count == 1 and self.rng.random() < 0.05:
            # Written on a computer whose clock was a year ahead.
            only = commits[0]
            commits = [Commit(only.sha, author, title, only.authored_at + timedelta(days=365), opened_at)]
        return tuple(commits)

    def _review(self, pull: PullRequest, ended_at: datetime) -> None:
        rng = self.rng
        if pull.repository.name == "studio-web":
            pull.reviews.append(Review(BOTS["acmeflow-linter"], "COMMENTED", pull.opened_at + minutes(2)))
        if rng.random() < 0.07:
            return
        others = [each for each in pull.repository.engineers if each is not pull.author]
        reviewer = others[int(rng.integers(len(others)))]
        first_at = whole(pull.opened_at + (ended_at - pull.opened_at) * float(rng.uniform(0.3, 0.8)))
        if rng.random() < 0.3:
            middle = pull.opened_at + (first_at - pull.opened_at) * 0.5
            # Answering in one's own pull request counts as a review with the host.
            pull.reviews.append(Review(pull.author, "COMMENTED", whole(middle)))
            pull.reviews.append(Review(reviewer, "CHANGES_REQUESTED", first_at))
            first_at = whole(first_at + (ended_at - first_at) * 0.7)
        pull.reviews.append(Review(reviewer, "APPROVED", first_at))


def later(before: datetime, moment: datetime) -> datetime:
    """`moment` in waking hours and whole seconds, at least five minutes after `before`."""
    return whole(awake(max(moment, before + minutes(5))))
