"""The preflight as the steps of a run ask it, so that a run of the schedule or the UI is stopped as the command line is."""

import os

import dagster as dg

from checks.blockers import Blocker
from orchestration.evaluations import failure_of
from orchestration.preflight import check_night
from orchestration.runs import night_of_run
from settings.home import Home
from settings.night import Night
from settings.owners import PLATFORM, owner_of


def ready_night(context: dg.AssetExecutionContext) -> Night:
    """The night of a run; raises dagster.Failure with the preflight's sentence when it must not begin.

    Every step that reads a source asks first, so nothing is asked of any vendor; all of them say the same.
    """
    # This step writes records; what it makes is its user's alone from the beginning.
    os.umask(0o077)
    try:
        check_night(Home.from_environment())
        return night_of_run(context)
    except ValueError as problem:
        remedy = "Set it right and run the job again: no vendor was asked."
        raise failure_of([Blocker("step", "preflight", str(problem), remedy, owner_of(PLATFORM))]) from None
