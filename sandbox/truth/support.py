"""What the support metrics must be, said in plain Python from the tickets themselves.

Everything at or after midnight of the as-of date (reporting time zone) is left out of histories; tags,
organisation and deletion are those of the moment at which the night reads the help desk.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from sandbox.company.catalogue import FEATURES
from sandbox.company.company import Company
from sandbox.company.support.hours import business_seconds
from sandbox.company.support.model import AUTOMATED_CHANNELS, SOLVED, Ticket, remark
from sandbox.company.support.story import QUESTIONS
from sandbox.company.work_time import local_date, midnight, seconds_between, week_of
from sandbox.truth.features import weekly_feature_users, weekly_users
from sandbox.truth.rows import Row
from sandbox.truth.rows import row as weekless_row

UNTAGGED = "(untagged)"
NO_THEME = "(no theme)"
WEEKS = 8


@dataclass(frozen=True)
class TicketFacts:
    """What counts of a ticket as of a date. Moments are aware UTC; durations are whole seconds."""

    ticket: Ticket
    feature_id: str
    theme_id: str
    segment: str
    created_at: datetime
    # Public comments of human agents, without the comment with which the ticket was opened.
    replies: tuple[datetime, ...]
    # When the customer began to wait: at creation, or with their first answer to a ticket that the desk opened.
    reply_clock_at: datetime | None
    # When the ticket came into solved or closed from a status that is neither; none if not solved now.
    solved_at: tuple[datetime, ...]
    requester_wait_seconds: int
    agent_wait_seconds: int
    # The same waits within the hours of the desk.
    requester_wait_business_seconds: int
    agent_wait_business_seconds: int
    # The rating: when it was asked for, when it was given, whether it is good, and whether something was written beside it.
    offered_at: datetime | None
    rated_at: datetime | None
    is_good: bool
    has_remark: bool

    @property
    def first_reply_at(self) -> datetime | None:
        if self.reply_clock_at is None:
            return None
        return next((reply for reply in self.replies if reply >= self.reply_clock_at), None)


def last_weeks(as_of: date) -> list[date]:
    """The Mondays of the last eight weeks that were over before the as-of date, oldest first."""
    this_week = week_of(as_of)
    return [this_week - timedelta(days=7 * place) for place in range(WEEKS, 0, -1)]


def row(metric: str, week: date, value: float | None, **columns: Any) -> Row:
    """A weekly row; a dimension that is not given is None: all of it."""
    return weekless_row(metric, "week", week, value=value, **columns)


def percentile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between the two nearest values."""
    return float(np.percentile(values, share * 100, method="linear"))


def ticket_facts(company: Company, as_of: date, read_at: datetime) -> list[TicketFacts]:
    """The tickets that count as of a date: created before it, and at `read_at` not deleted, spam or merged away."""
    cut = midnight(as_of)
    facts = []
    for ticket in company.support.tickets:
        if ticket.created_at >= cut:
            continue
        seen = ticket.at(read_at)
        if seen.status == "deleted" or "spam" in seen.tags or "closed_by_merge" in seen.tags:
            continue
        facts.append(_facts(company, ticket, cut, read_at))
    return facts


