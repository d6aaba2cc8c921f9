"""From merged code to users: deployments to staging and production, incidents after them, rollbacks and hotfixes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company.engineering.model import (
    MAIN,
    Deployment,
    Incident,
    MainCommit,
    PullRequest,
    Repository,
    WorkflowRun,
    minutes,
    sha,
    whole,
)
from sandbox.company.engineering.nights import Script
from sandbox.company.engineering.story import BOTS, FIRST_DAY
from sandbox.company.work_time import at_local, awake

LAST_DAY = date(2026, 12, 20)
# How often a deployment breaks something.
FAILURE_RATES = {"borealis": 0.4}
USUAL_FAILURE_RATE = 0.06
_SYMPTOMS = ("Log-in fails", "Lists load slowly", "Exports are empty", "Errors when saving", "Mails are late")


@dataclass
class _Desk:
    """What is under way in a repository: what runs in production, and what ran before it."""

    live: MainCommit | None = None
    before: MainCommit | None = None


class Shipping:
    """Deploys the repositories by their cadence. One generator of random numbers for all of them."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.deployments: list[Deployment] = []
        self.incidents: list[Incident] = []
        self.runs: list[WorkflowRun] = []

    def ship(self, repository: Repository, merged: Sequence[PullRequest], scripts: Sequence[Script]) -> None:
        """Everything that happens in a repository after its pull requests were merged into the main branch.

        `scripts`: further ones, whose deployments are at moments of their own.
        """
        main = [main_commit(pull) for pull in merged if pull.merged_at is not None and pull.base == MAIN]
        main.sort(key=lambda commit: commit.at)
        desk = _Desk()
        free_from = at_local(FIRST_DAY, 0)
        slots: list[tuple[datetime, Script | None]] = [(slot, None) for slot in _slots(repository, main)]
        planted = [(script[1], script) for script in scripts if script[1] is not None]
        main.extend(main_commit(script[0]) for script in scripts)
        main.sort(key=lambda commit: commit.at)
        for place, (slot, script) in enumerate(sorted([*slots, *planted], key=lambda each: each[0])):
            if script is not None:
                self._ship_script(script, main, desk)
                free_from = max(free_from, script[2] or slot)
                continue
            if slot < free_from:
                continue
            # What was merged within the last minutes is still being built.
            ready = [commit for commit in main if commit.at <= slot - minutes(10)]
            if not ready or ready[-1] is desk.live:
                continue
            free_from = self._release(repository, ready[-1], slot, desk, main, place)

    def _ship_script(self, script: Script, main: list[MainCommit], desk: _Desk) -> None:
        pull, deployed_at, succeeded_at = script
        assert deployed_at is not None
        assert succeeded_at is not None
        head = next(commit for commit in main if commit.sha == pull.merge_sha)
        production = pull.repository.production
        add_deployment(self.deployments, pull.repository, production, head, deployed_at, succeeded_at, True)
        desk.before, desk.live = desk.live, head

    def _release(
        self,
        repository: Repository,
        head: MainCommit,
        slot: datetime,
        desk: _Desk,
        main: list[MainCommit],
        place: int,
    ) -> datetime:
        """Deploy to staging and production, and live with what follows; gives when the next deployment may start."""
        rng = self.rng
        staged = self._deploy(repository, "staging", head, slot - minutes(8), rng.random() >= 0.04)
        if place % 17 == 3:
            # The job was cancelled before it reported anything.
            staged.statuses.clear()
        if not any(state == "success" for _, state in staged.statuses) and staged.statuses:
            return slot
        if rng.random() < 0.07:
            self._deploy(repository, repository.production, head, slot, is_successful=False)
            slot += minutes(45)
        deployed = self._deploy(repository, repository.production, head, slot, is_successful=True)
        desk.before, desk.live = desk.live, head
        live_at = deployed.statuses[-1][0]
        rate = FAILURE_RATES.get(repository.team_id or "", USUAL_FAILURE_RATE)
        if rng.random() >= rate:
            return live_at
        return self._fail(repository, live_at, desk, main)

    def _fail(
        self, repository: Repository, live_at: datetime, desk: _Desk, main: list[MainCommit]
    ) -> datetime:
        """An incident, and what is done about it: the last version again, a hotfix, or nothing but patience."""
        rng = self.rng
        broken_at = whole(awake(live_at + minutes(float(rng.uniform(15, 300)))))
        incident = Incident(
            repository,
            repository.engineers[int(rng.integers(len(repository.engineers)))],
            _SYMPTOMS[int(rng.integers(len(_SYMPTOMS)))],
            "incident" if rng.random() < 0.8 else "Incident",
            broken_at,
            whole(awake(broken_at + minutes(float(rng.uniform(60, 2000))))),
        )
        self.incidents.append(incident)
        dice = rng.random()
        repaired_at = whole(awake(broken_at + minutes(50)))
        if dice < 0.35 and desk.before is not None:
            self._deploy(repository, repository.production, desk.before, repaired_at, is_successful=True)
            desk.before, desk.live = desk.live, desk.before
        elif dice < 0.6:
            hotfix = MainCommit(
                sha(f"hotfix {repository.name} {broken_at.isoformat()}"),
                repaired_at - minutes(15),
                incident.author,
                f"Hotfix: {incident.title.lower()}",
            )
            main.append(hotfix)
            main.sort(key=lambda commit: commit.at)
            self._deploy(repository, repository.production, hotfix, repaired_at, is_successful=True)
            desk.before, desk.live = desk.live, hotfix
        return repaired_at + minutes(20)

    def _deploy(
        self,
        repository: Repository,
        environment: str,
        commit: MainCommit,
        at: datetime,
        is_successful: bool,
    ) -> Deployment:
        """A deployment with its statuses, and the workflow run that made it."""
        ended_at = whole(at + minutes(float(self.rng.uniform(3, 7))))
        deployment = add_deployment(
            self.deployments, repository, environment, commit, at, ended_at, is_successful
        )
        conclusion = "success" if is_successful else "failure"
        self.runs.append(
            WorkflowRun(
                repository,
                f"Deploy to {environment}",
                MAIN,
                commit,
                "push",
                at - minutes(1),
                ended_at,
                conclusion,
            )
        )
        return deployment


