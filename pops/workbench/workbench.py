"""The engineer's own database beside the last night's: what changed is built here, all else is read from there.

`POPS_HOME/workbench` holds `work.duckdb` (what the last command built, made anew each time), `last_night.duckdb` (a copy
of the warehouse, attached as `warehouse`), copies of the raw files that were needed, and what dbt parsed. A model that
is not built is deferred to the last night. A night may run at the same time: none of its files is opened.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import yaml

from connectors.instances import sources_of
from connectors.storage import attach, open_duckdb
from publication.kept_night import KeptNight, kept_night
from publication.snapshots import file_state, refresh_copy
from settings.home import DBT_PROJECT, Home
from settings.identity import PSEUDONYM_KEY
from settings.own_code import dbt_project

# Catalogue names: of what is built here, and of the last night as its manifest knows it.
WORK, LAST_NIGHT = "work", "warehouse"
# Writing the manifest down costs a second each time, and nobody reads it here.
_QUIET = (
    "--no-send-anonymous-usage-stats",
    "--no-write-json",
    "--log-level",
    "none",
    "--log-level-file",
    "none",
)
Say = Callable[[str], None]


class BuildError(ValueError):
    """dbt refused the project or the selection; the message is dbt's own."""


@dataclass(frozen=True)
class Outcome:
    """What became of a model or test. `kind`: dbt's resource type. `query`: compiled SQL, where there is one."""

    unique_id: str
    name: str
    kind: str
    status: str
    message: str
    query: str

    @property
    def is_good(self) -> bool:
        return self.status in ("success", "pass")


