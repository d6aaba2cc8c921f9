"""What the UI shows of a night: a source that was not read, the columns' origins, samples, and what may be published."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.runner import SourceRun, StreamRun
from orchestration import proof
from orchestration.assets import ingestion
from orchestration.assets.metrics import in_its_unit, label_tag
from orchestration.column_lineage import ColumnLineage
from orchestration.evaluations import check_evaluations
from orchestration.model_facts import shown_columns
from orchestration.runs import AS_OF_TAG, night_of_run
from settings.units import Unit

TICKETS = dg.AssetKey(["raw", "zendesk", "tickets"])


def _read(failed: bool) -> SourceRun:
    streams = ["tickets", "ticket_events", "ticket_audits", "ticket_metric_events", "users", "organizations", "satisfaction_ratings"]  # fmt: skip
    if failed:
        error = "zendesk: The credentials were rejected. Set POPS_ZENDESK_CLIENT_SECRET."
        return SourceRun(
            "zendesk", "failed", [StreamRun(name, outcome="failed", error=error) for name in streams], error
        )
    return SourceRun("zendesk", "ok", [StreamRun(name, fetched=3, loaded=3) for name in streams])


def test_a_source_that_fails_is_red_keeps_its_age_and_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    monkeypatch.setattr(ingestion, "ready_night", night_of_run)
    zendesk = next(each for each in ingestion.ingestion_assets() if TICKETS in each.keys)
    built: list[str] = []

    @dg.asset(deps=list(zendesk.keys))
    def staging(context: dg.AssetExecutionContext) -> None:
        built.append(context.run.run_id)

    with dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setattr(ingestion, "run_source", lambda *_, **__: _read(failed=False))
        first = dg.materialize([zendesk, staging], instance=instance)
        monkeypatch.setattr(ingestion, "run_source", lambda *_, **__: _read(failed=True))
        second = dg.materialize([zendesk, staging], instance=instance)

        assert first.success
        assert second.success
        assert built == [first.run_id, second.run_id]
        newest = instance.get_latest_materialization_event(TICKETS)
        assert newest is not None
        assert newest.run_id == first.run_id
        arrived = second.get_asset_check_evaluations()
        assert {(each.passed, each.severity) for each in arrived} == {(False, dg.AssetCheckSeverity.ERROR)}
        assert "SECRET" in str(arrived[0].metadata["observed"].value)
        assert arrived[0].metadata["what_to_do"].value
        told = {(check.severity, check.blocks) for check in check_evaluations(instance, second.run_id)}
        assert told == {("warn", False)}
        [observation] = instance.fetch_observations(TICKETS, limit=5).records
        assert observation.asset_observation is not None
        assert (observation.asset_observation.description or "").startswith("Not read this night")


def test_a_part_that_is_refused_is_named_and_its_stream_is_as_new_as_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POPS_HOME", str(tmp_path))
    monkeypatch.setattr(ingestion, "ready_night", night_of_run)
    zendesk = next(each for each in ingestion.ingestion_assets() if TICKETS in each.keys)
    run = _read(failed=False)
    run.streams[0].left_out["ticket 7"] = "zendesk tickets, GET /tickets/7: Forbidden."
    monkeypatch.setattr(ingestion, "run_source", lambda *_, **__: run)
    with dg.DagsterInstance.ephemeral() as instance:
        night = dg.materialize([zendesk], instance=instance)
        newest = instance.get_latest_materialization_event(TICKETS)
        assert newest is not None
        assert newest.run_id == night.run_id
        red = [each for each in night.get_asset_check_evaluations() if not each.passed]
        assert [each.asset_key for each in red] == [TICKETS]
        assert "Left out: ticket 7." in str(red[0].metadata["observed"].value)
        assert instance.fetch_observations(TICKETS, limit=5).records == []


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_columns_are_followed_through_steps_unions_and_joins(tmp_path: Path, engine: str) -> None:
    compiled = tmp_path / "compiled"
    compiled.mkdir()
    stg = (
        'with parsed as (select record_id, json(record) as fields from "help"."raw_help"."tickets") '
        "select record_id as ticket_id, cast(fields.priority as text) as priority, extracted_at is null as is_new "
        "from parsed join (select extracted_at from help.raw_help.tickets) on true"
    )
    mart_sql = (
        "with every as (select * from warehouse.staging.stg union all select ticket_id, 'none', false from warehouse.staging.stg)"
        " select ticket_id, max(priority) over (partition by ticket_id) as top, 1 as one from every"
    )
    place: dict[str, Any] = {"database": "warehouse", "schema": "staging", "columns": {}}
    help_: str | None = "help"
    if engine == "spark":
        # It knows no databases, and writes names in other quotes.
        place["database"] = help_ = None
        stg = stg.replace('"help".', "").replace("help.raw", "raw").replace('"', "`")
        mart_sql = mart_sql.replace("warehouse.", "")
    (compiled / "stg.sql").write_text(stg)
    (compiled / "mart.sql").write_text(mart_sql)
    manifest: dict[str, Any] = {
        "metadata": {"adapter_type": engine},
        "sources": {
            "source.p.help.tickets": {"database": help_, "schema": "raw_help", "identifier": "tickets"}
        },
        "nodes": {
            "model.p.stg": {
                **place, "alias": "stg", "original_file_path": "stg.sql", "depends_on": {"nodes": ["source.p.help.tickets"]},
            },
            "model.p.mart": {
                **place, "alias": "mart", "original_file_path": "mart.sql", "depends_on": {"nodes": ["model.p.stg"]},
            },
        },
    }  # fmt: skip
    file = tmp_path / "kept.json"
    lineage = ColumnLineage(manifest, "one", file)
    raw = "source.p.help.tickets"
    assert lineage.of("model.p.stg", compiled) == {
        "ticket_id": [(raw, "record_id")],
        "priority": [(raw, "record")],
        "is_new": [(raw, "extracted_at")],
    }
    mart = {
        "ticket_id": [("model.p.stg", "ticket_id")],
        "top": [("model.p.stg", "priority"), ("model.p.stg", "ticket_id")],
        "one": [],
    }
    assert lineage.of("model.p.mart", compiled) == mart
    lineage.keep()
    (compiled / "mart.sql").unlink()
    kept = ColumnLineage(manifest, "one", file).of("model.p.mart", compiled)
    assert {name: [tuple(origin) for origin in origins] for name, origins in kept.items()} == mart
    assert ColumnLineage(manifest, "another", file).of("model.p.mart", compiled) == {}


def test_a_sample_shows_no_text_that_is_not_known_to_be_a_code() -> None:
    columns = [
        ("ticket_id", "VARCHAR"),
        ("subject_line", "VARCHAR"),
        ("account_name", "VARCHAR"),
        ("status", "VARCHAR"),
        ("created_at", "TIMESTAMP"),
        ("person_count", "BIGINT"),
        ("reply_seconds", "BIGINT"),
        ("is_solved", "BOOLEAN"),
        ("emails", "VARCHAR[]"),
        ("raw", "STRUCT(a VARCHAR)"),
    ]
    assert shown_columns(columns) == ["status", "created_at", "reply_seconds", "is_solved"]


class _House:
    """Two models, their test, the metrics, launches that are made of them, experiments that are not, and what asks for proof."""

    def __init__(self) -> None:
        self.sound = True
        upper, lower = dg.AssetKey(["staging", "a", "upper"]), dg.AssetKey(["marts", "a", "lower"])
        self.upper, self.lower = upper, lower
        self.metrics = dg.AssetKey(["metrics", "product_ops", "metric_values"])
        self.launches = dg.AssetKey(["learning", "product_ops", "launches"])
        self.experiments = dg.AssetKey(["learning", "product_ops", "experiments"])
        test = dg.AssetCheckSpec("unique_rows", asset=lower, metadata={"severity": "error"})

        @dg.multi_asset(
            specs=[dg.AssetSpec(upper), dg.AssetSpec(lower, deps=[upper])],
            check_specs=[test],
            name="dbt_build",
            can_subset=True,
        )
        def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
            for key in (upper, lower):
                if key in context.selected_asset_keys:
                    yield dg.MaterializeResult(asset_key=key)
            if test.key in context.selected_asset_check_keys:
                yield dg.AssetCheckResult(asset_key=lower, check_name="unique_rows", passed=self.sound)

        @dg.asset(key=self.metrics, deps=[lower])
        def metrics() -> None: ...

        @dg.asset_check(asset=self.metrics, name="audit_passed", blocking=True)
        def gate() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=True)

        @dg.asset(key=self.launches, deps=[self.metrics])
        def launches() -> None: ...

        @dg.asset(key=self.experiments, deps=[lower])
        def experiments() -> None: ...

        @dg.asset(
            key=["published", "product_ops", "mart"],
            deps=[self.launches, self.metrics, self.experiments, lower],
        )
        def published(context: dg.AssetExecutionContext) -> None:
            computed = {self.metrics: (), self.launches: (self.metrics,), self.experiments: ()}
            proof.refuse_unproven(context, models, computed)

        self.definitions = dg.Definitions(
            assets=[models, metrics, launches, experiments, published], asset_checks=[gate]
        )
        self.instance = dg.DagsterInstance.ephemeral()

    def run(self, as_of: str, *assets: dg.AssetKey, checks: bool = True) -> str:
        """What the publication said; "" when it published, "-" when it was not part of the run."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        done = job.get_subset(
            asset_selection=set(assets) or None, asset_check_selection=None if checks else set()
        ).execute_in_process(instance=self.instance, tags={AS_OF_TAG: as_of}, raise_on_error=False)
        failures = [
            event.step_failure_data.user_failure_data.description or ""
            for event in done.get_step_failure_events()
            if event.step_failure_data.user_failure_data
        ]
        return failures[0] if failures else ""


