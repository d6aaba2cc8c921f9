"""Tickets written by hand for moments that chance would miss: the nights, midnight, and the night of the
clock change on 2026-10-25. Times are local, unless they end in Z."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.company.support.model import Ticket, User
from sandbox.company.work_time import local


@dataclass(frozen=True)
class _Step:
    """Something that happens: by `agent`, `requester` or `robot`; a comment is public, `note` is not."""

    at: str
    by: str
    fields: dict[str, Any]
    comment: str = ""
    note: str = ""


def _reply(at: str, status: str) -> _Step:
    return _Step(at, "agent", {"status": status}, comment="Please try this.")


def _answer(at: str) -> _Step:
    return _Step(at, "requester", {"status": "open"}, comment="It does not help.")


_SCRIPTS: tuple[tuple[str, tuple[str, ...], tuple[_Step, ...]], ...] = (
    # Between the demo's nights.
    (
        "2026-11-14 10:05",
        ("feature_timeline",),
        (_reply("2026-11-14 11:40", "pending"), _answer("2026-11-15 09:00")),
    ),
    ("2026-11-14 17:20", ("feature_board",), (_reply("2026-11-15 08:30", "solved"),)),
    (
        "2026-11-15 13:45",
        (),
        (_Step("2026-11-15 14:00", "robot", {}, comment="We have received your message."),),
    ),
    ("2026-11-15 20:10", ("feature_jira_sync",), ()),
    ("2026-11-12 09:00", ("feature_api",), (_reply("2026-11-14 12:15", "solved"),)),
    (
        "2026-11-11 09:30",
        ("feature_dashboards",),
        (
            _reply("2026-11-11 15:00", "solved"),
            _answer("2026-11-15 10:30"),
            _reply("2026-11-15 17:00", "solved"),
        ),
    ),
    (
        "2026-11-10 11:00",
        ("feature_comments",),
        (_reply("2026-11-10 16:00", "pending"), _Step("2026-11-15 11:00", "agent", {"status": "deleted"})),
    ),
    (
        "2026-11-09 11:00",
        ("feature_timeline",),
        (_reply("2026-11-09 13:00", "solved"), _Step("2026-11-14 09:00", "agent", {"status": "deleted"})),
    ),
    (
        "2026-11-12 11:00",
        (),
        (_Step("2026-11-15 12:00", "agent", {"tags": ("feature_automation",)}, note="Sorted."),),
    ),
    (
        "2026-11-13 11:00",
        ("feature_board",),
        (
            _Step(
                "2026-11-15 12:30",
                "agent",
                {"tags": ("closed_by_merge", "feature_board"), "status": "closed"},
                note="This request was merged.",
            ),
        ),
    ),
    ("2026-11-13 16:00", (), (_Step("2026-11-14 09:30", "agent", {"tags": ("spam",)}),)),
    (
        "2026-11-06 10:00",
        ("feature_webhooks",),
        (_reply("2026-11-06 12:00", "pending"), _Step("2026-11-14 16:00", "robot", {"status": "closed"})),
    ),
    # After midnight of a night: not yet part of it.
    ("2026-11-12 14:00", ("feature_board",), (_reply("2026-11-14 00:30", "solved"),)),
    ("2026-11-13 14:00", ("feature_templates",), (_reply("2026-11-15 00:50", "pending"),)),
    (
        "2026-11-11 14:00",
        ("feature_slack_sync",),
        (
            _reply("2026-11-11 15:00", "solved"),
            _answer("2026-11-16 00:15"),
            _reply("2026-11-16 01:20", "solved"),
        ),
    ),
    ("2026-11-16 00:05", ("feature_board",), (_reply("2026-11-16 01:05", "solved"),)),
    # Midnight between two weeks.
    ("2026-11-08 23:59:59", ("feature_onboarding",), (_reply("2026-11-09 00:00:00", "solved"),)),
    ("2026-11-09 00:00:00", ("feature_onboarding",), (_reply("2026-11-09 09:00", "solved"),)),
    # The night that has an hour twice: half past two comes before half past two; Sunday ends at 23:00 UTC.
    (
        "2026-10-25T00:30:00Z",
        ("feature_board",),
        (
            _reply("2026-10-25T01:30:00Z", "pending"),
            _answer("2026-10-25T21:30:00Z"),
            _reply("2026-10-25T22:30:00Z", "solved"),
        ),
    ),
    # What must exist at every scale.
    (
        "2026-10-14 10:00",
        ("automation_error", "feature_timeline"),
        (
            _Step("2026-10-14 10:00", "robot", {}, comment="We have received your message."),
            _Step("2026-10-14 10:30", "agent", {}, note="Known."),
            _reply("2026-10-14 11:00", "hold"),
            _reply("2026-10-16 11:00", "solved"),
        ),
    ),
)


def planted_tickets(requesters: Sequence[User], agents: Sequence[User], robot: User) -> list[Ticket]:
    """The tickets written by hand. `requesters` are taken in turn."""
    tickets = []
    for place, (created, tags, steps) in enumerate(_SCRIPTS):
        requester = requesters[place % len(requesters)]
        agent = agents[place % len(agents)]
        ticket = Ticket(_moment(created), requester, requester, "A question", "email", "planted")
        ticket.add(
            ticket.created_at,
            requester,
            "A question. Please help.",
            channel="email",
            status="new",
            tags=tags,
            organization=requester.organization,
        )
        for step in steps:
            author = {"agent": agent, "requester": requester, "robot": robot}[step.by]
            channel = {"agent": "web", "requester": "email", "robot": "rule"}[step.by]
            text = step.comment or step.note
            ticket.add(_moment(step.at), author, text, public=not step.note, channel=channel, **step.fields)
        tickets.append(ticket)
    return tickets


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC) if text.endswith("Z") else local(text)
