"""What the teams committed to in their sprints and kept, said in plain Python from the issues' dated changes.

Committed: in the sprint when it started, and not done by then. Kept: still in the sprint when it was completed, done by
then, and not refused. A change at the very moment of start or completion counts as before it.
"""

from datetime import date, datetime, timedelta

from sandbox.company.catalogue import EXCLUDED_ISSUE_RESOLUTIONS
from sandbox.company.company import Company
from sandbox.company.delivery.model import Issue, Sprint, category
from sandbox.company.work_time import local_date, midnight
from sandbox.truth.rows import Row, ratio_row
from sandbox.truth.support import last_weeks


def sprint_rows(company: Company, as_of: date) -> list[Row]:
    """`sprint_predictability` by week of completion, of all teams and of each that had committed to anything."""
    rows: list[Row] = []
    cut = midnight(as_of)
    for week in last_weeks(as_of):
        ended = [
            sprint
            for sprint in company.delivery.sprints
            if sprint.completed_at < cut
            and week <= local_date(sprint.completed_at) < week + timedelta(days=7)
        ]
        teams = sorted({sprint.project.team_id for sprint in ended})
        groups: list[tuple[dict[str, str], list[Sprint]]] = [({}, ended)] if ended else []
        groups += [
            ({"team_id": team}, [each for each in ended if each.project.team_id == team]) for team in teams
        ]
        for group, sprints in groups:
            counts = [committed_and_kept(company.delivery.issues, sprint) for sprint in sprints]
            committed, kept = (float(sum(column)) for column in zip(*counts, strict=True))
            if committed:
                rows.append(ratio_row("sprint_predictability", "week", week, kept, committed, **group))
    return rows


def committed_and_kept(issues: list[Issue], sprint: Sprint) -> tuple[int, int]:
    """How many standard issues were committed at the sprint's start, and how many of them done at its completion."""
    committed = [
        issue
        for issue in issues
        if issue.level == 0
        and issue.created_at <= sprint.starts_at
        and _is_in(issue, sprint, sprint.starts_at)
        and not _is_done(issue, sprint.starts_at)
    ]
    kept = [
        issue
        for issue in committed
        if _is_in(issue, sprint, sprint.completed_at) and _is_done(issue, sprint.completed_at)
        if issue.at(sprint.completed_at).resolution not in EXCLUDED_ISSUE_RESOLUTIONS
    ]
    return len(committed), len(kept)


def _is_in(issue: Issue, sprint: Sprint, moment: datetime) -> bool:
    return sprint in issue.at(moment).sprints


def _is_done(issue: Issue, moment: datetime) -> bool:
    return category(issue.at(moment).status) == "done"
