"""What a night reads and counts: everything that happened before its date began."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.forgotten import forgotten_before
from connectors.registry.files import load_organisation, registry_dir
from settings.home import Home
from settings.weeks import YEARS, start_of_week, week_starts_on

HISTORY_WEEKS = 26
NIGHT_AT = "POPS_NIGHT_AT"
KEEP_WEEKS = "POPS_KEEP_WEEKS"
# By then the analytics vendors have handed over the whole day before.
_USUAL_HOUR = "02:00"


@dataclass(frozen=True)
class Night:
    """A night as of a date: everything counts what happened before that date began.

    `as_of`: date in the reporting time zone. `until`: UTC moment up to which vendors are read.
    `history_start`: UTC moment at which event history begins; not before what the home was made to forget.
    """

    as_of: date
    until: datetime
    history_start: datetime

    @classmethod
    def of(cls, as_of: date | None, now: datetime, env: Mapping[str, str] = os.environ) -> "Night":
        """The night of `as_of`, read as at its scheduled hour; without a date, the night of `now`."""
        zone = reporting_zone()
        until = now
        if as_of is not None and as_of.year not in YEARS:
            raise ValueError(f"A night cannot be as of {as_of}: give a date such as 2026-11-16.")
        if as_of is None:
            as_of = now.astimezone(zone).date()
        else:
            until = min(now, scheduled_moment(as_of, env)).astimezone(UTC)
        begin, forgotten = _history_start(as_of, zone, env), forgotten_before(Home.from_environment().root)
        # What was counted of days that are forgotten stays as it was counted.
        return cls(as_of, until, max(begin, forgotten) if forgotten else begin)


def night_at(env: Mapping[str, str] = os.environ) -> time:
    """The hour of the nightly schedule in the reporting time zone: `POPS_NIGHT_AT`, or 02:00.

    Raises ValueError for a text that is no hour and minute.
    """
    configured = env.get(NIGHT_AT) or _USUAL_HOUR
    try:
        return datetime.strptime(configured.strip(), "%H:%M").time()
    except ValueError:
        raise ValueError(
            f"{NIGHT_AT} is {configured!r}: set an hour of the reporting time zone such as 02:00."
        ) from None


def scheduled_moment(as_of: date, env: Mapping[str, str] = os.environ) -> datetime:
    """When the night as of a date begins by its schedule; aware, in the reporting time zone."""
    return datetime.combine(as_of, night_at(env), reporting_zone())


def reporting_zone() -> ZoneInfo:
    """The time zone in which days and weeks are cut, from the registry."""
    return ZoneInfo(load_organisation(registry_dir()).reporting_time_zone)


def _history_start(as_of: date, zone: ZoneInfo, env: Mapping[str, str]) -> datetime:
    """`POPS_HISTORY_START`, else the first day of the week 26 weeks before."""
    configured = env.get("POPS_HISTORY_START")
    if configured:
        try:
            first_day = date.fromisoformat(configured)
        except ValueError:
            raise ValueError(
                f"POPS_HISTORY_START is {configured!r}: set a date such as 2026-05-18."
            ) from None
        if first_day.year not in YEARS or first_day >= as_of:
            raise ValueError(
                f"POPS_HISTORY_START is {first_day}, and the night is as of {as_of}: set an earlier date."
            )
    else:
        first_day = start_of_week(as_of - timedelta(weeks=HISTORY_WEEKS), week_starts_on())
    return datetime.combine(first_day, time(), zone).astimezone(UTC)


def kept_from(as_of: date, env: Mapping[str, str] = os.environ) -> date | None:
    """The first day of which events are kept as of a date: `POPS_KEEP_WEEKS` before its week; None where it is not set.

    Raises ValueError for a number of weeks that is none, or shorter than the history that a first night reads.
    """
    configured = env.get(KEEP_WEEKS, "").strip()
    if not configured:
        return None
    if not (configured.isascii() and configured.isdigit() and HISTORY_WEEKS <= int(configured) <= 52 * 100):
        raise ValueError(
            f"{KEEP_WEEKS} is {configured!r}: set a number of weeks, {HISTORY_WEEKS} or more, such as 104."
        )
    return start_of_week(as_of - timedelta(weeks=int(configured)), week_starts_on())
