"""The models that carry a field of the tracker's issues from the record to the fact, run over one issue of each tracker."""

import json
from typing import Any

from tests.sql_macros import connected, model_sql

AS_OF = "2026-11-16"
CHAIN = ("stg_jira__issues", "int_delivery__tracker_issues", "int_delivery__issues")
_RAW = (
    "record_id text, record_version text, record_hash text, extracted_at timestamptz, load_id text, "
    "is_deleted boolean, record text"
)
# What the chain reads besides, with what it must say of the two issues.
BESIDE = {
    "stg_jira__issue_fields": "issue_id text, role text, text_value text, number_value double, preference int, field_id text",
    "stg_github__issues": "issue_id text, repository text, issue_number int, issue_type text, close_reason text, "
    "created_at timestamp, closed_at timestamp",
    "stg_github__issue_labels": "issue_id text, label text",
    "stg_registry__delivery_rules": "rule_id text, name text",
    "int_delivery__repository_names": "name text, repository text",
    "int_delivery__issue_teams": "issue_id text, team_id text, owned_from date, owned_to date",
    "int_delivery__progress": "issue_id text, status_original text, status_category text, stage text, reopen_count bigint, "
    "done_in_between_seconds bigint, is_status_inferred boolean, is_beginning_unknown boolean, first_in_progress_at timestamp, first_done_at timestamp, "
    "first_reopened_at timestamp, done_at timestamp",
    "int_delivery__resolutions": "issue_id text, resolution text, is_delivery boolean, first_resolved_at timestamp, "
    "resolved_at timestamp",
    "int_delivery__issue_histories": "issue_id text, is_history_whole boolean, is_creation_late boolean",
    "int_delivery__commitments": "issue_id text, first_due_date date, last_due_date date, commitment_date date, "
    "commitment_last_date date, due_move_count bigint",
    "int_delivery__issue_features": "issue_id text, feature_id text, product_id text, epic_id text",
}


def column_of(column: str, fields: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(issue_id, the column) of an issue of Jira with these fields, and of one of the code host."""
    record = {
        "id": "7",
        "key": "ATL-7",
        "fields": {
            "created": "2026-11-02T08:00:00.000+0000",
            "updated": "2026-11-02T08:00:00.000+0000",
            **fields,
        },
    }
    with connected() as connection:
        connection.execute("create schema raw_jira")
        connection.execute(f"create table raw_jira.issues ({_RAW})")
        connection.execute(
            "insert into raw_jira.issues values ('7', '1', 'h', '2026-11-16 02:00:00+00', 'l', false, ?)",
            [json.dumps(record)],
        )
        for table, columns in BESIDE.items():
            connection.execute(f"create table {table} ({columns})")
        connection.execute("insert into stg_registry__delivery_rules values ('issue_repositories', 'web')")
        connection.execute(
            "insert into stg_github__issues (issue_id, repository, issue_number, created_at) "
            "values ('4', 'web', 4, '2026-11-02 08:00:00')"
        )
        for table in BESIDE:
            if table.startswith("int_delivery__") and BESIDE[table].startswith("issue_id"):
                connection.execute(f"insert into {table} (issue_id) values ('7'), ('github:issue:4')")
        for model in CHAIN:
            connection.execute(f"create table {model} as {model_sql(model, as_of=AS_OF)}")
        return connection.execute(f"select issue_id, {column} from {CHAIN[-1]} order by 1 desc").fetchall()
