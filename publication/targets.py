"""Every place that the mart is published to: what assets, jobs, preflight and the command line read."""

from collections.abc import Mapping

from publication.file import FileTarget
from publication.postgres.target import PostgresTarget
from publication.target import Target

# What is proven is published to the file; the others serve what the file holds.
FILE: Target = FileTarget()
SERVED: tuple[Target, ...] = (PostgresTarget(),)
TARGETS = (FILE, *SERVED)


def targets_on(env: Mapping[str, str]) -> tuple[Target, ...]:
    """The targets that are on, the file first. Raises ValueError for one whose variables cannot be meant."""
    return tuple(target for target in TARGETS if target.address(env) is not None)
