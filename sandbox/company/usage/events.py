"""The company's product: every event of its history.

Days are made when they are needed. Small companies keep them; a large one keeps the last few and, of all days made so
far, the late events, so that any hour can be served without holding the whole history.
"""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from threading import RLock

import numpy as np

from sandbox.company.catalogue import HISTORY_END, HISTORY_START
from sandbox.company.experiments.exposures import exposures_by_day
from sandbox.company.population import Population
from sandbox.company.usage.days import Batch, DayMaker, concatenate
from sandbox.company.usage.frustration import rage_clicks
from sandbox.company.usage.plan import HOUR_MS, ms, plan_events
from sandbox.company.usage.traits import expected_person_days, make_traits

# The day up to which a scale's number of events counts, and how much of it people's own clicking is.
_COUNTED_UNTIL = date(2026, 11, 16)
_OWN_SHARE = 0.93
_MOST_LATE_DAYS = 22
# An event ahead of its time claims a moment up to three days after its upload.
_MOST_DAYS_AHEAD = _MOST_LATE_DAYS + 3
_DAYS_KEPT = {"small": 400, "demo": 400, "large": 6}


class Usage:
    """Events of a company. Several threads may read them."""

    def __init__(self, company: Population) -> None:
        traits = make_traits(company)
        per_day = company.size.events * _OWN_SHARE / expected_person_days(traits, _COUNTED_UNTIL)
        self.traits = traits
        self._company = company
        self._maker = DayMaker(company, traits, plan_events(company), per_day)
        self._kept: OrderedDict[int, Batch] = OrderedDict()
        self._most_kept = _DAYS_KEPT[company.scale]
        self._late: dict[int, Batch] = {}
        self._ahead: dict[int, Batch] = {}
        self._uploads: OrderedDict[int, Batch] = OrderedDict()
        self._lock = RLock()

    @cached_property
    def _exposures(self) -> dict[int, Batch]:
        return exposures_by_day(self._company, self._maker.make)

    @property
    def devices(self) -> list[str]:
        """Names of the devices, by the number that events have of them."""
        return self._maker.devices

    def day(self, day: date) -> Batch:
        """Events that happened on a day in the reporting time zone, whenever they were uploaded."""
        with self._lock:
            ordinal = day.toordinal()
            if ordinal in self._kept:
                self._kept.move_to_end(ordinal)
                return self._kept[ordinal]
            batch = self._maker.make(day)
            batch = concatenate([batch, rage_clicks(day, batch)])
            if ordinal in self._exposures:
                batch = concatenate([batch, self._exposures[ordinal]])
            self._kept[ordinal] = batch
            if len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)
            if ordinal not in self._late:
                days_later = (
                    batch.upload_ms > ms(datetime.combine(day, datetime.min.time(), UTC)) + 48 * HOUR_MS
                )
                self._late[ordinal] = batch.take(days_later)
                self._ahead[ordinal] = batch.take(batch.is_future)
            return batch

    def days(self, until: date) -> Iterator[tuple[date, Batch]]:
        """Every day of history before a date, with its events."""
        day = HISTORY_START
        while day < until and day <= HISTORY_END:
            yield day, self.day(day)
            day += timedelta(days=1)

    def uploaded_on(self, day: date) -> Batch:
        """Events by the UTC day of their upload, in order of upload."""
        with self._lock:
            ordinal = day.toordinal()
            if ordinal not in self._uploads:
                opens = ms(datetime.combine(day, datetime.min.time(), UTC))
                parts = [
                    part.take((part.upload_ms >= opens) & (part.upload_ms < opens + 24 * HOUR_MS))
                    for part in self._near(day)
                ]
                self._uploads[ordinal] = concatenate(parts).sorted_by_upload()
                if len(self._uploads) > 3:
                    self._uploads.popitem(last=False)
            return self._uploads[ordinal]

    def _near(self, day: date) -> Iterator[Batch]:
        """Whatever may have been uploaded on a UTC day: that day's events and its neighbours', and older late ones."""
        for back in range(_MOST_LATE_DAYS, -2, -1):
            happened = day - timedelta(days=back)
            if not HISTORY_START <= happened <= HISTORY_END:
                continue
            if back <= 2:
                yield self.day(happened)
                continue
            if happened.toordinal() not in self._late:
                self.day(happened)
            yield self._late[happened.toordinal()]
        yield self.day(HISTORY_START).take(np.zeros(0, dtype=np.int64))

    def claiming(self, day: date) -> Iterator[Batch]:
        """Whatever may claim to have happened on a date, in any time zone."""
        for back in range(_MOST_DAYS_AHEAD, -2, -1):
            happened = day - timedelta(days=back)
            if not HISTORY_START <= happened <= HISTORY_END:
                continue
            if back <= 1:
                yield self.day(happened)
                continue
            if happened.toordinal() not in self._ahead:
                self.day(happened)
            yield self._ahead[happened.toordinal()]
        yield self.day(HISTORY_START).take(np.zeros(0, dtype=np.int64))
