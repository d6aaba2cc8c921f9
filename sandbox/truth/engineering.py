"""What the metrics of shipping code must be, said in plain Python from pull requests, deployments and incidents.

What happened at or after midnight of the as-of date (reporting time zone) has not happened. A deployment to
production counts once it succeeded, in the week of its first success. A pull request is in production with the first
successful production deployment of its repository whose commit is not older than its merge; one that was merged into
another branch than the main one is never, and one that was merged before the commit of the first such deployment on
record may have shipped before: nobody can tell. A first commit of after the merge, or of more than two years before the
opening, was written by a wrong clock and counts for nothing. An incident is behind the last successful production deployment of its
repository before it; of all repositories, where its own is never deployed. Recovery is from that deployment's success to
the moment at which the incident was closed, in the week of that moment; one closed before it was reported tells nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import TEAMS
from sandbox.company.company import Company
from sandbox.company.engineering.model import MAIN, Deployment, Incident, PullRequest, Repository
from sandbox.company.work_time import local_date, midnight, seconds_between
from sandbox.truth.rows import Row, ratio_row
from sandbox.truth.support import last_weeks, percentile, row

OLDEST_COMMIT = timedelta(days=730)


@dataclass(frozen=True)
class Shipped:
    """A successful deployment to production; `incident_count`: incidents that it is behind."""

    deployment: Deployment
    at: datetime
    incident_count: int


@dataclass(frozen=True)
class Recovered:
    """A closed incident behind which a deployment is; `team_id` is that of the deployment's repository."""

    team_id: str | None
    on: date
    seconds: int


@dataclass(frozen=True)
class Delivered:
    """A merged pull request in production. Seconds are None where the end lies before the beginning."""

    team_id: str | None
    on: date
    lead_seconds: int | None
    stage_seconds: dict[str, int | None]


def truth_rows(company: Company, as_of: date) -> list[Row]:
    """Every metric of the last eight complete weeks; medians without a pull request have no row."""
    cut = midnight(as_of)
    shipped = _shipped(company, cut)
    delivered = _delivered(company.engineering.pull_requests, shipped, cut)
    recovered = _recovered(company.engineering.incidents, successes_before(company, cut), cut)
    rows: list[Row] = []
    for week in last_weeks(as_of):
        days = [week + timedelta(days=place) for place in range(7)]
        in_week = [each for each in shipped if local_date(each.at) in days]
        arrived = [each for each in delivered if each.on in days]
        rows += _of_deployments(week, in_week)
        for team_id in (None, *(team.id for team in TEAMS)):
            group = {} if team_id is None else {"team_id": team_id}
            lead = [
                each.lead_seconds
                for each in arrived
                if each.lead_seconds is not None and team_id in (None, each.team_id)
            ]
            if lead:
                rows.append(row("change_lead_time_seconds_median", week, percentile(lead, 0.5), **group))
        for stage in ("coding", "review", "waiting_for_deployment"):
            spans = [each.stage_seconds[stage] for each in arrived]
            known = [span for span in spans if span is not None]
            if known:
                value = percentile(known, 0.5)
                rows.append(row("pull_request_stage_seconds_median", week, value, stage=stage))
        rows += _of_recoveries(week, [each for each in recovered if each.on in days])
    return rows


def _of_deployments(week: date, in_week: list[Shipped]) -> list[Row]:
    """Frequency, with days without a deployment, for all and each team; failure rate where something was deployed."""
    rows: list[Row] = []
    for team_id in (None, *(team.id for team in TEAMS)):
        group = {} if team_id is None else {"team_id": team_id}
        own = [each for each in in_week if team_id in (None, each.deployment.repository.team_id)]
        day_count = len({local_date(each.at) for each in own})
        rows.append(ratio_row("deployment_frequency", "week", week, float(day_count), 7.0, **group))
        if own:
            failed = float(sum(each.incident_count > 0 for each in own))
            rows.append(ratio_row("change_failure_rate", "week", week, failed, float(len(own)), **group))
    return rows


