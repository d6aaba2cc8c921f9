"""Who was called out: the on-call tool's incidents, most of them behind an incident that the team keeps in the code host.

A page of low urgency wakes nobody and is no failure of what runs; one that was merged is the same trouble as another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from sandbox.company.engineering.model import Incident, Repository, minutes, sha, whole
from sandbox.company.engineering.story import FIRST_DAY
from sandbox.company.work_time import at_local

# One of so many incidents was noticed by people, and paged nobody.
UNPAGED_ONE_OF = 5
MERGED_ONE_OF = 7
QUIET_DAYS = 3
_QUIET = ("Disk 80 % full", "Certificate ends in 20 days", "Queue longer than usual", "Backup took two hours")


@dataclass(eq=False)
class Page:
    """`incident`: the code host's record of it. `merged_into`: the page whose trouble it is; it is resolved by that.

    `escalated_at`, `acknowledged_at`: None, nobody did. A page of `urgency` low has no incident.
    """

    repository: Repository
    title: str
    urgency: str
    triggered_at: datetime
    escalated_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    incident: Incident | None = None
    merged_into: "Page | None" = None
    number: int = 0

    @property
    def id(self) -> str:
        text = f"page {self.repository.name} {self.title} {self.triggered_at.isoformat()} {self.urgency}"
        return f"Q{sha(text)[:13].upper()}"

    def changes(self, now: datetime) -> list[tuple[datetime, str]]:
        """(moment, what) of all that has happened to it by `now`, oldest first."""
        found = [
            (self.triggered_at, "trigger"),
            (self.escalated_at, "escalate"),
            (self.acknowledged_at, "acknowledge"),
            (self.resolved_at, "resolve"),
        ]
        return [(at, what) for at, what in found if at is not None and at <= now]


def pages(
    rng: np.random.Generator, incidents: Sequence[Incident], repositories: Sequence[Repository]
) -> list[Page]:
    """Every page in the order of its triggering; gives the incidents theirs."""
    found: list[Page] = []
    for place, incident in enumerate(incidents):
        if place % UNPAGED_ONE_OF == 3:
            continue
        page = _urgent(rng, incident)
        incident.page_id = page.id
        found.append(page)
        if place % MERGED_ONE_OF == 2 and page.resolved_at is not None:
            found.append(_echo(page))
    deployed = [each for each in repositories if each.cadence is not None]
    day = FIRST_DAY
    while day.year == FIRST_DAY.year:
        triggered_at = whole(at_local(day, 2.0 + 20.0 * float(rng.random())))
        title = _QUIET[int(rng.integers(len(_QUIET)))]
        page = Page(deployed[int(rng.integers(len(deployed)))], title, "low", triggered_at)
        page.resolved_at = triggered_at + minutes(float(rng.uniform(5, 600)))
        found.append(page)
        day += timedelta(days=int(rng.integers(1, 2 * QUIET_DAYS)))
    found.sort(key=lambda each: (each.triggered_at, each.id))
    for number, each in enumerate(found, 1):
        each.number = number
    return found


def _urgent(rng: np.random.Generator, incident: Incident) -> Page:
    """The alert came first and opened the code host's issue; closing either closes both."""
    page = Page(incident.repository, incident.title, "high", incident.created_at, incident=incident)
    end = incident.closed_at or incident.created_at + timedelta(days=2)
    patience = minutes(15)
    answered_at = incident.created_at + minutes(float(rng.uniform(1, 25)))
    if answered_at - incident.created_at > patience:
        page.escalated_at = incident.created_at + patience
    # Of some nobody said so before it was over.
    if answered_at < end and rng.random() >= 0.1:
        page.acknowledged_at = answered_at
    page.resolved_at = incident.closed_at
    return page


def _echo(page: Page) -> Page:
    """A second alert of the same trouble, which somebody merged into the first."""
    return Page(
        page.repository,
        f"{page.title} (again)",
        "high",
        page.triggered_at + minutes(2),
        resolved_at=page.triggered_at + minutes(6),
        merged_into=page,
    )
