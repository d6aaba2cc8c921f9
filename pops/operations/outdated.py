"""Forgets what is older than the organisation keeps it, `POPS_KEEP_WEEKS`."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from connectors.forgotten import forgotten_before
from pops.operations.forget import Found, Request, find, forget
from settings.home import Home
from settings.night import kept_from, reporting_zone

# Raw files are written anew for it, and the night after builds everything: not for each week.
_APART = timedelta(weeks=4)


def forget_outdated(
    home: Home, as_of: date, say: Callable[[str], None], env: Mapping[str, str] = os.environ
) -> Found | None:
    """Forget events, and replaced versions of records, from before what is kept; None where there is nothing to do.

    Raises ValueError as `forget` does, and for a setting that is no number of weeks.
    """
    first_day = kept_from(as_of, env)
    if first_day is None:
        return None
    done = forgotten_before(home.root)
    if done and datetime.combine(first_day, time(), reporting_zone()).astimezone(UTC) - done < _APART:
        return None
    request = Request(before=first_day)
    return forget(home, request, say, env) if find(home, request, env).counts.removed else None
