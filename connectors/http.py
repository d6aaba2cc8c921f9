"""The one way to talk to a vendor: signs, waits, retries, refuses foreign hosts, and turns answers into JSON or errors.

Every request here only reads (a POST is a search), so every request may be sent again.
"""

import json as json_module
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import tenacity

from connectors.addresses import is_loopback
from connectors.answers import json_of, refusal_of
from connectors.auth import BasicAuth, BearerAuth, ClientCredentials, TokenNotGiven
from connectors.errors import (
    ClockWrong,
    ForeignHost,
    MalformedResponse,
    QuotaSpent,
    RateLimited,
    SourceError,
    StuckCursor,
    Unreachable,
)
from connectors.redaction import redact_logs
from connectors.waiting import SYSTEM_CLOCK, Backoff, Clock, RequestBudget, asked_to_wait, http_date

if TYPE_CHECKING:
    from connectors.settings import SourceSettings

__all__ = ["BasicAuth", "BearerAuth", "ClientCredentials", "Http"]

Params = Mapping[str, Any]
TIMEOUT = httpx.Timeout(connect=15, read=90, write=30, pool=15)
RETRY_SECONDS = 900.0
MOST_ATTEMPTS = 12
LARGEST_CLOCK_DIFFERENCE = timedelta(hours=1)


