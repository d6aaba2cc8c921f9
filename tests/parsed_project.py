"""The dbt project, parsed once for all workers of a session: homes of tests begin with what their first night would parse."""

import fcntl
import os
import shutil
from functools import cache
from pathlib import Path

import pytest

from sandbox.serving.environment import REGISTRY
from settings.home import Home

# Names the folder that the workers of a session share.
SHARED = "PYTEST_SHARED_FOLDER"
_KEPT = ("*.json", "*.msgpack", "*.stamp")


@cache
def parsed_target() -> Path:
    """dbt's target folder after parsing with nothing set but the company's registry."""
    # Imported here: it takes seconds, and the session's configuration imports this module.
    from orchestration.dbt_calls import parsed_project

    home = Home(Path(os.environ[SHARED]) / "parsed")
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("POPS_")]:
            environment.delenv(name)
        environment.setenv("POPS_HOME", str(home.root))
        environment.setenv("POPS_REGISTRY_DIR", str(REGISTRY))
        return parsed_project(home).manifest_path.parent


def give_parsed(home: Path) -> None:
    """Leave in a home that has none yet what parsing leaves, and the SQL of every metric.

    Whoever finds the stamp of other files or variables there parses by themselves.
    """
    from metrics.engine import MetricEngine

    target = Home(home).dbt_target
    if target.exists():
        return
    with (parsed_target() / "compile.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        MetricEngine(parsed_target() / "semantic_manifest.json").compile_all()
    target.mkdir(parents=True)
    for pattern in _KEPT:
        for file in parsed_target().glob(pattern):
            shutil.copy(file, target)
