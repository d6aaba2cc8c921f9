"""The company's feature flags: what is behind which, and when it was given to whom. Times are local.

A flag of a feature goes to a share of the people some days before the launch, and to all of them on its day. One that
nobody declared did so too; one was switched off with its feature; one of no feature guards something technical.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.company.work_time import local

PRODUCTION, STAGING = "production", "staging"
ENVIRONMENTS = (PRODUCTION, STAGING, "test", "demo-stand")


@dataclass(frozen=True)
class FlagState:
    """From `at` on, in an environment: `share` of the people have it, of those that are there, when it is on."""

    at: datetime
    environment: str
    is_on: bool
    share: float


@dataclass(frozen=True)
class Flag:
    """`changes`: oldest first; before the first one of an environment it is off there. `is_deprecated`: to be taken out."""

    key: str
    name: str
    created_at: datetime
    changes: Sequence[FlagState]
    is_temporary: bool = True
    is_deprecated: bool = False
    archived_at: datetime | None = None

    def state(self, environment: str, now: datetime) -> FlagState:
        """The state of an environment at a moment."""
        return [FlagState(self.created_at, environment, False, 1.0), *self.changed(environment, now)][-1]

    def changed(self, environment: str, now: datetime) -> Iterator[FlagState]:
        yield from (each for each in self.changes if each.environment == environment and each.at <= now)

    def updated_at(self, now: datetime) -> datetime:
        """When anything of it last changed by `now`."""
        moments = [self.created_at, *(each.at for each in self.changes)]
        return max(each for each in [*moments, self.archived_at] if each is not None and each <= now)

    def is_archived(self, now: datetime) -> bool:
        return self.archived_at is not None and self.archived_at <= now

    def launched_on(self, before: date) -> date | None:
        """The day on which all people had it in production for the first time, before a day."""
        found = (
            each.at.date()
            for each in self.changes
            if each.environment == PRODUCTION and each.is_on and each.share == 1.0
        )
        return next((day for day in found if day < before), None)


def flag_of(key: str, name: str, created: str, *steps: str, **more: object) -> Flag:
    """Steps are `moment environment share`; a share of 0 switches it off and leaves its share as it was."""
    changes: list[FlagState] = []
    for step in steps:
        day, hour, environment, share = step.split()
        before = next((each.share for each in reversed(changes) if each.environment == environment), 1.0)
        given = float(share)
        changes.append(FlagState(local(f"{day} {hour}"), environment, given > 0, given or before))
    return Flag(key, name, local(created), changes, **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class FlagTrial:
    """People were split by a flag between two moments, half and half, to see something of which nobody wrote down a bound."""

    flag: str
    name: str
    hypothesis: str
    planned_at: datetime
    started_at: datetime
    ended_at: datetime

    def state(self, now: datetime) -> str:
        return "not_started" if now < self.started_at else "running" if now < self.ended_at else "stopped"


FLAGS = (
    flag_of("timeline", "Timeline", "2026-08-31 10:00", "2026-09-01 11:00 staging 1", "2026-09-28 10:00 production 0.1",
          "2026-09-29 09:00 production 1"),
    flag_of("jira-sync", "Jira sync", "2026-08-03 10:00", "2026-08-04 11:00 staging 1", "2026-08-17 10:00 production 0.2",
          "2026-08-20 10:00 production 0.5", "2026-08-25 09:00 production 1"),
    flag_of("dashboard-themes", "Dashboard themes", "2026-09-21 10:00", "2026-09-22 11:00 staging 1",
          "2026-10-06 09:00 production 1"),
    flag_of("forecast-scenarios", "Forecast scenarios", "2026-10-01 10:00", "2026-10-02 11:00 staging 1",
          "2026-10-13 09:00 production 1"),
    # Nobody said what it was for.
    flag_of("board-swimlanes", "Swimlanes on the board", "2026-10-05 10:00", "2026-10-06 11:00 staging 1",
          "2026-10-14 10:00 production 0.25", "2026-10-20 09:30 production 1"),
    # Switched off, on again, and off for good, with its feature.
    flag_of("webhooks", "Webhooks", "2024-10-01 10:00", "2024-10-01 11:00 staging 1", "2024-10-07 09:00 production 1",
          "2026-07-06 15:00 production 0", "2026-07-06 16:20 production 1", "2026-10-19 09:00 production 0",
          is_deprecated=True),
    # Between the demo's nights.
    flag_of("search-index-v2", "New search index", "2026-11-10 10:00", "2026-11-11 11:00 staging 1",
          "2026-11-14 10:00 production 0.05", "2026-11-15 10:00 production 0.5"),
    flag_of("stop-exports", "Stop all exports", "2026-06-08 10:00", "2026-06-08 10:10 staging 0.5", is_temporary=False),
    flag_of("old-editor", "The old editor", "2026-06-02 10:00", "2026-06-02 10:10 production 1", "2026-07-20 10:00 production 0",
          archived_at=local("2026-08-10 10:00")),
    flag_of("guest-links", "Guest links", "2026-11-02 10:00", "2026-11-03 11:00 staging 1"),
)  # fmt: skip
# The feature that each is for, where it is for one.
FEATURE_OF_FLAG = {
    "timeline": "timeline",
    "jira-sync": "jira_sync",
    "dashboard-themes": "dashboards",
    "forecast-scenarios": "forecasts",
    "board-swimlanes": "board",
    "webhooks": "webhooks",
}
TRIALS = (
    FlagTrial(
        "board-swimlanes", "Swimlanes or none", "Who sees swimlanes loses no card.", local("2026-10-12 10:00"),
        local("2026-10-14 10:00"), local("2026-10-20 09:30"),
    ),
)  # fmt: skip
