"""What the contract suite must know of the tools that came second in their family, or in a family of their own."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.serving.state import SandboxState
from tests.contract_cases import (
    AMPLITUDE,
    HUBSPOT,
    INTERCOM,
    JIRA,
    NIGHT,
    PRODUCTBOARD,
    ZENDESK,
    Expected,
    SourceCase,
    StreamCase,
)

SALESFORCE_TIMES = ("LastModifiedDate", "SystemModstamp")
MIXPANEL_HISTORY = timedelta(days=1)
POSTHOG_HISTORY = timedelta(days=14)
REPOSITORIES = ("studio-web", "insights-web", "insights-engine", "design-tokens")


def _mixpanel_events(state: SandboxState, now: datetime) -> set[str]:
    found: set[str] = set()
    begin = NIGHT - MIXPANEL_HISTORY
    day, last = datetime(begin.year, begin.month, begin.day, tzinfo=UTC), (now - timedelta(hours=2)).date()
    while day.date() <= last:
        for line in b"".join(state.events("mixpanel", day)).splitlines():
            event = json.loads(line)
            held = event["properties"]
            parts = (event["event"], held.get("distinct_id"), held.get("time"), held.get("$insert_id"))
            text = chr(31).join("" if each is None else str(each) for each in parts)
            found.add(hashlib.md5(text.encode()).hexdigest())
        day += timedelta(days=1)
    return found


def _posthog_events(state: SandboxState, now: datetime) -> set[str]:
    """Ids of what came in since the history begins, in hours that were over an hour before `now`."""
    hour, end = NIGHT - POSTHOG_HISTORY, (now - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    found: set[str] = set()
    while hour < end:
        for lines in state.events("posthog", hour):
            found.update(json.loads(line)["uuid"] for line in lines.splitlines())
        hour += timedelta(hours=1)
    return found


def _posthog_persons(state: SandboxState, now: datetime) -> set[str]:
    return {
        each.id
        for each in state.rows("posthog", "persons")
        if each.updated_at >= NIGHT - POSTHOG_HISTORY and not each.body["is_deleted"]
    }


def _posthog_entries(state: SandboxState, now: datetime) -> set[str]:
    """The log of flags is read from where the history begins."""
    return {
        each.id
        for each in state.rows("posthog", "flag_activity")
        if each.updated_at >= NIGHT - POSTHOG_HISTORY
    }


def _flagged(vendor: str, stream: str) -> Expected:
    return lambda state, now: {
        each.id for each in state.rows(vendor, stream) if not each.body.get("IsDeleted")
    }


def _github(stream: str) -> Expected:
    """Of the repositories that are read; the vendor's list of issues shows pull requests too."""
    return lambda state, now: {
        each.id
        for each in state.rows("github", stream)
        if "pull_request" not in each.body and _repository_of(each.body) in REPOSITORIES
    }


def _statuses(state: SandboxState, now: datetime) -> set[str]:
    """A status is known by its global id."""
    shown = state.rows("github", "deployment_statuses")
    return {str(each.body["node_id"]) for each in shown if _repository_of(each.body) in REPOSITORIES}


def _repository_of(row: Mapping[str, Any]) -> str:
    address = str(row.get("url") or row["pull_request_url"])
    return address.partition("/repos/")[2].split("/")[1]


def _typeform_responses(state: SandboxState, now: datetime) -> set[str]:
    return {
        f"{each.body['form_id']}:{each.body['token']}"
        for each in state.rows("typeform", "responses")
        if each.body["response_type"] == "completed" and each.updated_at < now - timedelta(minutes=30)
    }


def _until_lag(stream: str) -> Expected:
    """The on-call tool shows what came to be until five minutes before."""
    return lambda state, now: {
        each.id
        for each in state.rows("pagerduty", stream)
        if datetime.fromisoformat(each.body["created_at"]) < now - timedelta(minutes=5)
    }


def _launchdarkly(stream: str, *parts: str) -> Expected:
    return lambda state, now: {
        ":".join(str(each.body[part]) for part in parts) for each in state.rows("launchdarkly", stream)
    }


def _salesforce_stream(stream: str, edited: str) -> StreamCase:
    return StreamCase(
        edited,
        SALESFORCE_TIMES,
        {"IsDeleted": True},
        alive=_flagged("salesforce", stream),
        key="Id",
        grows=False,
    )