def _of_recoveries(week: date, in_week: list[Recovered]) -> list[Row]:
    """The median for all and for each team; none without an incident that was closed."""
    rows: list[Row] = []
    for team_id in (None, *(team.id for team in TEAMS)):
        group = {} if team_id is None else {"team_id": team_id}
        spans = [each.seconds for each in in_week if team_id in (None, each.team_id)]
        if spans:
            rows.append(row("recovery_time_seconds_median", week, percentile(spans, 0.5), **group))
    return rows


def successes_before(company: Company, cut: datetime) -> list[tuple[datetime, Deployment]]:
    """The successful production deployments before the cut with their first success, oldest first."""
    successes = [
        (at, deployment)
        for deployment in company.engineering.deployments
        if deployment.is_production and (at := deployment.succeeded_at(cut)) is not None
    ]
    return sorted(successes, key=lambda each: (each[0], each[1].id))


def _recovered(
    incidents: list[Incident], successes: list[tuple[datetime, Deployment]], cut: datetime
) -> list[Recovered]:
    result = []
    for incident in incidents:
        closed_at = incident.closed_at
        if closed_at is None or closed_at >= cut or closed_at < incident.created_at:
            continue
        cause = cause_of(incident, successes)
        if cause is not None:
            failed_at = next(at for at, deployment in successes if deployment is cause)
            seconds = seconds_between(failed_at, closed_at)
            result.append(Recovered(cause.repository.team_id, local_date(closed_at), seconds))
    return result


def _shipped(company: Company, cut: datetime) -> list[Shipped]:
    """The successful production deployments before the cut, oldest success first."""
    successes = successes_before(company, cut)
    behind: dict[int, int] = {}
    for incident in company.engineering.incidents:
        cause = cause_of(incident, successes) if incident.created_at < cut else None
        if cause is not None:
            behind[cause.id] = behind.get(cause.id, 0) + 1
    return [Shipped(deployment, at, behind.get(deployment.id, 0)) for at, deployment in successes]


def cause_of(incident: Incident, successes: list[tuple[datetime, Deployment]]) -> Deployment | None:
    is_deployed = any(deployment.repository is incident.repository for _, deployment in successes)
    before = [
        deployment
        for at, deployment in successes
        if at <= incident.created_at and (deployment.repository is incident.repository or not is_deployed)
    ]
    return before[-1] if before else None


def _delivered(pulls: list[PullRequest], shipped: list[Shipped], cut: datetime) -> list[Delivered]:
    by_repository: dict[Repository, list[Shipped]] = {}
    for each in shipped:
        by_repository.setdefault(each.deployment.repository, []).append(each)
    result = []
    for pull in pulls:
        merged_at = pull.merged_at
        if merged_at is None or merged_at >= cut or pull.base != MAIN:
            continue
        own = by_repository.get(pull.repository, [])
        deployed_at = next((each.at for each in own if each.deployment.commit.at >= merged_at), None)
        if deployed_at is None or merged_at <= own[0].deployment.commit.at:
            continue
        authored_at = min(commit.authored_at for commit in pull.commits)
        is_plausible = pull.opened_at - OLDEST_COMMIT <= authored_at <= merged_at
        first_at = authored_at if is_plausible else None
        stages = {
            "coding": None if first_at is None else _span(first_at, pull.opened_at),
            "review": _span(pull.opened_at, merged_at),
            "waiting_for_deployment": _span(merged_at, deployed_at),
        }
        lead = None if first_at is None else _span(first_at, deployed_at)
        result.append(Delivered(pull.repository.team_id, local_date(deployed_at), lead, stages))
    return result


def _span(start: datetime, end: datetime) -> int | None:
    seconds = seconds_between(start, end)
    return None if seconds < 0 else seconds