def add_deployment(
    deployments: list[Deployment],
    repository: Repository,
    environment: str,
    commit: MainCommit,
    at: datetime,
    ended_at: datetime,
    is_successful: bool,
) -> Deployment:
    """A deployment at the end of the list; a success makes the one before it in that environment inactive."""
    deployment = Deployment(repository, environment, commit, whole(at))
    deployment.statuses = [
        (deployment.created_at + minutes(1), "in_progress"),
        (ended_at, "success" if is_successful else "failure"),
    ]
    if is_successful:
        previous = next(
            (
                each
                for each in reversed(deployments)
                if each.repository is repository
                and each.environment == environment
                and each.statuses
                and each.statuses[-1][1] == "success"
            ),
            None,
        )
        if previous is not None and previous.statuses[-1][0] < ended_at:
            previous.statuses.append((ended_at, "inactive"))
    deployments.append(deployment)
    return deployment


def main_commit(pull: PullRequest) -> MainCommit:
    """The commit by which a merged pull request came to the main branch."""
    assert pull.merged_at is not None
    return MainCommit(pull.merge_sha, pull.merged_at, pull.author, f"{pull.title} (#{pull.number})")


def checks(pulls: Iterable[PullRequest]) -> Iterator[WorkflowRun]:
    """The tests that ran on each pull request when it was opened."""
    for pull in pulls:
        head = MainCommit(pull.head_sha, pull.commits[-1].committed_at, pull.author, pull.commits[-1].message)
        is_green = int(pull.head_sha[:2], 16) >= 24
        yield WorkflowRun(
            pull.repository,
            "Tests",
            pull.branch,
            head,
            "pull_request",
            pull.opened_at,
            pull.opened_at + minutes(9),
            "success" if is_green else "failure",
        )


def deployer() -> str:
    """The log-in under which deployments are made."""
    return BOTS["acmeflow-deployer"].login


def _slots(repository: Repository, main: Sequence[MainCommit]) -> list[datetime]:
    """The moments at which a repository may be deployed, in order."""
    if repository.cadence == "on_merge":
        return [whole(awake(commit.at + minutes(25))) for commit in main]
    result = []
    for number in range((LAST_DAY - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=number)
        weekday, week = day.weekday(), number // 7
        if repository.cadence == "daily" and weekday < 5:
            hours = (11.0, 15.5) if repository.name.endswith("web") else (14.0,)
            result += [at_local(day, hour) for hour in hours]
        elif repository.cadence == "twice_a_week" and weekday in (1, 3):
            result.append(at_local(day, 10.25))
        elif repository.cadence == "fortnightly" and weekday == 2 and week % 2 == 0:
            result.append(at_local(day, 16.0))
    return result
