"""Every vendor can be replayed from an export of its records, whatever they look like; what cannot is refused by line."""

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from connectors import VENDORS as SOURCES
from connectors import connector_class
from connectors.runner import run_source
from sandbox.serving.environment import environment
from sandbox.serving.replay import Replay, ReplayError
from sandbox.vendors import VENDORS, part
from sandbox.vendors.hubspot.credentials import HUBSPOT_ACCESS_TOKEN
from tests.vendor_reading import served

ROOT = Path(__file__).resolve().parent.parent
HISTORY_START = datetime(2026, 11, 9, tzinfo=UTC)
# Nobody expects: other letters, nothing where something is, a field without a name, a number beyond all numbers.
ODD = {"text": "половина", "list": [None, [], {"": 0}], "number": "1e400"}
MOMENT = "2026-11-10T10:00:00Z"
REPOSITORY = "https://api.github.com/repos/elsewhere/tools"
# Of each vendor a record of every stream, with something in it that nobody expects there.
EXPORTS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "amplitude": {
        "events": [{"uuid": "u", "event_type": 7, "event_time": "2026-11-10 10:00:00.000000", "odd": ODD}],
    },
    "mixpanel": {
        "events": [{"event": "7", "properties": {"time": 1_794_304_800_000, "distinct_id": 7, "odd": ODD}}],
        "profiles": [{"$distinct_id": "p", "$properties": {"odd": ODD}}],
    },
    "hubspot": {
        **{
            stream: [{"id": "1", "properties": {"odd": ODD["text"], "createdate": MOMENT}, "updatedAt": MOMENT}]
            for stream in ("companies", "contacts", "deals")
        },
        "owners": [{"id": "3", "email": None, "odd": ODD, "updatedAt": MOMENT}],
        "associations": [{"from_type": "contacts", "from_id": "1", "to_type": "companies", "to_id": "1", "types": []}],
    },
    "salesforce": {
        stream: [
            {
                "Id": "0015g00000000001AAA", "Name": ODD["text"], "Status": ODD["text"], "StageName": ODD["text"],
                "SystemModstamp": "2026-11-10T10:00:00.000+0000", "CreatedDate": "2026-11-10T10:00:00.000+0000",
            }
        ]
        for stream in ("accounts", "contacts", "opportunities", "opportunity_history", "leads", "users")
    },
    "zendesk": {
        "tickets": [
            {"id": 1, "created_at": "2012-01-02T03:04:05Z", "generated_timestamp": 1_794_304_800, "tags": "none", "odd": ODD}
        ],
        "ticket_audits": [{"id": 2, "ticket_id": 1, "created_at": MOMENT, "events": None, "via": ODD}],
        "ticket_metric_events": [{"id": 6, "ticket_id": 1, "time": MOMENT, "type": ODD}],
        "users": [{"id": 3, "updated_at": MOMENT, "odd": ODD}],
        "organizations": [{"id": 4, "updated_at": MOMENT, "odd": ODD}],
        "satisfaction_ratings": [{"id": 5, "updated_at": MOMENT, "created_at": MOMENT, "odd": ODD}],
    },
    "intercom": {
        "conversations": [{"id": "1", "created_at": 1_794_304_800, "updated_at": 1_794_304_800, "odd": ODD}],
        "contacts": [{"id": "2", "created_at": 1_794_304_800, "updated_at": 1_794_304_800, "odd": ODD}],
        "companies": [{"id": "3", "created_at": 1_794_304_800, "updated_at": 1_794_304_800, "odd": ODD}],
        "admins": [{"id": "4", "odd": ODD}],
    },
    "jira": {
        "issues": [{"id": "1", "key": "X-1", "fields": {"created": MOMENT, "updated": MOMENT, "labels": 3, "odd": ODD}}],
        "changelogs": [{"id": "2", "issueId": "1", "created": MOMENT, "items": [{"fieldId": "status", "odd": ODD}]}],
        "projects": [{"id": "3", "key": "X", "odd": ODD}],
        "statuses": [{"id": "4", "name": "待办", "odd": ODD}],
        "fields": [{"id": "odd", "name": "Odd", "odd": ODD}],
        "boards": [{"id": 6, "type": "scrum", "name": "B"}],
        "sprints": [{"id": 7, "originBoardId": 6, "odd": ODD}],
        "versions": [{"id": "8", "projectId": 3, "odd": ODD}],
    },
    "github": {
        "repositories": [{"id": 1, "name": "tools", "archived": False, "updated_at": MOMENT, "created_at": MOMENT, "odd": ODD}],
        "pull_requests": [
            {
                "id": 2, "number": 5, "url": f"{REPOSITORY}/pulls/5", "state": "closed", "created_at": MOMENT,
                "updated_at": MOMENT, "base": {"ref": "main", "repo": {"name": "tools"}}, "head": None, "odd": ODD,
            }
        ],
        "reviews": [{"id": 3, "pull_request_url": f"{REPOSITORY}/pulls/5", "submitted_at": MOMENT, "user": None, "odd": ODD}],
        "pull_request_commits": [{"sha": "abc", "pull_request_url": f"{REPOSITORY}/pulls/5", "commit": {"odd": ODD}}],
        "releases": [{"id": 4, "url": f"{REPOSITORY}/releases/4", "created_at": MOMENT, "assets": None, "odd": ODD}],
        "deployments": [
            {"id": 6, "url": f"{REPOSITORY}/deployments/6", "repository_url": REPOSITORY, "created_at": MOMENT, "updated_at": MOMENT, "environment": "production", "payload": "text", "odd": ODD}
        ],
        "deployment_statuses": [{"id": 7, "deployment_url": f"{REPOSITORY}/deployments/6", "state": "success", "created_at": MOMENT, "odd": ODD}],
        "workflow_runs": [{"id": 8, "repository": {"name": "tools"}, "created_at": MOMENT, "updated_at": MOMENT, "head_branch": None, "odd": ODD}],
        "issues": [
            {
                "id": 9, "number": 6, "url": f"{REPOSITORY}/issues/6", "repository_url": REPOSITORY, "state": "open",
                "created_at": MOMENT, "updated_at": MOMENT, "labels": [{"name": "incident"}], "odd": ODD,
            }
        ],
    },
    "growthbook": {
        "experiments": [{"id": "e", "dateUpdated": MOMENT, "phases": 3, "variations": ODD, "odd": ODD}],
        "results": [{"experimentId": "e", "phase": "0", "dateUpdated": MOMENT, "results": ODD}],
        "features": [{"id": "f", "dateUpdated": MOMENT, "rules": None, "environments": ODD}],
        "feature_revisions": [{"featureId": "f", "version": 1, "date": MOMENT, "rules": ODD}],
        "learnings": [{"id": "l", "dateUpdated": MOMENT, "odd": ODD}],
    },
    "posthog": {
        "events": [{"uuid": "u", "event": 7, "distinct_id": 7, "timestamp": MOMENT, "_inserted_at": MOMENT, "properties": ODD}],
        "persons": [{"distinct_id": "p", "person_id": 7, "properties": ODD, "_inserted_at": MOMENT}],
        "feature_flags": [{"id": 31, "key": 7, "created_at": MOMENT, "filters": ODD, "odd": ODD}],
        "flag_activity": [{"id": "a", "item_id": 31, "created_at": MOMENT, "detail": ODD}],
        "experiments": [{"id": 12, "created_at": MOMENT, "parameters": ODD, "odd": ODD}],
        "surveys": [{"id": "s", "created_at": MOMENT, "questions": ODD}],
    },
    "launchdarkly": {
        "flags": [{"project_key": "web", "key": "f", "creationDate": 1_794_304_800_000, "environments": {"production": ODD}, "odd": ODD}],
        "audit_log": [{"_id": "a", "date": 1_794_304_800_000, "accesses": [{"action": "updateOn"}], "odd": ODD}],
        "experiments": [{"project_key": "web", "environmentKey": "production", "key": "e", "currentIteration": 3, "odd": ODD}],
    },
    "pagerduty": {
        "services": [{"id": "PSVC", "name": "Export", "odd": ODD}],
        "incidents": [{"id": "Q1", "created_at": MOMENT, "updated_at": MOMENT, "status": "resolved", "service": None, "odd": ODD}],
        "log_entries": [{"id": "R1", "created_at": MOMENT, "type": "reach_ack_limit_log_entry", "incident": 3, "odd": ODD}],
    },
    "productboard": {
        **{
            stream: [{"id": stream, "type": kind, "fields": {"odd": ODD}, "createdAt": MOMENT, "updatedAt": MOMENT}]
            for stream, kind in {
                "features": "feature", "components": "component", "initiatives": "initiative", "objectives": "objective",
                "releases": "release", "companies": "company", "users": "user",
            }.items()
        },
        "notes": [{"id": "n", "fields": {"content": ODD}, "createdAt": MOMENT, "updatedAt": MOMENT}],
        "jira_integrations": [{"id": "j", "createdAt": MOMENT}],
        "jira_connections": [{"id": "features", "fields": {"issueId": "1", "issueKey": "X-1", "odd": ODD}}],
    },
    "typeform": {
        "forms": [{"id": "f", "title": "As the API returns it", "fields": [{"id": "q", "type": "matrix", "properties": ODD}]}],
        "responses": [{"form_id": "f", "token": "t", "submitted_at": MOMENT, "landed_at": MOMENT, "answers": ODD}],
    },
}  # fmt: skip


