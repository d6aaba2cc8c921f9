"""A tracker's export of one's own, replayed through the same routes: nothing is lost, nothing is guessed.

Set POPS_TEST_RECORDS to a folder with `jira/issues.jsonl` and the like to run the same on real records.
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from sandbox.serving.environment import REGISTRY
from sandbox.serving.running import running_sandbox
from tests.compiled_project import build_with_readings
from tests.part_nights import query, read

AS_OF = date(2026, 11, 16)
_CATEGORIES = {
    "new": {"id": 2, "key": "new"},
    "indeterminate": {"id": 4, "key": "indeterminate"},
    "done": {"id": 3, "key": "done"},
}
_STATUSES = {
    "1": ("待办", "new"),
    "3": ("开发中", "indeterminate"),
    "4": ("In Review", "indeterminate"),
    "5": ("完成", "done"),
}


def _status(identifier: str) -> dict[str, Any]:
    name, category = _STATUSES[identifier]
    return {"id": identifier, "name": name, "statusCategory": _CATEGORIES[category]}


def _issue(number: int, status: str, resolved: str | None) -> dict[str, Any]:
    return {
        "id": str(10_000 + number),
        "key": f"XYZ-{number}",
        "fields": {
            "summary": "秘密", "issuetype": {"id": "1", "name": "故事", "subtask": False, "hierarchyLevel": 0},
            "status": _status(status), "project": {"id": "7", "key": "XYZ", "name": "项目"},
            "created": f"2026-09-0{number}T10:00:00.000+0800", "updated": "2026-10-01T10:00:00.000+0800",
            "resolutiondate": resolved, "resolution": {"name": "完成"} if resolved else None,
            "duedate": None, "fixVersions": [], "labels": [], "components": [],
        },
    }  # fmt: skip


def _move(history: int, issue: int, day: int, before: str, after: str) -> dict[str, Any]:
    item = {"field": "status", "fieldId": "status", "fieldtype": "jira", "from": before, "to": after,
            "fromString": _STATUSES[before][0], "toString": _STATUSES[after][0]}  # fmt: skip
    return {
        "id": str(history),
        "issueId": str(10_000 + issue),
        "created": f"2026-09-{day:02d}T09:00:00.000+0800",
        "items": [item],
    }


def _write_export(folder: Path) -> Path:
    streams = {
        "issues": [_issue(1, "5", "2026-09-20T09:00:00.000+0800"), _issue(2, "3", None), _issue(3, "1", None)],
        "changelogs": [_move(1, 1, 10, "1", "3"), _move(2, 1, 15, "3", "4"), _move(3, 1, 20, "4", "5"), _move(4, 2, 12, "1", "3")],
        "statuses": [_status(identifier) for identifier in _STATUSES],
        "projects": [{"id": "7", "key": "XYZ", "name": "项目"}],
    }  # fmt: skip
    (folder / "jira").mkdir(parents=True)
    for stream, rows in streams.items():
        (folder / "jira" / f"{stream}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _lines(folder: Path, stream: str) -> list[dict[str, Any]]:
    file = folder / "jira" / f"{stream}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _exports() -> list[str]:
    given = os.environ.get("POPS_TEST_RECORDS")
    return ["made by hand", *([given] if given else [])]


@pytest.mark.parametrize("export", _exports())
def test_every_issue_arrives_and_unmapped_statuses_are_other_and_counted(export: str, tmp_path: Path) -> None:
    folder = _write_export(tmp_path / "export") if export == "made by hand" else Path(export)
    issues = {row["id"]: row for row in _lines(folder, "issues")}
    with running_sandbox(replay=folder, only=("jira",)) as sandbox:
        read(tmp_path, sandbox.environment(), AS_OF)
    build_with_readings(tmp_path, AS_OF, "fct_issue", "fct_issue_status", "mart_metric_coverage")
    assert {
        row[0].rsplit(":", 1)[-1] for row in query(tmp_path, "select issue_id from marts.fct_issue")
    } == issues.keys()

    # A status is called as now, whatever it was called when an issue came to it.
    names = {row["id"]: row["name"] for row in _lines(folder, "statuses")}
    moves = [
        (history["issueId"], names.get(item["to"], item["toString"]))
        for history in _histories(folder, issues)
        for item in history["items"]
        if item["field"] == "status" and item["from"] != item["to"]
    ]
    intervals = query(tmp_path, "select issue_id, status_original, stage from marts.fct_issue_status")
    assert len(intervals) == len(moves) + len(issues)
    seen = {(issue.rsplit(":", 1)[-1], status) for issue, status, _ in intervals}
    assert set(moves) <= seen

    stages = yaml.safe_load((REGISTRY / "stages.yml").read_text())["stages"]
    mapped = {status.lower() for stage in stages for status in stage["statuses"]}
    assert {status for _, status, stage in intervals if stage == "other"} == {
        status for _, status, _ in intervals if status.lower() not in mapped
    }
    other = sum(stage == "other" for _, _, stage in intervals)
    counted = query(
        tmp_path,
        "select sum(total - counted) from marts.mart_metric_coverage where check_name = 'stays_mapped_to_stage'",
    )
    assert counted[0][0] == other
    with duckdb.connect(str(tmp_path / "raw" / "jira.duckdb"), read_only=True) as raw:
        assert raw.execute("select count(*) from raw_jira._pops_quarantine").fetchone() == (0,)


def _histories(folder: Path, issues: dict[str, Any]) -> list[dict[str, Any]]:
    embedded = [
        {**history, "issueId": issue["id"]}
        for issue in issues.values()
        for history in (issue.get("changelog") or {}).get("histories", [])
    ]
    unique = {history["id"]: history for history in [*embedded, *_lines(folder, "changelogs")]}
    # A search does not show the histories of issues that are not in the export.
    return [history for history in unique.values() if history["issueId"] in issues]
