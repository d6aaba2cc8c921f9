"""GitHub's lists of one organisation, as pages of rows: Link headers, ETags, and the newest rows first."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from connectors.errors import NotFound, WindowTooLarge
from connectors.http import Http
from connectors.rows import value_at

Json = dict[str, Any]
Rows = list[Json]

ROWS_A_PAGE = 100
# A search for workflow runs shows a thousand at most.
MOST_RUNS = 1000
SHORTEST_SPAN = timedelta(minutes=1)


class Listing(NamedTuple):
    """A list that was asked for with an ETag. `pages`: None when nothing changed; `is_one_page`: `etag` speaks for all."""

    etag: str
    pages: Iterable[Rows] | None
    is_one_page: bool = True


class Lists:
    """The lists of an organisation's repositories. `wanted`: names; empty: all that the token sees."""

    def __init__(self, http: Http, owner: str, wanted: list[str], wanted_in: str) -> None:
        """`wanted_in`: the variable that says which are wanted."""
        self._http = http
        self._wanted_in = wanted_in
        self._owner = owner
        self._wanted = wanted
        self._found: Rows | None = None
        self.missing: list[str] = []

    def repositories(self) -> Rows:
        """The repositories, asked for once; those that are wanted and not found are in `missing`."""
        if self._found is None:
            self._found = [row for rows in self._repositories() for row in rows]
        return self._found

    def refuse_missing(self) -> None:
        """Raises NotFound when a wanted repository is not there."""
        self.repositories()
        if self.missing:
            raise NotFound(
                f"There is no repository {', '.join(self.missing)} in {self._owner}, or the token does not see it.",
                remedy=f"Give the token access to it, or take it out of {self._wanted_in}. The others are read.",
            )

    def page(self, repository: str, path: str) -> Any:
        """One row of a list, which proves that the token may read it."""
        return self._http.get(self._path(repository, path), {"per_page": 1})

    def updated(self, repository: str, path: str, start: datetime | None) -> Iterator[Rows]:
        """Rows of any state updated since `start`. Newest first: what changes meanwhile pushes rows down, never away."""
        params = {"state": "all", "sort": "updated", "direction": "desc", "per_page": ROWS_A_PAGE}
        pages = self._http.paginate_links(self._path(repository, path), params)
        return down_to(start, "updated_at", pages)

    def unless_unchanged(self, repository: str, path: str, etag: str) -> Listing:
        """A list that costs nothing while its first page has the ETag of the last time."""
        place, params = self._path(repository, path), {"per_page": ROWS_A_PAGE}
        first = self._http.answer(place, params, {"If-None-Match": etag} if etag else None)
        if first.status == 304:
            return Listing(etag, None)
        is_one_page = 'rel="next"' not in first.headers.get("link", "")
        rest = () if is_one_page else self._http.paginate_links(place, {**params, "page": 2})
        return Listing(first.headers.get("etag", ""), chain([first.body], rest), is_one_page)

    def runs(self, repository: str, start: datetime, end: datetime) -> Iterator[tuple[Rows, int]]:
        """Workflow runs created in a span; the first page of each search comes with how many it finds, the others with 0.

        A search that finds more than it shows is asked for in halves. Raises WindowTooLarge where a minute has too many.
        """
        params = {"created": f"{start:%Y-%m-%dT%H:%M:%SZ}..{end:%Y-%m-%dT%H:%M:%SZ}", "per_page": ROWS_A_PAGE}
        is_first = True
        for body in self._http.paginate_links(self._path(repository, "actions/runs"), params):
            count = body["total_count"]
            if count > MOST_RUNS:
                half = (end - start) // SHORTEST_SPAN // 2 * SHORTEST_SPAN
                if not half:
                    raise WindowTooLarge(f"{count} workflow runs are found, and {MOST_RUNS} shown.")
                yield from self.runs(repository, start, start + half)
                yield from self.runs(repository, start + half, end)
                return
            yield body["workflow_runs"], count if is_first else 0
            is_first = False

    def _repositories(self) -> Iterator[Rows]:
        if not self._wanted:
            yield from self._http.paginate_links(f"/orgs/{self._owner}/repos", {"per_page": ROWS_A_PAGE})
            return
        for name in self._wanted:
            try:
                yield [self._http.get(f"/repos/{self._owner}/{name}")]
            except NotFound:
                self.missing.append(name)

    def _path(self, repository: str, path: str) -> str:
        return f"/repos/{self._owner}/{repository}/{path}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _is_before(text: object, start: datetime) -> bool:
    """False of what is no moment: a strange record is read, and stops no list."""
    try:
        return moment(str(text)) < start
    except (TypeError, ValueError):
        return False


def repository_of(row: Json) -> str:
    """The repository that a record's own address names: .../repos/<owner>/<repository>/..."""
    return str(row["url"]).partition("/repos/")[2].split("/")[1]


def is_of(row: Json, repository: str) -> bool:
    """Whether a record's own address names a repository; false of one whose address cannot be read."""
    try:
        return repository_of(row) == repository
    except LookupError:
        return False


def down_to(start: datetime | None, field: str, pages: Iterable[Rows]) -> Iterator[Rows]:
    """Pages of a list whose newest rows come first, until its rows are older than `start`."""
    for rows in pages:
        fresh = [row for row in rows if start is None or not _is_before(value_at(row, field), start)]
        yield fresh
        if len(fresh) < len(rows):
            return
