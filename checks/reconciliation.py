"""Counts along the way of the data: vendor, raw, staging, mart. A row that is lost between two of them shows here."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from checks.contract import Outcome, Severity, Status
from connectors.redaction import without_values


@dataclass(frozen=True)
class Step:
    """Two counts of one stream that must agree within `tolerance` (a share of the left one).

    Queries give one number each. `optional`: the left count may be absent (a vendor that counts nothing).
    """

    name: str
    source: str
    asset: tuple[str, str, str]
    left: str
    right: str
    tolerance: float
    severity: Severity
    meaning: str


_STAGED = {
    "hubspot": ("companies", "contacts", "deals", "owners"),
    "salesforce": ("accounts", "contacts", "opportunities", "leads", "users"),
    "zendesk": ("tickets", "users", "organizations"),
    "jira": ("issues", "projects"),
    "intercom": ("conversations", "contacts", "companies", "admins"),
}
# Staging holds what existed before the night; where the vendor says since when, younger records are not expected.
_CREATED = {
    ("zendesk", "tickets"): "record ->> 'created_at'",
    ("jira", "issues"): "record -> 'fields' ->> 'created'",
    **{
        ("salesforce", stream): "record ->> 'CreatedDate'"
        for stream in ("accounts", "contacts", "opportunities", "leads")
    },
    **{
        ("intercom", stream): "to_timestamp(cast(record ->> 'created_at' as bigint))"
        for stream in ("conversations", "contacts", "companies")
    },
}
_MARTS = {
    ("zendesk", "tickets"): "fct_ticket",
    ("jira", "issues"): "fct_issue",
    ("hubspot", "deals"): "fct_deal",
    ("salesforce", "opportunities"): "fct_deal",
    ("intercom", "conversations"): "fct_ticket",
}
# An archived deal is gone from the CRM, and one that another CRM keeps as well is counted there.
_NO_DEAL = " and not is_deleted and '{key}' || {id} not in (select deal_id from intermediate.int_crm__deals where is_duplicate)"
_NOT_IN_MART = {
    ("hubspot", "deals"): _NO_DEAL.format(key="hubspot:deal:", id="deal_id"),
    ("salesforce", "opportunities"): _NO_DEAL.format(key="salesforce:opportunity:", id="opportunity_id"),
    # Conversations that only show a ticket of another desk are that ticket.
    ("intercom", "conversations"): " and coalesce(zendesk_ticket_id, '') not in "
    "(select ticket_id from staging.stg_zendesk__tickets)",
}
# Marts of several sources name the source of each row.
_OF_SOURCE = dict.fromkeys(("fct_deal", "fct_ticket"), " where source = '{source}'")


def steps(streams: dict[str, tuple[str, ...]]) -> tuple[Step, ...]:
    """Every reconciliation of a night. `streams`: source name -> its stream names."""
    found: list[Step] = []
    for source, names in streams.items():
        found.extend(_fetched_to_raw(source, stream) for stream in names)
        found.extend(_raw_to_staging(source, stream) for stream in _STAGED.get(source, ()))
    found.extend(_staging_to_mart(source, stream, mart) for (source, stream), mart in _MARTS.items())
    return tuple(found)


def _fetched_to_raw(source: str, stream: str) -> Step:
    schema = f"{source}.raw_{source}"
    return Step(
        "fetched_is_in_raw",
        source,
        ("raw", source, stream),
        f"select coalesce(sum(loaded_count), 0) - (select coalesce(sum(removed_count), 0) from {schema}._pops_forgotten "
        f"where stream = '{stream}') from {schema}._pops_loads where stream = '{stream}'",
        f"select count(*) from {schema}.{stream}",
        0.0,
        Severity.ERROR,
        "The rows that the loads wrote are not the rows in raw: a load was cut short or written twice.",
    )


def _raw_to_staging(source: str, stream: str) -> Step:
    schema = f"{source}.raw_{source}"
    created = _CREATED.get((source, stream))
    existing = f" where cast({created} as timestamptz) < $as_of_at" if created else ""
    return Step(
        "raw_is_in_staging",
        source,
        ("staging", source, f"stg_{source}__{stream}"),
        f"select count(distinct record_id) from {schema}.{stream}{existing}",
        f"select count(*) from staging.stg_{source}__{stream}",
        0.0,
        Severity.ERROR,
        "Staging has not one row for each record of raw: a record was dropped or doubled while parsing.",
    )


def _staging_to_mart(source: str, stream: str, mart: str) -> Step:
    # A deleted ticket stays in the mart, where it does not count.
    live = _NOT_IN_MART.get((source, stream), "")
    return Step(
        f"{source}_staging_is_in_mart",
        source,
        ("marts", "core", mart),
        f"select count(*) from staging.stg_{source}__{stream} where created_at < $as_of_at{live}",
        f"select count(*) from marts.{mart}{_OF_SOURCE.get(mart, '').format(source=source)}",
        0.0,
        Severity.ERROR,
        "The mart has not one row for each record that existed before the night: a join dropped or doubled rows.",
    )


def vendor_step(source: str, stream: str) -> Step:
    """The vendor's own count against the distinct live records of raw; vendors' counts are estimates."""
    schema = f"{source}.raw_{source}"
    return Step(
        "vendor_count_is_in_raw",
        source,
        ("raw", source, stream),
        f"select arg_max(vendor_count - forgotten_count, extracted_at) from {schema}._pops_loads "
        f"where stream = '{stream}' and vendor_count is not null and window_start is null",
        f"select count(distinct record_id) from {schema}.{stream} where not is_deleted",
        0.02,
        Severity.WARN,
        "The vendor counts another number of records than raw holds: records are hidden from the credentials, or lost.",
    )


def run_steps(
    connection: duckdb.DuckDBPyConnection, wanted: tuple[Step, ...], as_of_at: object
) -> Iterator[Outcome]:
    """One outcome per step; a count that cannot be taken is `errored`."""
    for step in wanted:
        query = f"{step.left}\n-- against\n{step.right}"
        try:
            left, right = (_count(connection, sql, as_of_at) for sql in (step.left, step.right))
        except duckdb.Error as error:
            yield _outcome(step, Status.ERRORED, without_values(str(error)), 0, query)
            continue
        difference = 0 if left is None else abs((right or 0) - left)
        allowed = step.tolerance * (left or 0)
        status = Status.PASSED if difference <= allowed else Status.FAILED
        counted = "the vendor gives no count" if left is None else f"{left} against {right}"
        yield _outcome(step, status, counted, int(difference), query)


def _count(connection: duckdb.DuckDBPyConnection, sql: str, as_of_at: object) -> int | None:
    row = connection.execute(sql, {"as_of_at": as_of_at} if "$as_of_at" in sql else None).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _outcome(step: Step, status: Status, observed: str, difference: int, query: str) -> Outcome:
    return Outcome(
        f"reconciliation__{step.name}", step.asset, step.source, step.severity, status, step.meaning, observed, difference, (), query
    )  # fmt: skip
