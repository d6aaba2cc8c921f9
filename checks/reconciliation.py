"""Counts along the way of the data: vendor, raw, staging, mart. A row that is lost between two of them shows here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from checks.contract import Outcome, Severity, Status, redacted
from connectors import connector_class, vendor_of
from connectors.redaction import without_values
from connectors.zones import moment_of


@dataclass(frozen=True)
class Counts:
    """Two numbers that must agree within `tolerance` (a share of the left one), by a query each.

    The left one may be absent: a vendor that counts nothing.
    """

    left: str
    right: str
    tolerance: float


@dataclass(frozen=True)
class Records:
    """Records that must be on both sides. `lost` finds those that are not, as `record_id` and `created_at` (UTC, or null
    where it says nothing); `expected` gives the number of all."""

    lost: str
    expected: str


@dataclass(frozen=True)
class Step:
    """What must agree between two places of one stream. Queries may use `$as_of_at` (UTC)."""

    name: str
    source: str
    asset: tuple[str, str, str]
    compared: Counts | Records
    severity: Severity
    meaning: str


# What staging calls the id of a record, by vendor.
_STAGED = {
    "hubspot": {
        "companies": "company_id",
        "contacts": "contact_id",
        "deals": "deal_id",
        "owners": "owner_id",
    },
    "salesforce": {
        "accounts": "account_id",
        "contacts": "contact_id",
        "opportunities": "opportunity_id",
        "leads": "lead_id",
        "users": "user_id",
    },
    "zendesk": {"tickets": "ticket_id", "users": "user_id", "organizations": "organization_id"},
    "jira": {"issues": "issue_id", "projects": "project_id"},
    "intercom": {
        "conversations": "conversation_id",
        "contacts": "contact_id",
        "companies": "company_id",
        "admins": "admin_id",
    },
}
# Since when a record exists, as the vendor says it. Staging holds what existed before the night, and every one of the
# streams that are not here.
CREATED = {
    **{
        ("hubspot", stream): moment_of("record ->> 'createdAt'")
        for stream in ("companies", "contacts", "deals")
    },
    **{("zendesk", stream): moment_of("record ->> 'created_at'") for stream in _STAGED["zendesk"]},
    # One without a time of creation counts from the first moment that it tells, which is not after its last change.
    ("jira", "issues"): "coalesce("
    + ", ".join(moment_of(f"record -> 'fields' ->> '{field}'") for field in ("created", "updated"))
    + ")",
    **{
        ("salesforce", stream): moment_of("record ->> 'CreatedDate'")
        for stream in ("accounts", "contacts", "opportunities", "leads")
    },
    **{
        ("intercom", stream): "try(to_timestamp(try_cast(record ->> 'created_at' as bigint)))"
        for stream in ("conversations", "contacts", "companies")
    },
}
# The mart of a stream, and its key in the words of staging.
_MARTS = {
    ("zendesk", "tickets"): ("fct_ticket", "ticket_id", "'zendesk:ticket:' || ticket_id"),
    ("jira", "issues"): ("fct_issue", "issue_id", "issue_id"),
    ("hubspot", "deals"): ("fct_deal", "deal_id", "'hubspot:deal:' || deal_id"),
    ("salesforce", "opportunities"): ("fct_deal", "deal_id", "'salesforce:opportunity:' || opportunity_id"),
    ("intercom", "conversations"): (
        "fct_ticket",
        "ticket_id",
        "'intercom:conversation:' || conversation_id",
    ),
}
# An archived deal is gone from the CRM, and one that another CRM keeps as well is counted there. A deleted ticket stays in
# the mart, where it does not count.
_NO_DEAL = " and not is_deleted and {key} not in (select deal_id from intermediate.int_crm__deals where is_duplicate)"
_NOT_IN_MART = {
    ("jira", "issues"): " and not is_deleted",
    ("hubspot", "deals"): _NO_DEAL,
    ("salesforce", "opportunities"): _NO_DEAL,
    # Conversations that only show a ticket of another desk are that ticket.
    ("intercom", "conversations"): " and coalesce(zendesk_ticket_id, '') not in "
    "(select ticket_id from staging.stg_zendesk__tickets)",
}


def steps(streams: dict[str, tuple[str, ...]]) -> tuple[Step, ...]:
    """Every reconciliation of a night. `streams`: source name -> its stream names."""
    found: list[Step] = []
    for source, names in streams.items():
        found.extend(_fetched_to_raw(source, stream) for stream in names)
        vendor = str(vendor_of(source))
        others = [each for each in streams if each not in (vendor, source) and vendor_of(each) == vendor]
        for stream in _STAGED.get(vendor, {}):
            found.append(_raw_to_staging(_Staged.of(source, stream, others)))
            if (vendor, stream) in CREATED:
                found.append(_created_before_as_of(_Staged.of(source, stream, others)))
    found.extend(_staging_to_mart(source, stream) for source, stream in _MARTS)
    return tuple(found)


def _fetched_to_raw(source: str, stream: str) -> Step:
    schema = f"{source}.raw_{source}"
    return Step(
        "fetched_is_in_raw",
        source,
        ("raw", source, stream),
        Counts(
            f"select coalesce(sum(loaded_count), 0) - (select coalesce(sum(removed_count), 0) from {schema}._pops_forgotten "
            f"where stream = '{stream}') from {schema}._pops_loads where stream = '{stream}'",
            f"select count(*) from {schema}.{stream}",
            0.0,
        ),
        Severity.ERROR,
        "The rows that the loads wrote are not the rows in raw: a load was cut short or written twice.",
    )


@dataclass(frozen=True)
class _Staged:
    """A stream of a source, and its rows in the staging of the vendor. `key`: of the rows; `ids`: a select of those of the source.
    `prefix`: before the name of a step; `records`: a CTE of what raw holds, with ids as staging has them."""

    source: str
    asset: tuple[str, str, str]
    key: str
    ids: str
    prefix: str
    records: str

    @classmethod
    def of(cls, source: str, stream: str, others: list[str]) -> "_Staged":
        """`others`: the further instances of the vendor."""
        vendor = str(vendor_of(source))
        model, key = f"stg_{vendor}__{stream}", _STAGED[vendor][stream]
        ids, prefix, record_id = f"select {key} from staging.{model}", "", "record_id"
        if source != vendor:
            ids += f" where starts_with({key}, '{source}:')"
            prefix, record_id = f"{source}_", f"'{source}:' || record_id"
        elif others:
            listed = ", ".join(f"'{each}'" for each in others)
            ids += f" where split_part({key}, ':', 1) not in ({listed})"
        records = _records(source, stream, CREATED.get((vendor, stream)), record_id)
        return cls(source, ("staging", vendor, model), key, ids, prefix, records)


def _raw_to_staging(staged: _Staged) -> Step:
    key, ids = staged.key, staged.ids
    return Step(
        f"{staged.prefix}raw_is_in_staging",
        staged.source,
        staged.asset,
        Records(
            f"""with {staged.records}
