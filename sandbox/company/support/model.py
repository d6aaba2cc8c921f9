"""What the help desk is about, as plain objects: users, organisations, and tickets with dated audits.

Every moment is aware UTC and a whole second, as the vendor keeps it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

END_OF_TIME = datetime.max.replace(tzinfo=UTC)
# Audits through these channels are the work of automations, whoever they name as their author.
AUTOMATED_CHANNELS = ("rule", "system")
SOLVED = ("solved", "closed")


@dataclass(frozen=True)
class Organization:
    """A customer as the help desk knows it. `account_index`: None when no account can be told from it.

    `external_id_since`: when somebody wrote down the account's id; None when nobody ever does.
    """

    id: int
    name: str
    domains: tuple[str, ...]
    created_at: datetime
    account_index: int | None
    external_id: str | None
    external_id_since: datetime | None

    def account_index_at(self, now: datetime) -> int | None:
        """The account that the organisation's id or domain gives at `now`."""
        if self.domains and self.account_index is not None:
            return self.account_index
        known = self.external_id_since is not None and self.external_id_since <= now
        return self.account_index if known else None


@dataclass(frozen=True)
class User:
    """`role`: end-user, agent or admin. `person_index`: the company's person, if it is one."""

    id: int
    name: str
    email: str
    role: str
    organization: Organization | None
    external_id: str | None
    created_at: datetime
    person_index: int | None = None
    suspended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    author: User
    is_public: bool
    body: str


@dataclass(slots=True)
class Audit:
    """One update of a ticket. `fields`: new values of status, tags, organization, assignee, priority, score.

    `is_silent`: the vendor's own change, which leaves the ticket's `updated_at` alone.
    """

    at: datetime
    author: User
    channel: str
    fields: dict[str, Any]
    comment: Comment | None = None
    is_silent: bool = False
    id: int = 0


@dataclass(slots=True)
class TicketState:
    """The fields of a ticket at a moment."""

    status: str = "new"
    tags: tuple[str, ...] = ()
    organization: Organization | None = None
    assignee: User | None = None
    priority: str | None = None
    score: str = "unoffered"
    updated_at: datetime = END_OF_TIME
    generated_at: datetime = END_OF_TIME


@dataclass(eq=False)
class Ticket:
    """A ticket with everything that will ever happen to it; the first audit is its creation."""

    created_at: datetime
    requester: User
    submitter: User
    subject: str
    channel: str
    kind: str
    audits: list[Audit] = field(default_factory=list)
    id: int = 0

    def at(self, now: datetime) -> TicketState:
        """The fields at `now`, from what has happened by then."""
        state = TicketState()
        for audit in self.audits:
            if audit.at > now:
                break
            for name, value in audit.fields.items():
                setattr(state, name, value)
            state.generated_at = audit.at
            if not audit.is_silent:
                state.updated_at = audit.at
        return state

    def statuses(self, now: datetime) -> list[tuple[datetime, str]]:
        """When the ticket came into which status, up to and including `now`; repeated ones are left out."""
        result: list[tuple[datetime, str]] = []
        for audit in self.audits:
            if (
                audit.at <= now
                and "status" in audit.fields
                and (not result or result[-1][1] != audit.fields["status"])
            ):
                result.append((audit.at, audit.fields["status"]))
        return result

    def add(
        self,
        at: datetime,
        author: User,
        comment: str = "",
        *,
        public: bool = True,
        channel: str = "web",
        silent: bool = False,
        **fields: Any,
    ) -> datetime:
        """Let something happen at `at`, or a second after the last audit, and give that moment."""
        at = at.replace(microsecond=0)
        if self.audits and at <= self.audits[-1].at and channel not in AUTOMATED_CHANNELS:
            at = datetime.fromtimestamp(self.audits[-1].at.timestamp() + 1, UTC)
        elif self.audits:
            at = max(at, self.audits[-1].at)
        said = Comment(author, public, comment) if comment else None
        self.audits.append(Audit(at, author, channel, fields, said, silent))
        return at


def remark(ticket: Ticket, score: str) -> str | None:
    """What every third customer writes beside a rating."""
    if score not in ("good", "bad") or ticket.id % 3:
        return None
    return f"{'Thanks' if score == 'good' else 'That took long'}, {ticket.requester.name}"
