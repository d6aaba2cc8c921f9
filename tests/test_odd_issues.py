"""Whatever the tracker's records hold, each issue stays a row, and no record changes what another one says."""

import copy
import hashlib
import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from connectors.runner import prepare_raw
from tests.compiled_project import build_with_readings
from tests.part_nights import query

AS_OF = date(2026, 11, 16)
READ_AT = datetime(2026, 11, 16, 1, tzinfo=UTC)
FIELDS = [
    {"id": "customfield_7", "name": "Спринт", "custom": True,
     "schema": {"type": "array", "custom": "com.pyxis.greenhopper.jira:gh-sprint"}},
    {"id": "customfield_8", "name": "Größe", "custom": True,
     "schema": {"type": "number", "custom": "com.pyxis.greenhopper.jira:jsw-story-points"}},
    {"id": "customfield_9", "name": "Thema", "custom": True,
     "schema": {"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-epic-link"}},
]  # fmt: skip
ISSUE = {
    "id": "control", "key": "ATL-1",
    "fields": {
        "issuetype": {"name": "Story", "subtask": False, "hierarchyLevel": 0},
        "status": {"id": "5", "name": "Done", "statusCategory": {"key": "done"}},
        "project": {"id": "1", "key": "ATL"}, "parent": None, "fixVersions": [],
        "resolution": {"id": "1", "name": "Done"}, "resolutiondate": "2026-11-06T09:00:00.000+0000",
        "created": "2026-11-02T09:00:00.000+0000", "updated": "2026-11-06T09:00:00.000+0000",
        "statuscategorychangedate": "2026-11-06T09:00:00.000+0000", "duedate": "2026-11-05",
        "customfield_7": [{"id": 7, "state": "active", "startDate": "2026-11-02T08:00:00.000Z"}],
        "customfield_8": 3, "customfield_9": "ATL-9",
    },
}  # fmt: skip
HISTORY = {
    "id": "control", "issueId": "control", "created": "2026-11-06T09:00:00.000+0000",
    "items": [
        {"field": "status", "fieldId": "status", "fieldtype": "jira", "from": "3", "fromString": "Doing", "to": "5", "toString": "Done"},
        {"field": "Fälligkeit", "fieldId": "duedate", "fieldtype": "jira", "from": "2026-11-04", "to": "2026-11-05"},
        {"field": "Größe", "fieldId": "customfield_8", "fieldtype": "custom", "fromString": "2", "toString": "3"},
    ],
}  # fmt: skip
# What a vendor sends sooner or later; none of it is a moment after the night.
ODD = st.sampled_from(
    [
        None, "", " ", "soon", 0, -1, 1e300, "NaN", True, [], {}, [None], [[]], {"id": None}, {"id": {"id": 1}}, ["backend", "ui"],
        "501,,502", ", 38", "S501", "012", "XL", "0001-01-01", "2026-13-45", "1970-01-01T00:00:00Z", "[", '{"id": 1', "完成",
        "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=503,state=CLOSED,name=A, b,startDate=<null>]",
    ]
)  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = ODD | TEXT | st.lists(ODD | TEXT, max_size=3) | st.dictionaries(TEXT, ODD, max_size=3)


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of a record, its own id apart."""
    found = [before] if before and before not in (("id",), ("issueId",)) else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [path for name, held in inner for path in _paths(held, (*before, name))]


def _mutated(record: dict[str, Any], identifier: str, path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(record) | {"id": identifier}
    place: Any = made
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return made


def _write(home: Path, stream: str, records: Iterable[dict[str, Any]]) -> None:
    with duckdb.connect(str(home / "raw" / "jira.duckdb")) as raw:
        for record in records:
            text = json.dumps(record)
            digest = hashlib.sha256(text.encode()).hexdigest()
            raw.execute(
                f"insert into raw_jira.{stream} (record_id, record_version, record_hash, extracted_at, load_id, is_deleted, record) "
                "values (?, '', ?, ?, '1', false, ?)",
                [str(record["id"]), digest, READ_AT, text],
            )


@settings(
    max_examples=1,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(
    st.lists(st.tuples(st.sampled_from(_paths(ISSUE)), VALUES), min_size=60, max_size=120),
    st.lists(st.tuples(st.sampled_from(_paths(HISTORY)), VALUES), min_size=60, max_size=120),
)
def test_every_issue_stays_and_none_is_changed_by_another(
    issues: list[tuple[tuple[Any, ...], Any]], histories: list[tuple[tuple[Any, ...], Any]]
) -> None:
    # Hypothesis begins with the plainest records, which say little for the price of a build.
    assume(len({path for path, _ in issues}) > 10)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare_raw(home)
        _write(home, "fields", FIELDS)
        _write(home, "issues", [ISSUE])
        _write(home, "issues", (_mutated(ISSUE, f"i{n}", *odd) for n, odd in enumerate(issues)))
        _write(home, "changelogs", [HISTORY])
        # Each odd history is one of an odd issue.
        _write(
            home,
            "changelogs",
            (
                _mutated(HISTORY | {"issueId": f"i{n % len(issues)}"}, f"h{n}", *odd)
                for n, odd in enumerate(histories)
            ),
        )
        build_with_readings(
            home, AS_OF, "fct_issue", "fct_issue_status", "fct_sprint", "int_delivery__reading_coverage"
        )
        found = query(home, "select issue_id from marts.fct_issue")
        assert sorted(found) == sorted([("control",), *((f"i{n}",) for n in range(len(issues)))])
        assert query(
            home,
            "select lead_time_seconds, first_due_date, last_due_date, due_move_count, reopen_count, is_history_whole "
            "from marts.fct_issue where issue_id = 'control'",
        ) == [(345_600, date(2026, 11, 4), date(2026, 11, 5), 1, 0, True)]
        assert query(home, "select count(*) from marts.fct_issue_status where duration_seconds < 0") == [(0,)]
        assert query(home, "select count(*) from marts.fct_issue where lead_time_seconds < 0") == [(0,)]
