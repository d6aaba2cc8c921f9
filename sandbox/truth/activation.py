"""The truth about activation, counted from the moments at which new people took its steps."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import numpy as np

from sandbox.company.catalogue import ACTIVATIONS, FUNNELS, Activation
from sandbox.company.usage.traits import local_ordinal
from sandbox.truth.facts import Facts, monday, weeks_before
from sandbox.truth.rows import Row, ratio_row, row

# Days from the first one in the product to that of the last step; None: not activated.
Outcome = int | None


def activation_rows(facts: Facts) -> list[Row]:
    """Share of those who begin with a product who are activated in time, and after how many days, for weeks that are over."""
    rows: list[Row] = []
    for activation in ACTIVATIONS:
        begun = _begun(facts, activation)
        for week in weeks_before(facts.as_of):
            if week + timedelta(days=6 + activation.within_days) > facts.as_of:
                continue
            groups: dict[str | None, list[Outcome]] = defaultdict(list)
            for person, start in begun.items():
                if monday(start) == week:
                    outcome = _outcome(facts, activation, person, start)
                    groups[None].append(outcome)
                    groups[facts.segment(person, week)].append(outcome)
            for segment, outcomes in groups.items():
                rows.append(_rate(week, activation.product, segment, outcomes))
            days = [each for each in groups[None] if each is not None]
            if days:
                median = float(np.median(days))
                rows.append(
                    row("activation_days_median", "week", week, value=median, product_id=activation.product)
                )
    return rows


def _rate(week: date, product: str, segment: str | None, outcomes: list[Outcome]) -> Row:
    activated = sum(each is not None for each in outcomes)
    return ratio_row(
        "activation_rate", "week", week, activated, len(outcomes), product_id=product, segment=segment
    )


def _begun(facts: Facts, activation: Activation) -> dict[int, date]:
    """The first day in the product of everybody who was not there before: a use of a feature, or a step."""
    days: dict[int, set[date]] = defaultdict(set)
    for use in facts.uses:
        if use.product_id == activation.product:
            days[use.person].add(use.day)
    for person in facts.steps:
        days[person] |= {day for event in activation.events for day in _days_of(facts, person, event)}
    return {
        person: min(found)
        for person, found in days.items()
        if found and person in facts.first_day and not facts.is_pre_existing(person)
    }


def _outcome(facts: Facts, activation: Activation, person: int, start: date) -> Outcome:
    firsts = []
    for event in activation.events:
        taken = [(day - start).days for day in _days_of(facts, person, event)]
        in_time = [each for each in taken if each < activation.within_days]
        if not in_time:
            return None
        firsts.append(min(in_time))
    return max(firsts)


def _days_of(facts: Facts, person: int, event: str) -> list[date]:
    step = FUNNELS[0].steps.index(event)
    return [
        date.fromordinal(local_ordinal(datetime.fromtimestamp(moment / 1000, UTC)))
        for moment, taken in facts.steps.get(person, [])
        if taken == step
    ]
