"""Time: when a vendor wants to be asked again, how long we wait without being told, and our own request budget."""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connectors.errors import QuotaSpent

# RateLimit-Reset, X-RateLimit-Reset, X-RateLimit-Requests-Reset, X-Sentry-Rate-Limit-Reset, ...
_RESET_HEADER = re.compile(r"(?i)(?:[\w-]+-)?rate-?limit-(?:[\w-]+-)?reset")
# Numbers above are moments since 1970 (in seconds, in milliseconds), below they are seconds from now.
EPOCH_SECONDS = 1_000_000_000
EPOCH_MILLISECONDS = 100_000_000_000
# A vendor of which every page names a next one must not hold a night for days; what was read by then is kept.
LONGEST_RUN_SECONDS = 4 * 3600.0


class Clock:
    """The system's time; tests put one of their own in its place."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM_CLOCK = Clock()


@dataclass
class Backoff:
    """Seconds before the next attempt: doubling from `first` to `cap`, of which a random half to whole is taken."""

    first: float = 0.5
    cap: float = 60.0
    dice: random.Random = field(default_factory=random.Random)

    def seconds(self, attempt: int) -> float:
        return min(self.cap, self.first * 2.0 ** (attempt - 1)) * self.dice.uniform(0.5, 1.0)


class RequestBudget:
    """A token bucket: `per_minute` requests a minute, of which one second's worth (at least one) may come at once.

    `per_run`: requests altogether; once they are sent, or after `LONGEST_RUN_SECONDS`, `take` raises QuotaSpent.
    """

    def __init__(self, per_minute: int | None, per_run: int | None, clock: Clock) -> None:
        self._left, self._per_run = per_run, per_run
        self._rate = per_minute / 60 if per_minute else None
        self._most = max(1.0, self._rate or 1.0)
        self._tokens = self._most
        self._clock = clock
        self._begun_at = self._filled_at = clock.monotonic()

    def take(self) -> None:
        """Wait until a request may be sent. Raises QuotaSpent."""
        if self._clock.monotonic() - self._begun_at > LONGEST_RUN_SECONDS:
            raise QuotaSpent(f"The {LONGEST_RUN_SECONDS / 3600:.0f} hours that a run may ask are over.")
        if self._left is not None:
            if self._left < 1:
                raise QuotaSpent(f"The {self._per_run} requests that a run may send are spent.")
            self._left -= 1
        if self._rate is None:
            return
        self._fill(self._rate)
        if self._tokens < 1:
            self._clock.sleep((1 - self._tokens) / self._rate)
            self._fill(self._rate)
        self._tokens -= 1

    def _fill(self, rate: float) -> None:
        moment = self._clock.monotonic()
        self._tokens = min(self._most, self._tokens + (moment - self._filled_at) * rate)
        self._filled_at = moment


def asked_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the vendor asks us to wait: Retry-After (seconds or date), else a reset header; None: it does not say.

    A reset header is any that ends in `Rate-Limit-Reset` or says in between which limit: there are many.

    Dates are compared with the answer's own Date, so that a wrong clock here does no harm.
    """
    sent_at = http_date(headers.get("date")) or now
    retry_after = headers.get("retry-after")
    if retry_after is not None:
        seconds = _number(retry_after)
        if seconds is not None:
            return max(0.0, seconds)
        moment = http_date(retry_after)
        if moment is not None:
            return max(0.0, (moment - sent_at).total_seconds())
    waits = [
        wait
        for name, text in headers.items()
        if _RESET_HEADER.fullmatch(name)
        # While requests remain, it is another limit than that of the reset that was hit.
        and (_number(headers.get(f"{name[:-5]}remaining")) or 0) <= 0
        and (wait := _until_reset(text, sent_at)) is not None
    ]
    # Two limits may be used up at once: the later reset frees both.
    return max(waits, default=None)


def _until_reset(text: str, sent_at: datetime) -> float | None:
    """Seconds until a moment (since 1970 in seconds or milliseconds, or as ISO 8601), or the seconds themselves."""
    reset = _number(text)
    if reset is None:
        moment = _iso_date(text)
        return None if moment is None else max(0.0, (moment - sent_at).total_seconds())
    if reset >= EPOCH_MILLISECONDS:
        reset /= 1000
    return max(0.0, reset - sent_at.timestamp() if reset >= EPOCH_SECONDS else reset)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_date(text: str | None) -> datetime | None:
    """A date as HTTP headers have it, in UTC unless it says otherwise; None when it is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except Exception:  # noqa: BLE001 (the parser raises what its arithmetic happens to raise on a text that is no date)
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
