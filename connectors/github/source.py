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
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, Stream, Window, Words
from connectors.errors import RateLimited, ScopeMissing
from connectors.github.graph import Graph, Owner, Parent, parent_of
from connectors.github.lists import Json, Lists, down_to, is_of, moment
from connectors.habits import Habits, Sign
from connectors.http import BearerAuth, Http
from connectors.planning import next_span, reached
from connectors.rows import raw_record
from connectors.settings import SourceSettings
from connectors.whole import whole

API_VERSION = "2022-11-28"
# Stream -> the stream of whose records it is asked for.
CHILDREN = {
    "reviews": "pull_requests",
    "pull_request_commits": "pull_requests",
    "deployment_statuses": "deployments",
}
# Of pull requests or deployments whose children are asked for, ten requests' worth; a repository's list counts as a hundred.
PARTS_A_WINDOW = 1000
A_LIST = 100
RUNS_A_WINDOW = timedelta(days=91)


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


# Before, a list of commits was known by the name of its repository and the number of its pull request. Where a name was used
# again, what was stored is that of the repository which has it now.
OLDER_COMMITS_KEY = """coalesce(
    (
        select arg_max(pulls.record_id, pulls.extracted_at)
        from raw_github.pull_requests as pulls
        where
            json_extract_string(pulls.record, '$.number')
                = json_extract_string(pull_request_commits.record, '$.pull_number')
            and split_part(split_part(json_extract_string(pulls.record, '$.url'), '/repos/', 2), '/', 2)
                = json_extract_string(pull_request_commits.record, '$.repository')
    ),
    pull_request_commits.record_id
)"""
# Before, a status was known by its number, which GraphQL does not tell.
OLDER_STATUSES_KEY = "coalesce(json_extract_string(record, '$.node_id'), record_id)"
SERVER_ID = "REST API: `id` is unique among all of its kind on the server; `number` only in its repository."


def _stream(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    cursor = "per repository: moment of the last reading, and the ETag or the last record that was asked for"
    options: dict[str, Any] = {"cursor": cursor, "look_back": timedelta(hours=1), "key_source": SERVER_ID}
    return Stream(name, holds, personal_data, **options | more)


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
    streams = (
        Stream(
            "repositories",
            Words("The code repositories", "Les dépôts de code"),
            (),
            key_source=SERVER_ID,
            version="updated_at",
        ),
        _stream(
            "pull_requests",
            Words(
                "Proposed changes of code: opened, reviewed, merged",
                "Changements de code proposés : ouverts, relus, fusionnés",
            ),
            "user",
            "title",
            "body",
            "head.label",
            "assignees",
            version="updated_at",
        ),
        _stream(
            "reviews",
            Words(
                "Reviews of proposed changes, with their verdict",
                "Relectures des changements proposés, avec leur verdict",
            ),
            "user",
            "body",
        ),
        _stream(
            "pull_request_commits",
            Words(
                "The commits of each proposed change: when the work on it began",
                "Les commits de chaque changement proposé : quand le travail a commencé",
            ),
            "commits",
            key="id of the pull request",
            key_source="REST API: `id` of a pull request is unique on the server; its commits are one record here.",
            key_version=2,
            older_key=OLDER_COMMITS_KEY,
        ),
        _stream(
            "releases",
            Words("Releases as they were announced", "Versions telles qu'elles ont été annoncées"),
            "author",
            "body",
            deletes="vanish",
        ),
        _stream(
            "deployments",
            Words("Deployments to each environment", "Déploiements vers chaque environnement"),
            "creator",
            "description",
            "payload",
            version="updated_at",
            look_back=timedelta(days=3),
        ),
        _stream(
            "deployment_statuses",
            Words("How each deployment went, and when", "Comment chaque déploiement s'est passé, et quand"),
            "creator",
            "description",
            key="node_id",
            key_source="GraphQL API: `id`, the REST API's `node_id`, is unique among all objects of the server.",
            key_version=2,
            older_key=OLDER_STATUSES_KEY,
            version="created_at",
            look_back=timedelta(days=3),
        ),
        _stream(
            "issues",
            Words(
                "Issues that are kept in GitHub, incidents among them",
                "Tickets tenus dans GitHub, incidents compris",
            ),
            "user",
            "title",
            "body",
            "assignees",
            "closed_by",
            version="updated_at",
        ),
        _stream(
            "workflow_runs",
            Words(
                "Runs of the automatic builds and tests", "Exécutions des compilations et tests automatiques"
            ),
            "actor",
            "triggering_actor",
            "head_commit",
            "display_title",
            version="updated_at",
            look_back=timedelta(days=3),
            optional=True,
        ),
    )

    def __init__(self, settings: GitHubSettings, http: Http) -> None:
        wanted = [name.strip() for name in settings.repositories.split(",") if name.strip()]
        super().__init__(settings, http)
        self._owner = settings.owner
        self._lists = Lists(http, settings.owner, wanted)
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
        names = [repository["name"] for repository in self._lists.repositories()]
        if stream.name == "workflow_runs":
            parts = (_next_runs(name, stream, positions.get(name), until, history_start) for name in names)
        else:
            parts = (self._next_part(name, stream, positions.get(name), until) for name in names)
        return _together(positions, [part for part in parts if part is not None])

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if window.position is None:
            yield Page([raw_record(row, "updated_at") for row in self._lists.repositories()])
            return
        if stream.name in CHILDREN:
            owners = [Owner(**each) for part in window.position["parts"] for each in part["asked_for"]]
            yield from self._graph.pages(stream.name, owners)
            return
        if stream.name == "workflow_runs":
            yield from self._runs(window.position["parts"])
            return
        reached = window.cursor_after
        for part in window.position["parts"]:
            for page in self._part(stream, part):
                if page.cursor is not None:
                    reached = reached | page.cursor
                yield replace(page, cursor=reached)

    def _part(self, stream: Stream, part: Json) -> Iterator[Page]:
        """The pages of one repository; a cursor of theirs is of this repository alone."""
        name = part["repository"]
        if stream.name in ("releases", "deployments"):
            yield from self._unless_unchanged(stream, part)
        else:
            path = "pulls" if stream.name == "pull_requests" else "issues"
            for rows in self._lists.updated(name, path, _since(part)):
                # The vendor lists pull requests among the issues once more.
                own = [row for row in rows if "pull_request" not in row]
                yield Page([raw_record(row, "updated_at") for row in own])

    def _runs(self, parts: list[Json]) -> Iterator[Page]:
        found = 0
        for part in parts:
            start, end = moment(part["since"]), moment(part["until"])
            for rows, count in self._lists.runs(part["repository"], start, end):
                found += count
                yield Page([raw_record(row, "updated_at") for row in rows], vendor_count=found)

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
