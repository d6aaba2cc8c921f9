"""Who was shown which variant, and when, beside what they do anyhow.

People do what they do whatever is tried on them, so that no other number of the company changes; an effect is planted the other
way round: of those who will use a feature more are shown the variant under which more people use it. That is what an experiment
with these shares looks like (Bayes).
"""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from sandbox.company.catalogue import HISTORY_END
from sandbox.company.experiments.catalogue import CONTROL, EXPERIMENTS, TREATMENT, Experiment
from sandbox.company.population import Population
from sandbox.company.usage.days import EVENTS_OF_A_DAY, Batch, concatenate
from sandbox.company.usage.plan import ordinary_people
from sandbox.company.usage.traits import EXPOSURE_KINDS, KINDS, PASSIVE_KINDS, Flags, Floats, Ints

# Above the numbers of a day's other events and their copies.
_NUMBERS_FROM = 18_000_000
# The page tells what it shows so long after it was opened, and sends it so long after that.
_SHOWN_AFTER_MS, _SENT_AFTER_MS = 400, 900
# One in so many people is shown the other variant too, some days later: a cookie that was lost.
_SHOWN_BOTH_EVERY = 40

_FEATURES = np.array([kind.feature_id or "" for kind in KINDS])


def exposures_by_day(company: Population, made: Callable[[date], Batch]) -> dict[int, Batch]:
    """Events of exposure by the ordinal of their day. `made`: a day's events without them."""
    found: dict[int, list[Batch]] = {}
    pool = np.zeros(len(company.people), dtype=bool)
    pool[[person.index for person in ordinary_people(company)]] = True
    for number, experiment in enumerate(EXPERIMENTS):
        for ordinal, batch in _of(experiment, company, pool, made):
            batch.serial[:] = (
                ordinal * EVENTS_OF_A_DAY + _NUMBERS_FROM + number * 200_000 + np.arange(len(batch))
            )
            batch.insert[:] = batch.serial
            found.setdefault(ordinal, []).append(batch)
    return {ordinal: concatenate(batches) for ordinal, batches in found.items()}


def _of(
    experiment: Experiment, company: Population, pool: Flags, made: Callable[[date], Batch]
) -> list[tuple[int, Batch]]:
    rng = company.rng(f"experiments.{experiment.id}")
    seen = np.zeros(len(pool), dtype=bool)
    uses = {feature: np.zeros(len(pool), dtype=bool) for feature in experiment.planted}
    first: list[tuple[int, Batch]] = []
    again: list[Batch] = []
    day = experiment.started_on
    while day <= min(experiment.last_day, HISTORY_END):
        batch = _active(made(day), pool)
        people, place = np.unique(batch.user, return_index=True)
        for feature, used in uses.items():
            used[batch.user[_FEATURES[batch.kind] == feature]] = True
        is_new = ~seen[people]
        first.append((day.toordinal(), batch.take(place[is_new])))
        again.append(batch.take(place[~is_new & (people % _SHOWN_BOTH_EVERY == 7)]))
        seen[people] = True
        day += timedelta(days=1)
    is_treated = rng.random(len(pool)) < _chances(experiment, uses, seen)
    return [
        (ordinal, concatenate([_shown(experiment, new, is_treated), _shown(experiment, old, ~is_treated)]))
        for (ordinal, new), old in zip(first, again, strict=True)
    ]


def _active(batch: Batch, pool: Flags) -> Batch:
    """What logged-in people of the pool did in their own browsers, in order of time."""
    is_of_pool = (batch.user >= 0) & pool[np.maximum(batch.user, 0)]
    is_own = ~np.isin(batch.kind, PASSIVE_KINDS) & ~batch.is_bot & ~batch.is_future
    chosen = batch.take(is_of_pool & is_own)
    return chosen.take(np.argsort(chosen.time_ms, kind="stable"))


def _chances(experiment: Experiment, uses: dict[str, Flags], seen: Flags) -> Floats:
    """Each person's chance to be shown the treatment, given what they will do: on average what the split gives."""
    odds = np.ones(len(seen))
    for feature, (under_control, under_treatment) in experiment.planted.items():
        odds *= np.where(
            uses[feature], under_treatment / under_control, (1 - under_treatment) / (1 - under_control)
        )
    # The shares that are planted are seldom those of everybody together.
    for _ in range(50):
        mean = float((odds / (1 + odds))[seen].mean())
        odds *= experiment.reaches / (1 - experiment.reaches) * (1 - mean) / mean
    chances: Floats = odds / (1 + odds)
    return chances


def _shown(experiment: Experiment, batch: Batch, is_treated: Flags) -> Batch:
    """The events that tell of it, right after what people did when they were shown it."""
    kinds = np.array(
        [EXPOSURE_KINDS[experiment.id, CONTROL], EXPOSURE_KINDS[experiment.id, TREATMENT]], dtype=np.int64
    )
    time_ms = batch.time_ms + _SHOWN_AFTER_MS
    kind: Ints = kinds[is_treated[batch.user].astype(np.int64)]
    return Batch(
        time_ms, time_ms + _SENT_AFTER_MS, batch.session_ms, batch.device, batch.user, batch.account, kind, batch.agent,
        batch.serial.copy(), batch.insert.copy(),
    )  # fmt: skip