def written(folder: Path, vendor: str, streams: dict[str, list[dict[str, Any]]]) -> Path:
    (folder / vendor).mkdir(parents=True)
    for stream, rows in streams.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / vendor / f"{stream}.jsonl").write_text(text)
    return folder


def raw(home: Path, vendor: str) -> dict[str, list[str]]:
    """The records of each stream in raw."""
    with duckdb.connect(str(home / "raw" / f"{vendor}.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = ? and table_name not like '\\_%' escape '\\'",
            [f"raw_{vendor}"],
        ).fetchall()
        return {
            name: [
                row[0] for row in connection.execute(f'select record from raw_{vendor}."{name}"').fetchall()
            ]
            for (name,) in tables
        }


def test_every_stream_that_a_connector_reads_can_be_replayed() -> None:
    assert set(SOURCES) - {"files"} == set(VENDORS) == set(EXPORTS)
    for vendor in VENDORS:
        known = part(vendor, "streams").STREAMS
        assert {stream.name for stream in connector_class(vendor).streams} <= set(known), vendor


@pytest.mark.parametrize("vendor", VENDORS)
def test_odd_records_of_every_stream_arrive(vendor: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "export", vendor, EXPORTS[vendor])
    with served(Replay(folder)) as running:
        variables = environment(running.base_url, 1000, [vendor])
        run = run_source(vendor, tmp_path / "home", running.state.now, HISTORY_START, variables)
    assert run.error is None
    assert {stream.stream: stream.outcome for stream in run.streams if stream.outcome != "ok"} == {}
    held = raw(tmp_path / "home", vendor)
    for stream in connector_class(vendor).streams:
        assert len(held[stream.name]) == 1, stream.name
        json.loads(held[stream.name][0])
    # What nobody expected is in raw as it was sent.
    assert any("половина" in record for records in held.values() for record in records)


@pytest.mark.parametrize(
    ("name", "lines", "reason"),
    [
        ("pipedrive/deals.jsonl", ["{}"], "pipedrive: no folder of a vendor; .* one of amplitude, github"),
        ("github/commits.jsonl", ["{}"], "github has no stream 'commits'; .* one of repositories"),
        ("jira/issues/part.jsonl", ["{}"], "issues: not a file to replay; its name should end in .jsonl"),
        ("hubspot/owners.jsonl", ['{"id": 1}', "", '{"id": 2'], "line 3: .* no JSON"),
        ("hubspot/owners.jsonl", ['{"id": 1}', '[{"id": 2}]'], "line 2: .* a JSON list and no object"),
        ("hubspot/owners.jsonl", ['{"id": NaN}'], "line 1: .* NaN is no JSON; write null"),
        ("hubspot/companies.jsonl", ['{"id": "7"}'], "line 1: .* it has no 'properties'"),
        ("hubspot/owners.jsonl", ['{"id": "seven"}'], "line 1: .* 'id' is no whole number: 'seven'"),
        ("amplitude/events.jsonl", ['{"uuid": "u"}'], "line 1: .* none of server_upload_time, event_time"),
        ("mixpanel/profiles.jsonl", ['{"$properties": {}}'], "line 1: .* no '\\$distinct_id'"),
        ("salesforce/leads.jsonl", ['{"Id": "1"}'], "line 1: .* no 'SystemModstamp'"),
        ("zendesk/ticket_audits.jsonl", ['{"id": 1}'], "line 1: .* no 'ticket_id': write audits as"),
        ("intercom/contacts.jsonl", ['{"id": "1"}'], "line 1: .* no 'updated_at'"),
        ("jira/changelogs.jsonl", ['{"id": "1"}'], "line 1: .* no 'issueId': the API groups histories"),
        ("jira/issues.jsonl", ['{"id": "1", "changelog": [3]}'], "line 1: .* no list of 'histories'"),
        ("github/pull_request_commits.jsonl", ['{"sha": "a"}'], "line 1: .* no 'pull_request_url': write the address"),
        ("productboard/features.jsonl", ['{"id": "1"}'], "line 1: .* no 'type'"),
        ("productboard/notes.jsonl", ['{"id": "1", "createdAt": "soon", "updatedAt": "2026"}'], "'updatedAt' is no moment"),
        ("typeform/responses.jsonl", ['{"token": "t"}'], "line 1: .* no 'form_id': write the form's id"),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_is_refused_by_place_and_remedy(
    name: str, lines: list[str], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines))
    with pytest.raises(ReplayError, match=reason):
        Replay(tmp_path)


def test_half_a_character_leaves_as_it_came(tmp_path: Path) -> None:
    """JSON can write it, UTF-8 cannot: it is escaped on the wire, in the record that has it."""
    owner = {"id": "3", "email": None, "firstName": "\ud83d Ж", "updatedAt": MOMENT}
    (tmp_path / "hubspot").mkdir()
    (tmp_path / "hubspot" / "owners.jsonl").write_text(json.dumps(owner))
    with served(Replay(tmp_path)) as running:
        headers = {"Authorization": f"Bearer {HUBSPOT_ACCESS_TOKEN}"}
        answer = httpx.get(f"{running.base_url}/hubspot/crm/v3/owners", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["results"][0]["firstName"] == owner["firstName"]


@pytest.mark.parametrize("port", [None, 8123])
def test_the_environment_points_at_the_sandbox_with_its_own_secrets_only(port: int | None) -> None:
    options = [] if port is None else ["--port", str(port)]
    given = {"POPS_JIRA_API_TOKEN": "a-real-token", "POPS_HUBSPOT_ACCESS_TOKEN": "another"}
    command = [sys.executable, "-m", "sandbox", "environment", "--only", "jira,mixpanel", *options]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=True
    )
    printed = dict(shlex.split(line)[0].split("=", 1) for line in done.stdout.splitlines())
    assert printed == environment(f"http://127.0.0.1:{port or 8100}", 60, ["jira", "mixpanel"])
    assert printed["POPS_JIRA_BASE_URL"] == f"http://127.0.0.1:{port or 8100}/jira"
    assert "a-real-token" not in done.stdout


def test_an_environment_of_no_vendor_is_refused() -> None:
    command = [sys.executable, "-m", "sandbox", "environment", "--only", "pipedrive"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown vendor pipedrive: choose from amplitude" in done.stderr
