"""The one way to talk to a vendor: signs, waits, retries, refuses foreign hosts, and turns answers into JSON or errors.

Every request here only reads (a POST is a search, or begins an export), so every request may be sent again.
"""

import ssl
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from connectors.addresses import Reach, is_loopback, parsed_url
from connectors.answers import body_of, json_of, may_pass, refusal_of
from connectors.auth import BasicAuth, BearerAuth, ClientCredentials, HeaderAuth, SignedGrant, TokenNotGiven
from connectors.bodies import DOWNLOAD, bound
from connectors.downloads import Download, save
from connectors.errors import ClockWrong, Unreachable
from connectors.habits import Habits, Sign
from connectors.network import environment_told, headers_came, make_timely
from connectors.paging import Answer, Params, Question, next_link, pages
from connectors.redaction import redact_logs
from connectors.retrying import RETRY_SECONDS, Retrying, TryAgain
from connectors.waiting import SYSTEM_CLOCK, Backoff, Clock, RequestBudget, asked_to_wait, http_date

if TYPE_CHECKING:
    from connectors.settings import SourceSettings

__all__ = ["BasicAuth", "BearerAuth", "ClientCredentials", "HeaderAuth", "Http", "SignedGrant"]

Headers = Mapping[str, str]
TIMEOUT = httpx.Timeout(connect=15, read=90, write=30, pool=15)
LARGEST_CLOCK_DIFFERENCE = timedelta(hours=1)
USER_AGENT = "product-ops"
# Nothing is unpacked but gzip: see `connectors.bodies`.
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
_FILE_HEADERS = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
T = TypeVar("T")


@cache
def _certificates() -> ssl.SSLContext:
    """Whom this process trusts: to read that takes longer than many a request."""
    return httpx.create_ssl_context()


