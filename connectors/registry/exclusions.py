"""What may stand in `exclusions.yml`: what never counts."""

from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from connectors.registry.entry import Entry
from connectors.registry.glossary import Text


class Exclusion(Entry):
    """`passive_events`: by which nobody does anything; `tools_own_events`: likewise, and every tool's own library sends them."""

    id: Literal[
        "internal_email_domains", "bot_user_agents", "passive_events", "tools_own_events", "issue_resolutions"
    ]
    values: list[Text]

    @model_validator(mode="after")
    def _names_domains(self) -> "Exclusion":
        if self.id == "internal_email_domains" and any("@" in each or " " in each for each in self.values):
            raise ValueError("write domains alone, without @, such as example.com")
        return self


def passive_events(exclusions: Iterable[Exclusion]) -> set[str]:
    """Types of events by which nobody does anything."""
    lists = (each.values for each in exclusions if each.id in ("passive_events", "tools_own_events"))
    return {event for values in lists for event in values}
