"""What is found of a setting of sources.yml: what proves it, or what may be it."""

from dataclasses import dataclass

# Of what may be meant, so many are told.
MOST_CANDIDATES = 5


@dataclass(frozen=True)
class Setting:
    """A setting of a source's entry, as YAML, and the sentence that proves it.

    `is_candidate`: nothing proves it; one of several that have the shape of what is looked for, for people to choose from.
    """

    source: str
    key: str
    value: str
    evidence: str
    is_candidate: bool = False
