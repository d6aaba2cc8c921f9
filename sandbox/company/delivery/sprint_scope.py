"""Which issues the teams plan into their sprints, and what they take in and out again once a sprint has begun."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from sandbox.company.delivery.model import Change, History, Issue, Sprint, category
from sandbox.company.work_time import awake

# How often, of a hundred: an issue worked on in a sprint was planned into it before its start.
PLANNED_AHEAD = 0.7
# Of the issues that nobody works on in a sprint: planned all the same, and what becomes of that.
PLANNED_IN_VAIN = 0.45
FATES = ("stays", "stays", "taken_out_after_start", "taken_out_before_start", "taken_out_and_in_again")
LONGEST_AHEAD = timedelta(days=35)
HALF_AN_HOUR = timedelta(minutes=30)


def plan_scope(issues: Sequence[Issue], sprints: Sequence[Sprint], rng: np.random.Generator) -> None:
    """Give standard issues of teams with sprints a history of membership: planned ahead, moved out, moved back in.

    What was added because work on it began during a sprint, and what was carried over at the next sprint's start, stays
    as it is. Moments are whole seconds.
    """
    for issue in issues:
        own = [sprint for sprint in sprints if sprint.project is issue.project]
        if issue.level != 0 or issue.kind == "planted" or not own:
            continue
        joined = next((each for each in issue.histories if each.changes[0].name == "sprints"), None)
        if joined is not None:
            _plan_ahead(issue, joined, rng)
        elif rng.random() < PLANNED_IN_VAIN:
            _plan_in_vain(issue, own, rng)
        issue.histories.sort(key=lambda history: history.at)


def _plan_ahead(issue: Issue, joined: History, rng: np.random.Generator) -> None:
    sprint: Sprint = joined.changes[0].after[0]
    earliest = max(issue.created_at + HALF_AN_HOUR, sprint.starts_at - timedelta(days=4), sprint.created_at)
    latest = sprint.starts_at - HALF_AN_HOUR
    if earliest < latest and rng.random() < PLANNED_AHEAD:
        joined.at = _between(earliest, latest, rng)


def _plan_in_vain(issue: Issue, own: Sequence[Sprint], rng: np.random.Generator) -> None:
    earliest = issue.created_at + timedelta(days=1)
    sprint = next((each for each in own if earliest < each.starts_at < earliest + LONGEST_AHEAD), None)
    fate = FATES[int(rng.integers(len(FATES)))]
    if sprint is None or category(issue.at(sprint.starts_at).status) == "done":
        return
    planned_at = _between(sprint.starts_at - timedelta(hours=20), sprint.starts_at - HALF_AN_HOUR * 2, rng)
    moves: list[tuple[datetime, tuple[Sprint, ...]]] = [(planned_at, (sprint,))]
    if fate == "taken_out_before_start":
        moves.append((sprint.starts_at - timedelta(minutes=10), ()))
    elif fate != "stays":
        moves.append((_between(sprint.starts_at + HALF_AN_HOUR, sprint.ends_at, rng), ()))
    if fate == "taken_out_and_in_again":
        moves.append((sprint.ends_at + timedelta(seconds=-5), (sprint,)))
    before: tuple[Sprint, ...] = ()
    for at, after in moves:
        issue.histories.append(History(at, issue.reporter, (Change("sprints", before, after),)))
        before = after


def _between(start: datetime, end: datetime, rng: np.random.Generator) -> datetime:
    """A whole second at which people are at work, not after `end`."""
    moment = start + (end - start) * float(rng.random())
    return min(awake(moment), end).replace(microsecond=0)