select record_id, null as created_at from records
where is_before and not is_after and record_id not in ({ids})
union all
select {key}, null from ({ids}) group by {key} having count(*) > 1
union all
select {key}, null from ({ids}) where {key} not in (select record_id from records)""",
            f"with {staged.records} select count(*) from records where is_before",
        ),
        Severity.ERROR,
        "Staging has not one row for each record of raw: a record was dropped or doubled while parsing.",
    )


def _created_before_as_of(staged: _Staged) -> Step:
    """New records with a date ahead are counted in coverage; here are those whose date has moved past the night."""
    return Step(
        f"{staged.prefix}created_before_as_of",
        staged.source,
        staged.asset,
        Records(
            f"""with {staged.records}
select record_id, created_at from records
where is_before and is_after and record_id not in ({staged.ids})""",
            f"with {staged.records} select count(*) from records where is_before",
        ),
        Severity.ERROR,
        f"Records that {connector_class(staged.source).title} dated before the night are now created after the night's date: they "
        "are in no number.",
    )


def _records(source: str, stream: str, created: str | None, record_id: str) -> str:
    """Every record of raw: whether a version of it says that it existed before the night (or none says since when), and
    whether one says that it did not."""
    return f"""records as (
    select
        record_id,
        max(created_at) as created_at,
        coalesce(bool_or(created_at >= $as_of_at), false) as is_after,
        coalesce(bool_or(created_at < $as_of_at), true) as is_before
    from (
        select {record_id} as record_id, {created or "cast(null as timestamptz)"} as created_at
        from {source}.raw_{source}.{stream}
    )
    group by record_id
)"""


def _staging_to_mart(source: str, stream: str) -> Step:
    mart, id_, key = _MARTS[source, stream]
    live = _NOT_IN_MART.get((source, stream), "").format(key=key)
    expected = (
        f"select {key} as record_id from staging.stg_{source}__{stream} where created_at < $as_of_at{live}"
    )
    return Step(
        f"{source}_staging_is_in_mart",
        source,
        ("marts", "core", mart),
        Records(
            f"""with expected as ({expected}),
