"""The dbt project as Dagster assets: one asset a model, one check a test, built in one step."""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from checks.blockers import Blocker, of_dbt
from checks.dbt_tests import broken_tests, holds_publication, meaning_of, remedy_of
from connectors.settings import enabled_sources
from orchestration.check_words import CheckWords
from orchestration.dbt_errors import without_records
from orchestration.evaluations import failure_of
from orchestration.keys import FRESH, WAREHOUSE_POOL
from orchestration.model_facts import BuiltModels
from orchestration.runs import night_of_run
from settings.families import families_upstream, family_tags
from settings.home import DBT_PROJECT, Home
from settings.night import reporting_zone
from settings.owners import owner_of
from settings.weeks import week_starts_on

_TEST_ID = "dagster_dbt/unique_id"


class ProductOpsTranslator(DagsterDbtTranslator):
    """Keys are `[layer, area, model]`, groups `<layer>_<area>`, owners come from the registry."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey(
                ["raw", dbt_resource_props["source_name"].removeprefix("raw_"), dbt_resource_props["name"]]
            )
        return dg.AssetKey(dbt_resource_props["fqn"][1:])

    def __init__(
        self, settings: DagsterDbtTranslatorSettings, families: Mapping[str, frozenset[str]]
    ) -> None:
        """`families`: the kinds of tools that each node of the manifest is made of."""
        super().__init__(settings)
        self._families = families

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        return family_tags(self._families.get(dbt_resource_props["unique_id"], frozenset()))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return "_".join(self.get_asset_key(dbt_resource_props).path[:2])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return [owner_of(self.get_asset_key(dbt_resource_props).path[1])]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own words, without the SQL that Dagster would add."""
        return str(dbt_resource_props.get("description", "")).strip()

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        if spec.key.path[0] != "marts":
            return spec
        return spec.replace_attributes(freshness_policy=FRESH)

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if spec is None:
            return None
        words = _words(self.get_resource_props(manifest, unique_id), asset_spec.owners[0])
        return spec._replace(description=words.description, metadata={**spec.metadata, **words.metadata})


def _words(test: Mapping[str, Any], owner: str) -> CheckWords:
    return CheckWords(meaning_of(test), owner, remedy_of(test), holds_publication(test))


def parsed_project(home: Home) -> DbtProject:
    """The dbt project with a manifest of its present files.

    Parsing needs no credentials and no data, but seconds: it is done again only when a file has changed.
    """
    home.prepare()
    project = DbtProject(DBT_PROJECT, target_path=home.dbt_target, profiles_dir=DBT_PROJECT)
    stamp_file = home.dbt_target / "manifest.stamp"
    stamp = _fingerprint(DBT_PROJECT)
    if project.manifest_path.exists() and stamp_file.exists() and stamp_file.read_text() == stamp:
        return project
    _parse(home)
    stamp_file.write_text(stamp)
    return project


def dbt_resource(home: Home) -> DbtCliResource:
    return DbtCliResource(
        dbt_executable=os.fspath(Path(sys.executable).with_name("dbt")),
        project_dir=os.fspath(DBT_PROJECT),
        profiles_dir=os.fspath(DBT_PROJECT),
        global_config_flags=["--no-use-colors"],
    )


def build_dbt_assets(project: DbtProject) -> dg.AssetsDefinition:
    """All models, built by one `dbt build` that runs each model's tests before what is downstream of it."""
    manifest = json.loads(project.manifest_path.read_text())
    translator = ProductOpsTranslator(
        DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True), families_upstream(manifest)
    )

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        dagster_dbt_translator=translator,
        name="dbt_build",
        pool=WAREHOUSE_POOL,
        # Unit tests prove the code, not the night's data: they run with the project's tests.
        exclude="resource_type:unit_test",
    )
    def dbt_build(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        os.environ["POPS_AS_OF"] = night_of_run(context).as_of.isoformat()
        build = dbt.cli(["build", "--vars", dbt_variables()], context=context, raise_on_error=False)
        home, failed = Home.from_environment(), []
        told = BuiltModels(manifest, project, dbt_build, build.target_path)
        for event in build.stream():
            if isinstance(event, dg.AssetCheckResult) and not event.passed:
                failed.append(event)
            else:
                yield told.with_lineage(event) if isinstance(event, dg.Output) else event
        told.log_rows(context, home)
        if failed:
            yield from _explained(failed, build, manifest, owners)
        error = build.get_error()
        if error and (broken := _broken(build, manifest)):
            raise failure_of(broken)
        if isinstance(error, dg.Failure):
            raise without_records(error)
        if error:
            raise error

    owners = {str(spec.metadata[_TEST_ID]): str(spec.metadata["owner"]) for spec in dbt_build.check_specs}
    return dbt_build


def _broken(build: DbtCliInvocation, manifest: Mapping[str, Any]) -> list[Blocker]:
    """What could not be built or run; nothing when dbt ended before it began."""
    results = build.target_path / "run_results.json"
    if not results.exists():
        return []
    return of_dbt(json.loads(results.read_text()), manifest, enabled_sources(os.environ))


def _explained(
    failed: list[dg.AssetCheckResult],
    build: DbtCliInvocation,
    manifest: Mapping[str, Any],
    owners: Mapping[str, str],
) -> Iterator[dg.AssetCheckResult]:
    """The failed tests with their words and the rows that broke them. `owners`: owner by test id."""
    home = Home.from_environment()
    by_id = {str(check.metadata["unique_id"].value): check for check in failed}
    found = broken_tests(by_id, build.get_artifact("run_results.json"), home.warehouse, home.root / "raw")
    for unique_id, broken in found.items():
        check = by_id[unique_id]
        assert check.asset_key is not None
        assert check.check_name is not None
        more = {
            **check.metadata,
            "failing_keys": ", ".join(broken.failing_keys),
            "query": dg.MetadataValue.md(f"```sql\n{broken.query}\n```"),
        }
        words = _words(manifest["nodes"][unique_id], owners.get(unique_id, ""))
        yield words.result(check.check_name, check.asset_key, False, f"{broken.failing_count} rows", more)


def dbt_variables() -> str:
    """The same when parsing and when building, or dbt would parse the project again every night."""
    return json.dumps({"reporting_time_zone": reporting_zone().key, "week_starts_on": week_starts_on()})


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".sql", ".yml", ".py"} and "target" not in path.parts:
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _parse(home: Home) -> None:
    from dbt.cli.main import dbtRunner

    result = dbtRunner().invoke(
        [
            "--quiet", "parse",
            "--project-dir", os.fspath(DBT_PROJECT),
            "--profiles-dir", os.fspath(DBT_PROJECT),
            "--target-path", os.fspath(home.dbt_target),
            "--log-path", os.fspath(home.dbt_target),
            "--vars", dbt_variables(),
        ]
    )  # fmt: skip
    if not result.success:
        raise RuntimeError(f"The dbt project does not parse: {result.exception}")
