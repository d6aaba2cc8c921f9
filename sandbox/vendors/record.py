"""One record of a vendor's stream."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Record:
    """One vendor record in the state of a moment; `updated_at` is aware UTC, `body` the vendor's JSON object."""

    id: str
    updated_at: datetime
    body: dict[str, Any]
    archived: bool = False
