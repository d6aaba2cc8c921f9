"""Shows the tracker's objects as its REST API does: every stream in the state of a moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.company.company import Company
from sandbox.company.delivery.model import (
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    Change,
    History,
    Issue,
    IssueState,
    Member,
    Project,
    Sprint,
    Version,
)
from sandbox.company.work_time import BERLIN, local
from sandbox.vendors.record import Record

SITE = "https://acmeflow.example/jira"
# When the site was set up: the time of change of what never changes.
SITE_SET_UP = local("2023-05-30 09:00")
_CATEGORIES = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
# Field of ours -> (name, type, id) in a history.
_HISTORY_FIELDS = {
    "status": ("status", "jira", "status"),
    "resolution": ("resolution", "jira", "resolution"),
    "due": ("duedate", "jira", "duedate"),
    "versions": ("Fix Version", "jira", "fixVersions"),
    "sprints": ("Sprint", "custom", "customfield_10020"),
    "assignee": ("assignee", "jira", "assignee"),
    "points": ("Story point estimate", "custom", "customfield_10016"),
    "priority": ("priority", "jira", "priority"),
}
_FIELDS = (
    ("summary", "Summary", "string", None),
    ("issuetype", "Issue Type", "issuetype", None),
    ("status", "Status", "status", None),
    ("resolution", "Resolution", "resolution", None),
    ("resolutiondate", "Resolved", "datetime", None),
    ("created", "Created", "datetime", None),
    ("updated", "Updated", "datetime", None),
    ("duedate", "Due date", "date", None),
    ("project", "Project", "project", None),
    ("fixVersions", "Fix versions", "array", None),
    ("labels", "Labels", "array", None),
    ("components", "Components", "array", None),
    ("priority", "Priority", "priority", None),
    ("assignee", "Assignee", "user", None),
    ("reporter", "Reporter", "user", None),
    ("customfield_10014", "Epic Link", "any", "com.pyxis.greenhopper.jira:gh-epic-link"),
    ("customfield_10016", "Story point estimate", "number", "com.pyxis.greenhopper.jira:jsw-story-points"),
    ("customfield_10019", "Rank", "any", "com.pyxis.greenhopper.jira:gh-lexo-rank"),
    ("customfield_10020", "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint"),
)


def records(company: Company, stream: str, now: datetime) -> list[Record]:
    """The records of a stream at `now`; none for an unknown stream."""
    delivery = company.delivery
    if stream == "issues":
        links = _links(delivery.blocking, now)
        return [
            _issue_record(issue, now, links.get(issue.id, []))
            for issue in delivery.issues
            if issue.created_at <= now
        ]
    if stream == "changelogs":
        return [
            Record(str(history.id), history.at, _history(history, issue))
            for issue in delivery.issues
            if issue.created_at <= now
            for history in issue.histories
            if history.at <= now
        ]
    if stream == "versions":
        return [
            Record(version.id, version.updated_at(now), _version(version, now))
            for version in delivery.versions
            if version.created_at <= now
        ]
    if stream == "sprints":
        return [_sprint_record(sprint, now) for sprint in delivery.sprints if sprint.created_at <= now]
    fixed: dict[str, list[dict[str, Any]]] = {
        "projects": [_project(project) for project in delivery.projects],
        "boards": [_board(project) for project in delivery.projects],
        "statuses": [_status(name) for name in STATUSES],
        "issue_types": [_issue_type(name) for name in ISSUE_TYPES],
        "fields": [_field(*field) for field in _FIELDS],
    }
    return [Record(str(body["id"]), SITE_SET_UP, body) for body in fixed.get(stream, [])]


def timestamp(moment: datetime) -> str:
    """As the API writes it: in the account's time zone, with milliseconds and offset."""
    clock = moment.astimezone(BERLIN)
    return f"{clock:%Y-%m-%dT%H:%M:%S}.{clock.microsecond // 1000:03d}{clock:%z}"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _project(project: Project) -> dict[str, Any]:
    return {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "self": f"{SITE}/rest/api/3/project/{project.id}",
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": False,
        "style": "classic",
        "isPrivate": False,
        "properties": {},
    }


def _board(project: Project) -> dict[str, Any]:
    return {
        "id": project.board_id,
        "self": f"{SITE}/rest/agile/1.0/board/{project.board_id}",
        "name": f"{project.key} board",
        "type": "scrum" if project.has_sprints else "kanban",
        "location": {"projectId": int(project.id), "projectKey": project.key, "projectName": project.name},
    }


