"""Jira Cloud: projects, statuses, fields, issues, changelogs, sprints and versions.

Endpoints: `/search/jql` (issues), `/issue/bulkfetch` (issues by id), `/changelog/bulkfetch` (the whole history of every issue that changed), lists for the
rest; sprints come from the agile API, which a site without Jira Software refuses: an optional stream.
Access: an account's e-mail and API token; the account needs *Browse projects* in every project that is to count.
Deletes: nothing tells of a deleted issue: a sweep over all ids finds it, each week and when a project went. Projects,
sprints and versions that are gone from a whole reading become deleted; statuses and fields stay, because old histories
still name them, and so do the histories of a deleted issue.
Time: windows are epoch milliseconds, because JQL dates are minutes in the account's own time zone.
Try it: `pops check jira`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.contract import Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import ScopeMissing
from connectors.http import BasicAuth, Http
from connectors.jira.answers import asked_by, by_token, histories, whole_list
from connectors.planning import next_window, reached
from connectors.rows import listed_ids, raw_record, value_at
from connectors.settings import SourceSettings
from connectors.whole import whole

Json = dict[str, Any]

SITE_ID = (
    "REST API, version 3: `id` is unique among all of its kind in the site, histories of changes included."
)
# Older than any issue: Jira refuses a search without bounds.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
# A longer window stops early, so that a kill loses little.
PAGES_A_WINDOW = 50
ISSUES_A_PAGE = 100
# What people write stays at the vendor: no model reads it, and it is most of an issue's bytes.
ISSUE_FIELDS = ["*all", "-description", "-environment", "-comment", "-worklog", "-attachment"]
# Without fields an issue is so small that a page holds thousands.
IDS_A_PAGE = 5000
ISSUES_A_BULKFETCH = 1000


class JiraSettings(SourceSettings):
    """Base URL `https://<site>.atlassian.net`, and the e-mail and API token of the reading account."""

    email: str
    api_token: SecretStr
    requests_per_minute: int | None = 600

    def auth(self) -> httpx.Auth:
        return BasicAuth(self.email, self.api_token)


def _searched(name: str, holds: Words, *personal_data: str, version: str, **more: Any) -> Stream:
    return Stream(
        name,
        holds,
        personal_data,
        # The key of an issue is no key: it changes when the issue moves.
        key_source=SITE_ID,
        version=version,
        cursor="end of the last window of `updated`",
        # The search index runs behind: an issue that it shows late is found by the next night's look-back.
        lag=timedelta(minutes=5),
        look_back=timedelta(minutes=60),
        **more,
    )


class JiraConnector(Connector):
    """Issues and changelogs search the same windows of `updated`, each by its own cursor; the rest is read whole."""

    name = "jira"
    title = "Jira"
    console = "https://id.atlassian.com"
    family = "delivery"
    unread = Words(
        "Work stands where it stood in the last good night: what was finished since then counts as open.",
        "Le travail est figé à la dernière nuit réussie : ce qui a été terminé depuis compte comme ouvert.",
    )
    access = "an API token with read:jira-work and read:jira-user of an account that may browse the projects."
    Settings = JiraSettings
    streams = (
        Stream(
            "projects",
            Words(
                "The delivery projects, one for each team or product",
                "Les projets de réalisation, un par équipe ou produit",
            ),
            ("lead",),
            key_source=SITE_ID,
            deletes="vanish",
        ),
        Stream(
            "statuses",
            Words(
                "The statuses that work can have, and the category of each",
                "Les statuts que le travail peut prendre, et la catégorie de chacun",
            ),
            (),
            key_source=SITE_ID,
        ),
        Stream(
            "fields",
            Words(
                "The fields that this Jira knows, its own ones included",
                "Les champs que ce Jira connaît, les siens compris",
            ),
            (),
            key_source=SITE_ID,
        ),
        _searched(
            "issues",
            Words(
                "Pieces of work: epics, stories, bugs, with their state of now",
                "Éléments de travail : epics, stories, anomalies, dans leur état actuel",
            ),
            "fields",
            version="fields.updated",
            is_swept=True,
            part_of="projects",
        ),
        _searched(
            "changelogs",
            Words(
                "Every change of a piece of work: from here come times in each stage",
                "Chaque changement d'un élément de travail : d'où viennent les durées par étape",
            ),
            "author",
            "items",
            version="created",
        ),
        Stream(
            "sprints",
            Words(
                "The sprints of the teams, with their begin and end",
                "Les sprints des équipes, avec leur début et leur fin",
            ),
            (),
            key_source=SITE_ID,
            deletes="vanish",
            optional=True,
        ),
        Stream(
            "versions",
            Words(
                "Planned and released versions, with their dates",
                "Versions prévues et publiées, avec leurs dates",
            ),
            (),
            key_source=SITE_ID,
            deletes="vanish",
        ),
    )

    def __init__(self, settings: JiraSettings, http: Http) -> None:
        super().__init__(settings, http)

    def check(self) -> None:
        self._http.get("/rest/api/3/myself")
        if not self._http.get("/rest/api/3/project/search", {"maxResults": 1})["values"]:
            raise ScopeMissing(
                "The account sees no project.", remedy="Give the account the permission Browse projects."
            )

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        if stream.is_whole:
            return super().next_window(stream, cursor, until, history_start)
        return next_window(cursor, "read_until", until - stream.lag, BEGINNING, look_back=stream.look_back)

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        if stream.name == "issues":
            return self._issues(window)
        if stream.name == "changelogs":
            return self._changelogs(window)
        held = self.known(stream.name) if stream.deletes == "vanish" else ()
        parts = self.parts[stream.name]
        rows = whole_list(self._http, stream.name, parts)
        return whole(([raw_record(row) for row in page] for page in rows), held, parts)

    def ids(self, stream: Stream) -> Iterator[str]:
        beginning = int(BEGINNING.timestamp() * 1000)
        query = {"jql": f"created >= {beginning} ORDER BY id ASC", "fields": ["id"], "maxResults": IDS_A_PAGE}
        for body in by_token(self._http, "/rest/api/3/search/jql", query):
            yield from listed_ids(body["issues"])

    def by_id(self, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        # A search for an issue that is not there is refused as a whole.
        body = self._http.post("/rest/api/3/issue/bulkfetch", {"issueIdsOrKeys": ids, "fields": ISSUE_FIELDS})
        yield [raw_record(issue, "fields.updated") for issue in body["issues"]]

    def _issues(self, window: Window) -> Iterator[Page]:
        for issues, stopped in self._search(window, ISSUE_FIELDS):
            yield Page([raw_record(issue, "fields.updated") for issue in issues], cursor=stopped)
            if stopped:
                return
        answer = self._http.post("/rest/api/3/search/approximate-count", {"jql": _jql(window)})
        yield Page([], vendor_count=answer["count"])

    def _changelogs(self, window: Window) -> Iterator[Page]:
        """Every history of the issues updated in the window; raw has most of them already and keeps only the new."""
        waiting: list[str] = []
        reached_at: Cursor | None = None
        for issues, stopped in self._search(window, ["updated"]):
            reached_at = stopped
            waiting += [found for issue in issues if (found := asked_by(issue)) is not None]
            if len(waiting) > ISSUES_A_BULKFETCH - ISSUES_A_PAGE:
                yield from self._histories(waiting)
                waiting = []
        if waiting:
            yield from self._histories(waiting)
        yield Page([], cursor=reached_at)

    def _search(self, window: Window, fields: list[str]) -> Iterator[tuple[list[Json], Cursor | None]]:
        """Pages of issues by `updated`. After 50 of them the window stops at an issue: the last page says where."""
        query = {"jql": _jql(window), "fields": fields, "maxResults": ISSUES_A_PAGE}
        for number, body in enumerate(by_token(self._http, "/rest/api/3/search/jql", query), 1):
            issues = body["issues"]
            updated = value_at(issues[-1], "fields.updated") if issues else None
            if number >= PAGES_A_WINDOW and updated and body.get("nextPageToken"):
                last = datetime.fromisoformat(updated)
                # While all issues are of one moment there is no place to stop.
                if window.start is not None and window.end is not None and last > window.start:
                    yield issues, reached("read_until", last, window.end)
                    return
            yield issues, None

    def _histories(self, issue_ids: list[str]) -> Iterator[Page]:
        for rows in histories(self._http, issue_ids):
            yield Page([raw_record(row, "created") for row in rows])


def _jql(window: Window) -> str:
    start, end = (int(each.timestamp() * 1000) for each in (window.start, window.end) if each is not None)
    return f"updated >= {start} AND updated < {end} ORDER BY updated ASC"
