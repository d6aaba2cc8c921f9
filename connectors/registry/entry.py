"""What every entry of the registry is."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from connectors.registry.glossary import Text

# A rule between entries that is broken: (stream, position of the entry, what is wrong).
Problem = tuple[str, int, str]

# YAML reads 2026-05-25 as a date.
Id = Annotated[Text, BeforeValidator(lambda value: value.isoformat() if isinstance(value, date) else value)]


class Entry(BaseModel):
    """An entry of a file; unknown keys are refused, because a misspelt one would be lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Id


def without_blanks(name: str) -> str:
    """An id that others name. Raises ValueError for one with a blank in it."""
    if any(each.isspace() for each in name):
        raise ValueError(f"the id `{name}` has blanks: write {'-'.join(name.split())}")
    return name


class NamedEntry(Entry):
    """An entry that other entries, or people, name by its id."""

    id: Annotated[Id, AfterValidator(without_blanks)]


class RenamableEntry(NamedEntry):
    """An entry whose id numbers of earlier nights may hold.

    `formerly`: ids that it had, or that entries had which are part of it now; their published numbers go on under its own.
    """

    formerly: list[Id] = Field(default_factory=list)
