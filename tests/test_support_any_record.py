"""Whatever a help desk sends: no value of one record stops a model of support, breaks a test, or moves another ticket."""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.sql_macros import PROJECT, connected, model_sql

AS_OF = "2026-11-16"
NOON = 1_793_620_800
# What the models read of other families, with nothing in it.
ELSEWHERE = {
    "stg_registry__exclusions": "exclusion_id text, value text",
    "stg_registry__features": "feature_id text, product_id text, ordinal int",
    "stg_registry__feature_ticket_tags": "feature_id text, ticket_tag text",
    "stg_registry__themes": "theme_id text, ordinal int",
    "stg_registry__theme_signs": "theme_id text, kind text, sign text",
    "stg_registry__calendar": "kind text, schedule_id text, time_zone text, weekdays text, opens_at text, closes_at text, "
    "teams text, brands text, products text, schedules text, calendar_date date",
    "int_calendar__days": "date_day date",
    "int_crm__accounts": "account_id text, is_test_account boolean",
    "int_crm__account_segments": "account_id text, segment text, valid_from date, valid_to date",
    "int_identity__accounts": "account_key text, account_id text, rule text, unmatched_reason text",
    "int_identity__person_keys": "source text, identity_type text, identity_key text, person_id text",
}
STREAMS = {
    "zendesk": (
        "tickets",
        "ticket_events",
        "ticket_audits",
        "ticket_metric_events",
        "users",
        "organizations",
        "satisfaction_ratings",
    ),
    "intercom": ("conversations", "contacts", "companies", "admins"),
}
MODELS = (
    "stg_zendesk__tickets", "stg_zendesk__ticket_events", "stg_zendesk__users", "stg_zendesk__user_roles",
    "stg_zendesk__organizations", "stg_zendesk__satisfaction_ratings", "stg_zendesk__ticket_metric_events",
    "stg_intercom__conversations",
    "stg_intercom__conversation_parts", "stg_intercom__conversation_ratings", "stg_intercom__conversation_tags",
    "stg_intercom__contacts", "stg_intercom__companies", "stg_intercom__admins", "int_support__mirrored_tickets",
    "int_support__source_tickets", "int_support__source_tags", "int_support__source_comments",
    "int_support__source_status_events", "int_support__source_team_events", "int_support__source_ratings",
    "int_support__source_requesters", "int_support__source_organizations", "int_support__comments",
    "int_support__replies", "int_support__status_intervals", "int_support__resolutions", "int_support__histories",
    "int_support__ticket_features", "int_support__ticket_themes", "int_support__tickets", "int_support__ratings", "int_support__ticket_schedules",
    "int_calendar__business_days", "int_support__business_times", "int_support__sla_clocks", "int_support__sla_instances",
    "int_support__set_aside", "int_support__coverage",
)  # fmt: skip
# Unique keys and columns without nulls, as the models' data tests have them.
KEYS = {
    "int_support__tickets": ("ticket_id",),
    "int_support__ratings": ("rating_id",),
    "int_support__comments": ("ticket_id", "event_id", "child_number"),
    "int_support__source_status_events": ("ticket_id", "event_id", "child_number"),
    "int_support__source_team_events": ("ticket_id", "event_id", "child_number"),
    "int_support__status_intervals": ("ticket_id", "stay_number"),
    "int_support__source_tags": ("ticket_id", "tag"),
    "int_support__coverage": ("source", "check_name"),
    "stg_intercom__conversation_parts": ("conversation_id", "part_id"),
    "stg_zendesk__user_roles": ("user_id", "valid_from"),
    "int_support__sla_clocks": ("sla_instance_id",),
    "int_support__sla_instances": ("sla_instance_id",),
}
REQUIRED = {
    "int_support__tickets": (
        "source", "account_id", "account_rule", "person_id", "feature_id", "product_id", "theme_id", "segment", "status",
        "is_counted", "is_solved", "is_history_whole", "created_date", "created_at",
    ),
    "int_support__ratings": ("ticket_id", "is_latest", "offered_date", "offered_at"),
    "int_support__sla_instances": (
        "ticket_id", "source", "account_id", "feature_id", "product_id", "segment", "sla_metric", "instance_number", "sla_status",
        "is_history_whole", "is_counted",
    ),
    "int_support__status_intervals": ("status", "duration_seconds", "is_inferred", "started_at"),
}  # fmt: skip
KNOWN = {
    "int_support__tickets": (
        "status",
        ("new", "open", "pending", "hold", "solved", "closed", "deleted", "(unknown)"),
    ),
    "int_support__source_comments": ("author_role", ("agent", "customer")),
    "int_support__sla_instances": ("sla_status", ("met", "breached", "open", "cancelled", "(unknown)")),
    "int_support__source_ratings": ("score", ("good", "bad")),
}


