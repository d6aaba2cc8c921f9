"""What the desk promised, when it was due and whether it was kept, said in plain Python from the lives of tickets.

No clock is run here: a due time is found by asking, of ever nearer moments, how much of the target had passed by then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.company.company import Company
from sandbox.company.support.hours import business_seconds
from sandbox.company.support.model import SOLVED
from sandbox.company.support.sla import POLICY_ID, target_of
from sandbox.company.work_time import local_date, midnight, seconds_between, week_of
from sandbox.truth.rows import Row, ratio_row
from sandbox.truth.support import TicketFacts, last_weeks, ticket_facts

# Longer than any promise takes to be up, in seconds.
_LONG = 90 * 86_400


@dataclass(frozen=True)
class Promise:
    """One that was kept or broken before the as-of date. `due_at`: when it was or would have been up; aware UTC."""

    due_at: datetime
    is_kept: bool
    feature_id: str
    segment: str
    priority: str


def sla_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Kept promises of those due in the last eight complete weeks: of all, by feature, segment, priority and policy."""
    cut = midnight(as_of)
    promises = [
        promise
        for fact in ticket_facts(company, as_of, read_at)
        for promise in (_reply(fact, cut), _work(fact, cut))
        if promise is not None and promise.due_at < cut
    ]
    rows: list[Row] = []
    for week in last_weeks(as_of):
        due = [each for each in promises if week_of(local_date(each.due_at)) == week]
        groups: dict[tuple[str, str] | None, list[bool]] = {}
        for each in due:
            cuts = [(name, getattr(each, name)) for name in ("feature_id", "segment", "priority")]
            for group in (None, *cuts, ("policy_id", str(POLICY_ID))):
                groups.setdefault(group, []).append(each.is_kept)
        for group, kept in groups.items():
            named = {} if group is None else {group[0]: group[1]}
            rows.append(ratio_row("sla_attainment_rate", "week", week, sum(kept), len(kept), **named))
    return rows


def _reply(fact: TicketFacts, cut: datetime) -> Promise | None:
    """The first reply to a customer, or the ticket solved without one, within the desk's hours."""
    start = fact.reply_clock_at
    target = None if start is None else target_of("reply_time", fact.ticket.at(start).priority)
    if start is None or target is None:
        return None
    solved = [at for at, status in fact.ticket.statuses(cut) if status in SOLVED and at < cut]
    ends = [at for at in (*fact.replies, *solved) if at >= start]
    end = min(ends, default=None)
    return _judged(
        fact,
        start,
        target.seconds,
        lambda moment: business_seconds(start, moment),
        business_seconds,
        end,
        cut,
    )


def _work(fact: TicketFacts, cut: datetime) -> Promise | None:
    """The time for which the ticket was new or open until it was solved for good, around the clock."""
    statuses = [(at, status) for at, status in fact.ticket.statuses(cut) if at < cut]
    target = target_of("agent_work_time", fact.ticket.at(fact.created_at).priority)
    if target is None:
        return None

    def worked(moment: datetime) -> int:
        ends = [at for at, _ in statuses[1:]] + [moment]
        return sum(
            max(0, seconds_between(at, min(end, moment)))
            for (at, status), end in zip(statuses, ends, strict=True)
            if status in ("new", "open")
        )

    unsolved = [place for place, (_, status) in enumerate(statuses) if status not in SOLVED]
    is_solved = statuses[-1][1] in SOLVED
    end = statuses[unsolved[-1] + 1][0] if is_solved and unsolved else None
    return _judged(fact, fact.created_at, target.seconds, worked, seconds_between, end, cut)


def _judged(
    fact: TicketFacts,
    start: datetime,
    target: int,
    passed: Callable[[datetime], int],
    between: Callable[[datetime, datetime], int],
    end: datetime | None,
    cut: datetime,
) -> Promise | None:
    """`passed`: seconds of the clock up to a moment; `between`: those of a clock that runs. None: not decided yet."""
    until = end or cut
    priority = fact.ticket.at(min(until, cut)).priority or "(unknown)"
    if passed(until) >= target:
        due = _first(start, target, passed)
        if due < until:
            return Promise(due, False, fact.feature_id, fact.segment, priority)
    if end is None:
        return None
    left = target - passed(end)
    due = _first(end, left, lambda moment: between(end, moment))
    return Promise(due, True, fact.feature_id, fact.segment, priority)


def _first(start: datetime, seconds: int, passed: Callable[[datetime], int]) -> datetime:
    """The first moment by which so many seconds have passed."""
    low, high = 0, _LONG
    while low < high:
        middle = (low + high) // 2
        if passed(start + timedelta(seconds=middle)) >= seconds:
            high = middle
        else:
            low = middle + 1
    return start + timedelta(seconds=low)
