"""dbt in this process: the project parsed once for each of its states, its models built, its tests as SQL."""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Collection, Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtProject

from connectors import OWN_SOURCES
from connectors.registry.files import load_registry, registry_dir
from connectors.storage import write_text
from orchestration import own_uses
from orchestration.dbt_errors import of_own_code, without_records
from orchestration.kept_statements import ModelResult, keep_build, kept_build, run_statements
from settings.home import DBT_PROJECT, Home, text_of
from settings.own_code import NODES, OWN, dbt_project, is_own, own_folders, refuse_wrong_code
from warehouse.targets import Target, chosen_target, place

# Beside dbt's manifest: the state of the files that it is of, the SQL of the project's tests, and the state last built.
STAMP = "manifest.stamp"
_TESTS = "tests.json"
# What dbt reads its own manifest from.
_PARSED = "partial_parse.msgpack"
_BUILT = "built.stamp"
# The night's date in that SQL, which is the same for all nights.
_AS_OF = "${as_of}"


def parsed_project(home: Home) -> DbtProject:
    """The dbt project with a manifest of its present files.

    Parsing needs no credentials and no data, but seconds: it is done again only when a file or a variable has changed.
    Raises ValueError, with place and remedy, for own code of the organisation that dbt cannot read.
    """
    home.prepare()
    refuse_wrong_code()
    folder = dbt_project(home, DBT_PROJECT)
    project = DbtProject(folder, target_path=home.dbt_target, profiles_dir=folder)
    stamp = _fingerprint(DBT_PROJECT)
    kept = home.dbt_target / STAMP
    # A night's two processes load the definitions at the same time: one of them parses, the other waits.
    with (home.dbt_target / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (text_of(kept) == stamp and _is_whole(project)):
            parse(project)
            write_text(kept, stamp)
    return project


def _is_whole(project: DbtProject) -> bool:
    """Whether all that parsing left can be read: a power cut may leave empty files."""
    for name in ("manifest.json", "semantic_manifest.json", _TESTS):
        try:
            json.loads((_target(project) / name).read_bytes())
        except (OSError, ValueError):
            return False
    return True


def parse(project: DbtProject) -> None:
    """Write the project's manifest, and the SQL of its tests beside it.

    Raises ValueError where the organisation has own code, which is then what dbt cannot read, else RuntimeError with what dbt says.
    """
    own = own_folders()
    try:
        parsed = _invoke(project, ["parse"])
        # No warehouse is asked, so that a night may be writing it meanwhile.
        options = [
            "--no-introspect",
            "--no-populate-cache",
            "--no-write-json",
            "--select",
            "resource_type:test",
        ]
        options += [f"path:{OWN}/{kind}" for kind in NODES if kind in own]
        compiled = _invoke(project, ["compile", *options], {"as_of": _AS_OF}, parsed.result)
    except RuntimeError as problem:
        if not own:
            raise
        raise ValueError(of_own_code(str(problem), own)) from None
    queries = {
        each.node.unique_id: (each.node.compiled_code or "").strip() for each in compiled.result.results
    }
    tests = {name: query for name, query in queries.items() if name.startswith("test.")}
    write_text(_target(project) / _TESTS, json.dumps(tests))
    if own:
        manifest = json.loads(project.manifest_path.read_bytes())
        theirs = {
            name: query
            for name, query in queries.items()
            if is_own(manifest["nodes"].get(name) or {"original_file_path": ""})
        }
        own_uses.keep_parsed(_target(project), own_uses.uses(manifest, theirs))


def queries_of_tests(project: DbtProject, as_of: date) -> dict[str, str]:
    """By id of each data test, the query of the rows that break it."""
    queries = json.loads((_target(project) / _TESTS).read_text())
    return {name: query.replace(_AS_OF, as_of.isoformat()) for name, query in queries.items()}


def build_models(project: DbtProject, names: Collection[str] | None = None) -> list[ModelResult]:
    """Build all models, or those of `names`, for the night of `POPS_AS_OF`. Raises dagster.Failure when dbt ends before it
    reaches a model.

    The first build of a changed project is dbt's, and tables that grow are built anew: an older project's rows may be
    others. Later ones run the statements of the first again, and leave dbt those models that are no plain tables.
    """
    target, is_another = _target(project), is_changed(project)
    stamp = text_of(target / STAMP) or ""
    again = kept_build(target, stamp) if names is None and not is_another else None
    if again is not None:
        built = [each for each, _ in _run_by_dbt(project, again.left, is_another)]
        unbuilt = {each.unique_id for each in built if each.status != "success"}
        as_of = date.fromisoformat(os.environ["POPS_AS_OF"])
        return [*built, *run_statements(Home.from_environment(), again, as_of, unbuilt)]
    results = _run_by_dbt(project, names, is_another)
    if names is None and all(each.status == "success" or each.is_own for each, _ in results):
        # Own code may read the date in ways of its own while dbt compiles: where there is some, dbt builds every night.
        # Another engine than that of this process is asked by dbt alone.
        if chosen_target() is Target.EMBEDDED and not any(each.is_own for each, _ in results):
            keep_build(target, stamp, [node for _, node in results])
        write_text(target / _BUILT, stamp)
        own_uses.keep_built(target)
    return [each for each, _ in results]


def _run_by_dbt(
    project: DbtProject, names: Collection[str] | None, is_another: bool
) -> list[tuple[ModelResult, Any]]:
    """dbt's results and nodes of all models, or of those of `names`."""
    if names is not None and not names:
        return []
    options = ["--full-refresh"] if is_another else []
    if names is not None:
        options += ["--select", *sorted(names)]
    try:
        done = _invoke(project, ["run", "--no-write-json", *options], manifest=_kept_manifest(project))
    except RuntimeError as problem:
        raise dg.Failure(without_records(str(problem))) from None
    return [(_result(each), each.node) for each in done.result.results]


def _result(each: Any) -> ModelResult:
    told = str(each.message or "")
    return ModelResult(
        each.node.unique_id, str(each.status), told, each.execution_time, is_own(vars(each.node))
    )


def _kept_manifest(project: DbtProject) -> Any:
    """dbt's manifest as parsing left it; None, upon which dbt parses, where it cannot be read.

    dbt by itself would compare every file again, and parse all of them anew in a home that was moved: the path of the
    warehouse is a part of its profile, and of nothing that is parsed.
    """
    from dbt.contracts.graph.manifest import Manifest

    try:
        manifest = Manifest.from_msgpack((_target(project) / _PARSED).read_bytes())
    except (OSError, ValueError, LookupError, TypeError):
        return None
    manifest.build_flat_graph()
    return manifest


def is_changed(project: DbtProject, *, at_first: bool = True) -> bool:
    """Whether the project, or a variable of it, is another than the one that last built all models here; before the first
    build this is what `at_first` says."""
    built, present = _target(project) / _BUILT, _target(project) / STAMP
    return text_of(built) != text_of(present) if built.exists() else at_first


def forget_build(home: Home) -> None:
    """Let the next build be dbt's, as if the project had changed."""
    (home.dbt_target / _BUILT).unlink(missing_ok=True)


def dbt_variables() -> str:
    """The same when parsing and when building, or dbt would parse the project again every night."""
    return json.dumps(_variables())


def _variables() -> dict[str, Any]:
    """What the SQL is written by: another calendar, or other names of what tools hold, is another project."""
    registry = load_registry(registry_dir())
    return {
        "reporting_time_zone": registry.organisation[0].reporting_time_zone,
        "week_starts_on": registry.organisation[0].week_starts_on,
        "sources": registry.source_names(),
        "instances": registry.instances(),
    }


def _invoke(
    project: DbtProject, command: list[str], more: Mapping[str, str] | None = None, manifest: Any = None
) -> Any:
    """dbt's result of a command. What dbt prints may quote records, so it prints nothing, here or into a file."""
    # Imported here: it takes seconds, and only who parses or builds needs it.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections
    from dbt.cli.main import dbtRunner

    folder, target = os.fspath(project.project_dir), os.fspath(_target(project))
    flags = [
        "--project-dir", folder, "--profiles-dir", os.fspath(project.profiles_dir or folder),
        "--target-path", target, "--log-path", target, "--log-level", "none", "--log-level-file", "none",
        "--vars", json.dumps({**_variables(), **(more or {})}),
    ]  # fmt: skip
    told: list[str] = []
    # The profile's folder of plugins is looked up from where dbt runs.
    with contextlib.chdir(folder):
        try:
            done = dbtRunner(manifest=manifest, callbacks=[lambda event: _note(event, told)]).invoke(
                [*command, *flags]
            )
        finally:
            # Or dbt holds the warehouse until the process ends.
            cleanup_connections()
            DuckDBConnectionManager.close_all_connections()
    if done.exception:
        # What is wrong with metrics is told in events only.
        raise RuntimeError("\n".join([f"dbt {command[0]}: {done.exception}", *dict.fromkeys(told)]))
    return done


def _note(event: Any, told: list[str]) -> None:
    if event.info.name == "SemanticValidationFailure" and event.info.level == "error":
        told.append(str(event.info.msg))


def _target(project: DbtProject) -> Path:
    return project.manifest_path.parent


def _fingerprint(product: Path) -> str:
    dbt = [version(name) for name in ("dbt-core", "dbt-duckdb")]
    # Tables of another engine, or in another place of it, are others.
    digest = hashlib.sha256(json.dumps([dbt, dbt_variables(), OWN_SOURCES, *place()]).encode())
    for name, folder in {"": product, **own_folders()}.items():
        for path in sorted(folder.rglob("*")):
            if (
                path.is_file()
                and path.suffix in {".sql", ".yml", ".yaml", ".py"}
                and "target" not in path.parts
            ):
                digest.update(f"{name}{path.relative_to(folder)}".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
