"""GitHub: repositories, pull requests with reviews and commits, releases, deployments with statuses, workflow runs, issues.

Endpoints: the REST lists of an organisation's repositories, or of those that are named. Reviews and commits are asked
for once per pull request that changed, statuses once per deployment that changed or is a few days old at most.
Access: a fine-grained token that reads; a classic token or an app's token does as well.
Deletes: a release that is gone becomes deleted; nothing else is taken for deleted, as nothing else is listed whole.
Limits: lists of releases and deployments are asked for with the ETag of the last time: no news costs no request.
Try it: `pops check github`.
"""

import json
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import RateLimited, ScopeMissing
from connectors.github.lists import Json, Lists, down_to, moment, repository_of
from connectors.habits import Habits, Sign
from connectors.http import BearerAuth, Http
from connectors.rows import raw_record
from connectors.settings import SourceSettings
from connectors.whole import whole

API_VERSION = "2022-11-28"
# Stream -> the stream of whose records it is asked for, and the list below one of them.
CHILDREN = {
    "reviews": ("pull_requests", "pulls/{number}/reviews"),
    "pull_request_commits": ("pull_requests", "pulls/{number}/commits"),
    "deployment_statuses": ("deployments", "deployments/{id}/statuses"),
}
# Of pull requests or deployments whose children are asked for; a repository's list counts as ten.
PARTS_A_WINDOW = 100
A_LIST = 10
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


