"""The part of SOQL that clients of Salesforce send to read whole objects.

SELECT fields | COUNT() FROM object [WHERE condition] [ORDER BY field [ASC|DESC] [NULLS FIRST|LAST], ...] [LIMIT n].
A condition joins comparisons (=, !=, <>, <, <=, >, >=, LIKE, IN, NOT IN) with AND, OR, NOT and parentheses.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<day>\d{4}-\d\d-\d\d)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<sign>!=|<>|<=|>=|[=<>(),]))"
)
_COMPARISONS = ("=", "!=", "<>", "<", "<=", ">", ">=")


class MalformedQuery(ValueError):
    """The text is not the SOQL that is understood here; the message says near what."""


@dataclass(frozen=True)
class Order:
    name: str
    descending: bool
    nulls_last: bool


@dataclass
class Query:
    """A query that was read. `names`: every field it mentions; `is_count`: SELECT COUNT()."""

    object: str = ""
    fields: list[str] = field(default_factory=list)
    is_count: bool = False
    matches: Test = lambda row: True
    orders: list[Order] = field(default_factory=list)
    limit: int | None = None
    names: list[str] = field(default_factory=list)

    def select(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that match, in order; they keep all their fields."""
        found = [row for row in rows if self.matches(row)]
        for order in reversed(self.orders):
            present = [row for row in found if row.get(order.name) is not None]
            absent = [row for row in found if row.get(order.name) is None]
            present.sort(key=lambda row, name=order.name: _value(row[name]), reverse=order.descending)  # type: ignore[misc]
            found = present + absent if order.nulls_last else absent + present
        return found if self.limit is None else found[: self.limit]


def parse(text: str) -> Query:
    """Raises MalformedQuery."""
    return _Reader(text).query()


def moment_of(text: str) -> datetime | None:
    """A date-time as Salesforce writes it, in UTC; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._place = 0
        self._query = Query()

    def query(self) -> Query:
        query = self._query
        self._expect("SELECT")
        if self._is_next("COUNT"):
            self._expect("(")
            self._expect(")")
            query.is_count = True
        else:
            query.fields = [self._name()]
            while self._is_next(","):
                query.fields.append(self._name())
        self._expect("FROM")
        query.object = self._word()
        if self._is_next("WHERE"):
            query.matches = self._condition()
        if self._is_next("ORDER"):
            self._expect("BY")
            query.orders.append(self._order())
            while self._is_next(","):
                query.orders.append(self._order())
        if self._is_next("LIMIT"):
            kind, value = self._take()
            if kind != "number":
                raise self._trouble(value)
            query.limit = int(value)
        if self._place < len(self._tokens):
            raise self._trouble(self._tokens[self._place][1])
        return query

    def _split(self) -> list[tuple[str, str]]:
        tokens, place, text = [], 0, self._text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise MalformedQuery(f"unexpected token: '{text[place : place + 20]}'")
            tokens.append((str(found.lastgroup), str(found.group(str(found.lastgroup)))))
            place = found.end()
        return tokens

    def _condition(self) -> Test:
        tests = [self._all()]
        while self._is_next("OR"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._is_next("AND"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._is_next("NOT"):
            denied = self._one()
            return lambda row: not denied(row)
        if self._is_next("("):
            inner = self._condition()
            self._expect(")")
            return inner
        name = self._name()
        if self._is_next("NOT"):
            self._expect("IN")
            excluded = self._values()
            return lambda row: not any(_equal(row.get(name), value) for value in excluded)
        if self._is_next("IN"):
            included = self._values()
            return lambda row: any(_equal(row.get(name), value) for value in included)
        if self._is_next("LIKE"):
            pattern = re.escape(str(self._literal())).replace("%", ".*").replace("_", ".")
            return lambda row: bool(re.fullmatch(pattern, str(row.get(name) or ""), re.I | re.S))
        _, sign = self._take()
        if sign not in _COMPARISONS:
            raise self._trouble(sign)
        return _comparison(name, sign, self._literal())

    def _order(self) -> Order:
        name = self._name()
        descending = self._is_next("DESC")
        if not descending:
            self._is_next("ASC")
        nulls_last = False
        if self._is_next("NULLS"):
            nulls_last = self._is_next("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(name, descending, nulls_last)

    def _values(self) -> list[Any]:
        self._expect("(")
        values = [self._literal()]
        while self._is_next(","):
            values.append(self._literal())
        self._expect(")")
        return values

    def _literal(self) -> Any:
        kind, value = self._take()
        if kind == "text":
            return re.sub(
                r"\\(.)", lambda found: {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1]), value[1:-1]
            )
        if kind == "moment":
            return moment_of(value)
        if kind == "day":
            return date.fromisoformat(value)
        if kind == "number":
            return float(value)
        if value.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[value.lower()]
        raise self._trouble(value)

    def _name(self) -> str:
        name = self._word()
        self._query.names.append(name)
        return name

    def _word(self) -> str:
        kind, value = self._take()
        if kind != "word":
            raise self._trouble(value)
        return value

    def _take(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise MalformedQuery("unexpected end of the query")
        self._place += 1
        return self._tokens[self._place - 1]

    def _is_next(self, word: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place][1].upper() == word:
            self._place += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._is_next(word):
            raise self._trouble(self._tokens[self._place][1] if self._place < len(self._tokens) else "<EOF>")

    def _trouble(self, token: str) -> MalformedQuery:
        return MalformedQuery(f"unexpected token: '{token}'")


def _comparison(name: str, sign: str, literal: Any) -> Test:
    if sign == "=":
        return lambda row: _equal(row.get(name), literal)
    if sign in ("!=", "<>"):
        return lambda row: not _equal(row.get(name), literal)

    def compares(row: Row) -> bool:
        held = row.get(name)
        if held is None or literal is None:
            return False
        left, right = _value(held), literal.isoformat() if type(literal) is date else literal
        if sign == "<":
            return bool(left < right)
        if sign == "<=":
            return bool(left <= right)
        return bool(left > right) if sign == ">" else bool(left >= right)

    return compares


def _equal(held: Any, literal: Any) -> bool:
    if isinstance(held, str) and isinstance(literal, str):
        return held.lower() == literal.lower()
    if type(literal) is date:
        return bool(held == literal.isoformat())
    return held is literal if held is None or literal is None else bool(_value(held) == literal)


def _value(held: Any) -> Any:
    """A field's value as it is compared: date-times as moments, everything else as it is."""
    if isinstance(held, str) and len(held) >= 19 and held[10:11] == "T":
        return moment_of(held) or held
    return held
