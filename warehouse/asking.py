"""Many short questions to an engine that takes long for each of them, whatever it asks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from warehouse.contract import EngineError

# More of them make plans that fill a driver of Spark.
_TOGETHER = 10
Rows = Callable[[str], list[tuple[Any, ...]]]


def answers_of(rows: Rows, queries: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, ...] | EngineError]]:
    """By name, the one row of each query, all of the same columns; or why it has none. `rows` raises EngineError."""
    names = list(queries)
    for start in range(0, len(names), _TOGETHER):
        part = names[start : start + _TOGETHER]
        try:
            asked = " union all ".join(
                f"select {number} as asked, answer.* from (\n{queries[name]}\n) as answer"
                for number, name in enumerate(part)
            )
            found = {row[0]: row[1:] for row in rows(asked)}
            yield from ((name, found[number]) for number, name in enumerate(part))
        except EngineError:
            yield from ((name, _answer(rows, queries[name])) for name in part)


def _answer(rows: Rows, query: str) -> tuple[Any, ...] | EngineError:
    try:
        return rows(query)[0]
    except EngineError as problem:
        return problem
