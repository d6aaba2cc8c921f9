"""Dagster's own record of runs, in the layout of the Dagster that is installed: a release may bring another one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

import dagster as dg

from connectors.redaction import redact, without_values
from connectors.storage import write_text
from settings.home import Home, text_of


@contextmanager
def instance_of(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance that a home's settings name. Raises ValueError for settings of one's own that Dagster does not take."""
    given = os.environ.get("POPS_DAGSTER_YAML")
    try:
        instance = dg.DagsterInstance.from_config(str(home.dagster))
    except Exception as problem:
        if not given:
            raise
        # Dagster puts what it was given into its errors, and that may be an address with its password.
        said = redact(" ".join(without_values(line) for line in str(problem).splitlines() if line.strip()))
        raise ValueError(
            f"Dagster does not take the settings of {given} ({type(problem).__name__}: {said[:300]}): set it right, after "
            "deploy/dagster.yaml; what its `env` names must be set, its packages installed, its database reachable."
        ) from None
    with instance:
        yield instance


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
