"""What is true of each incident as of a date: who told of it, how it went, and which deployment is behind it.

What was paged is told by the on-call tool, the rest by the code host. A page that was merged into another one is none of its own;
one of low urgency is no failure, and no deployment is behind it.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sandbox.company.company import Company
from sandbox.company.work_time import midnight
from sandbox.truth.engineering import cause_of, successes_before


@dataclass(frozen=True)
class IncidentTruth:
    """`deployment_id`: the code host's, None: no deployment is behind it. Moments are aware UTC, None: not before the date."""

    incident_id: str
    repository: str
    urgency: str | None
    started_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    escalation_count: int | None
    deployment_id: int | None


def incident_truth(company: Company, as_of: date) -> dict[str, IncidentTruth]:
    """By the mart's id, every incident that began before a date."""
    cut = midnight(as_of)
    host, successes = company.engineering, successes_before(company, cut)

    def seen(moment: datetime | None) -> datetime | None:
        return moment if moment is not None and moment < cut else None

    found = []
    for page in host.pages:
        if page.triggered_at >= cut or page.merged_into is not None:
            continue
        cause = None if page.incident is None else cause_of(page.incident, successes)
        found.append(
            IncidentTruth(
                f"pagerduty:incident:{page.id}",
                page.repository.name,
                page.urgency,
                page.triggered_at,
                seen(page.acknowledged_at),
                seen(page.resolved_at),
                int(seen(page.escalated_at) is not None),
                None if cause is None else cause.id,
            )
        )
    for incident in host.incidents:
        if incident.created_at >= cut or incident.page_id is not None:
            continue
        cause = cause_of(incident, successes)
        found.append(
            IncidentTruth(
                f"github:issue:{incident.id}",
                incident.repository.name,
                None,
                incident.created_at,
                None,
                seen(incident.closed_at),
                None,
                None if cause is None else cause.id,
            )
        )
    return {each.incident_id: each for each in found}
