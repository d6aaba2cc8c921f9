"""Shows the code host's objects as its REST API does: every stream in the state of a moment.

Addresses begin with the vendor's own; the routes put their own address in its place.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.engineering.host import Engineering
from sandbox.company.engineering.model import (
    MAIN,
    Commit,
    Deployment,
    Engineer,
    Incident,
    MainCommit,
    PullRequest,
    Release,
    Repository,
    Review,
    WorkflowRun,
)
from sandbox.company.engineering.story import BOTS
from sandbox.vendors.github.credentials import GITHUB_OWNER as OWNER
from sandbox.vendors.record import Record

API = "https://api.github.com"
_ASSOCIATION = "MEMBER"


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    host = company.engineering
    made = {
        "repositories": _repositories,
        "pull_requests": _pull_requests,
        "reviews": _reviews,
        "pull_request_commits": _commits,
        "releases": _releases,
        "deployments": _deployments,
        "deployment_statuses": _statuses,
        "workflow_runs": _runs,
        "issues": _issues,
    }.get(stream)
    return [] if made is None else list(made(host, now))


def stamp(moment: datetime | None) -> str | None:
    """As the API writes a moment: UTC in whole seconds."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _seen(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment <= now else None


def _user(engineer: Engineer) -> dict[str, Any]:
    return {
        "login": engineer.login,
        "id": engineer.id,
        "node_id": f"U_{engineer.id}",
        "url": f"{API}/users/{engineer.login}",
        "html_url": f"https://github.com/{engineer.login}",
        "type": "Bot" if engineer.is_bot else "User",
        "site_admin": False,
    }


def _signature(author: Engineer) -> dict[str, str]:
    """Who a commit says that wrote it; the host lends an address to a bot."""
    return {"name": author.name, "email": author.email or f"{author.login}@users.noreply.github.com"}


def _repository(repository: Repository) -> dict[str, Any]:
    path = f"{OWNER}/{repository.name}"
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": path,
        "private": True,
        "owner": {"login": OWNER, "id": 4_000, "type": "Organization", "url": f"{API}/users/{OWNER}"},
        "html_url": f"https://github.com/{path}",
        "description": None,
        "fork": False,
        "url": f"{API}/repos/{path}",
        "created_at": stamp(repository.created_at),
        "updated_at": stamp(repository.created_at),
        "pushed_at": stamp(repository.created_at),
        "default_branch": MAIN,
        "archived": False,
        "disabled": False,
        "has_issues": True,
        "visibility": "private",
        "language": "Python",
        "topics": [],
    }


def _repositories(host: Engineering, now: datetime) -> Iterator[Record]:
    for each in host.repositories:
        if each.created_at <= now:
            yield Record(str(each.id), each.created_at, _repository(each))


def _pull_requests(host: Engineering, now: datetime) -> Iterator[Record]:
    for pull in host.pull_requests:
        if pull.opened_at <= now:
            yield Record(str(pull.id), pull.updated_at(now), _pull_request(pull, now))


def _pull_request(pull: PullRequest, now: datetime) -> dict[str, Any]:
    path = f"{API}/repos/{OWNER}/{pull.repository.name}"
    merged_at = _seen(pull.merged_at, now)
    closed_at = _seen(pull.closed_at, now)
    repository = _repository(pull.repository)
    return {
        "id": pull.id,
        "node_id": f"PR_{pull.id}",
        "url": f"{path}/pulls/{pull.number}",
        "html_url": f"https://github.com/{OWNER}/{pull.repository.name}/pull/{pull.number}",
        "issue_url": f"{path}/issues/{pull.number}",
        "number": pull.number,
        "state": "closed" if closed_at else "open",
        "locked": False,
        "title": pull.title,
        "user": _user(pull.author),
        "body": f"Written by {pull.author.name}.",
        "labels": [],
        "assignees": [],
        "requested_reviewers": [],
        "draft": False,
        "created_at": stamp(pull.opened_at),
        "updated_at": stamp(pull.updated_at(now)),
        "closed_at": stamp(closed_at),
        "merged_at": stamp(merged_at),
        "merge_commit_sha": pull.merge_sha if merged_at else None,
        "head": {
            "label": f"{OWNER}:{pull.branch}",
            "ref": pull.branch,
            "sha": pull.head_sha,
            "repo": repository,
        },
        "base": {"label": f"{OWNER}:{pull.base}", "ref": pull.base, "sha": "0" * 40, "repo": repository},
        "author_association": _ASSOCIATION,
        "auto_merge": None,
    }


