"""GitHub: repositories, pull requests with reviews and commits, releases, deployments with statuses, workflow runs, issues.

Endpoints: the REST lists of an organisation's repositories, or of those that are named. Reviews and commits of pull
requests that changed, and statuses of deployments that changed or are a few days old at most, are asked for by GraphQL,
a hundred pull requests or deployments a request.
Access: a fine-grained token that reads; a classic token or an app's token does as well.
Deletes: a release that is gone becomes deleted; nothing else is taken for deleted, as nothing else is listed whole.
Limits: lists of releases and deployments are asked for with the ETag of the last time: no news costs no request.
Try it: `pops check github`.
"""

import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, Stream, Window, Words
from connectors.errors import RateLimited, ScopeMissing
from connectors.github.graph import Graph, Owner, Parent, parent_of
from connectors.github.lists import Json, Lists, down_to, is_of, moment
from connectors.github.streams import CHILDREN, STREAMS
from connectors.habits import Habits, Sign
from connectors.http import BearerAuth, Http
from connectors.planning import next_span, reached
from connectors.rows import raw_record
from connectors.settings import SourceSettings, prefix
from connectors.whole import whole

API_VERSION = "2022-11-28"
# Of pull requests or deployments whose children are asked for, ten requests' worth; a repository's list counts as a hundred.
PARTS_A_WINDOW = 1000
A_LIST = 100
RUNS_A_WINDOW = timedelta(days=91)
# The name of a request for the children of several repositories at once.
TOGETHER = "together"


