"""What the Connect team's own tool must show: who was shown what, when flags were given to whom, how many answered."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.company.company import Company
from sandbox.company.connect import BY_ACCOUNT, FLAGS, SPLIT, SYNC_HINTS, TRIALS
from sandbox.company.flags import PRODUCTION
from sandbox.company.usage.plan import ms
from sandbox.company.work_time import midnight


@dataclass(frozen=True)
class ConnectTruth:
    """`shown`: people by variant, who saw no other one; `both`: those who saw two. `trials`: key -> state and days. `changes` of
    flags: key, moment, whether it is on from then on, the share of people (None: nobody can tell). `answers`: one a submission.
    `aliases`: people whom the server knows by an id of its own.
    """

    shown: dict[str, int]
    both: int
    trials: dict[str, tuple[str, date | None, date | None]]
    changes: list[tuple[str, datetime, bool, float | None]]
    answers: int
    aliases: int


def connect_truth(company: Company, as_of: date) -> ConnectTruth:
    """What is known as of a date: what came in before it."""
    until = midnight(as_of)
    came_in = [each for each in company.connect.moments if each.at_ms + 900 < ms(until)]
    started, ended = SYNC_HINTS.started_at, SYNC_HINTS.ended_at
    assert started is not None
    assert ended is not None
    seen: dict[int, set[str]] = {}
    for each in came_in:
        variant = each.properties.get("$feature_flag_response")
        if isinstance(variant, str) and ms(started) <= each.at_ms < ms(min(ended, until)):
            seen.setdefault(each.person, set()).add(variant)
    alone = Counter(next(iter(variants)) for variants in seen.values() if len(variants) == 1)
    return ConnectTruth(
        dict(alone),
        sum(len(variants) > 1 for variants in seen.values()),
        {
            each.key: _trial(each.started_on, each.last_day, as_of)
            for each in TRIALS
            if each.planned_at < until
        },
        sorted(_changes(until), key=lambda change: change[:2]),
        len({each.person for each in came_in if each.event == "survey sent"}),
        sum(each.sender != "" for each in came_in),
    )


def _trial(first: date | None, last: date | None, as_of: date) -> tuple[str, date | None, date | None]:
    if first is None or first >= as_of:
        return "draft", None, None
    is_over = last is not None and last < as_of
    return "stopped" if is_over else "running", first, last if is_over else None


def _changes(until: datetime) -> list[tuple[str, datetime, bool, float | None]]:
    found: list[tuple[str, datetime, bool, float | None]] = []
    for flag in FLAGS:
        if flag.created_at >= until:
            continue
        found.append((flag.key, flag.created_at, False, 0.0))
        # Whom it is for, the log says where that is changed, and the flag while it is there.
        is_gone = flag.archived_at is not None and flag.archived_at < until
        is_forgotten = is_gone and len({each.share for each in flag.changes}) == 1
        for each in flag.changed(PRODUCTION, until):
            hides = flag.key in SPLIT or (flag.key in BY_ACCOUNT and each.share < 1) or is_forgotten
            found.append(
                (flag.key, each.at, each.is_on, 0.0 if not each.is_on else None if hides else each.share)
            )
        if flag.archived_at is not None and is_gone:
            found.append((flag.key, flag.archived_at, False, 0.0))
    return found