def _facts(company: Company, ticket: Ticket, cut: datetime, read_at: datetime) -> TicketFacts:
    seen = ticket.at(read_at)
    statuses = [(at, status) for at, status in ticket.statuses(read_at) if at < cut]
    solved_at: list[datetime] = []
    previous = ""
    for at, status in statuses:
        if status in SOLVED and previous not in SOLVED:
            solved_at.append(at)
        previous = status
    if previous not in SOLVED:
        solved_at = []
    waits = {"requester": [0, 0], "agent": [0, 0]}
    for (start, status), (end, _) in itertools.pairwise(statuses):
        if solved_at and end <= solved_at[-1] and status in ("new", "open", "hold", "pending"):
            wait = waits["agent" if status == "pending" else "requester"]
            wait[0] += seconds_between(start, end)
            wait[1] += business_seconds(start, end)
    account = None
    if seen.organization is not None:
        account = company.account_at(seen.organization.account_index_at(read_at), read_at)
    scores = [
        (audit.at, audit.fields["score"])
        for audit in ticket.audits
        if "score" in audit.fields and audit.at < cut
    ]
    given = [(at, score) for at, score in scores if score in ("good", "bad")]
    return TicketFacts(
        ticket=ticket,
        feature_id=_feature(seen.tags),
        theme_id="errors" if "automation_error" in seen.tags else QUESTIONS.get(ticket.subject, NO_THEME),
        segment=company.segment_on(account, local_date(ticket.created_at), read_at),
        created_at=ticket.created_at,
        replies=_replies(ticket, cut),
        reply_clock_at=_reply_clock(ticket, cut),
        solved_at=tuple(solved_at),
        requester_wait_seconds=waits["requester"][0],
        agent_wait_seconds=waits["agent"][0],
        requester_wait_business_seconds=waits["requester"][1],
        agent_wait_business_seconds=waits["agent"][1],
        offered_at=scores[0][0] if scores else None,
        rated_at=given[-1][0] if given else None,
        is_good=bool(given) and given[-1][1] == "good",
        has_remark=bool(given) and remark(ticket, given[-1][1]) is not None,
    )


def _feature(tags: Iterable[str]) -> str:
    for feature in FEATURES:
        if set(feature.ticket_tags) & set(tags):
            return feature.id
    return UNTAGGED


def _replies(ticket: Ticket, cut: datetime) -> tuple[datetime, ...]:
    """Public comments of human agents but for the comment with which the ticket was opened, oldest first."""
    said = [audit for audit in ticket.audits if audit.comment is not None and audit.at < cut]
    return tuple(
        audit.at
        for audit in said[1:]
        if audit.comment is not None
        and audit.comment.is_public
        and audit.comment.author.role in ("agent", "admin")
        and audit.channel not in AUTOMATED_CHANNELS
    )