def records() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """One sound record of every stream: a ticket answered after an hour and solved, a conversation likewise."""
    moment = "2026-11-02T08:00:00Z"
    comment = {"event_type": "Comment", "author_id": 7, "public": True}
    return {
        ("zendesk", "tickets"): [
            {"id": 1, "status": "solved", "priority": "low", "via": {"channel": "web"}, "requester_id": 8, "group_id": 4,
             "brand_id": 5, "organization_id": 6, "tags": ["a"], "generated_timestamp": NOON, "created_at": moment,
             "updated_at": moment, "metric_set": {"reopens": 0}}
        ],
        ("zendesk", "ticket_events"): [
            {"id": 10, "ticket_id": 1, "updater_id": 8, "via": {"channel": "web"}, "created_at": moment, "timestamp": 1,
             "child_events": [{"event_type": "Create", "status": "new"}, comment | {"author_id": 8},
                              {"event_type": "Create", "group_id": 4}]},
            {"id": 11, "ticket_id": 1, "updater_id": 7, "via": "web", "created_at": "2026-11-02T09:00:00Z",
             "child_events": [comment, {"event_type": "Change", "status": "solved", "previous_value": "new"}]},
        ],
        ("zendesk", "ticket_audits"): [
            {"id": 20, "ticket_id": 2, "author_id": 8, "via": {"channel": "web"}, "created_at": moment,
             "events": [{"type": "Create", "field_name": "status", "value": "new"}]}
        ],
        ("zendesk", "ticket_metric_events"): [
            {"id": 30, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "activate", "time": moment},
            {"id": 31, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "apply_sla", "time": moment,
             "sla": {"target": 90, "target_in_seconds": 5400, "business_hours": True, "policy": {"id": 2, "title": "All"}}},
            {"id": 32, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "fulfill",
             "time": "2026-11-02T09:00:00Z"},
            {"id": 33, "ticket_id": 1, "metric": "reply_time", "instance_id": 1, "type": "breach", "deleted": True,
             "time": "2026-11-02T09:30:00Z"},
        ],
        ("zendesk", "users"): [
            {"id": 7, "role": "agent", "email": "a@x.example", "active": True, "updated_at": moment, "created_at": moment},
            {"id": 8, "role": "end-user", "email": "c@y.example", "external_id": "8", "updated_at": moment},
        ],
        ("zendesk", "organizations"): [
            {"id": 6, "name": "X", "external_id": "6", "domain_names": ["y.example"], "updated_at": moment}
        ],
        ("zendesk", "satisfaction_ratings"): [
            {"id": 3, "ticket_id": 1, "score": "good", "comment": "x", "created_at": moment, "updated_at": moment}
        ],
        ("intercom", "conversations"): [
            {"id": "1", "state": "closed", "priority": "none", "sla_applied": {"sla_name": "All", "sla_status": "hit"}, "created_at": NOON, "updated_at": NOON + 9,
             "team_assignee_id": 4, "company": {"id": "9"}, "contacts": {"contacts": [{"type": "contact", "id": "c"}]},
             "external_references": [{"type": "other", "id": "1"}], "tags": {"tags": [{"name": "a"}]},
             "source": {"type": "email", "delivered_as": "customer_initiated", "author": {"type": "user", "id": "c"}},
             "statistics": {"count_conversation_parts": 2, "first_contact_reply_at": NOON, "first_admin_reply_at": NOON},
             "conversation_rating": {"rating": 5, "remark": "x", "created_at": NOON, "updated_at": NOON},
             "conversation_parts": {"total_count": 2, "conversation_parts": [
                 {"id": "5", "part_type": "comment", "state": "open", "body": "x", "created_at": NOON + 5,
                  "author": {"type": "admin", "id": "3", "from_ai_agent": False}},
                 {"id": "6", "part_type": "close", "created_at": NOON + 8, "author": {"type": "admin", "id": "3"},
                  "assigned_to": {"type": "team", "id": "4"}}]}}
        ],
        ("intercom", "contacts"): [
            {"id": "c", "role": "user", "email": "c@y.example", "external_id": "8", "created_at": NOON, "updated_at": NOON,
             "companies": {"data": [{"id": "9"}], "total_count": 1}}
        ],
        ("intercom", "companies"): [
            {"id": "9", "company_id": "9", "website": "https://www.y.example/", "created_at": NOON, "updated_at": NOON}
        ],
        ("intercom", "admins"): [{"id": "3", "has_inbox_seat": True}],
    }  # fmt: skip


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a record, the records of lists included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield (*above, name)
        yield from paths(each, (*above, name))


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", " ", "0", "-1", "12e400", "\ud83d", "\x00", "2026-11-02T08:00:00+99:99", "9999-12-31T23:59:59Z", "0000-00-00",
         "1970-01-01", "2012-03-15T08:00:00Z", "null", "[", '{"a":', "a@b.example", "résolu", "解決済み", "x" * 5000]
    ),
    st.text(max_size=8),
    st.recursive(st.none() | st.text(max_size=3), lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=3), one, max_size=3), max_leaves=6),
)  # fmt: skip
SOUND = records()
PLACES = [
    (stream, number, path)
    for stream, bodies in SOUND.items()
    for number, body in enumerate(bodies)
    for path in paths(body)
    if path != ("id",)
]


