"""What of GitHub can be replayed: a line a record of the REST API, whoever owns the repository."""

from collections.abc import Iterable

from sandbox.vendors.streams import Body, Stream

_DATED = ("updated_at", "created_at")


def commit_of_pull_request(body: Body) -> Iterable[tuple[str | None, Body]]:
    """The commit as the API shows it, beside the address of its pull request, which the API leaves out."""
    if "sha" in body:
        commit = {name: value for name, value in body.items() if name != "pull_request_url"}
        body = {"pull_request_url": body.get("pull_request_url"), "commit": commit}
    yield None, body


STREAMS = {
    "repositories": Stream(changed=_DATED, needs=("name",), archived=""),
    "pull_requests": Stream(
        changed=_DATED, needs=("url", "number", "state", "base.ref", "base.repo.name", *_DATED)
    ),
    "reviews": Stream(changed=("submitted_at",), needs=("pull_request_url",)),
    "pull_request_commits": Stream(
        key=("pull_request_url", "commit.sha"),
        changed=("commit.commit.committer.date",),
        hint="write the address of the pull request into each commit, and its sha",
        turn=commit_of_pull_request,
    ),
    "releases": Stream(changed=("created_at",), needs=("url", "created_at")),
    "deployments": Stream(changed=_DATED, needs=("url", "repository_url"), numbers=("id",)),
    "deployment_statuses": Stream(changed=_DATED, needs=("deployment_url",)),
    "workflow_runs": Stream(changed=_DATED, needs=("repository.name", "created_at"), numbers=("id",)),
    "issues": Stream(changed=_DATED, needs=("url", "repository_url", "number", "state", *_DATED)),
}
