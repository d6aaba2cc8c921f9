"""Rate limits of the vendors, counted over sliding windows that the pace shortens.

With a pace of 60 a window of one minute lasts one second, so that a night in the sandbox keeps the
vendor's behaviour without the vendor's waiting times. Waiting times in answers are real seconds.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """At most `requests` in `seconds` (of the vendor's own time) for everything counted under one key."""

    name: str
    requests: int
    seconds: float


@dataclass(frozen=True)
class Allowance:
    """What is left after a request: `retry_after` (real seconds) is None when the request may pass."""

    limit: Limit
    remaining: int
    resets_in: float
    retry_after: float | None

    @property
    def whole_seconds(self) -> int:
        """The waiting time as whole seconds, never too short: what Retry-After can carry."""
        return math.ceil(self.retry_after if self.retry_after is not None else self.resets_in)


class Limiter:
    """Counts requests by key. `pace` is how many times faster than the vendor's the windows run."""

    def __init__(self, pace: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        if pace <= 0:
            raise ValueError(
                f"pace must be above 0, not {pace}: 1 is the vendors' own speed, 60 is 60 times faster"
            )
        self.pace = pace
        self._clock = clock
        self._seen: dict[tuple[str, ...], deque[float]] = {}

    def take(self, limit: Limit, *key: str) -> Allowance:
        """Count one request under (limit, key). A refused request is not counted, as with the vendors."""
        window = limit.seconds / self.pace
        now = self._clock()
        seen = self._seen.setdefault((limit.name, *key), deque())
        while seen and seen[0] <= now - window:
            seen.popleft()
        if len(seen) >= limit.requests:
            wait = seen[0] + window - now
            return Allowance(limit, 0, wait, wait)
        seen.append(now)
        return Allowance(limit, limit.requests - len(seen), seen[0] + window - now, None)

    def give_back(self, limit: Limit, *key: str) -> None:
        """Take back the last request that was counted: the vendor answered it for nothing."""
        if seen := self._seen.get((limit.name, *key)):
            seen.pop()
