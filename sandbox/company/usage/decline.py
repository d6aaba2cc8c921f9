"""A slow decline: from a Monday in October on, each day a few more of those who looked at Insights stay on their boards instead.

They are as active as ever, so that the company's numbers as a whole tell nothing; and a working day of the decline is still above
any weekend, so that no bound that holds for all days does.
"""

from datetime import date

import numpy as np

from sandbox.company.catalogue import FEATURES
from sandbox.company.population import Population
from sandbox.company.usage.traits import KIND_OF, KINDS, Floats, Ints

PRODUCT = "insights"
BEGAN_ON = date(2026, 10, 26)
# Of all people so many more each day, until so many have gone.
LOST_A_DAY, LOST_AT_LAST = 0.025, 0.6

_FEATURES = {each.id for each in FEATURES if each.product == PRODUCT}
_KINDS = np.array([number for number, kind in enumerate(KINDS) if kind.feature_id in _FEATURES])
_INSTEAD = KIND_OF["board_opened", None]


def lost_share(day: date) -> float:
    """The share of people who do not look at the product any more on a day."""
    return min(LOST_AT_LAST, max(0, (day - BEGAN_ON).days + 1) * LOST_A_DAY)


def patience(company: Population) -> Floats:
    """Of each person, the share that must have gone before they go, too."""
    drawn: Floats = company.rng("usage.decline").random(len(company.people))
    return drawn


def declined(kind: Ints, person: Ints, patience: Floats, day: date) -> Ints:
    """The kinds of a day's events, those of the product made others where their person has gone."""
    if day < BEGAN_ON:
        return kind
    is_lost = np.isin(kind, _KINDS) & (patience[person] < lost_share(day))
    return np.where(is_lost, _INSTEAD, kind)
