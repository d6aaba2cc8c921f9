"""What happens to tickets: what they are about, and how support answers, solves and sometimes loses them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company.catalogue import FEATURES
from sandbox.company.support.model import Ticket, User
from sandbox.company.work_time import awake, local_date, next_work

# What happens to a ticket, and how often in a thousand.
FATES = {
    "normal": 560,
    "reopened": 90,
    "on_hold": 60,
    "automation_solved": 40,
    "never_replied": 50,
    "closed_unsolved": 30,
    "agent_created": 40,
    "waiting": 30,
    "spam": 35,
    "deleted": 30,
    "merged": 35,
}
# How a ticket gets its tags, and how often in a thousand.
TAGGINGS = {"one": 720, "two": 60, "none": 140, "later": 50, "changed": 30}
LAUNCH = date(2026, 9, 29)
SURGE_ENDS = LAUNCH + timedelta(days=21)
_WEIGHTS = {
    "board": 14.0,
    "automation": 10.0,
    "templates": 4.0,
    "comments": 4.0,
    "timeline": 3.0,
    "gantt_export": 1.0,
    "mobile_app": 4.0,
    "onboarding": 7.0,
    "dashboards": 8.0,
    "custom_reports": 6.0,
    "forecasts": 3.0,
    "audit_log": 1.0,
    "data_alerts": 1.0,
    "api_access": 6.0,
    "slack_sync": 5.0,
    "jira_sync": 7.0,
    "webhooks": 3.0,
}
_CHANNELS = ("web", "email", "email", "api", "native_messaging")
_PRIORITIES = (None, None, "low", "normal", "normal", "high", "urgent")
# What people ask, and what that is about.
QUESTIONS = {
    "Cannot open it any more": "errors",
    "How do I set this up?": "how-to",
    "Numbers differ from yesterday": "data",
    "It is very slow": "speed",
    "Got an error message": "errors",
    "Missing entries": "data",
    "Question about access": "access",
}


class Story:
    """Writes the lives of tickets. One generator of random numbers, so that one seed gives one history."""

    def __init__(self, rng: np.random.Generator, agents: Sequence[User], robot: User) -> None:
        self.rng = rng
        self.agents = agents
        self.robot = robot
        self._other_tags = 0

    def ticket(self, created_at: datetime, requester: User, fate: str, tagging: str) -> Ticket:
        """A ticket with its whole life. `fate` and `tagging`: a key of `FATES` and one of `TAGGINGS`."""
        rng = self.rng
        agent = self.agents[int(rng.integers(len(self.agents)))]
        tags, later_tags = self._tags(local_date(created_at), tagging)
        subject = list(QUESTIONS)[int(rng.integers(len(QUESTIONS)))]
        by_agent = fate == "agent_created"
        channel = "web" if by_agent else _CHANNELS[int(rng.integers(len(_CHANNELS)))]
        ticket = Ticket(created_at, requester, agent if by_agent else requester, subject, channel, fate)
        priority = _PRIORITIES[int(rng.integers(len(_PRIORITIES)))]
        ticket.add(
            created_at,
            ticket.submitter,
            f"{subject}. Please help.",
            channel=channel,
            status="open" if by_agent else "new",
            tags=tags,
            organization=requester.organization,
            priority=priority,
            public=not by_agent or rng.random() < 0.7,
        )
        if not by_agent and rng.random() < 0.3:
            # The acknowledgement may come in the very second in which the ticket does.
            moment = created_at + timedelta(seconds=int(rng.integers(0, 4)))
            ticket.add(moment, self.robot, "We have received your message.", channel="rule")
        self._live(ticket, fate, agent)
        if (
            later_tags is not None
            and len(ticket.audits) > 1
            and ticket.kind not in ("spam", "merged", "deleted")
        ):
            self._tag_later(ticket, agent, later_tags)
        return ticket

    def _tags(self, day: date, tagging: str) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        first, second = self._feature_tags(day), self._feature_tags(day)
        extra = ("vip",) if self.rng.random() < 0.1 else ()
        if tagging == "none":
            return extra, None
        if tagging == "two":
            # The tags stand in the order of the alphabet, as the vendor keeps them, not in the registry's.
            return tuple(sorted({first, second, *extra})), None
        if tagging == "later":
            return extra, tuple(sorted({first, *extra}))
        if tagging == "changed":
            return tuple(sorted({first, *extra})), tuple(sorted({second, *extra}))
        return tuple(sorted({first, *extra})), None

    def _feature_tags(self, day: date) -> str:
        weights = np.array([_WEIGHTS[feature.id] for feature in FEATURES])
        for place, feature in enumerate(FEATURES):
            if day < feature.live_from:
                weights[place] = 0
            elif feature.live_until is not None and day > feature.live_until:
                weights[place] *= 0.2
            elif feature.id == "timeline" and LAUNCH <= day < SURGE_ENDS:
                weights[place] *= 22
        feature = FEATURES[int(self.rng.choice(len(FEATURES), p=weights / weights.sum()))]
        self._other_tags += 1
        return feature.ticket_tags[self._other_tags % len(feature.ticket_tags)]

    def _after(self, ticket: Ticket, hours: float, at_work: bool = True) -> datetime:
        last = ticket.audits[-1].at
        days = hours / 24 * float(self.rng.lognormal(0, 0.9))
        return next_work(self.rng, last, days) if at_work else awake(last + timedelta(days=days))

    def _live(self, ticket: Ticket, fate: str, agent: User) -> None:
        rng = self.rng
        if fate == "never_replied":
            if rng.random() < 0.5:
                ticket.add(
                    self._after(ticket, 4), agent, "Looks like last week's.", public=False, assignee=agent
                )
            return
        if fate == "spam":
            tags = (*ticket.at(ticket.created_at).tags, "spam")
            ticket.add(self._after(ticket, 5), agent, tags=tuple(sorted(tags)))
            if rng.random() < 0.5:
                ticket.add(self._after(ticket, 1), agent, status="closed")
            return
        if fate == "merged":
            tags = (*ticket.at(ticket.created_at).tags, "closed_by_merge")
            moment = self._after(ticket, 8)
            ticket.add(
                moment,
                agent,
                "This request was merged.",
                public=False,
                status="closed",
                tags=tuple(sorted(tags)),
            )
            return
        if rng.random() < 0.25:
            ticket.add(self._after(ticket, 1), agent, "Taking this one.", public=False, assignee=agent)
        if fate == "closed_unsolved":
            ticket.add(
                self._after(ticket, 3), agent, "Could you tell us more?", status="pending", assignee=agent
            )
            moment = awake(ticket.audits[-1].at + timedelta(days=20))
            ticket.add(moment, self.robot, channel="rule", silent=True, status="closed")
            return
        self._answer(ticket, agent, first=True)
        while ticket.at(ticket.audits[-1].at).status != "solved" and len(ticket.audits) < 11:
            if fate == "waiting" and len(ticket.audits) > 3:
                return
            if fate == "automation_solved":
                moment = awake(ticket.audits[-1].at + timedelta(days=5))
                ticket.add(moment, self.robot, "Closing this for now.", channel="rule", status="solved")
                break
            if fate == "on_hold" and len(ticket.audits) < 6:
                ticket.add(
                    self._after(ticket, 3), agent, "Waiting for a release.", public=False, status="hold"
                )
                ticket.add(self._after(ticket, 40), agent, status="open")
            status = ticket.at(ticket.audits[-1].at).status
            if status == "pending":
                ticket.add(
                    self._after(ticket, 9, at_work=False),
                    ticket.requester,
                    "Here is more.",
                    channel="email",
                    status="open",
                )
            self._answer(ticket, agent)
        if ticket.at(ticket.audits[-1].at).status != "solved":
            ticket.add(self._after(ticket, 5), agent, "Solved.", status="solved")
        if fate == "reopened":
            for _ in range(2 if rng.random() < 0.2 else 1):
                moment = self._after(ticket, 20, at_work=False)
                ticket.add(moment, ticket.requester, "It is back.", channel="email", status="open")
                ticket.add(self._after(ticket, 5), agent, "Repaired.", status="solved")
        if fate == "deleted":
            moment = next_work(rng, ticket.audits[-1].at, 1 + 20 * rng.random(), own_hours=0)
            ticket.add(moment, agent, status="deleted")
            return
        self._rate(ticket)
        solved_at = next(audit.at for audit in reversed(ticket.audits) if "status" in audit.fields)
        moment = awake(max(solved_at + timedelta(days=4), ticket.audits[-1].at + timedelta(hours=1)))
        ticket.add(moment, self.robot, channel="system", silent=True, status="closed")

    def _answer(self, ticket: Ticket, agent: User, first: bool = False) -> None:
        share = self.rng.random()
        status = "solved" if share < 0.45 else "pending" if share < 0.85 else "open"
        if first and status == "solved" and ticket.kind in ("on_hold", "automation_solved", "waiting"):
            status = "pending"
        moment = self._after(ticket, 2.5 if first else 4)
        ticket.add(moment, agent, "Please try this.", status=status, assignee=agent)

    def _rate(self, ticket: Ticket) -> None:
        if self.rng.random() > 0.4:
            return
        moment = awake(ticket.audits[-1].at + timedelta(hours=20))
        ticket.add(moment, self.robot, channel="rule", score="offered")
        if self.rng.random() < 0.6:
            good = self.rng.random() < 0.85
            moment = self._after(ticket, 6, at_work=False)
            ticket.add(moment, ticket.requester, channel="web", score="good" if good else "bad")

    def _tag_later(self, ticket: Ticket, agent: User, tags: tuple[str, ...]) -> None:
        """Let an agent set tags when they next touch the ticket, after its creation."""
        for audit in ticket.audits[1:]:
            if audit.author.role == "agent" and audit.channel not in ("rule", "system"):
                audit.fields["tags"] = tags
                return
        ticket.add(self._after(ticket, 3), agent, tags=tags)
