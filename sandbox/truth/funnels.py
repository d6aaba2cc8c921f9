"""The truth about funnels, counted from the moments at which people took each step."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import numpy as np

from sandbox.company.catalogue import FUNNELS
from sandbox.company.usage.plan import DAY_MS
from sandbox.company.usage.traits import local_ordinal
from sandbox.truth.facts import Facts, monday, weeks_before
from sandbox.truth.rows import Row, ratio_row, row

Attempt = list[int]


def funnel_rows(facts: Facts) -> list[Row]:
    """Conversion, drop-off and time of each step, by week of entry, for weeks whose window is over."""
    rows: list[Row] = []
    for funnel in FUNNELS:
        entries = best_attempts(facts)
        for week in weeks_before(facts.as_of):
            if week + timedelta(days=6 + funnel.window_days) >= facts.as_of:
                continue
            attempts = {person: attempt for (person, entered), attempt in entries.items() if entered == week}
            if attempts:
                rows += _week_rows(facts, week, attempts)
    return rows


def _week_rows(facts: Facts, week: date, attempts: dict[int, Attempt]) -> list[Row]:
    funnel = FUNNELS[0]
    rows: list[Row] = []
    by_segment: dict[str | None, list[Attempt]] = defaultdict(list)
    for person, attempt in attempts.items():
        by_segment[None].append(attempt)
        by_segment[facts.segment(person, week)].append(attempt)
    for place, step in enumerate(funnel.steps):
        for segment, mine in by_segment.items():
            reached = sum(1 for attempt in mine if len(attempt) > place)
            rows.append(
                ratio_row(
                    "funnel_conversion_rate",
                    "week",
                    week,
                    reached,
                    len(mine),
                    funnel_id=funnel.id,
                    step=step,
                    segment=segment,
                )
            )
        if place == 0:
            continue
        before = [attempt for attempt in attempts.values() if len(attempt) >= place]
        after = [attempt for attempt in before if len(attempt) > place]
        if before:
            lost = len(before) - len(after)
            rows.append(
                ratio_row(
                    "funnel_drop_off_rate", "week", week, lost, len(before), funnel_id=funnel.id, step=step
                )
            )
        if after:
            seconds = [attempt[place] // 1000 - attempt[place - 1] // 1000 for attempt in after]
            rows.append(
                row(
                    "funnel_step_seconds_median",
                    "week",
                    week,
                    value=float(np.median(seconds)),
                    funnel_id=funnel.id,
                    step=step,
                )
            )
    return rows


def best_attempts(facts: Facts) -> dict[tuple[int, date], Attempt]:
    """For each person and week of entry, the moments (UTC ms) of the steps of the attempt that got farthest."""
    funnel = FUNNELS[0]
    best: dict[tuple[int, date], Attempt] = {}
    for person, moments in facts.steps.items():
        for entry, step in moments:
            if step != 0:
                continue
            attempt = _attempt(moments, entry, entry + funnel.window_days * DAY_MS)
            day = date.fromordinal(local_ordinal(datetime.fromtimestamp(entry / 1000, UTC)))
            key = (person, monday(day))
            # Moments are in order of time: of equally long attempts the first one stays.
            if key not in best or len(attempt) > len(best[key]):
                best[key] = attempt
    return best


def _attempt(moments: list[tuple[int, int]], entry: int, until: int) -> Attempt:
    """Moments of the steps reached from an entry: each the earliest one not before the step before it."""
    attempt = [entry]
    for place in range(1, len(FUNNELS[0].steps)):
        following = [moment for moment, step in moments if step == place and attempt[-1] <= moment <= until]
        if not following:
            break
        attempt.append(min(following))
    return attempt