def _reviews(host: Engineering, now: datetime) -> Iterator[Record]:
    for pull in host.pull_requests:
        for review in pull.reviews:
            if review.submitted_at <= now:
                yield Record(str(review.id), review.submitted_at, _review(pull, review))


def _review(pull: PullRequest, review: Review) -> dict[str, Any]:
    path = f"{API}/repos/{OWNER}/{pull.repository.name}/pulls/{pull.number}"
    return {
        "id": review.id,
        "node_id": f"PRR_{review.id}",
        "user": _user(review.author),
        "body": "",
        "state": review.state,
        "html_url": f"https://github.com/{OWNER}/{pull.repository.name}/pull/{pull.number}",
        "pull_request_url": path,
        "author_association": _ASSOCIATION,
        "submitted_at": stamp(review.submitted_at),
        "commit_id": pull.head_sha,
    }


def _commits(host: Engineering, now: datetime) -> Iterator[Record]:
    """`body`: the pull request's address and the commit as the API shows it."""
    for pull in host.pull_requests:
        path = f"{API}/repos/{OWNER}/{pull.repository.name}"
        for commit in pull.commits:
            if pull.opened_at <= now and commit.committed_at <= now:
                body = {"pull_request_url": f"{path}/pulls/{pull.number}", "commit": _commit(path, commit)}
                yield Record(f"{pull.id}:{commit.sha}", commit.committed_at, body)


def _commit(path: str, commit: Commit) -> dict[str, Any]:
    person = _signature(commit.author)
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha[:12]}",
        "url": f"{path}/commits/{commit.sha}",
        "commit": {
            "author": {**person, "date": stamp(commit.authored_at)},
            "committer": {**person, "date": stamp(commit.committed_at)},
            "message": commit.message,
            "comment_count": 0,
        },
        "author": _user(commit.author),
        "committer": _user(commit.author),
        "parents": [],
    }


def _releases(host: Engineering, now: datetime) -> Iterator[Record]:
    for release in host.releases:
        if release.exists(now):
            yield Record(str(release.id), release.created_at, _release(release, now))


def _release(release: Release, now: datetime) -> dict[str, Any]:
    path = f"{API}/repos/{OWNER}/{release.repository.name}/releases"
    published_at = _seen(release.published_at, now)
    is_renamed = _seen(release.renamed_at, now) is not None
    return {
        "url": f"{path}/{release.id}",
        "assets_url": f"{path}/{release.id}/assets",
        "html_url": f"https://github.com/{OWNER}/{release.repository.name}/releases/tag/{release.tag}",
        "id": release.id,
        "author": _user(release.author),
        "node_id": f"RE_{release.id}",
        "tag_name": release.tag,
        "target_commitish": MAIN,
        "name": f"{release.tag} (with known problems)" if is_renamed else release.tag,
        "draft": published_at is None,
        "prerelease": release.is_prerelease,
        "created_at": stamp(release.created_at),
        "published_at": stamp(published_at),
        "assets": [],
        "body": "What is new.",
    }


def _deployments(host: Engineering, now: datetime) -> Iterator[Record]:
    for deployment in host.deployments:
        if deployment.created_at <= now:
            updated_at = deployment.updated_at(now)
            yield Record(str(deployment.id), updated_at, _deployment(deployment, updated_at))


def _deployment(deployment: Deployment, updated_at: datetime) -> dict[str, Any]:
    path = f"{API}/repos/{OWNER}/{deployment.repository.name}"
    return {
        "url": f"{path}/deployments/{deployment.id}",
        "id": deployment.id,
        "node_id": f"DE_{deployment.id}",
        "task": "deploy",
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": None,
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(updated_at),
        "statuses_url": f"{path}/deployments/{deployment.id}/statuses",
        "repository_url": path,
        "creator": _user(BOTS["acmeflow-deployer"]),
        "sha": deployment.commit.sha,
        "ref": MAIN,
        "payload": {},
        "transient_environment": False,
        "production_environment": deployment.is_production,
    }