found as (select {id_} as record_id from marts.{mart} where source = '{source}')
select record_id, null as created_at from expected where record_id not in (select record_id from found)
union all
select record_id, null from found group by record_id having count(*) > 1
union all
select record_id, null from found where record_id not in (select record_id from expected)""",
            f"select count(*) from ({expected})",
        ),
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
        Counts(
            f"select arg_max(vendor_count - forgotten_count, extracted_at) from {schema}._pops_loads "
            f"where stream = '{stream}' and vendor_count is not null and window_start is null",
            f"select count(distinct record_id) from {schema}.{stream} where not is_deleted",
            0.02,
        ),
        Severity.WARN,
        "The vendor counts another number of records than raw holds: records are hidden from the credentials, or lost.",
    )


def run_steps(
    connection: duckdb.DuckDBPyConnection, wanted: tuple[Step, ...], as_of_at: datetime
) -> Iterator[Outcome]:
    """One outcome per step; what cannot be counted is `errored`. `as_of_at`: UTC, without a zone."""
    for step in wanted:
        try:
            yield _evaluated(connection, step, as_of_at)
        except duckdb.Error as error:
            yield _outcome(step, Status.ERRORED, without_values(str(error)))


def _evaluated(connection: duckdb.DuckDBPyConnection, step: Step, as_of_at: datetime) -> Outcome:
    if isinstance(step.compared, Counts):
        return _counted(connection, step, step.compared, as_of_at)
    lost, keys, first, last = _row(
        connection,
        "select count(*), list(record_id order by record_id)[1:5], cast(min(created_at) as date), cast(max(created_at) as date) "
        f"from ({step.compared.lost})",
        as_of_at,
    )
    (expected,) = _row(connection, step.compared.expected, as_of_at)
    created = "" if first is None else f", created {first}" + (f" to {last}" if last != first else "")
    return _outcome(
        step,
        Status.FAILED if lost else Status.PASSED,
        f"{lost} of {expected} records{created}",
        lost,
        tuple(redacted(key) for key in keys or ()),
    )


def _counted(
    connection: duckdb.DuckDBPyConnection, step: Step, counts: Counts, as_of_at: datetime
) -> Outcome:
    (left,), (right,) = (_row(connection, sql, as_of_at) for sql in (counts.left, counts.right))
    difference = 0 if left is None else abs(int(right or 0) - int(left))
    status = Status.PASSED if difference <= counts.tolerance * (left or 0) else Status.FAILED
    counted = "the vendor gives no count" if left is None else f"{left} against {right}"
    return _outcome(step, status, counted, difference)


def _row(connection: duckdb.DuckDBPyConnection, sql: str, as_of_at: datetime) -> tuple[Any, ...]:
    (row,) = connection.execute(sql, {"as_of_at": as_of_at} if "$as_of_at" in sql else None).fetchall()
    return tuple(row)


def _outcome(
    step: Step, status: Status, observed: str, difference: int = 0, keys: tuple[str, ...] = ()
) -> Outcome:
    compared = step.compared
    query = (
        compared.lost if isinstance(compared, Records) else f"{compared.left}\n-- against\n{compared.right}"
    )
    return Outcome(
        f"reconciliation__{step.name}", step.asset, step.source, step.severity, status, step.meaning, observed, difference, keys, query
    )  # fmt: skip