MIXPANEL = SourceCase(
    "mixpanel",
    main="profiles",
    streams={
        "profiles": StreamCase("$properties.$name", key="$distinct_id"),
        "events": StreamCase(alive=_mixpanel_events),
    },
    small_pages={"sandbox.vendors.mixpanel.api.PAGE_SIZE": 100},
    history=MIXPANEL_HISTORY,
    personal={"profiles": "$properties.$email"},
    settings={"LOOK_BACK_DAYS": "1"},
    few_requests=None,
)
SALESFORCE = SourceCase(
    "salesforce",
    main="contacts",
    streams={
        "accounts": _salesforce_stream("accounts", "Name"),
        "contacts": _salesforce_stream("contacts", "Title"),
        "opportunities": _salesforce_stream("opportunities", "Name"),
        "opportunity_history": StreamCase(alive=_flagged("salesforce", "opportunity_history"), key="Id"),
        "leads": _salesforce_stream("leads", "Title"),
        "users": StreamCase("Name", SALESFORCE_TIMES, key="Id", grows=False),
    },
    small_pages={"sandbox.vendors.salesforce.api.REST_PAGE": 60},
    paging="link",
    has_refresh=True,
    served_as="query",
    asking="FROM Contact ",
    # Its quota is refused with 403; a page whose rows are not as many as announced is refused here.
    never=("429_reset_only", "repeated_edge"),
    personal={"contacts": "Email", "leads": "Email"},
)
GITHUB = SourceCase(
    "github",
    main="pull_requests",
    streams={
        "repositories": StreamCase("description", ("updated_at",), alive=_github("repositories")),
        "pull_requests": StreamCase("title", ("updated_at",), alive=_github("pull_requests")),
        "reviews": StreamCase(alive=_github("reviews")),
        "pull_request_commits": StreamCase(alive=_github("pull_requests")),
        "releases": StreamCase("name", alive=_github("releases")),
        "deployments": StreamCase(alive=_github("deployments")),
        "deployment_statuses": StreamCase(alive=_statuses, key="node_id"),
        "issues": StreamCase("title", ("updated_at",), alive=_github("issues")),
        "workflow_runs": StreamCase(alive=_github("workflow_runs")),
    },
    small_pages={"connectors.github.lists.ROWS_A_PAGE": 8},
    paging="link",
    personal={"pull_requests": "body", "issues": "body"},
    refused="issues",
    # Four repositories of nine.
    settings={"REPOSITORIES": ",".join(REPOSITORIES)},
)
TYPEFORM = SourceCase(
    "typeform",
    main="responses",
    streams={
        "forms": StreamCase("title", ("last_updated_at",)),
        "responses": StreamCase(alive=_typeform_responses, key="token"),
    },
    small_pages={"connectors.typeform.source.RESPONSES_A_PAGE": 60},
    paging="count",
    personal={"forms": "title"},
    refused="responses",
)

PAGERDUTY = SourceCase(
    "pagerduty",
    main="incidents",
    streams={
        "services": StreamCase("name"),
        # An incident that is over is not asked for again: test_pagerduty.py has open ones that change.
        "incidents": StreamCase(alive=_until_lag("incidents")),
        "log_entries": StreamCase(alive=_until_lag("log_entries")),
    },
    small_pages={"connectors.pagerduty.source.ROWS_A_PAGE": 8},
    paging="count",
    personal={"services": "description"},
    refused="log_entries",
)

LAUNCHDARKLY = SourceCase(
    "launchdarkly",
    main="flags",
    streams={
        "flags": StreamCase("name", alive=_launchdarkly("flags", "project_key", "key"), key="key"),
        "audit_log": StreamCase(
            alive=lambda state, now: {
                each.id
                for each in state.rows("launchdarkly", "audit_log")
                if NIGHT - timedelta(days=400) <= each.updated_at < now - timedelta(minutes=5)
            },
            key="_id",
        ),
        # The company tries one thing with this tool: test_launchdarkly.py has more.
        "experiments": StreamCase(
            alive=_launchdarkly("experiments", "project_key", "environmentKey", "key"), key="key"
        ),
    },
    small_pages={"connectors.launchdarkly.source.ROWS_A_PAGE": 3},
    paging="count",
    personal={"flags": "_maintainer.email"},
    refused="audit_log",
)

GROWTHBOOK = SourceCase(
    "growthbook",
    main="experiments",
    streams={
        "experiments": StreamCase("name", ("dateUpdated",)),
        "results": StreamCase("queryIds", ("dateUpdated",), key="experimentId"),
        "features": StreamCase("description", ("dateUpdated",)),
        "feature_revisions": StreamCase("comment", ("date",), key="featureId"),
        "learnings": StreamCase("title", ("dateUpdated",)),
    },
    small_pages={"connectors.growthbook.source.ROWS_A_PAGE": 2},
    paging="count",
    personal={"experiments": "ownerEmail"},
    refused="features",
)

POSTHOG = SourceCase(
    "posthog",
    main="feature_flags",
    streams={
        "feature_flags": StreamCase("name"),
        "flag_activity": StreamCase(alive=_posthog_entries),
        "experiments": StreamCase("name"),
        "surveys": StreamCase("name"),
        "persons": StreamCase(
            "properties.name",
            ("_inserted_at",),
            {"is_deleted": True},
            alive=_posthog_persons,
            key="distinct_id",
        ),
        "events": StreamCase(alive=_posthog_events),
    },
    small_pages={"connectors.posthog.source.ROWS_A_PAGE": 1},
    paging="link",
    history=POSTHOG_HISTORY,
    personal={"feature_flags": "created_by.email", "persons": "properties.email"},
    refused="experiments",
)

CASES = {
    each.source: each
    for each in (
        AMPLITUDE,
        MIXPANEL,
        HUBSPOT,
        SALESFORCE,
        ZENDESK,
        INTERCOM,
        JIRA,
        GITHUB,
        PRODUCTBOARD,
        TYPEFORM,
        PAGERDUTY,
        LAUNCHDARKLY,
        GROWTHBOOK,
        POSTHOG,
    )
}