def _status(name: str) -> dict[str, Any]:
    status_id, category = STATUSES[name]
    return {
        "self": f"{SITE}/rest/api/3/status/{status_id}",
        "description": "",
        "iconUrl": f"{SITE}/images/icons/status.png",
        "name": name,
        "untranslatedName": name,
        "id": status_id,
        "statusCategory": {"self": f"{SITE}/rest/api/3/statuscategory/{_CATEGORIES[category]['id']}"}
        | _CATEGORIES[category],
    }


def _issue_type(name: str) -> dict[str, Any]:
    type_id, level = ISSUE_TYPES[name]
    return {
        "self": f"{SITE}/rest/api/3/issuetype/{type_id}",
        "id": type_id,
        "description": "",
        "iconUrl": f"{SITE}/images/icons/issuetypes/{type_id}.png",
        "name": name,
        "untranslatedName": name,
        "subtask": level < 0,
        "avatarId": 10300,
        "hierarchyLevel": level,
    }


def _field(field_id: str, name: str, kind: str, custom: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": kind}
    if custom is None:
        schema["system"] = field_id
    else:
        schema |= {"custom": custom, "customId": int(field_id.removeprefix("customfield_"))}
    if kind == "array":
        items = {"fixVersions": "version", "labels": "string", "components": "component"}
        schema["items"] = items.get(field_id, "json")
    return {
        "id": field_id,
        "key": field_id,
        "name": name,
        "custom": custom is not None,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": [name.lower()] if custom is None else [f"cf[{schema['customId']}]", name],
        "schema": schema,
    }


def _version(version: Version, now: datetime) -> dict[str, Any]:
    release_date = version.release_date(now)
    released = version.is_released(now)
    body: dict[str, Any] = {
        "self": f"{SITE}/rest/api/3/version/{version.id}",
        "id": version.id,
        "name": version.name,
        "archived": False,
        "released": released,
        "projectId": int(version.project.id),
    }
    if release_date is not None:
        body["releaseDate"] = release_date.isoformat()
        body["overdue"] = not released and release_date < now.astimezone(BERLIN).date()
    return body


def _sprint(sprint: Sprint, now: datetime, board_key: str) -> dict[str, Any]:
    state = sprint.state(now)
    body: dict[str, Any] = {"id": sprint.id, "name": sprint.name, "state": state, "goal": sprint.goal}
    body[board_key] = sprint.project.board_id
    body |= {"startDate": _utc(sprint.starts_at), "endDate": _utc(sprint.ends_at)}
    if state == "closed":
        body["completeDate"] = _utc(sprint.completed_at)
    return body


def _sprint_record(sprint: Sprint, now: datetime) -> Record:
    moments = (sprint.created_at, sprint.starts_at, sprint.completed_at)
    body = _sprint(sprint, now, "originBoardId") | {"self": f"{SITE}/rest/agile/1.0/sprint/{sprint.id}"}
    return Record(str(sprint.id), max(moment for moment in moments if moment <= now), body)


def _member(member: Member | None) -> dict[str, Any] | None:
    if member is None:
        return None
    return {
        "self": f"{SITE}/rest/api/3/user?accountId={member.account_id}",
        "accountId": member.account_id,
        "emailAddress": member.email,
        "displayName": member.name,
        "active": True,
        "timeZone": "Europe/Berlin",
        "accountType": "atlassian",
    }


def _fix_version(version: Version, now: datetime) -> dict[str, Any]:
    body = _version(version, now)
    return {
        name: body[name]
        for name in ("self", "id", "name", "archived", "released", "releaseDate")
        if name in body
    }


def _linked(issue: Issue, now: datetime) -> dict[str, Any]:
    return {
        "id": str(issue.id),
        "key": issue.key,
        "self": f"{SITE}/rest/api/3/issue/{issue.id}",
        "fields": {
            "summary": issue.summary,
            "status": _status(issue.at(now).status),
            "issuetype": _issue_type(issue.type),
        },
    }


def _links(blocking: Sequence[tuple[Issue, Issue]], now: datetime) -> dict[int, list[dict[str, Any]]]:
    """By issue, its links, each of which stands on both of its issues."""
    found: dict[int, list[dict[str, Any]]] = {}
    for waiting, blocks in blocking:
        if max(waiting.created_at, blocks.created_at) > now:
            continue
        link = {
            "id": str(30_000 + waiting.id),
            "self": f"{SITE}/rest/api/3/issueLink/{30_000 + waiting.id}",
            "type": {
                "id": "10000",
                "name": "Blocks",
                "inward": "is blocked by",
                "outward": "blocks",
                "self": f"{SITE}/rest/api/3/issueLinkType/10000",
            },
        }
        found.setdefault(waiting.id, []).append(link | {"inwardIssue": _linked(blocks, now)})
        found.setdefault(blocks.id, []).append(link | {"outwardIssue": _linked(waiting, now)})
    return found


def _issue_record(issue: Issue, now: datetime, links: list[dict[str, Any]]) -> Record:
    state = issue.at(now)
    return Record(str(issue.id), state.updated_at, _issue(issue, state, now, links))


def _issue(issue: Issue, state: IssueState, now: datetime, links: list[dict[str, Any]]) -> dict[str, Any]:
    project = _project(issue.project)
    fields: dict[str, Any] = {
        "summary": issue.summary,
        "issuetype": _issue_type(issue.type),
        "status": _status(state.status),
        "statuscategorychangedate": timestamp(state.status_since),
        "resolution": None,
        "resolutiondate": timestamp(state.resolved_at) if state.resolved_at else None,
        "created": timestamp(issue.created_at),
        "updated": timestamp(state.updated_at),
        "duedate": state.due.isoformat() if state.due else None,
        "project": {
            name: project[name] for name in ("self", "id", "key", "name", "projectTypeKey", "simplified")
        },
        "fixVersions": [_fix_version(version, now) for version in state.versions],
        "versions": [],
        "labels": list(issue.labels),
        "components": [],
        "priority": {"id": PRIORITIES[state.priority], "name": state.priority},
        "assignee": _member(state.assignee),
        "reporter": _member(issue.reporter),
        "creator": _member(issue.reporter),
        "subtasks": [],
        "issuelinks": links,
        "votes": {"votes": 0, "hasVoted": False},
        "workratio": -1,
        "timespent": None,
        "customfield_10014": None,
        "customfield_10016": state.points,
        "customfield_10019": f"0|i{issue.id:05d}:",
        "customfield_10020": [_sprint(sprint, now, "boardId") for sprint in state.sprints] or None,
    }
    if state.resolution is not None:
        fields["resolution"] = {
            "id": RESOLUTIONS[state.resolution],
            "name": state.resolution,
            "description": "",
        }
    if issue.parent is not None:
        fields["parent"] = _linked(issue.parent, now)
    return {
        "expand": "operations,versionedRepresentations,editmeta,changelog,renderedFields",
        "id": str(issue.id),
        "self": f"{SITE}/rest/api/3/issue/{issue.id}",
        "key": issue.key,
        "fields": fields,
    }


def _history(history: History, issue: Issue) -> dict[str, Any]:
    return {
        "id": str(history.id),
        "issueId": str(issue.id),
        "author": _member(history.author),
        "created": timestamp(history.at),
        "items": [item for change in history.changes for item in _items(change)],
    }


def _items(change: Change) -> list[dict[str, Any]]:
    name, kind, field_id = _HISTORY_FIELDS[change.name]
    item: dict[str, Any] = {"field": name, "fieldtype": kind, "fieldId": field_id}
    if change.name == "versions":
        # The tracker writes one item for each version that comes or goes.
        gone = [(version, None) for version in change.before if version not in change.after]
        come = [(None, version) for version in change.after if version not in change.before]
        return [item | _values(_named(before), _named(after)) for before, after in [*gone, *come]]
    if change.name == "sprints":
        return [item | _values(_listed(change.before), _listed(change.after))]
    ids: dict[str, Any] = {
        "status": {name: pair[0] for name, pair in STATUSES.items()},
        "resolution": RESOLUTIONS,
    }
    return [item | _values(*(_pair(change.name, value, ids) for value in (change.before, change.after)))]


def _values(before: tuple[str | None, str | None], after: tuple[str | None, str | None]) -> dict[str, Any]:
    return {"from": before[0], "fromString": before[1], "to": after[0], "toString": after[1]}


def _named(version: Version | None) -> tuple[str | None, str | None]:
    return (None, None) if version is None else (version.id, version.name)


def _listed(sprints: tuple[Sprint, ...]) -> tuple[str, str]:
    return ", ".join(str(sprint.id) for sprint in sprints), ", ".join(sprint.name for sprint in sprints)


def _pair(name: str, value: Any, ids: dict[str, Any]) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if name == "due":
        return value.isoformat(), f"{value.isoformat()} 00:00:00.0"
    if name == "assignee":
        return value.account_id, value.name
    if name == "priority":
        return PRIORITIES[value], value
    if name == "points":
        return None, f"{value:g}"
    return ids[name][value], value
