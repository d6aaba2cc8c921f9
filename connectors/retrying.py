"""Sends a request again while that may help: who decides how long to wait, and when it is enough."""

from collections.abc import Callable
from typing import TypeVar

import httpx
import tenacity

from connectors.errors import MalformedResponse, QuotaSpent, RateLimited, SourceError, Unreachable
from connectors.waiting import Backoff, Clock

RETRY_SECONDS = 900.0
MOST_ATTEMPTS = 12
T = TypeVar("T")


class TryAgain(Exception):
    """An attempt failed in a way that may pass. `wait`: seconds that the vendor asks for."""

    def __init__(self, error: SourceError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class Retrying:
    """`seconds`: how long one request may spend waiting between its attempts, all waits together."""

    def __init__(self, clock: Clock, backoff: Backoff, seconds: float) -> None:
        self._clock = clock
        self._backoff = backoff
        self.seconds = seconds

    def call(self, attempt: Callable[[], T], place: str, *, once: bool = False) -> T:
        """Call `attempt` until it succeeds, fails for good, or its waits have used up the time there is.

        `once`: only a refusal for the quota is tried again: what was answered may have been lost on its way.
        """

        def guarded() -> T:
            try:
                return attempt()
            except httpx.TransportError as error:
                raise TryAgain(Unreachable(f"No answer ({type(error).__name__}).", place=place)) from error
            except httpx.DecodingError as error:
                broken = MalformedResponse("The answer's compression is broken.", place=place)
                raise TryAgain(broken) from error

        def may_pass(error: BaseException) -> bool:
            return isinstance(error, TryAgain) and (not once or isinstance(error.error, RateLimited))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(may_pass),
            wait=self._wait,
            stop=self._is_spent,
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return retrying(guarded)
        except TryAgain as last:
            raise self._given_up(last) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.wait if isinstance(failure, TryAgain) else None
        return self._backoff.seconds(state.attempt_number) if asked is None else asked

    def _is_spent(self, state: tenacity.RetryCallState) -> bool:
        # tenacity has worked out the next wait before it asks this.
        return state.attempt_number >= MOST_ATTEMPTS or state.idle_for + state.upcoming_sleep > self.seconds

    def _given_up(self, last: TryAgain) -> SourceError:
        error = last.error
        if isinstance(error, RateLimited) and last.wait is not None and last.wait > self.seconds:
            return QuotaSpent(
                f"The vendor wants no request for another {last.wait:.0f} seconds.",
                place=error.place,
                status=error.status,
                vendor_message=error.vendor_message,
            )
        if isinstance(error, RateLimited) and last.wait is not None:
            error.remedy = f"Run again in {last.wait:.0f} seconds, or lower the source's requests per minute."
        return error
