"""What the contract suite must know of each source. A new connector joins by one entry (`contract_second_cases.CASES`)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sandbox.serving.state import SandboxState

NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)

# Answers the ids that raw must hold and show as not deleted, from what the company has at a moment.
Expected = Callable[[SandboxState, datetime], set[str]]


@dataclass(frozen=True)
class StreamCase:
    """How a stream's records can be changed in the sandbox; paths are dotted, into the vendor's record.

    `edited`: a text that may take another value, or another type (None: records of this stream never change).
    `touched`: where the time of change stands. `deleted`: fields that say so, for streams that delete by a flag.
    `lives_in`: the sandbox's name of the stream, when it is another. `alive`: ids that raw must show (None: the ids of
    all records that the sandbox has, less those that are archived or bear the deleted flag). `key`: where the id stands.
    `grows`: a field that nobody knew is shown.
    """

    edited: str | None = None
    touched: tuple[str, ...] = ()
    deleted: Mapping[str, Any] = field(default_factory=dict)
    lives_in: str = ""
    alive: Expected | None = None
    key: str = "id"
    grows: bool = True


@dataclass(frozen=True)
class SourceCase:
    """`streams`: every stream of the connector. `main`: the stream on which pages, faults and quotas are tried; it must
    have several pages once `small_pages` (attribute path -> value, in connector or sandbox) are in place.

    `needs`: streams that must be read before the main one. `paging`: what says where the next page is: a `cursor` in
    the body, a `link` that the connector follows, a `count` of rows, or nothing, the answer being `one_file`.
    `has_refresh`: an expired token is fetched anew. `history`: how much of event streams is read. `personal`: by stream,
    a path that holds personal data. `refused`: a stream whose routes no other stream needs ("": the main one).
    `settings`: further variables, without their prefix. `few_requests`: so many that a run cannot come to its end (None: a run that
    cannot is refused before it begins). `served_as`, `asking`: the sandbox's name of the routes, where one address serves
    several streams, and a text in the query that tells the main stream's requests from the others. `never`: faults that
    this vendor does not know.
    """

    source: str
    main: str
    streams: Mapping[str, StreamCase]
    small_pages: Mapping[str, int] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    paging: Literal["cursor", "link", "count", "one_file"] = "cursor"
    has_refresh: bool = False
    refused: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    few_requests: int | None = 2
    served_as: str = ""
    asking: str = ""
    never: tuple[str, ...] = ()
    history: timedelta = timedelta(days=400)
    personal: Mapping[str, str] = field(default_factory=dict)


def _amplitude_events(state: SandboxState, now: datetime) -> set[str]:
    """Ids of the events uploaded since the history begins, in hours that are complete at `now`."""
    end = (now - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    hour = NIGHT - AMPLITUDE_HISTORY
    found: set[str] = set()
    while hour < end:
        for lines in state.events("amplitude", hour):
            found.update(json.loads(line)["uuid"] for line in lines.splitlines())
        hour += timedelta(hours=1)
    return found


def _associations(state: SandboxState, now: datetime) -> set[str]:
    gone = {
        kind: {each.id for each in state.rows("hubspot", kind) if each.archived}
        for kind in ("contacts", "deals")
    }
    return {
        each.id
        for each in state.rows("hubspot", "associations")
        if not each.archived and each.body["from_id"] not in gone[each.body["from_type"]]
    }


def _versions(state: SandboxState, now: datetime) -> set[str]:
    """Versions are listed by project: those of a deleted project are gone with it."""
    projects = {int(each.id) for each in state.rows("jira", "projects")}
    return {each.id for each in state.rows("jira", "versions") if each.body["projectId"] in projects}


def _archived_too(source: str, stream: str) -> Expected:
    """What is archived was put away, and is not gone."""
    return lambda state, now: {each.id for each in state.rows(source, stream)}


AMPLITUDE_HISTORY = timedelta(days=2)
CRM_TIMES = ("updatedAt", "properties.hs_lastmodifieddate")

AMPLITUDE = SourceCase(
    "amplitude",
    main="events",
    streams={"events": StreamCase(alive=_amplitude_events)},
    paging="one_file",
    history=AMPLITUDE_HISTORY,
)
HUBSPOT = SourceCase(
    "hubspot",
    main="contacts",
    streams={
        "companies": StreamCase("properties.plan", CRM_TIMES),
        "contacts": StreamCase("properties.jobtitle", ("updatedAt", "properties.lastmodifieddate")),
        "deals": StreamCase("properties.dealname", CRM_TIMES),
        "owners": StreamCase("firstName", ("updatedAt",)),
        "associations": StreamCase(alive=_associations),
    },
    small_pages={
        "connectors.hubspot.objects.ROWS_A_LIST_PAGE": 60,
        "connectors.hubspot.objects.ROWS_A_SEARCH_PAGE": 5,
    },
    personal={"contacts": "properties.email", "companies": "properties.name"},
)
ZENDESK = SourceCase(
    "zendesk",
    main="tickets",
    streams={
        "tickets": StreamCase("subject", ("updated_at", "generated_timestamp"), {"status": "deleted"}),
        "ticket_events": StreamCase(),
        "ticket_metric_events": StreamCase(),
        # The company is younger than the history that is read: test_zendesk.py has older tickets.
        "ticket_audits": StreamCase(alive=lambda state, now: set()),
        "users": StreamCase("name", ("updated_at",), {"active": False}),
        "organizations": StreamCase("name", ("updated_at",), {"deleted_at": "2026-11-14T01:30:00Z"}),
        "satisfaction_ratings": StreamCase("comment", ("updated_at",)),
    },
    small_pages={"sandbox.vendors.zendesk.api.EXPORT_PAGE": 60, "sandbox.vendors.zendesk.api.LIST_PAGE": 100},
    has_refresh=True,
    refused="users",
    personal={"tickets": "description", "users": "email"},
)
JIRA = SourceCase(
    "jira",
    main="issues",
    streams={
        "projects": StreamCase("name"),
        "statuses": StreamCase("name"),
        "fields": StreamCase("name"),
        "issues": StreamCase("fields.summary", ("fields.updated",)),
        "changelogs": StreamCase(),
        "sprints": StreamCase("goal"),
        "versions": StreamCase("name", alive=_versions),
    },
    small_pages={"connectors.jira.source.ISSUES_A_PAGE": 50, "connectors.jira.answers.ROWS_A_LIST_PAGE": 20},
    personal={"issues": "fields.summary"},
    refused="statuses",
)

INTERCOM = SourceCase(
    "intercom",
    main="conversations",
    streams={
        "conversations": StreamCase("title", ("updated_at",)),
        "contacts": StreamCase("name", ("updated_at",)),
        "companies": StreamCase("name", ("updated_at",)),
        "admins": StreamCase("name"),
    },
    small_pages={
        "connectors.intercom.source.ROWS_A_PAGE": 60,
        "sandbox.vendors.intercom.api.SCROLL_PAGE": 15,
    },
    personal={"conversations": "title", "contacts": "email", "companies": "name"},
)

PRODUCTBOARD = SourceCase(
    "productboard",
    main="notes",
    streams={
        name: StreamCase("fields.name", ("updatedAt",), alive=_archived_too("productboard", name))
        for name in (
            "notes",
            "features",
            "initiatives",
            "objectives",
            "releases",
            "components",
            "companies",
            "users",
        )
    }
    | {
        "jira_connections": StreamCase(
            "fields.issueKey", alive=_archived_too("productboard", "jira_connections")
        )
    },
    small_pages={"sandbox.vendors.productboard.api.PAGE": 40},
    paging="link",
    personal={"notes": "fields.content", "users": "fields.email"},
)