class TokenAuth(BearerAuth):
    """A bearer token, and the version of the API that this connector was written for."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-GitHub-Api-Version"] = API_VERSION
        request.headers["Accept"] = "application/vnd.github+json"
        yield from super().auth_flow(request)


class GitHubSettings(SourceSettings):
    """Base URL `https://api.github.com`, or `https://<host>/api/v3` of an own server; `owner`: the organisation.

    `repositories`: names separated by commas; empty: all that the token sees.
    """

    usual_address = "https://api.github.com"
    habits = Habits(signs=(Sign(RateLimited, 403, at="message", says=("secondary rate limit",)),))
    token: SecretStr
    owner: str
    repositories: str = ""
    # The vendor allows 5,000 requests an hour.
    requests_per_minute: int | None = 80

    def auth(self) -> httpx.Auth:
        return TokenAuth(self.token)

    @property
    def graph_url(self) -> str:
        """The GraphQL API: `/graphql` beside the REST API, `/api/graphql` beside `/api/v3` of an own server."""
        return f"{self.root.removesuffix('/v3')}/graphql"


class GitHubConnector(Connector):
    """Every stream but the first has a position for each repository; a window holds parts of a few of them."""

    name = "github"
    title = "GitHub"
    console = "https://github.com"
    family = "delivery"
    unread = Words(
        "Code and deployments since then are missing: changes that were shipped look as if they waited.",
        "Le code et les déploiements depuis lors manquent : des changements livrés semblent en attente.",
    )
    access = (
        "a fine-grained token of the organisation that reads Metadata, Contents, Pull requests, Issues, Deployments "
        "and Actions of the repositories."
    )
    Settings = GitHubSettings
    streams = STREAMS

    def __init__(self, settings: GitHubSettings, http: Http) -> None:
        wanted = [name.strip() for name in settings.repositories.split(",") if name.strip()]
        super().__init__(settings, http)
        self._owner = settings.owner
        self._lists = Lists(http, settings.owner, wanted, f"{prefix(self.name)}REPOSITORIES")
        self._graph = Graph(http, settings.graph_url)
        self._parents_of: dict[str, dict[str, list[Parent]]] = {}

    def check(self) -> None:
        found = self._lists.repositories()
        self._lists.refuse_missing()
        if not found:
            raise ScopeMissing(
                f"The token sees no repository of {self._owner}.",
                remedy="Give the token access to the repositories, and let an owner of the organisation approve it.",
            )
        for path in ("pulls", "issues", "releases", "deployments"):
            self._lists.page(found[0]["name"], path)
        self._graph.check()

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            window = super().next_window(stream, cursor, until, history_start)
            if window is None:
                # Told once those that are there are loaded.
                self._lists.refuse_missing()
            return window
        positions = cursor or {}
        refused = self.parts[stream.name].refused
        parts = {
            name: _next_runs(name, stream, positions.get(name), until, history_start)
            if stream.name == "workflow_runs"
            else self._next_part(name, stream, positions.get(name), until)
            for name in self._names(stream)
            if name not in refused
        }
        if any(part is None and positions.get(name) for name, part in parts.items()):
            self.parts[stream.name].is_any_read = True
        return _together(positions, [part for part in parts.values() if part is not None])

    def _names(self, stream: Stream) -> list[str]:
        """The repositories that have such a list: one in which issues are switched off answers 410 to the question."""
        rows = self._lists.repositories()
        return [row["name"] for row in rows if stream.name != "issues" or row.get("has_issues") is not False]

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if window.position is None:
            yield Page([raw_record(row, "updated_at") for row in self._lists.repositories()])
            return
        if stream.name in CHILDREN:
            with self.parts[stream.name].reading(TOGETHER):
                yield from self._children(stream, window.position["parts"])
            # Refused together, the repositories are asked one by one, to find whose refusal it is.
            if self.parts[stream.name].refused.pop(TOGETHER, None) is None:
                return
        reached, found = window.cursor_after, 0
        for part in window.position["parts"]:
            name = part["repository"]
            with self.parts[stream.name].reading(name):
                for page in self._part(stream, part):
                    found += page.vendor_count or 0
                    reached = reached | (page.cursor or {})
                    yield replace(
                        page, cursor=reached, vendor_count=None if page.vendor_count is None else found
                    )
            if name in self.parts[stream.name].refused:
                others = {each: place for each, place in reached.items() if each != name}
                reached = others | ({name: part["before"]} if part["before"] else {})
                yield Page([], cursor=reached)

    def _part(self, stream: Stream, part: Json) -> Iterator[Page]:
        """The pages of one repository; a cursor of theirs is of this repository alone, and so is what the vendor counts."""
        name = part["repository"]
        if stream.name in CHILDREN:
            yield from self._children(stream, [part])
        elif stream.name == "workflow_runs":
            yield from self._runs(part)
        elif stream.name in ("releases", "deployments"):
            yield from self._unless_unchanged(stream, part)
        else:
            path = "pulls" if stream.name == "pull_requests" else "issues"
            for rows in self._lists.updated(name, path, _since(part)):
                # The vendor lists pull requests among the issues once more.
                own = [row for row in rows if "pull_request" not in row]
                yield Page([raw_record(row, "updated_at") for row in own])

    def _children(self, stream: Stream, parts: list[Json]) -> Iterator[Page]:
        owners = [Owner(**each) for part in parts for each in part["asked_for"]]
        return self._graph.pages(stream.name, owners)

    def _runs(self, part: Json) -> Iterator[Page]:
        start, end = moment(part["since"]), moment(part["until"])
        for rows, count in self._lists.runs(part["repository"], start, end):
            yield Page([raw_record(row, "updated_at") for row in rows], vendor_count=count)

    def _unless_unchanged(self, stream: Stream, part: Json) -> Iterator[Page]:
        name = part["repository"]
        listing = self._lists.unless_unchanged(name, stream.name, part["etag"])
        etag = listing.etag
        if listing.pages is not None and stream.name == "releases":
            held = [each for each in self.known(stream.name) if is_of(json.loads(each.record), name)]
            yield from whole(([raw_record(row) for row in rows] for rows in listing.pages), held)
            # A release that is deleted on a later page leaves the first page's ETag as it is.
            etag = etag if listing.is_one_page else ""
        elif listing.pages is not None:
            for rows in down_to(_since(part), "created_at", listing.pages):
                yield Page([raw_record(row, "updated_at") for row in rows])
        yield Page([], cursor={name: {**part["after"], "etag": etag}})

    def _next_part(self, name: str, stream: Stream, held: Cursor | None, until: datetime) -> Json | None:
        """What is to be asked for next of a repository: one of its lists, or those of some of its records."""
        if stream.name in CHILDREN:
            return self._next_children(name, stream, held, until)
        done = moment(held["read_until"]) if held else None
        if done is not None and done >= until:
            return None
        return {
            "repository": name,
            "since": None if done is None else (done - stream.look_back).isoformat(),
            "until": until.isoformat(),
            "size": A_LIST,
            "etag": (held or {}).get("etag", ""),
            "before": held,
            "after": {"read_until": until.isoformat()},
        }

    def _next_children(self, name: str, stream: Stream, held: Cursor | None, until: datetime) -> Json | None:
        """Records that changed since the last one that was asked for, and those that may still change unnoticed."""
        waiting = self._parents(CHILDREN[stream.name]).get(name, [])
        if held and held.get("toward") == until.isoformat():
            waiting = [each for each in waiting if each[:2] > (moment(held["read_until"]), held["last"])]
        elif held:
            start = moment(held["read_until"]) - stream.look_back
            waiting = [each for each in waiting if each[0] >= start]
        batch = waiting[:PARTS_A_WINDOW]
        if not batch:
            return None
        changed_at, last, _ = batch[-1]
        return {
            "repository": name,
            "since": batch[0][0].isoformat(),
            "until": changed_at.isoformat(),
            "size": len(batch),
            "asked_for": [owner for _, _, owner in batch],
            "before": held,
            "after": {**reached("read_until", changed_at, until), "last": last},
        }

    def _parents(self, stream: str) -> dict[str, list[Parent]]:
        """Per repository, the records of the parent stream, which was read before, in the order of their last change."""
        if stream not in self._parents_of:
            found: dict[str, list[Parent]] = {}
            for each in self.known(stream):
                parent = parent_of(each.record_id, json.loads(each.record))
                if parent is not None:
                    found.setdefault(parent[2]["repository"], []).append(parent)
            self._parents_of[stream] = {name: sorted(rows, key=_order) for name, rows in found.items()}
        return self._parents_of[stream]


def _next_runs(
    name: str, stream: Stream, held: Cursor | None, until: datetime, history_start: datetime
) -> Json | None:
    """The next span of a repository's workflow runs."""
    span = next_span(
        held, "read_until", until, history_start, look_back=stream.look_back, longest=RUNS_A_WINDOW
    )
    if span is None:
        return None
    return {
        "repository": name,
        "since": span.start.isoformat(),
        "until": span.stop.isoformat(),
        "size": A_LIST,
        "before": held,
        "after": span.cursor_after,
    }


def _order(parent: Parent) -> tuple[datetime, str]:
    return parent[:2]


def _together(positions: Cursor, parts: list[Json]) -> Window | None:
    """A window of the first parts, since a load costs more than a small repository's rows."""
    taken: list[Json] = []
    for part in parts:
        if taken and sum(each["size"] for each in (*taken, part)) > PARTS_A_WINDOW:
            break
        taken.append(part)
    if not taken:
        return None
    starts = [_since(part) for part in taken]
    start = None if None in starts else min(each for each in starts if each is not None)
    end = max(moment(part["until"]) for part in taken)
    after = positions | {part["repository"]: part["after"] for part in taken}
    return Window(start, end, after, {"parts": taken})


def _since(part: Json) -> datetime | None:
    return moment(part["since"]) if part["since"] else None