class Workbench:
    """dbt on the workbench of a home. `say` is told what takes time, a line each.

    Raises FileNotFoundError without a last night, snapshots.BeingWritten, BuildError.
    """

    def __init__(self, home: Home, say: Say, product: Path = DBT_PROJECT) -> None:
        self.night: KeptNight = kept_night(home)
        self._home, self._say, self._project = home, say, dbt_project(home, product)
        self._folder = home.root / "workbench"
        self.target = self._folder / "target"
        self._manifest: Any = None

    @property
    def database(self) -> Path:
        return self._folder / f"{WORK}.duckdb"

    def prepare(self) -> None:
        """Copy the last night's warehouse if it is another than the copy, and parse what changed in the project."""
        self._folder.mkdir(exist_ok=True)
        if not refresh_copy(self._home.warehouse, self._folder / "last_night.duckdb"):
            self._say("A night is being built: the copy of the night before is used.")
        if file_state(self._folder / "last_night.duckdb") != self.night.warehouse:
            self._say(
                f"The warehouse was written after the night as of {self.night.as_of} had been published, by a night that "
                "failed or by dbt: rows may differ for that reason."
            )
        self._prepare_raw()
        self._write_profile()
        if not (self.target / "partial_parse.msgpack").exists():
            self._say("Parsing the whole project; from the next time on only what changed.")
        self._manifest = self._dbt(["parse"])

    @property
    def manifest(self) -> Any:
        """dbt's manifest of the project's present files, after `prepare`."""
        return self._manifest

    def semantic_manifest(self) -> Path:
        """The file from which metrics are compiled, of the project's present files; dbt's manifest lies beside it."""
        from dbt.contracts.graph.semantic_manifest import SemanticManifest

        file = self.target / "semantic_manifest.json"
        SemanticManifest(self._manifest).write_json_to_file(str(file))
        self._manifest.write(str(file.with_name("manifest.json")))
        return file

    def select(self, *selection: str) -> list[str]:
        """Unique ids that a selection stands for."""
        command = ["list", "--select", *selection, "--output", "json", "--output-keys", "unique_id"]
        found = self._dbt([*command, "--state", str(self.night.folder)])
        return [json.loads(line)["unique_id"] for line in found or []]

    def is_edited(self, unique_id: str) -> bool:
        """Differs the code itself, or its list of columns? dbt calls a test modified, too, when a model that it reads is."""
        known, node = self._known["nodes"].get(unique_id), self._node(unique_id)
        if known is None or known["raw_code"] != node.raw_code:
            return True
        return list(known["columns"]) != list(node.columns)

    @cached_property
    def _known(self) -> dict[str, Any]:
        """The last night's manifest."""
        found: dict[str, Any] = json.loads((self.night.folder / "manifest.json").read_text())
        return found

    def lost(self) -> list[str]:
        """Unique ids of models, tests and metrics of the last night that the project no longer has."""
        known = self._known
        present = {*self._manifest.nodes, *self._manifest.metrics, *self._manifest.unit_tests}
        return [
            each for part in ("nodes", "metrics", "unit_tests") for each in known[part] if each not in present
        ]

    def build(self, unique_ids: Sequence[str]) -> list[Outcome]:
        """Build models with their tests into an empty work database; everything else is the last night's."""
        for file in self._folder.glob(f"{WORK}.duckdb*"):
            file.unlink()
        selected = [self._node(each) for each in unique_ids]
        self._copy_raw(selected)
        names = [each.fqn[-1] if each.resource_type == "unit_test" else each.name for each in selected]
        command = [
            "build",
            "--select",
            *names,
            "--indirect-selection",
            "cautious",
            "--defer",
            "--favor-state",
        ]
        models = [each for each in selected if each.resource_type == "model"]
        self._say(f"Building {len(models)} model(s) with {len(selected) - len(models)} test(s).")
        results = self._dbt([*command, "--state", str(self.night.folder)], fails=False)
        return [_outcome(each) for each in results.results]

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The work database with the last night beside it, under the names that compiled SQL gives them."""
        with open_duckdb(self.database) as connection:
            attach(connection, self._folder / "last_night.duckdb", LAST_NIGHT)
            yield connection

    def _prepare_raw(self) -> None:
        """Sources that nobody reads here are empty files: dbt attaches all of them."""
        if all((self._folder / "raw" / f"{source}.duckdb").exists() for source in sources_of()):
            return
        from connectors.runner import prepare_raw

        prepare_raw(self._folder)

    def _node(self, unique_id: str) -> Any:
        return self._manifest.nodes.get(unique_id) or self._manifest.unit_tests[unique_id]

    def _copy_raw(self, nodes: Sequence[Any]) -> None:
        """Copy the raw files of the sources that are read here."""
        read = {
            self._manifest.sources[each].source_name
            for node in nodes
            for each in node.depends_on.nodes
            if each in self._manifest.sources
        }
        for source in sorted(read):
            original = self._home.root / "raw" / f"{source}.duckdb"
            if original.exists():
                refresh_copy(original, self._folder / "raw" / original.name)

    def _write_profile(self) -> None:
        """The project's profile with the work database for the warehouse; written only when it says something else."""
        profiles = yaml.safe_load((self._project / "profiles.yml").read_text())
        (profile,) = profiles.values()
        output = profile["outputs"]["embedded"]
        output["path"] = str(self.database)
        copy = {"path": str(self._folder / "last_night.duckdb"), "alias": LAST_NIGHT, "read_only": True}
        output["attach"] = [copy, *output["attach"]]
        text = yaml.safe_dump(profiles)
        file = self._folder / "profiles.yml"
        if not file.exists() or file.read_text() != text:
            file.write_text(text)

    def _dbt(self, arguments: list[str], *, fails: bool = True) -> Any:
        """Run dbt in this process. The project is parsed once: later commands go on with its manifest."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        command = [
            *arguments, *_QUIET,
            "--project-dir", str(self._project), "--profiles-dir", str(self._folder),
            "--target-path", str(self.target), "--log-path", str(self.target), "--vars", self.night.variables,
        ]  # fmt: skip
        told: list[str] = []

        def listen(event: Any) -> None:
            if event.info.level == "error":
                told.append(str(event.info.msg))

        with self._environment():
            done = dbtRunner(manifest=self._manifest, callbacks=[listen]).invoke(command)
            # dbt would keep the database open for as long as this process lives.
            DuckDBConnectionManager.close_all_connections()
        if done.exception is not None or (fails and not done.success):
            # What is wrong with metrics is told in events only.
            said = [str(done.exception)] if done.exception is not None else []
            raise BuildError("\n".join([f"dbt {arguments[0]} failed.", *dict.fromkeys([*told, *said])]))
        return done.result

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """What the profile and the clock macro read, and the folder from which the profile's plugins are found."""
        kept, folder = dict(os.environ), Path.cwd()
        demo_key = self._home.root / "demo_pseudonym_key"
        if demo_key.exists():
            os.environ.setdefault(PSEUDONYM_KEY, demo_key.read_text())
        if not os.environ.get(PSEUDONYM_KEY):
            raise ValueError(
                f"{PSEUDONYM_KEY} is not set: set it to the last night's, or nobody would be known again."
            )
        os.environ["POPS_HOME"] = str(self._folder)
        os.environ["POPS_AS_OF"] = self.night.as_of.isoformat()
        os.environ.pop("DBT_TARGET_PATH", None)
        os.chdir(self._project)
        try:
            yield
        finally:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(kept)


def _outcome(result: Any) -> Outcome:
    node = result.node
    return Outcome(
        unique_id=str(node.unique_id),
        name=str(node.name),
        kind=str(node.resource_type),
        status=str(result.status),
        message=str(result.message or ""),
        query=str(getattr(node, "compiled_code", "") or ""),
    )