def _statuses(host: Engineering, now: datetime) -> Iterator[Record]:
    for deployment in host.deployments:
        path = f"{API}/repos/{OWNER}/{deployment.repository.name}/deployments/{deployment.id}"
        for place, (at, state) in enumerate(deployment.statuses):
            if at > now or deployment.created_at > now:
                continue
            number = deployment.id * 10 + place
            body = {
                "url": f"{path}/statuses/{number}",
                "id": number,
                "node_id": f"DES_{number}",
                "state": state,
                "creator": _user(BOTS["acmeflow-deployer"]),
                "description": "",
                "environment": deployment.environment,
                "created_at": stamp(at),
                "updated_at": stamp(at),
                "deployment_url": path,
                "repository_url": path.rpartition("/deployments/")[0],
            }
            yield Record(str(number), at, body)


def _runs(host: Engineering, now: datetime) -> Iterator[Record]:
    for run in host.runs:
        if run.created_at <= now:
            is_over = run.ended_at <= now
            yield Record(str(run.id), run.ended_at if is_over else run.created_at, _run(run, is_over))


def _run(run: WorkflowRun, is_over: bool) -> dict[str, Any]:
    path = f"{API}/repos/{OWNER}/{run.repository.name}"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": f"WFR_{run.id}",
        "head_branch": run.branch,
        "head_sha": run.commit.sha,
        "run_number": run.number,
        "run_attempt": 1,
        "event": run.event,
        "display_title": run.commit.message,
        "status": "completed" if is_over else "in_progress",
        "conclusion": run.conclusion if is_over else None,
        "workflow_id": 300 + len(run.name),
        "url": f"{path}/actions/runs/{run.id}",
        "html_url": f"https://github.com/{OWNER}/{run.repository.name}/actions/runs/{run.id}",
        "pull_requests": [],
        "created_at": stamp(run.created_at),
        "updated_at": stamp(run.ended_at if is_over else run.created_at),
        "run_started_at": stamp(run.created_at),
        "actor": _user(run.commit.author),
        "head_commit": _head_commit(run.commit),
        "repository": {"id": run.repository.id, "name": run.repository.name, "full_name": f"{OWNER}/{run.repository.name}"},
    }  # fmt: skip


def _head_commit(commit: MainCommit) -> dict[str, Any]:
    person = _signature(commit.author)
    return {
        "id": commit.sha,
        "tree_id": commit.sha,
        "message": commit.message,
        "timestamp": stamp(commit.at),
        "author": person,
        "committer": person,
    }


def _issues(host: Engineering, now: datetime) -> Iterator[Record]:
    """Incidents, and every pull request once more, as the API lists them among the issues."""
    for incident in host.incidents:
        if incident.created_at <= now:
            yield Record(str(incident.id), incident.updated_at(now), _incident(incident, now))
    for pull in host.pull_requests:
        if pull.opened_at <= now:
            shown = _pull_request(pull, now)
            kept = ("id", "node_id", "html_url", "number", "state", "title", "user", "body", "labels", "assignees",
                    "created_at", "updated_at", "closed_at", "author_association")  # fmt: skip
            body = {name: shown[name] for name in kept}
            body["url"] = shown["issue_url"]
            body["repository_url"] = shown["base"]["repo"]["url"]
            body["state_reason"] = None
            body["pull_request"] = {
                "url": shown["url"],
                "html_url": shown["html_url"],
                "merged_at": shown["merged_at"],
            }
            yield Record(f"pull:{pull.id}", pull.updated_at(now), body)


def _paged(incident: Incident) -> str:
    """What the on-call tool's integration writes below: where the incident is there."""
    return (
        "" if incident.page_id is None else f"\n\nhttps://acmeflow.pagerduty.com/incidents/{incident.page_id}"
    )


def _incident(incident: Incident, now: datetime) -> dict[str, Any]:
    path = f"{API}/repos/{OWNER}/{incident.repository.name}"
    closed_at = _seen(incident.closed_at, now)
    label = {"id": 77, "name": incident.label, "color": "d73a4a", "default": False, "description": None}
    return {
        "id": incident.id,
        "node_id": f"I_{incident.id}",
        "url": f"{path}/issues/{incident.number}",
        "repository_url": path,
        "html_url": f"https://github.com/{OWNER}/{incident.repository.name}/issues/{incident.number}",
        "number": incident.number,
        "state": "closed" if closed_at else "open",
        "state_reason": "completed" if closed_at else None,
        "title": incident.title,
        "user": _user(incident.author),
        "body": f"Reported by {incident.author.name} <{incident.author.email}>." + _paged(incident),
        "labels": [label],
        "assignees": [],
        "created_at": stamp(incident.created_at),
        "updated_at": stamp(incident.updated_at(now)),
        "closed_at": stamp(closed_at),
        "author_association": _ASSOCIATION,
    }
