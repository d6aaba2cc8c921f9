"""An export of one's own goes through the vendors' routes."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from vendor_client import (
    AMPLITUDE,
    JIRA,
    NOW,
    Serve,
    events_in,
    jira_search,
    zendesk,
)

from sandbox.serving.replay import Replay, ReplayError
from sandbox.serving.running import running_sandbox
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState


def replay_folder(tmp_path: Path, files: dict[str, list[Any]]) -> Path:
    for name, rows in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return tmp_path


def test_an_export_is_replayed_through_the_same_routes(tmp_path: Path, serve: Serve) -> None:
    history = {
        "id": "70",
        "created": "2024-02-01T10:00:00.000+0100",
        "items": [{"field": "status", "fieldId": "status"}],
    }
    fields = {
        "summary": "Old",
        "created": "2024-01-01T10:00:00.000+0100",
        "updated": "2024-02-01T10:00:00.000+0100",
    }
    audit = {
        "id": 5,
        "ticket_id": 3,
        "created_at": "2024-02-01T09:00:00Z",
        "author_id": 11,
        "via": {"channel": "web"},
        "events": [
            {"id": 6, "type": "Change", "field_name": "status", "value": "open", "previous_value": "new"},
            {"id": 7, "type": "Comment", "public": True, "body": "Hello"},
        ],
    }
    event = {"uuid": "u1", "event_type": "open", "server_upload_time": "2024-02-01 09:30:00.000000"}
    folder = replay_folder(
        tmp_path,
        {
            "jira/issues.jsonl.gz": [
                {"id": "10", "key": "OLD-1", "fields": fields, "changelog": {"histories": [history]}}
            ],
            "jira/changelogs.jsonl": [{"issueId": "11", **history, "id": "71"}],
            "zendesk/ticket_audits.jsonl": [audit],
            "amplitude/events.jsonl": [event],
        },
    )
    replay = Replay(folder)
    assert replay.vendors == ("amplitude", "jira", "zendesk")
    client = serve(create_app(SandboxState(replay, NOW, pace=100_000)))
    found = jira_search(client, jql="updated >= 0 ORDER BY updated", fields=["*all"]).json()["issues"]
    assert [(issue["key"], "changelog" in issue) for issue in found] == [("OLD-1", False)]
    logs = client.post(
        "/jira/rest/api/3/changelog/bulkfetch", json={"issueIdsOrKeys": ["10", "11"]}, auth=JIRA
    ).json()
    assert [log["changeHistories"][0]["id"] for log in logs["issueChangeLogs"]] == ["70", "71"]
    url = "/zendesk/api/v2/incremental/ticket_events.json?start_time=0&include=comment_events"
    served = client.get(url, headers=zendesk(client)).json()["ticket_events"]
    assert served[0]["child_events"][0] == {
        "id": 6,
        "event_type": "Change",
        "status": "open",
        "previous_value": "new",
    }
    window = {"start": "20240201T09", "end": "20240201T09"}
    exported = client.get("/amplitude/api/2/export", params=window, auth=AMPLITUDE)
    assert events_in(exported.content) == [event]
    assert client.get("/jira/rest/api/3/field", auth=JIRA).json() == []


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("jira/epics.jsonl", "{}", "no stream 'epics'"),
        ("jira/issues.csv", "id", "should end in .jsonl"),
        ("jira/statuses.jsonl", '{"id": "1", "name": "Old"}\n{broken', "line 2"),
        ("jira/issues.jsonl.gz", "not gzip", "cannot be read"),
        ("notes/readme.txt", "", "no folder of a vendor"),
    ],
)
def test_a_bad_export_is_refused_with_its_place(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ReplayError, match=reason):
        Replay(tmp_path)


def test_what_lies_beside_the_folders_for_people_is_no_vendor(tmp_path: Path) -> None:
    folder = replay_folder(tmp_path, {"jira/projects.jsonl": [{"id": "1", "key": "OLD"}]})
    for name in ("README.md", "LICENSE"):
        (folder / name).write_text("Where this came from.")
    assert Replay(folder).vendors == ("jira",)


def test_a_process_serves_a_replay_alone_and_obeys(tmp_path: Path) -> None:
    fields = {"created": "2024-01-01T10:00:00.000+0100", "updated": "2024-02-01T10:00:00.000+0100"}
    folder = replay_folder(tmp_path, {"jira/issues.jsonl": [{"id": "10", "key": "OLD-1", "fields": fields}]})
    planned = [{"vendor": "jira", "kind": "503", "stream": "issues_count"}]
    with running_sandbox(replay=folder, only=["jira"], faults=planned) as sandbox:
        variables = sandbox.environment()
        assert variables["POPS_JIRA_BASE_URL"] == f"{sandbox.base_url}/jira"
        assert not any("ZENDESK" in name for name in variables)
        url = f"{variables['POPS_JIRA_BASE_URL']}/rest/api/3/search/approximate-count"
        answers = [httpx.post(url, auth=JIRA, json={"jql": "updated >= 0"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [503, 200]
        assert answers[1].json() == {"count": 1}
        assert sandbox.requests()["jira"] == {"POST /rest/api/3/search/approximate-count": 2}
        assert sandbox.faults()[0]["struck"] == 1
        sandbox.set_clock(NOW)
        assert httpx.get(f"{sandbox.base_url}/_sandbox/health").json()["now"] == NOW.isoformat()
        with pytest.raises(ValueError, match="drought"):
            sandbox.defects("drought")


def test_a_process_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="no folder of a vendor in it"),
        running_sandbox(replay=tmp_path, only=["jira"]),
    ):
        pass