class _TryAgain(Exception):
    """An attempt failed in a way that may pass. `wait`: seconds that the vendor asks for."""

    def __init__(self, error: SourceError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


class Answer(NamedTuple):
    """`body`: parsed JSON; None when the vendor says that nothing changed (304)."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Download(NamedTuple):
    """What came into a file: its bytes and the answer's headers."""

    size: int
    headers: Mapping[str, str]


class Http:
    """A vendor's API below `base_url`. Errors are of the `SourceError` family.

    `allowed_hosts`: further hosts that absolute URLs may name. `requests_per_minute`, `requests_per_run`: our own budget.
    `retry_seconds`: how long one request may spend waiting between its attempts, all waits together.
    `scratch`: the folder for downloads; it is emptied when the run ends.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: httpx.Auth | None = None,
        requests_per_minute: int | None = None,
        requests_per_run: int | None = None,
        allowed_hosts: Collection[str] = (),
        retry_seconds: float = RETRY_SECONDS,
        scratch: Path | None = None,
        clock: Clock = SYSTEM_CLOCK,
        transport: httpx.BaseTransport | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        redact_logs()
        self._base = httpx.URL(base_url.rstrip("/"))
        self._allowed_hosts = frozenset(allowed_hosts)
        self._budget = RequestBudget(requests_per_minute, requests_per_run, clock)
        self.retry_seconds = retry_seconds
        self.scratch = scratch or Path(tempfile.gettempdir())
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._client = httpx.Client(
            auth=auth,
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            # A proxy of the environment cannot reach this machine's own addresses.
            trust_env=not is_loopback(self._base.host),
            headers={"User-Agent": "product-ops", "Accept": "application/json"},
        )
        self.request_count = 0

    @classmethod
    def of(
        cls,
        settings: "SourceSettings",
        *,
        retry_seconds: float = RETRY_SECONDS,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
        scratch: Path | None = None,
    ) -> "Http":
        """The client of a source that is set up so."""
        return cls(
            settings.root,
            auth=settings.auth(),
            requests_per_minute=settings.requests_per_minute,
            requests_per_run=settings.requests_per_run,
            allowed_hosts=settings.further_hosts,
            retry_seconds=retry_seconds,
            transport=transport,
            clock=clock,
            scratch=scratch,
        )

    def __enter__(self) -> "Http":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def now(self) -> datetime:
        return self._clock.now()

    def pause(self, seconds: float) -> None:
        """Wait, by the clock that this client keeps."""
        self._clock.sleep(seconds)

    def get(
        self, path: str, params: Params | None = None, *, too_large: Collection[int] = (), once: bool = False
    ) -> Any:
        """Parsed JSON of a GET. `path`: below the base URL, or an absolute URL on an allowed host (a `next` link).

        `too_large`: statuses by which this vendor says that the window is too large: raised as WindowTooLarge, at once.
        Others: 401 Rejected, 403 ScopeMissing, 404 NotFound, 410 Gone, other 4xx BadRequest; 408, 425, 429, 5xx and
        broken connections are tried again, then Unreachable or RateLimited; QuotaSpent when the vendor wants a longer
        wait than `retry_seconds` or the run's budget is used up; ClockWrong when the vendor's clock is far from ours.
        `once`: each answer moves the vendor's position, so one that got lost is not asked for again; a 429 still is.
        """
        return self._ask("GET", path, params, None, too_large, once=once).body

    def answer(
        self, path: str, params: Params | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """As `get`, with status and headers, for conditional requests: 304 is an answer without a body."""
        return self._ask("GET", path, params, None, (), headers)

    def post(
        self,
        path: str,
        json: Any,
        params: Params | None = None,
        *,
        form: Mapping[str, str] | None = None,
        too_large: Collection[int] = (),
    ) -> Any:
        """Parsed JSON of a POST that only reads, whatever 2xx status it has; otherwise as `get`.

        `form`: sent as a form, in place of `json`.
        """
        return self._ask("POST", path, params, json, too_large, form=form).body

    def stream_to_file(
        self, path: str, params: Params | None, file: Path, *, too_large: Collection[int] = ()
    ) -> Download:
        """Download into `file`; a body that was cut short is fetched again from its start.

        Errors as `get`; MalformedResponse when HTML comes instead of a file.
        """
        url = self._url(path)
        place = f"GET {url.path}"

        def attempt() -> Download:
            headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
            with self._client.stream("GET", url, params=params, headers=headers) as response:
                if response.status_code != 200:
                    response.read()
                self._accept(response, place, too_large)
                if response.headers.get("content-type", "").lower().startswith("text/html"):
                    raise MalformedResponse("A page of HTML came instead of a file.", place=place, status=200)
                expected = response.headers.get("content-length")
                size = 0
                with file.open("wb") as target:
                    for chunk in response.iter_raw():
                        size += target.write(chunk)
                if expected is not None and int(expected) != size:
                    cut = f"The download was cut short: {size} of {expected} bytes."
                    raise _TryAgain(Unreachable(cut, place=place))
                return Download(size, response.headers)

        downloaded: Download = self._retrying(attempt, place)
        return downloaded

    def paginate(
        self, path: str, params: Params | None, following: Callable[[Any], "str | Params | None"]
    ) -> Iterator[Any]:
        """Bodies of a paged GET. `following(body)`: the next URL, or parameters that replace those of before, or None.

        Raises StuckCursor when a page was asked for before, ForeignHost when the next URL is on another host.
        """
        for answer in self._paginated(path, params, lambda answer: following(answer.body)):
            yield answer.body

    def paginate_links(self, path: str, params: Params | None = None) -> Iterator[Any]:
        """Bodies of a GET whose answers name the next page in a `Link` header; guarded as `paginate`."""
        for answer in self._paginated(path, params, _next_link):
            yield answer.body

    def _paginated(
        self, path: str, params: Params | None, following: Callable[[Answer], "str | Params | None"]
    ) -> Iterator[Answer]:
        asked: set[str] = set()
        while True:
            question = f"{path} {json_module.dumps(dict(params or {}), sort_keys=True, default=str)}"
            if question in asked:
                raise StuckCursor(place=f"GET {self._url(path).path}")
            asked.add(question)
            answer = self._ask("GET", path, params, None, ())
            yield answer
            step = following(answer)
            if step is None:
                return
            if isinstance(step, str):
                path, params = step, None
            else:
                params = {**(params or {}), **step}

    def _ask(
        self,
        method: str,
        path: str,
        params: Params | None,
        json: Any,
        too_large: Collection[int],
        headers: Mapping[str, str] | None = None,
        once: bool = False,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        url = self._url(path)
        place = f"{method} {url.path}"
        # httpx drops the query of the URL when it is given parameters, even empty ones.
        given = dict(params) if params else None

        def attempt() -> Answer:
            response = self._client.request(method, url, params=given, json=json, data=form, headers=headers)
            if response.status_code == 304:
                return Answer(304, response.headers, None)
            self._accept(response, place, too_large)
            return Answer(response.status_code, response.headers, json_of(response, place))

        answer: Answer = self._retrying(attempt, place, once)
        return answer

    def _url(self, path: str) -> httpx.URL:
        """The address of a path or an absolute URL, if our credentials may go there."""
        if "://" not in path and not path.startswith("//"):
            return httpx.URL(f"{self._base}/{path.lstrip('/')}")
        url = self._base.join(path)
        same_origin = (url.scheme, url.host, url.port) == (
            self._base.scheme,
            self._base.host,
            self._base.port,
        )
        if not same_origin and not (url.scheme == "https" and url.host in self._allowed_hosts):
            raise ForeignHost(
                f"An answer points to {url.scheme}://{url.host}, but only {self._base.scheme}://{self._base.host} is allowed.",
                place=f"GET {url.path}",
            )
        return url

    def _accept(self, response: httpx.Response, place: str, too_large: Collection[int]) -> None:
        """Return for a 2xx; raise `_TryAgain` or the error that the status means."""
        self._compare_clocks(response, place)
        if response.is_success:
            return
        error, may_pass = refusal_of(response, place, too_large)
        if not may_pass:
            raise error
        raise _TryAgain(error, asked_to_wait(response.headers, self._clock.now()))

    def _compare_clocks(self, response: httpx.Response, place: str) -> None:
        sent_at, now = http_date(response.headers.get("date")), self._clock.now()
        if sent_at is not None and abs(now - sent_at) > LARGEST_CLOCK_DIFFERENCE:
            raise ClockWrong(
                f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, the vendor's {sent_at:%Y-%m-%d %H:%M} UTC.",
                place=place,
            )

    def _retrying(self, attempt: Callable[[], Any], place: str, once: bool = False) -> Any:
        """Call `attempt` until it succeeds, fails for good, or its waits have used up the time there is."""

        def guarded() -> Any:
            self._budget.take()
            self.request_count += 1
            try:
                return attempt()
            except TokenNotGiven as error:
                self._accept(error.response, place, ())
                raise
            except httpx.TransportError as error:
                raise _TryAgain(Unreachable(f"No answer ({type(error).__name__}).", place=place)) from error
            except httpx.DecodingError as error:
                raise _TryAgain(
                    MalformedResponse("The answer's compression is broken.", place=place)
                ) from error

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: (
                    isinstance(error, _TryAgain) and (not once or isinstance(error.error, RateLimited))
                )
            ),
            wait=self._wait,
            stop=self._is_spent,
            sleep=self._clock.sleep,
            reraise=True,
        )
        try:
            return retrying(guarded)
        except _TryAgain as last:
            raise self._given_up(last) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.wait if isinstance(failure, _TryAgain) else None
        return self._backoff.seconds(state.attempt_number) if asked is None else asked

    def _is_spent(self, state: tenacity.RetryCallState) -> bool:
        # tenacity has worked out the next wait before it asks this.
        return (
            state.attempt_number >= MOST_ATTEMPTS
            or state.idle_for + state.upcoming_sleep > self.retry_seconds
        )

    def _given_up(self, last: _TryAgain) -> SourceError:
        error = last.error
        if isinstance(error, RateLimited) and last.wait is not None and last.wait > self.retry_seconds:
            return QuotaSpent(
                f"The vendor wants no request for another {last.wait:.0f} seconds.",
                place=error.place,
                status=error.status,
                vendor_message=error.vendor_message,
            )
        if isinstance(error, RateLimited) and last.wait is not None:
            error.remedy = f"Run again in {last.wait:.0f} seconds, or lower the source's requests per minute."
        return error


def _next_link(answer: Answer) -> str | None:
    link = httpx.Response(200, headers=answer.headers).links.get("next")
    return None if link is None else link["url"]
