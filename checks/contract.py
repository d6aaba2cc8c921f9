"""The words of an audit: rules, suites and outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """`error` keeps the mart unpublished; `warn` is shown beside the numbers it touches."""

    ERROR = "error"
    WARN = "warn"


class Status(StrEnum):
    """`failed`: the data break the rule. `errored`: the rule could not be evaluated, which says nothing of the data."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"


BETWEEN = "ExpectColumnValuesToBeBetween"


@dataclass(frozen=True)
class Rule:
    """One expectation on the rows of a suite.

    `expectation` is the name of a Great Expectations class, `arguments` are its parameters.
    `meaning` says in plain words what is wrong when it fails, and what to do.
    """

    name: str
    expectation: str
    arguments: Mapping[str, Any]
    severity: Severity
    meaning: str


@dataclass(frozen=True)
class Suite:
    """Rules on the result of one bounded, read-only query.

    `asset` is the key of the asset they speak of, `area` decides the owner, `key` names the column that
    identifies a row in messages. The query may use `$as_of` (date), `$as_of_at` and `$until` (UTC timestamps).
    """

    name: str
    asset: tuple[str, str, str]
    area: str
    key: str
    query: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Outcome:
    """What one rule found. `failing_keys`: at most five, redacted. `observed`: short, without personal data."""

    check: str
    asset: tuple[str, str, str]
    area: str
    severity: Severity
    status: Status
    meaning: str
    observed: str
    failing_count: int
    failing_keys: tuple[str, ...] = ()
    query: str = field(default="", repr=False)


@dataclass(frozen=True)
class CheckStatus:
    """How a check ended. `severity`: error (holds publication) or warn. `meaning`: in plain words, what it watches.

    `keys`: of rows that broke it, at most five, redacted. `remedy`: what to do when it fails.
    """

    asset: str
    check: str
    passed: bool
    severity: str
    owner: str
    meaning: str
    observed: str
    keys: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def blocks(self) -> bool:
        return not self.passed and self.severity == "error"

    @property
    def sentence(self) -> str:
        return f"{self.asset}: {self.meaning or self.check.replace('_', ' ')}"


def between(
    name: str, column: str, low: float | None, high: float | None, severity: Severity, meaning: str
) -> Rule:
    return Rule(
        name,
        BETWEEN,
        {"column": column, "min_value": low, "max_value": high},
        severity,
        meaning,
    )


def is_true(name: str, column: str, severity: Severity, meaning: str) -> Rule:
    return Rule(
        name, "ExpectColumnValuesToBeInSet", {"column": column, "value_set": [True]}, severity, meaning
    )


def check_name(suite: Suite, rule: Rule) -> str:
    """The name of a rule's asset check, unique on its asset."""
    return f"{suite.name}__{rule.name}"


def redacted(key: object) -> str:
    """A row's key as it may be shown: enough to find the row with the query, too little to identify a person. A day names nobody."""
    if isinstance(key, date):
        return str(key)[:10]
    text = str(key)
    return text if len(text) <= 6 else f"{text[:-6].rsplit(':', 1)[0][:24]}…{text[-4:]}"
