"""What of Jira can be replayed: issues (with their changelog, or without), and what they refer to."""

from collections.abc import Iterable

from sandbox.vendors.streams import Body, Stream, Unfit


def issue_and_changelog(issue: Body) -> Iterable[tuple[str | None, Body]]:
    """An issue, and each history that stands in it as a record of its own."""
    changelog = issue.get("changelog") or {}
    histories = changelog.get("histories", []) if isinstance(changelog, dict) else None
    if not isinstance(histories, list) or not all(isinstance(each, dict) for each in histories):
        raise Unfit("its 'changelog' has no list of 'histories': ask for it with expand=changelog")
    for history in histories:
        yield "changelogs", {"issueId": str(issue.get("id")), **history}
    yield None, {name: value for name, value in issue.items() if name != "changelog"}


STREAMS = {
    "issues": Stream(
        changed=("fields.updated", "fields.created"),
        needs=("key", "fields.created"),
        turn=issue_and_changelog,
        archived="",
    ),
    "changelogs": Stream(
        changed=("created",),
        needs=("issueId", "created"),
        numbers=("id",),
        hint="the API groups histories by issue: write the issue's id into each",
        archived="",
    ),
    "projects": Stream(needs=("key",), archived=""),
    "statuses": Stream(needs=("name",), archived=""),
    "fields": Stream(archived=""),
    "issue_types": Stream(archived=""),
    "boards": Stream(archived=""),
    "sprints": Stream(archived=""),
    "versions": Stream(archived=""),
}