def test_a_part_that_is_run_again_is_published_only_when_the_whole_is_proven() -> None:
    house = _House()
    mart = dg.AssetKey(["published", "product_ops", "mart"])
    assert house.run("2026-11-15") == ""
    assert house.run("2026-11-15", house.lower, house.metrics, house.launches, house.experiments, mart) == ""
    # What is not made of the launches may be older than they are.
    assert house.run("2026-11-15", house.metrics, house.launches, mart) == ""
    stale = house.run("2026-11-15", house.metrics, mart)
    assert "Older than what they are made of: learning/product_ops/launches" in stale
    assert "audit has not passed in this run" in house.run("2026-11-15", mart)
    unread = house.run("2026-11-15", house.lower, house.metrics, house.launches, mart)
    assert "Older than what they are made of: learning/product_ops/experiments" in unread
    assert "Not as of 2026-11-16" in house.run("2026-11-16", house.lower, house.metrics, mart)
    assert house.run("2026-11-16") == ""
    house.run("2026-11-16", house.upper)
    older = house.run("2026-11-16", house.metrics, mart)
    assert "Older than what they are made of: marts/a/lower" in older
    house.sound = False
    house.run("2026-11-16", house.lower)
    refused = house.run("2026-11-16", house.metrics, mart)
    assert "failed when they last ran: marts/a/lower" in refused
    assert "Run the job `nightly`" in refused
    house.sound = True
    assert house.run("2026-11-16") == ""


@pytest.mark.parametrize(
    ("unit", "value", "printed"),
    [(Unit.RATIO, 0.647, "65%"), (Unit.SECONDS, 11_160.0, "3.1 h"), (Unit.COUNT, 417.0, "417")],
)
def test_a_metric_shows_its_value_as_the_report_prints_it(unit: Unit, value: float, printed: str) -> None:
    shown = in_its_unit(unit, {"value": value, "n": 12.0})
    assert shown == {"value": value, "n": 12.0, "value_in_report": printed}
    assert in_its_unit(unit, {"dagster/row_count": 3}) == {"dagster/row_count": 3}


@given(st.text())
def test_any_label_is_a_tag_that_the_catalogue_searches(label: str) -> None:
    assert dg.AssetSpec("metric", tags={"label": label_tag(label)}).tags["label"] == label_tag(label)


def test_a_label_keeps_its_words_as_a_tag() -> None:
    assert (
        label_tag("Time to first reply, median (business hours)")
        == "Time-to-first-reply-median-business-hours"
    )
