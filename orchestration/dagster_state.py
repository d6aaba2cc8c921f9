"""Dagster's own record of runs, in the layout of the Dagster that is installed: a release may bring another one."""

from collections.abc import Callable
from importlib.metadata import version

import dagster as dg

from connectors.storage import write_text
from settings.home import Home, text_of


def take_over_runs(home: Home, instance: dg.DagsterInstance, say: Callable[[str], None]) -> None:
    """Migrate what an earlier Dagster left, as `dagster instance migrate` does. No run may be going on."""
    stamp, present = home.dagster / "dagster.version", version("dagster")
    known = text_of(stamp)
    if known == present:
        return
    storages = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    # Only what is older: to look into the files of all runs takes longer.
    if any(
        found is not None and found[0] != found[1]
        for each in storages
        if each
        for found in [each.alembic_version()]
    ):
        instance.upgrade(print)
        say(f"the record of earlier runs was taken over to Dagster {present}")
    write_text(stamp, present)
