"""Rage clicks: what a library that watches clicks sends of them, with the page and nothing of a feature."""

from datetime import date

import numpy as np

from sandbox.company.usage.days import EVENTS_OF_A_DAY, Batch, concatenate
from sandbox.company.usage.traits import KINDS, RAGE_CLICKS_AFTER, RAGE_KINDS

# Above the numbers of a day's other events, their copies and exposures.
_NUMBERS_FROM = 19_900_000
_CLICKED_AFTER_MS, _SENT_AFTER_MS = 700, 900

_FEATURES = np.array([kind.feature_id or "" for kind in KINDS])


def rage_clicks(day: date, batch: Batch) -> Batch:
    """Those of a day, right after what people did: an event follows one of a person who is logged in, in their own browser."""
    found = [
        _after(batch, feature, every, RAGE_KINDS[page])
        for page, (feature, every) in RAGE_CLICKS_AFTER.items()
    ]
    clicks = concatenate(found)
    numbers = day.toordinal() * EVENTS_OF_A_DAY + _NUMBERS_FROM + np.arange(len(clicks))
    clicks.serial[:], clicks.insert[:] = numbers, numbers
    return clicks


def _after(batch: Batch, feature: str, every: int, kind: int) -> Batch:
    is_one = (_FEATURES[batch.kind] == feature) & (batch.insert % every == 0) & (batch.serial == batch.insert)
    used = batch.take(is_one & (batch.user >= 0) & ~batch.is_bot & ~batch.is_future)
    time_ms = used.time_ms + _CLICKED_AFTER_MS
    return Batch(
        time_ms, time_ms + _SENT_AFTER_MS, used.session_ms, used.device, used.user, used.account,
        np.full(len(used), kind, dtype=np.int64), used.agent, used.serial.copy(), used.insert.copy(),
    )  # fmt: skip
