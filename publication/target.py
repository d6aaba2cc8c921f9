"""What a place is that the mart is published to: an address, a way to publish, a check that it can be published to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from checks.contract import CheckStatus
from connectors.raw_facts import ReadState
from settings.home import Home


class PublicationError(RuntimeError):
    """A target does not take the mart; its readers keep the one they have. One sentence with the remedy, without secrets."""


@dataclass(frozen=True)
class Night:
    """What is known of the night that built the warehouse.

    `until`: the moment up to which vendors were read, with a time zone. `reporting_time_zone`: an IANA name.
    """

    as_of: date
    until: datetime
    reporting_time_zone: str
    checks: Sequence[CheckStatus]
    sources: Sequence[ReadState]


@dataclass(frozen=True)
class Edition:
    """What is to be published. `night` is None where what the file holds already is only to be served."""

    home: Home
    env: Mapping[str, str]
    night: Night | None = None


@dataclass(frozen=True)
class Published:
    """What readers of a target see now. `place`: where, without secrets. `facts`: what else the UI shows of it."""

    as_of: date
    revision: int
    rows: int
    place: str
    facts: Mapping[str, str | int | float | bool] = field(default_factory=dict)


class Target(Protocol):
    """`name`: last part of its asset's key. `title`: as people call it, after "served from". `kind`: Dagster's icon."""

    name: str
    title: str
    kind: str
    description: str

    def address(self, env: Mapping[str, str]) -> str | None:
        """Where it is, without secrets; None while it is off. Raises ValueError naming the variable and the remedy."""

    def publish(self, edition: Edition) -> Published:
        """Bring its readers the edition in one step. Raises PublicationError; then they keep what they have."""

    def check(self, home: Home, env: Mapping[str, str]) -> None:
        """Raises PublicationError unless it could be published to now. Changes nothing there."""
