"""A night on an engine of its own: raw is brought there before dbt builds, and what the rest of the night reads comes back."""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from dagster_dbt import DbtProject

from checks.blockers import Blocker
from checks.reconciliation import Counts
from orchestration.assets.audit import STEPS, SUITES
from orchestration.evaluations import failure_of
from orchestration.rebuilding import IDENTITY_TABLES
from settings.home import Home
from settings.owners import PLATFORM, owner_of
from warehouse.contract import EngineError, Warehouse, warehouse_of

_RELATION = re.compile(r"\b(?:staging|intermediate|marts)\.(\w+)")
_REMEDY = "Look at the engine, and at the lake where it has one, and run the job `nightly` again: what is there is not written twice."


@contextmanager
def engine(home: Home) -> Iterator[Warehouse]:
    """The warehouse on which dbt builds. Raises dagster.Failure, with what to do, where it or the lake refuses."""
    try:
        with warehouse_of(home) as warehouse:
            yield warehouse
    except EngineError as problem:
        raise failure_of(
            [Blocker("step", "warehouse", str(problem), _REMEDY, owner_of(PLATFORM))]
        ) from problem


def read_by_nights(project: DbtProject, built: Collection[str]) -> Iterator[tuple[str, str]]:
    """Of the models `built` (ids), those (schema, name) that a night reads above dbt: marts, what metrics are counted from,
    and what the audit and the requests of people about themselves ask."""
    manifest = json.loads(project.manifest_path.read_text())
    semantic = json.loads((project.manifest_path.parent / "semantic_manifest.json").read_text())
    named = {model["node_relation"]["alias"] for model in semantic["semantic_models"]}
    named |= {*IDENTITY_TABLES, *_audited()}
    for unique_id in built:
        node = manifest["nodes"][unique_id]
        if node["fqn"][1] == "marts" or node["alias"] in named:
            yield node["schema"], node["alias"]


def _audited() -> Iterator[str]:
    for suite in SUITES:
        yield from _RELATION.findall(suite.query)
    for step in STEPS:
        compared = step.compared
        asked = (
            (compared.left, compared.right)
            if isinstance(compared, Counts)
            else (compared.lost, compared.expected)
        )
        yield from (name for query in asked for name in _RELATION.findall(query))
