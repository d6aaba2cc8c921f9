"""What every entry of the registry is."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from connectors.registry.glossary import Text

# A rule between entries that is broken: (stream, position of the entry, what is wrong).
Problem = tuple[str, int, str]

# Whoever answers for something: a team, or the address of a person.
Owner = Annotated[str, StringConstraints(pattern=r"^(team:[a-z0-9][a-z0-9_-]*|[^@\s]+@[^@\s]+\.[^@\s]+)$")]

# YAML reads 2026-05-25 as a date.
Id = Annotated[Text, BeforeValidator(lambda value: value.isoformat() if isinstance(value, date) else value)]


class Entry(BaseModel):
    """An entry of a file; unknown keys are refused, because a misspelt one would be lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Id


def known_zone(zone: str) -> str:
    """The name of a time zone. Raises ValueError for what is none."""
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"`{zone}` is no time zone; write one such as Europe/Berlin") from None
    return zone
