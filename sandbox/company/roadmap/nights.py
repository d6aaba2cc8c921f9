"""Items of the roadmap written by hand: what happens between the demo's nights, and what must exist at every scale."""

from datetime import date, datetime
from typing import Protocol

from sandbox.company.delivery.model import Issue
from sandbox.company.roadmap.model import Connection, Item, ItemState
from sandbox.company.work_time import local

_CREATED = local("2026-08-03 10:00")
# Stages of an issue that is not done, the likeliest first.
_OPEN = ("build", "review", "ready", "idea")


class Board(Protocol):
    """What planting needs of a roadmap: its lists, its components, and issues to link."""

    features: list[Item]
    connections: list[Connection]

    def new_id(self) -> str: ...
    def component(self, name: str) -> Item: ...
    def take_issue(self, project_key: str, *stages: str) -> Issue: ...
    def connect(self, item: Item, issue: Issue, made_at: datetime | None = None) -> Connection: ...


def plant(roadmap: Board) -> None:
    """Add the planted items and their links."""
    # Between the demo's nights.
    begun = _item(roadmap, "Board", "Begun on a Saturday", "Planned", roadmap.take_issue("ATL", *_OPEN))
    begun.change(local("2026-11-14 11:00"), status="In progress")
    moved = _item(
        roadmap, "Dashboards", "Moved on a Sunday", "In progress", roadmap.take_issue("BOR", *_OPEN)
    )
    moved.change(local("2026-11-15 15:00"), starts_on=date(2026, 12, 1), ends_on=date(2027, 2, 28))
    archived = _item(roadmap, "API access", "Put away between nights", "Planned", None)
    archived.change(local("2026-11-14 16:00"), is_archived=True)
    deleted = _item(roadmap, "Templates", "Deleted between nights", "Candidate", None)
    deleted.deleted_at = local("2026-11-15 10:00")
    late = _item(roadmap, "Comments", "Linked on a Saturday", "In progress", None)
    roadmap.connect(late, roadmap.take_issue("ATL", *_OPEN), local("2026-11-14 14:00"))
    loosened = _item(roadmap, "Forecasts", "Unlinked on a Sunday", "In progress", None)
    issue = roadmap.take_issue("BOR", *_OPEN)
    roadmap.connections.append(
        Connection(
            loosened, issue, str(issue.id), issue.key,
            max(loosened.created_at, issue.created_at), local("2026-11-15 09:00"),
        )
    )  # fmt: skip
    _item(roadmap, "Slack sync", "New on a Sunday", "Planned", None, local("2026-11-15 12:00"))
    hasty = _item(
        roadmap, "Jira sync", "Released too early", "In progress", roadmap.take_issue("COS", *_OPEN)
    )
    hasty.change(local("2026-11-14 12:30"), status="Released")

    # After midnight of a night: not yet part of it.
    _item(roadmap, "Board", "New after the third midnight", "Planned", None, local("2026-11-16 00:20"))
    wakeful = _item(roadmap, "Timeline", "Begun after the third midnight", "Planned", None)
    wakeful.change(local("2026-11-16 00:40"), status="In progress")

    # What must exist at every scale.
    _item(roadmap, "Timeline", "Done and still planned", "Planned", roadmap.take_issue("ATL", "released"))
    twice = _item(
        roadmap, "Audit log", "Two issues, one done", "In progress", roadmap.take_issue("BOR", "released")
    )
    roadmap.connect(twice, roadmap.take_issue("BOR", *_OPEN))
    _item(
        roadmap,
        "Experiments",
        "Of a product nobody registered",
        "In progress",
        roadmap.take_issue("DRA", *_OPEN),
    )
    put_away = _item(roadmap, "Platform", "Archived long ago", "Planned", None)
    put_away.change(local("2026-09-01 10:00"), is_archived=True)


def _item(
    roadmap: Board,
    component: str,
    name: str,
    status: str,
    issue: Issue | None,
    created_at: datetime = _CREATED,
) -> Item:
    parent = roadmap.component(component)
    state = ItemState(name, status, date(2026, 9, 1), date(2026, 11, 30), "day")
    item = Item(roadmap.new_id(), "feature", created_at, state, parent, parent.product_id, parent.feature_id)
    roadmap.features.append(item)
    if issue is not None:
        roadmap.connect(item, issue)
    return item
