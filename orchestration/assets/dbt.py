"""The dbt project as Dagster assets: one asset a model, one check a test, built in one step."""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Set
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtProject,
    dbt_assets,
)

from checks.blockers import engine_message, of_dbt
from checks.dbt_tests import DataTestOutcome, holds_publication, meaning_of, remedy_of, run_tests
from connectors.instances import instances_of
from connectors.runner import prepare_raw
from connectors.settings import enabled_sources
from connectors.storage import FileDamaged, open_duckdb, says_damage
from orchestration import own_failures
from orchestration.check_words import CheckWords
from orchestration.damage import built_on_sound_files, spoiled_put_aside, with_sound_warehouse
from orchestration.dbt_calls import build_models, queries_of_tests
from orchestration.engines import engine, read_by_nights
from orchestration.evaluations import failure_of
from orchestration.keys import FRESH, UNCHANGED, WAREHOUSE_POOL
from orchestration.leftovers import leave_only_models
from orchestration.model_facts import BuiltModels
from orchestration.readiness import ready_night
from settings.families import families_upstream, family_tags
from settings.home import Home
from settings.identity import Identity, remember_in_warehouse, take
from settings.own_code import is_own
from settings.owners import owner_of

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
        """Those of the model's own YAML, or who answers for its area."""
        named = super().get_owners(dbt_resource_props)
        return [*(named or [owner_of(self.get_asset_key(dbt_resource_props).path[1])])]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's own words, without the SQL that Dagster would add."""
        return str(dbt_resource_props.get("description", "")).strip()

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        if spec.key.path[0] == "staging":
            return spec.replace_attributes(
                deps=[key for dep in spec.deps for key in _of_instances(dep.asset_key)]
            )
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


def _of_instances(key: dg.AssetKey) -> list[dg.AssetKey]:
    """The raw assets that dbt knows as one source of their vendor; any other key alone."""
    layer, *_ = key.path
    if layer != "raw":
        return [key]
    return [dg.AssetKey([layer, source, *key.path[2:]]) for source in instances_of(key.path[1])]


def _words(test: Mapping[str, Any], owner: str) -> CheckWords:
    return CheckWords(meaning_of(test), owner, remedy_of(test), holds_publication(test))


def build_dbt_assets(project: DbtProject) -> dg.AssetsDefinition:
    """All models, built by one run of dbt, and their tests, asked together after it."""
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
    def dbt_build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        as_of, home = ready_night(context).as_of, Home.from_environment()
        os.environ["POPS_AS_OF"] = as_of.isoformat()
        take(home)
        # A source that is off was never read: its models are built of empty tables.
        prepare_raw(home.root)
        with_sound_warehouse(home)
        selected = {name_of[key] for key in context.selected_asset_keys if key in name_of}
        names = None if len(selected) == len(name_of) else selected
        with engine(home) as warehouse:
            warehouse.land()
        results = built_on_sound_files(home, lambda: build_models(project, names))
        remember_in_warehouse(home, Identity.present())
        built = [each for each in results if each.status == "success"]
        unbuilt = [each for each in results if each.status != "success"]
        asked = _askable(
            test_of, context.selected_asset_check_keys, manifest, {each.unique_id for each in unbuilt}
        )
        left_out = [each for each in unbuilt if each.is_own]
        own_failures.remember_models(home, results)
        if names is None or left_out:
            with spoiled_put_aside(home):
                leave_only_models(home, manifest, {each.unique_id for each in left_out})
        told, queries = BuiltModels(manifest, project, dbt_build), queries_of_tests(project, as_of)
        with spoiled_put_aside(home), engine(home) as warehouse:
            warehouse.fetch(read_by_nights(project, {each.unique_id for each in built}))
            rows = dict(warehouse.answers({each.unique_id: told.counting(each.unique_id) for each in built}))
            with open_duckdb(home.warehouse, read_only=True) as connection:
                for model in built:
                    yield told.materialized(model, rows[model.unique_id], connection)
            outcomes = list(run_tests(warehouse, {name: queries[name] for name in asked}, manifest["nodes"]))
            if spoiled := [each.error for each in outcomes if says_damage(each.error or "")]:
                raise FileDamaged(spoiled[0])
        told.keep_lineage()
        for model in left_out:
            yield dg.MaterializeResult(asset_key=told.key(model.unique_id), metadata={UNCHANGED: True})
        judged = [each for each in outcomes if not each.error or is_own(manifest["nodes"][each.unique_id])]
        raised = {asked[each.unique_id].name: each.error for each in judged if each.error}
        own_failures.remember(home, "tests", raised, {spec.name for spec in asked.values()})
        yield from (_evaluation(each, asked[each.unique_id], manifest) for each in judged)
        broken = [
            (each.unique_id, each.message) for each in unbuilt if each.status == "error" and not each.is_own
        ]
        broken += [(each.unique_id, each.error) for each in outcomes if each not in judged]
        if broken:
            raise failure_of(of_dbt(broken, manifest, enabled_sources(os.environ)))

    name_of = {spec.key: str(spec.metadata[_TEST_ID]).rsplit(".", 1)[-1] for spec in dbt_build.specs}
    test_of = {spec.key: spec for spec in dbt_build.check_specs}
    return dbt_build


def _askable(
    test_of: Mapping[dg.AssetCheckKey, dg.AssetCheckSpec],
    selected: Collection[dg.AssetCheckKey],
    manifest: Mapping[str, Any],
    unbuilt: Set[str],
) -> dict[str, dg.AssetCheckSpec]:
    """By id, the selected tests of what was built: a model that failed, or came after one, says nothing of the night."""
    by_id = {str(test_of[key].metadata[_TEST_ID]): test_of[key] for key in selected}
    return {
        name: spec
        for name, spec in by_id.items()
        if not unbuilt & {*manifest["nodes"][name]["depends_on"]["nodes"]}
    }


def _evaluation(
    outcome: DataTestOutcome, spec: dg.AssetCheckSpec, manifest: Mapping[str, Any]
) -> dg.AssetCheckResult:
    """A test's outcome with its words, and the rows that broke it; of an own test that cannot be run, what the engine says."""
    if outcome.error:
        return own_failures.test_that_raised(spec, engine_message(outcome.error))
    words = _words(manifest["nodes"][outcome.unique_id], str(spec.metadata["owner"]))
    more = {}
    if not outcome.passed:
        more = {
            "failing_keys": ", ".join(outcome.failing_keys),
            "query": dg.MetadataValue.md(f"```sql\n{outcome.query}\n```"),
        }
    observed = f"{outcome.failing_count} rows"
    return words.result(spec.name, spec.asset_key, outcome.passed, observed, more)
