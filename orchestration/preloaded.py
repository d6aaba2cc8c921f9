"""Imported by the process that a night's steps are forked from: what is imported or resolved here, no step does again."""

import importlib

from connectors.loading import import_dlt
from settings.home import Home
from settings.importing import uncollected

with uncollected():
    import_dlt(Home.from_environment().root / "dlt")
    for _module in (
        "orchestration.definitions",
        "dagster._core.storage.sqlite_storage",
        "dlt.destinations.impl.duckdb.duck",
        "dlt.normalize.normalize",
        "dlt.load.load",
        "scipy.stats",
    ):
        importlib.import_module(_module)
    # Kept in the definitions: each step would put the graph of all assets together for itself.
    importlib.import_module("orchestration.definitions").nightly_job()
