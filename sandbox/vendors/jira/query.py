"""The part of Jira's query language that the sandbox understands: clauses joined by AND, then ORDER BY.

Fields: updated, created, project, status, issuetype, id, key. Moments are epoch milliseconds, or quoted dates that
are as precise as the minute and in the account's time zone, as on a real site.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.vendors.record import Record

ACCOUNT_ZONE = ZoneInfo("Europe/Berlin")
_CLAUSE = re.compile(
    r"\s*(?P<field>[A-Za-z]+)\s*(?P<operator>>=|<=|!=|=|>|<|\bnot\s+in\b|\bin\b)\s*(?P<value>\([^)]*\)|\"[^\"]*\"|'[^']*'|\S+)\s*",
    re.I,
)
_TIMES = ("updated", "created")
_NAMES = {"project", "status", "issuetype", "id", "key", "issue", "issuekey"}


@dataclass(frozen=True)
class Query:
    """A parsed query: `accepts` decides on an issue, `order` is a list of (field, descending)."""

    accepts: Callable[[Record], bool]
    order: list[tuple[str, bool]]

    def select(self, issues: list[Record]) -> list[Record]:
        found = sorted((issue for issue in issues if self.accepts(issue)), key=lambda issue: int(issue.id))
        for name, descending in reversed(self.order):
            found.sort(key=lambda issue, name=name: _order_value(issue, name), reverse=descending)  # type: ignore[misc]
        return found


def parse(text: str) -> Query:
    """ValueError carries the message that the vendor gives for the same mistake."""
    head, _, tail = _split_order(text)
    clauses = [part for part in re.split(r"\s+and\s+", head.strip(), flags=re.I) if part]
    if not clauses:
        raise ValueError(
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        )
    tests = [_clause(part) for part in clauses]
    return Query(lambda issue: all(test(issue) for test in tests), _order(tail))


def _split_order(text: str) -> tuple[str, str, str]:
    parts = re.split(r"(?:^|\s+)order\s+by\s+", text, maxsplit=1, flags=re.I)
    return parts[0], "", parts[1] if len(parts) > 1 else ""


def _order(text: str) -> list[tuple[str, bool]]:
    result = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, direction = part.partition(" ")
        known = name.lower() in (*_TIMES, "id", "key", "issuekey")
        if not known or direction.strip().lower() not in ("", "asc", "desc"):
            raise ValueError(f"Not able to sort using field '{part}'.")
        result.append((name.lower(), direction.strip().lower() == "desc"))
    return result


def _clause(text: str) -> Callable[[Record], bool]:
    match = _CLAUSE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"Error in the JQL Query: expecting operator but got '{text}'. (line 1, character 1)"
        )
    name, operator = match["field"].lower(), re.sub(r"\s+", " ", match["operator"].lower())
    if name in _TIMES:
        return _time_clause(name, operator, match["value"])
    if name not in _NAMES:
        raise ValueError(f"Field '{match['field']}' does not exist or you do not have permission to view it.")
    inner = match["value"].strip("()")
    values = {value.strip().strip("\"'").lower() for value in inner.split(",")}
    if operator in ("=", "in"):
        return lambda issue: bool(values & _held(issue, name))
    if operator in ("!=", "not in"):
        return lambda issue: not values & _held(issue, name)
    raise ValueError(f"The operator '{operator}' is not supported by the '{name}' field.")


def _time_clause(name: str, operator: str, text: str) -> Callable[[Record], bool]:
    asked = _moment(text.strip("\"'"), name)
    compare: dict[str, Callable[[int, int], bool]] = {
        ">=": lambda held, value: held >= value,
        "<=": lambda held, value: held <= value,
        ">": lambda held, value: held > value,
        "<": lambda held, value: held < value,
        "=": lambda held, value: held == value,
    }
    if operator not in compare:
        raise ValueError(f"The operator '{operator}' is not supported by the '{name}' field.")
    return lambda issue: compare[operator](milliseconds(issue, name), asked)


def _moment(text: str, name: str) -> int:
    if text.isdigit():
        return int(text)
    for form in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=ACCOUNT_ZONE)
        except ValueError:
            continue
        return int(moment.timestamp() * 1000)
    raise ValueError(
        f"Date value '{text}' for field '{name}' is invalid. Valid formats include: "
        "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
    )


def _held(issue: Record, name: str) -> set[str]:
    if name in ("id", "key", "issue", "issuekey"):
        return {issue.id, str(issue.body.get("key", "")).lower()}
    value = issue.body.get("fields", {}).get(name) or {}
    return {str(value[part]).lower() for part in ("id", "key", "name") if part in value}


def milliseconds(issue: Record, name: str) -> int:
    """When an issue was updated or created, in epoch milliseconds."""
    if name == "updated":
        return int(issue.updated_at.timestamp() * 1000)
    return epoch_ms(str(issue.body["fields"]["created"]))


def epoch_ms(text: str) -> int:
    """Jira's "2026-11-09T10:11:12.123+0100" as epoch milliseconds; without an offset it counts as UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _order_value(issue: Record, name: str) -> Any:
    if name in _TIMES:
        return milliseconds(issue, name)
    if name == "id":
        return int(issue.id)
    project, _, number = str(issue.body.get("key", "")).rpartition("-")
    return project, int(number) if number.isdigit() else 0
