"""What the company itself did to two of its numbers: tickets that surged after a launch, and a product that ever fewer looked at.

Both lie in what it knows of its launch and of its decline, not in any look at the numbers, which are counted beside.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from sandbox.company.catalogue import FEATURES, HISTORY_START, PRODUCTS
from sandbox.company.company import Company
from sandbox.company.support.story import LAUNCH, SURGE_ENDS
from sandbox.company.usage.decline import BEGAN_ON, PRODUCT, lost_share
from sandbox.company.usage.traits import KINDS
from sandbox.company.work_time import local_date, week_of
from sandbox.truth.facts import UNMAPPED, product_of
from sandbox.truth.support import ticket_facts

# None: of the whole company.
Series = dict[str | None, dict[date, int]]


@dataclass(frozen=True)
class SignalTruth:
    """`surged`: the whole weeks in which the launch's product had more tickets than its usual, and so had nobody's, for some that
    are of it bear no tag; `lost`: by day, the share of its people that a product had lost by then.
    """

    launch_id: str
    surged_products: tuple[str, str]
    surged: tuple[date, ...]
    declined_product: str
    lost: dict[date, float]


def signal_truth(as_of: date) -> SignalTruth:
    """As of a date, what was made to leave its usual."""
    feature = next(each for each in FEATURES if each.launched_on == LAUNCH)
    weeks = [
        week_of(LAUNCH) + timedelta(weeks=number) for number in range(1, (SURGE_ENDS - LAUNCH).days // 7 + 1)
    ]
    days = [BEGAN_ON + timedelta(days=number) for number in range((as_of - BEGAN_ON).days)]
    return SignalTruth(
        feature.id,
        (feature.product, UNMAPPED),
        tuple(week for week in weeks if week + timedelta(weeks=1) <= SURGE_ENDS),
        PRODUCT,
        {day: lost_share(day) for day in days},
    )


def weekly_tickets(company: Company, as_of: date, read_at: datetime) -> Series:
    """Tickets by the week of their creation, of all and by the product that they are about; weeks without any are 0."""
    found: dict[str | None, Counter[date]] = {None: Counter()}
    for each in ticket_facts(company, as_of, read_at):
        week = week_of(local_date(each.created_at))
        for series in (None, product_of(each.feature_id)):
            found.setdefault(series, Counter())[week] += 1
    weeks = [HISTORY_START + timedelta(weeks=number) for number in range((as_of - HISTORY_START).days // 7)]
    return {series: {week: counts[week] for week in weeks} for series, counts in found.items()}


def daily_people(company: Company, as_of: date) -> Series:
    """Logged-in people who used each product on a day, robots left out; days without any are 0."""
    kinds = {
        product.id: np.array(
            [
                number
                for number, kind in enumerate(KINDS)
                if kind.feature_id and product_of(kind.feature_id) == product.id
            ]
        )
        for product in PRODUCTS
    }
    found: Series = {product: {} for product in kinds}
    for day, batch in company.usage.days(as_of):
        counted = batch.take((batch.user >= 0) & ~batch.is_bot & ~batch.is_future)
        for product, of_it in kinds.items():
            found[product][day] = len(np.unique(counted.user[np.isin(counted.kind, of_it)]))
    return found