def replaced(body: dict[str, Any], path: Sequence[Any], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(body)
    place: Any = result
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return result


def renamed(body: dict[str, Any], stream: tuple[str, str], copy_number: int) -> dict[str, Any]:
    """The same as a record of its own, events as those of a ticket of their own."""
    result = dict(body)
    result["id"] = f"{body['id']}{copy_number:05}"
    if stream[1] in ("ticket_events", "ticket_audits", "ticket_metric_events") and "ticket_id" in result:
        result["ticket_id"] = f"1{copy_number:05}"
    return result


@contextmanager
def engine_of() -> Iterator[duckdb.DuckDBPyConnection]:
    with connected() as opened:
        opened.execute("set variable pops_pseudonym_key = 'a key for tests'")
        for name, columns in ELSEWHERE.items():
            opened.execute(f"create table {name} ({columns})")
        opened.execute(
            "insert into stg_registry__calendar values ('business_hours', 'default', 'Europe/Berlin', "
            """'["mon", "tue"]', '09:00', '18:00', '[]', '[]', '[]', '[]', null)"""
        )
        opened.execute(
            "insert into int_calendar__days from range(timestamp '2026-10-01', timestamp '2026-11-16', interval 1 day)"
        )
        for source, streams in STREAMS.items():
            opened.execute(f"create schema raw_{source}")
            for stream in streams:
                opened.execute(
                    f"create table raw_{source}.{stream} (record_id text, record_version text, load_id text, "
                    "record_hash text, extracted_at timestamp, is_deleted boolean, record text)"
                )
        yield opened


def build(
    engine: duckdb.DuckDBPyConnection, loaded: list[tuple[tuple[str, str], dict[str, Any]]]
) -> dict[str, tuple[Any, ...]]:
    """Load and build everything; the tickets by id: status, seconds to first reply and to full resolution."""
    for source, streams in STREAMS.items():
        for stream in streams:
            engine.execute(f"truncate raw_{source}.{stream}")
    for (source, stream), body in loaded:
        # What the loader does to half characters and zero bytes.
        text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace").decode().replace("\\u0000", "")
        row = [str(body["id"]), "1", "load", "hash", "2026-11-15 01:00:00", False, text]
        engine.execute(f"insert into raw_{source}.{stream} values (?, ?, ?, ?, ?, ?, ?)", row)
    for model in MODELS:
        engine.execute(
            f"create or replace table {model} as {model_sql(model, as_of=AS_OF, longest_ticket_days=730)}"
        )
    engine.execute(
        "create or replace table fct_ticket as select * from int_support__tickets "
        "left join int_support__business_times using (ticket_id)"
    )
    engine.execute("create or replace table fct_ticket_status as from int_support__status_intervals")
    rows = engine.execute(
        "select ticket_id, status, first_reply_seconds, full_resolution_seconds from fct_ticket"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def faults(engine: duckdb.DuckDBPyConnection) -> list[str]:
    """What the data tests of severity error would find."""
    queries = {
        f"{model}: no {column}": f"select * from {model} where {column} is null"
        for columns in (KEYS, REQUIRED)
        for model, names in columns.items()
        for column in names
    }
    for model, names in KEYS.items():
        key = ", ".join(names)
        queries[f"{model}: {key} twice"] = f"select {key} from {model} group by all having count(*) > 1"
    for model, (column, values) in KNOWN.items():
        queries[f"{model}: {column}"] = f"select * from {model} where {column} not in {values}"
    for test in sorted((PROJECT / "tests" / "support").glob("*.sql")):
        queries[test.stem] = model_sql(test.stem, as_of=AS_OF, reporting_time_zone="Europe/Berlin")
    return [name for name, query in queries.items() if engine.execute(query).fetchall()]


SOUND_TICKETS = {
    "zendesk:ticket:1": ("solved", 3600, 3600),
    "intercom:conversation:1": ("closed", 5, 8),
}


@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_an_odd_value_anywhere_stops_nothing_and_moves_no_other_ticket(data: st.DataObject) -> None:
    loaded = [(stream, body) for stream, bodies in SOUND.items() for body in bodies]
    changes = data.draw(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=30, max_size=60))
    for copy_number, ((stream, number, path), value) in enumerate(changes):
        for place, body in enumerate(SOUND[stream]):
            changed = replaced(body, path, value) if place == number else body
            loaded.append((stream, renamed(changed, stream, copy_number)))
    with engine_of() as engine:
        tickets = build(engine, loaded)
        assert faults(engine) == []
        assert {name: tickets[name] for name in SOUND_TICKETS} == SOUND_TICKETS
