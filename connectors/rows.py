"""From a vendor's row to a raw record, whatever the row lacks."""

import json
from collections.abc import Iterator
from typing import Any

from connectors.contract import RawRecord


def value_at(row: Any, path: str) -> Any:
    """What stands at a dotted path of a row; None where there is no such place."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def listed_ids(rows: Any, key: str = "id") -> Iterator[str]:
    """The ids of the rows of a list, as `raw_record` has them. Rows without one are passed over: what they stand for counts
    as not listed, and is asked for by its id."""
    for row in rows:
        found = value_at(row, key)
        if found is not None:
            yield str(found)


def raw_record(row: Any, version: str = "", *, key: str = "id", is_deleted: bool = False) -> RawRecord:
    """The row as a record. `key`, `version`: dotted paths of its id and of its own version ("": it has none).

    A row without an id keeps an empty one, and goes to quarantine as such: it does not keep the others from loading.
    """
    found = (value_at(row, path) if path else None for path in (key, version))
    record_id, record_version = ("" if each is None else str(each) for each in found)
    return RawRecord(record_id, record_version, json.dumps(row, ensure_ascii=False), is_deleted)