class Http:
    """A vendor's API below `base_url`. Errors are of the `SourceError` family.

    `habits`: what this vendor does in its own way. `allowed_hosts`: further hosts that are sent our credentials.
    `requests_per_minute`, `requests_per_run`: our own budget.
    `retry_seconds`: how long one request may spend waiting between its attempts, all waits together.
    `scratch`: the folder for downloads; it is emptied when the run ends.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: httpx.Auth | None = None,
        habits: Habits | None = None,
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
        self._habits = habits or Habits()
        self._reach = Reach(base_url, allowed_hosts, self._habits.file_hosts)
        self._budget = RequestBudget(requests_per_minute, requests_per_run, clock)
        self._retrying = Retrying(clock, backoff or Backoff(), retry_seconds)
        self.scratch = scratch or Path(tempfile.gettempdir())
        self._clock = clock
        with environment_told():
            self._client = httpx.Client(
                auth=auth,
                transport=transport,
                verify=_certificates(),
                timeout=TIMEOUT,
                follow_redirects=False,
                # A proxy of the environment cannot reach this machine's own addresses.
                trust_env=not is_loopback(self._reach.base.host),
                headers={**_HEADERS, **self._habits.headers},
                # No API needs cookies, and httpx cannot send back every one that it takes.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                event_hooks={"response": [headers_came, partial(bound, clock=clock)]},
            )
        make_timely(self._client, clock)
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
            habits=replace(settings.habits, file_hosts=settings.file_hosts),
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

    def be_impatient(self, retry_seconds: float) -> None:
        """Spend at most so long on the retries of each further request."""
        self._retrying.seconds = min(self._retrying.seconds, retry_seconds)

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
        once: bool = False,
    ) -> Any:
        """Parsed JSON of a GET. `path`: below the base URL, or an absolute URL on an allowed host (a `next` link).

        `signs`: what this request's answers mean, before the vendor's habits.
        Without a sign: 401 Rejected, 402 PlanLacks, 403 ScopeMissing, 404 NotFound, 410 Gone, other 4xx BadRequest; 408,
        425, 429, 5xx and broken connections are tried again, then Unreachable or RateLimited; QuotaSpent when the vendor
        wants a longer wait than `retry_seconds` or the run's budget is used up; ClockWrong when the vendor's clock is far
        from ours; MalformedResponse for what is no JSON, or beyond the bounds of `connectors.bodies`.
        `once`: each answer moves the vendor's position, so one that got lost is not asked for again; a 429 still is.
        """
        return self._ask("GET", Question(path, params), headers=headers, signs=signs, once=once).body

    def answer(
        self,
        path: str,
        params: Params | None = None,
        headers: Headers | None = None,
        *,
        normal: Collection[int] = (304,),
        signs: tuple[Sign, ...] = (),
    ) -> Answer:
        """As `get`, with status and headers.

        `normal`: statuses besides 2xx that are an answer here and no error: 304 to a conditional request, 410 or 412 to a
        position that the vendor no longer knows. Their body is None where it is no JSON.
        """
        return self._ask("GET", Question(path, params), headers=headers, signs=signs, normal=normal)

    def post(
        self,
        path: str,
        json: Any,
        params: Params | None = None,
        *,
        form: Mapping[str, str] | None = None,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
    ) -> Any:
        """Parsed JSON of a POST that only reads, whatever 2xx status it has; otherwise as `get`.

        `form`: sent as a form, in place of `json`.
        """
        return self._ask("POST", Question(path, params, json), headers=headers, signs=signs, form=form).body

    def stream_to_file(
        self,
        path: str,
        params: Params | None,
        file: Path,
        *,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
    ) -> Download:
        """Download into `file`; a body that was cut short is fetched again from its start.

        A file host (see `Habits`), named by `path` or by a redirect, is asked without credentials. Errors as `get`;
        MalformedResponse when HTML comes instead of a file.
        """
        url = self._reach.url(path)
        place = f"GET {url.path}"

        def attempt() -> Download:
            if self._reach.serves_files(url):
                return self._file_of(url.copy_merge_params(params or {}), file, place, is_fresh=False)
            given, sent = dict(params) if params else None, {**_FILE_HEADERS, **(headers or {})}
            with self._client.stream("GET", url, params=given, headers=sent, extensions=DOWNLOAD) as response:
                target = self._file_address(response)
                if target is None:
                    self._compare_clocks(response, place)
                    if not response.is_success:
                        response.read()
                        self._accept(response, body_of(response), place, signs)
                    return save(response, file, place)
            return self._file_of(target, file, place, is_fresh=True)

        return self._tried(attempt, place)

    def paginate(
        self,
        path: str,
        params: Params | None,
        following: Callable[[Any], "str | Params | None"],
        *,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
    ) -> Iterator[Any]:
        """Bodies of a paged GET. `following(body)`: the next URL, or parameters that replace those of before, or None.

        Raises StuckCursor when a page was asked for before, ForeignHost when the next URL is on another host.
        """

        def step(question: Question, answer: Answer) -> Question | None:
            after = following(answer.body)
            if after is None:
                return None
            if isinstance(after, str):
                return Question(self._reach.linked(after))
            return question._replace(params={**(question.params or {}), **after})

        ask = partial(self._ask, "GET", headers=headers, signs=signs)
        yield from (answer.body for answer in pages("GET", ask, Question(path, params), step))

    def paginate_links(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
    ) -> Iterator[Any]:
        """Bodies of a GET whose answers name the next page in a `Link` header; guarded as `paginate`."""

        def step(question: Question, answer: Answer) -> Question | None:
            target = next_link(answer)
            return None if target is None else Question(target)

        ask = partial(self._ask, "GET", headers=headers, signs=signs)
        yield from (answer.body for answer in pages("GET", ask, Question(path, params), step))

    def paginate_posts(
        self,
        path: str,
        json: Params,
        following: Callable[[Any], Params | None],
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
    ) -> Iterator[Any]:
        """Bodies of a paged POST. `following(body)`: members that replace those of the question before, or None.

        Guarded as `paginate`.
        """

        def step(question: Question, answer: Answer) -> Question | None:
            after = following(answer.body)
            return None if after is None else question._replace(json={**(question.json or {}), **after})

        ask = partial(self._ask, "POST", headers=headers, signs=signs)
        yield from (answer.body for answer in pages("POST", ask, Question(path, params, json), step))

    def _ask(
        self,
        method: str,
        question: Question,
        *,
        headers: Headers | None = None,
        signs: tuple[Sign, ...] = (),
        normal: Collection[int] = (),
        once: bool = False,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        url = self._reach.url(question.path)
        place = f"{method} {url.path}"
        # httpx drops the query of the URL when it is given parameters, even empty ones.
        params = dict(question.params) if question.params else None

        def attempt() -> Answer:
            response = self._client.request(
                method, url, params=params, json=question.json, data=form, headers=headers
            )
            self._compare_clocks(response, place)
            body = json_of(response, place) if response.is_success else body_of(response)
            self._accept(response, body, place, signs, normal)
            return Answer(response.status_code, response.headers, body, str(url))

        return self._tried(attempt, place, once)

    def _tried(self, attempt: Callable[[], T], place: str, once: bool = False) -> T:
        def counted() -> T:
            self._budget.take()
            self.request_count += 1
            try:
                return attempt()
            except TokenNotGiven as error:
                self._accept(error.response, body_of(error.response), place)
                raise

        return self._retrying.call(counted, place, once=once)

    def _accept(
        self,
        response: httpx.Response,
        body: Any,
        place: str,
        signs: tuple[Sign, ...] = (),
        normal: Collection[int] = (),
    ) -> None:
        """Raise `TryAgain` or the error that the answer means, if it means one."""
        error = refusal_of(response, body, place, (*signs, *self._habits.signs), normal)
        if error is not None and may_pass(error):
            raise TryAgain(error, asked_to_wait(response.headers, self._clock.now()))
        if error is not None:
            raise error

    def _compare_clocks(self, response: httpx.Response, place: str) -> None:
        sent_at, now = http_date(response.headers.get("date")), self._clock.now()
        if sent_at is not None and abs(now - sent_at) > LARGEST_CLOCK_DIFFERENCE:
            raise ClockWrong(
                f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, the vendor's {sent_at:%Y-%m-%d %H:%M} UTC.",
                place=place,
            )

    def _file_address(self, response: httpx.Response) -> httpx.URL | None:
        """Where the answer says that the file lies; None: it does not send us to a file host."""
        target = response.headers.get("location")
        if not response.is_redirect or not target:
            return None
        url = self._reach.url(str(parsed_url(target, response.request.url)))
        return url if self._reach.serves_files(url) else None

    def _file_of(self, url: httpx.URL, file: Path, place: str, *, is_fresh: bool) -> Download:
        """From a file host: neither our credentials nor the vendor's headers go there, and no redirect is followed."""
        asked = httpx.Request("GET", url, headers=_FILE_HEADERS, extensions=DOWNLOAD)
        with closing(self._client.send(asked, auth=None, stream=True)) as response:
            if response.is_success:
                return save(response, file, place)
            refused = Unreachable(
                f"The host of the file answers {response.status_code}.",
                place=place,
                remedy="Its address may have expired: the next run asks for a new one.",
            )
        # To ask the vendor again gives a new address.
        if is_fresh or response.status_code >= 500:
            raise TryAgain(refused)
        raise refused
