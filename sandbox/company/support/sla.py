"""What the help desk promises: one policy, whose targets hang on a ticket's priority; a ticket without one has none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.company.support.hours import business_seconds, moment_after

HOUR = 3600
POLICY_ID, POLICY_TITLE = 360_000_700, "Customers"
# Seconds by metric and priority. Replies are promised within the desk's hours, work around the clock.
TARGETS = {
    "reply_time": {"urgent": 1 * HOUR, "high": 3 * HOUR, "normal": 6 * HOUR, "low": 12 * HOUR},
    "agent_work_time": {"urgent": 24 * HOUR, "high": 48 * HOUR, "normal": 72 * HOUR, "low": 120 * HOUR},
}
IN_BUSINESS_HOURS = {"reply_time": True, "agent_work_time": False}


@dataclass(frozen=True)
class Target:
    """`seconds` of a metric's running clock, counted within the desk's hours or around the clock."""

    seconds: int
    in_business_hours: bool

    def elapsed(self, start: datetime, end: datetime) -> int:
        if self.in_business_hours:
            return business_seconds(start, end)
        return int((end - start).total_seconds())

    def reached(self, start: datetime, seconds: int) -> datetime:
        """When so many seconds have passed on the clock since `start`."""
        return moment_after(start, seconds) if self.in_business_hours else start + timedelta(seconds=seconds)


def target_of(metric: str, priority: str | None) -> Target | None:
    """What is promised for a metric of a ticket of this priority; None: nothing."""
    seconds = TARGETS[metric].get(priority or "")
    return None if seconds is None else Target(seconds, IN_BUSINESS_HOURS[metric])