def _reply_clock(ticket: Ticket, cut: datetime) -> datetime | None:
    """When somebody began to wait: the customer who asked, or the one who answered what the desk had written first."""
    opening, *others = (audit for audit in ticket.audits if audit.comment is not None and audit.at < cut)
    assert opening.comment is not None
    if opening.comment.author.role == "end-user" and opening.channel not in AUTOMATED_CHANNELS:
        return ticket.created_at
    return next((audit.at for audit in others if audit.author is ticket.requester), None)


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Every support metric of the last eight complete weeks; groups without a ticket have no row."""
    facts = ticket_facts(company, as_of, read_at)
    rows: list[Row] = []
    for week in last_weeks(as_of):
        created = [fact for fact in facts if _in_week(fact.created_at, week)]
        replied = [
            fact for fact in facts if fact.first_reply_at is not None and _in_week(fact.first_reply_at, week)
        ]
        first_solved = [fact for fact in facts if fact.solved_at and _in_week(fact.solved_at[0], week)]
        last_solved = [fact for fact in facts if fact.solved_at and _in_week(fact.solved_at[-1], week)]

        for group, members in _groups(created):
            rows.append(
                row("tickets_created", week, float(len(members)), numerator=float(len(members)), **group)
            )
        for theme_id in sorted({fact.theme_id for fact in created}):
            of_theme = float(sum(fact.theme_id == theme_id for fact in created))
            rows.append(row("tickets_created", week, of_theme, numerator=of_theme, theme_id=theme_id))
        rows.extend(_untagged_share(created, week))
        rows.extend(_contact_rates(company, as_of, read_at, created, week))

        for group, members in _groups(replied):
            spans = [(_known(fact.reply_clock_at), _known(fact.first_reply_at)) for fact in members]
            rows.extend(_times("first_reply", week, spans, (0.5, 0.85), **group))
        for group, members in _groups(first_solved):
            spans = [(fact.created_at, fact.solved_at[0]) for fact in members]
            rows.extend(_times("first_resolution", week, spans, (0.5,), **group))
        for group, members in _groups(last_solved):
            spans = [(fact.created_at, fact.solved_at[-1]) for fact in members]
            rows.extend(_times("full_resolution", week, spans, (0.5, 0.85), **group))
        if last_solved:
            for name in ("requester", "agent"):
                for unit in ("seconds", "business_seconds"):
                    waits = [getattr(fact, f"{name}_wait_{unit}") for fact in last_solved]
                    rows.append(row(f"{name}_wait_{unit}_median", week, percentile(waits, 0.5)))
            reopened = float(sum(len(fact.solved_at) - 1 for fact in last_solved))
            solved = float(len(last_solved))
            rows.append(
                row("ticket_reopen_rate", week, reopened / solved, numerator=reopened, denominator=solved)
            )
        for group, members in _groups([fact for fact in last_solved if fact.replies]):
            one_touch = sum(len(fact.replies) == 1 for fact in members)
            rows.append(_share("one_touch_rate", week, one_touch, len(members), **group))
        rows.extend(_ratings(facts, week))
    return rows


def _times(
    name: str, week: date, spans: list[tuple[datetime, datetime]], shares: tuple[float, ...], **group: Any
) -> list[Row]:
    """Percentiles of spans of time, by the calendar and within the hours of the desk."""
    seconds = {
        f"{name}_seconds": [seconds_between(start, end) for start, end in spans],
        f"{name}_business_seconds": [business_seconds(start, end) for start, end in spans],
    }
    return [
        row(
            f"{metric}_{'median' if share == 0.5 else f'p{share * 100:.0f}'}",
            week,
            percentile(values, share),
            **group,
        )
        for metric, values in seconds.items()
        for share in shares
    ]


def _ratings(facts: list[TicketFacts], week: date) -> list[Row]:
    """How good the ratings given in the week are, and how many of those asked for in it were given."""
    rows = []
    given = [fact for fact in facts if fact.rated_at is not None and _in_week(fact.rated_at, week)]
    for group, members in _groups(given):
        if "segment" not in group:
            good = sum(fact.is_good for fact in members)
            rows.append(_share("ticket_csat_rate", week, good, len(members), **group))
    offered = [fact for fact in facts if fact.offered_at is not None and _in_week(fact.offered_at, week)]
    if offered:
        answered = sum(fact.rated_at is not None for fact in offered)
        rows.append(_share("ticket_csat_response_rate", week, answered, len(offered)))
    return rows


def _share(metric: str, week: date, part: int, whole: int, **group: Any) -> Row:
    return row(metric, week, part / whole, numerator=float(part), denominator=float(whole), **group)


def _in_week(moment: datetime, week: date) -> bool:
    return week_of(local_date(moment)) == week


def _known(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment


def _groups(facts: list[TicketFacts]) -> list[tuple[Row, list[TicketFacts]]]:
    """All facts, then by feature, then by segment; groups with nothing in them are left out."""
    groups: list[tuple[Row, list[TicketFacts]]] = [({}, facts)] if facts else []
    for feature_id in sorted({fact.feature_id for fact in facts}):
        groups.append(({"feature_id": feature_id}, [fact for fact in facts if fact.feature_id == feature_id]))
    for segment in sorted({fact.segment for fact in facts}):
        groups.append(({"segment": segment}, [fact for fact in facts if fact.segment == segment]))
    return groups


def _untagged_share(created: list[TicketFacts], week: date) -> list[Row]:
    if not created:
        return []
    untagged = float(sum(fact.feature_id == UNTAGGED for fact in created))
    total = float(len(created))
    return [row("untagged_ticket_share", week, untagged / total, numerator=untagged, denominator=total)]


def _contact_rates(
    company: Company, as_of: date, read_at: datetime, created: list[TicketFacts], week: date
) -> list[Row]:
    """Tickets per thousand active users, of all and of each feature that has users or tickets in the week."""
    rows = [_contact_rate(week, len(created), weekly_users(company, as_of, read_at).get(week, 0))]
    feature_users = weekly_feature_users(company, as_of, read_at)
    for feature in FEATURES:
        tickets = sum(fact.feature_id == feature.id for fact in created)
        users = feature_users.get((feature.id, week), 0)
        if tickets or users:
            rows.append(_contact_rate(week, tickets, users, feature_id=feature.id))
    return rows


def _contact_rate(week: date, tickets: int, users: int, **group: Any) -> Row:
    value = 1000 * tickets / users if users else None
    return row("contact_rate", week, value, numerator=float(tickets), denominator=float(users), **group)