def _stream(name: str, holds: Words, *personal_data: str, **more: Any) -> Stream:
    cursor = "per repository: moment of the last reading, and the ETag or the last record that was asked for"
    options: dict[str, Any] = {"cursor": cursor, "look_back": timedelta(hours=1)}
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
        _stream("repositories", Words("The code repositories", "Les dépôts de code"), version="updated_at"),
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
            key="repository and number of the pull request",
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
        self._positions: Cursor = {}

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

    def windows(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Iterator[Window]:
        self._positions = dict(cursor or {})
        if stream.name == "repositories":
            yield Window(None, until, {"read_until": until.isoformat()})
            self._lists.refuse_missing()
            return
        parents = self._parents(CHILDREN[stream.name][0]) if stream.name in CHILDREN else {}
        parts: list[Json] = []
        for repository in self._lists.repositories():
            name = repository["name"]
            held = self._positions.get(name, {})
            done = moment(held["read_until"]) if held else None
            start = None if done is None else done - stream.look_back
            if stream.name == "workflow_runs":
                yield from self._spans(name, start or history_start, until)
            elif stream.name in CHILDREN:
                parts += self._batches(name, parents.get(name, []), start)
            elif done is None or done < until or "etag" in held:
                since = start and start.isoformat()
                parts.append(
                    {"repository": name, "since": since, "until": until.isoformat(), "size": A_LIST, **held}
                )
        yield from self._together(parts)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if window.position is None:
            yield Page([raw_record(row, "updated_at") for row in self._lists.repositories()])
            return
        if window.start is not None and stream.name == "workflow_runs":
            assert window.end is not None
            for rows, count in self._lists.runs(window.position["repository"], window.start, window.end):
                yield Page([raw_record(row, "updated_at") for row in rows], vendor_count=count)
            return
        for part in window.position["parts"]:
            yield from self._part(stream, part)

    def _part(self, stream: Stream, part: Json) -> Iterator[Page]:
        """The pages of one repository."""
        name = part["repository"]
        if stream.name in CHILDREN:
            yield from self._children(stream, name, part["asked_for"])
        elif stream.name in ("releases", "deployments"):
            yield from self._unless_unchanged(stream, part)
        else:
            path = "pulls" if stream.name == "pull_requests" else "issues"
            for rows in self._lists.updated(name, path, _since(part)):
                # The vendor lists pull requests among the issues once more.
                own = [row for row in rows if "pull_request" not in row]
                yield Page([raw_record(row, "updated_at") for row in own])

    def split(self, window: Window) -> list[Window]:
        """Halves of a span of workflow runs; nothing else is ever too large."""
        if window.start is None or window.end is None or window.end - window.start < timedelta(minutes=2):
            return []
        middle = window.start + (window.end - window.start) / 2
        name = (window.position or {})["repository"]
        spans = ((window.start, middle), (middle, window.end))
        return [Window(start, end, self._after(name, end), window.position) for start, end in spans]

    def _unless_unchanged(self, stream: Stream, part: Json) -> Iterator[Page]:
        name = part["repository"]
        listing = self._lists.unless_unchanged(name, stream.name, part.get("etag", ""))
        etag = listing.etag
        if listing.pages is not None and stream.name == "releases":
            held = [
                each for each in self.known(stream.name) if repository_of(json.loads(each.record)) == name
            ]
            yield from whole(([raw_record(row) for row in rows] for rows in listing.pages), held)
            # A release that is deleted on a later page leaves the first page's ETag as it is.
            etag = etag if listing.is_one_page else ""
        elif listing.pages is not None:
            for rows in down_to(_since(part), "created_at", listing.pages):
                yield Page([raw_record(row, "updated_at") for row in rows])
        yield Page([], cursor=self._after(name, moment(part["until"]), etag=etag))

    def _children(self, stream: Stream, name: str, parents: list[Json]) -> Iterator[Page]:
        for parent in parents:
            pages = self._lists.whole(name, CHILDREN[stream.name][1].format(**parent))
            if stream.name == "pull_request_commits":
                # One record, so that commits which a force push took away are gone with the next version.
                commits = [row for rows in pages for row in rows]
                record = {"repository": name, "pull_number": parent["number"], "commits": commits}
                text = json.dumps(record, ensure_ascii=False)
                yield Page([RawRecord(f"{name}#{parent['number']}", "", text)])
                continue
            version = "created_at" if stream.name == "deployment_statuses" else ""
            for rows in pages:
                yield Page([raw_record(row, version) for row in rows])

    def _parents(self, stream: str) -> dict[str, list[tuple[datetime, Json]]]:
        """Per repository, when each record of the parent stream was last changed, and how its list is addressed."""
        result: dict[str, list[tuple[datetime, Json]]] = {}
        for each in self.known(stream):
            row = json.loads(each.record)
            address = {name: row[name] for name in ("id", "number") if name in row}
            changed_at = max(moment(row["created_at"]), moment(row["updated_at"]))
            result.setdefault(repository_of(row), []).append((changed_at, address))
        return {name: sorted(rows, key=lambda each: each[0]) for name, rows in result.items()}

    def _batches(
        self, name: str, parents: list[tuple[datetime, Json]], start: datetime | None
    ) -> Iterator[Json]:
        """Parts of what changed since the last one that was asked for, and of what may still change unnoticed."""
        changed = [each for each in parents if start is None or each[0] >= start]
        for place in range(0, len(changed), PARTS_A_WINDOW):
            batch = changed[place : place + PARTS_A_WINDOW]
            ends = {"since": batch[0][0].isoformat(), "until": batch[-1][0].isoformat()}
            asked = [address for _, address in batch]
            yield {"repository": name, "asked_for": asked, "size": len(asked), **ends}

    def _together(self, parts: list[Json]) -> Iterator[Window]:
        """Windows of several parts, since a load costs more than a small repository's rows."""
        while parts:
            size, taken = 0, list[Json]()
            while parts and (not taken or size + parts[0]["size"] <= PARTS_A_WINDOW):
                taken.append(parts.pop(0))
                size += taken[-1]["size"]
            after: Cursor = {}
            for part in taken:
                after = self._after(part["repository"], moment(part["until"]))
            starts = [_since(part) for part in taken]
            start = None if None in starts else min(each for each in starts if each is not None)
            end = max(moment(part["until"]) for part in taken)
            yield Window(start, end, after, {"parts": taken})

    def _spans(self, name: str, start: datetime, until: datetime) -> Iterator[Window]:
        while start < until:
            end = min(start + RUNS_A_WINDOW, until)
            yield Window(start, end, self._after(name, end), {"repository": name})
            start = end

    def _after(self, name: str, reached: datetime | None, **more: Any) -> Cursor:
        """The cursor once this repository is read so far."""
        self._positions[name] = {"read_until": reached.isoformat() if reached else None, **more}
        return dict(self._positions)


def _since(part: Json) -> datetime | None:
    return moment(part["since"]) if part["since"] else None
