"""The metrics' YAML: every metric is there, signed, and gives the number that one counts by hand."""

import json
import re
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from metrics.definitions import MetricDefinitionError, models_of_metrics, published_definitions
from metrics.engine import MetricEngine
from metrics.values import append_metric_values
from reports.model import SourceStatus
from sandbox.serving.environment import REGISTRY
from settings.families import families_upstream
from settings.units import Chance
from tests.metric_catalogue import CATALOGUE, subject_of
from tests.metric_warehouse import ROOT, create_warehouse, engine_of, insert, semantic_manifest, value
from tests.reports_fixture import report

W46 = date(2026, 11, 9)
SECOND_STEP = {"funnel_id": "trial", "step": "step_2"}


@pytest.fixture(scope="module")
def engine() -> MetricEngine:
    return engine_of(semantic_manifest())


def test_the_catalogue_is_complete(engine: MetricEngine) -> None:
    assert {each.metric for each in engine.definitions} == set(CATALOGUE)


def test_each_metric_is_as_agreed(engine: MetricEngine) -> None:
    for each in engine.definitions:
        groupings = "|".join("+".join(grouping) for grouping in each.groupings)
        assert (each.owner, each.unit, each.grain, groupings) == CATALOGUE[each.metric], each.metric
        assert each.subject == subject_of(each.metric), each.metric


def test_each_metric_is_signed(engine: MetricEngine) -> None:
    owners = {entry["owner"] for entry in yaml.safe_load((REGISTRY / "owners.yml").read_text())["owners"]}
    labels = [each.label for each in engine.definitions]
    assert len(labels) == len(set(labels))
    for each in engine.definitions:
        assert each.owner in owners, each.metric
        assert each.good_direction in {"up", "down", "none"}, each.metric
        assert re.fullmatch(r"[A-Z](\S+ ){3,}\S+\.", each.description), each.metric
        assert re.fullmatch(r"M\d\d", each.specification), each.metric
        assert each.definition_version >= 1
        counts = each.unit.chance is Chance.COUNT
        assert (each.numerator == each.metric) == counts, each.metric
        assert (each.denominator is None) == (counts or each.numerator is None), each.metric
        if each.unit.chance in {Chance.SHARE, Chance.ODDS, Chance.RATE}:
            assert each.denominator, each.metric
            # Features and days are counted whole, not sampled.
            whole = {"features_used_rate": 1, "deployment_frequency": 7}
            assert each.minimum_sample == whole.get(each.metric, 30), each.metric
        assert (each.minimum_sample is None) == counts, each.metric
        for said in (each.exclusions, each.known_gaps):
            assert re.fullmatch(r"[A-Z]\S*( \S+){2,}\.", said), (each.metric, said)


def test_metrics_that_only_feed_others_are_described_too() -> None:
    for metric in json.loads(semantic_manifest().read_text())["metrics"]:
        assert metric["label"], metric["name"]
        assert metric["label"] != metric["name"]
        assert re.fullmatch(r"[A-Z]\S*( \S+)*\.", metric["description"]), metric["name"]


def test_metrics_are_defined_in_the_folder_of_their_subject_only() -> None:
    models = ROOT / "dbt_project" / "models"
    for path in models.rglob("*.yml"):
        content = yaml.safe_load(path.read_text()) or {}
        if {"metrics", "semantic_models", "saved_queries"} & set(content):
            assert path.parent.parent == models / "metrics", path
            assert path.name.startswith("sem_"), path
            for metric in content["metrics"]:
                if "grain" in ((metric.get("config") or {}).get("meta") or {}):
                    assert path.parent.name == subject_of(metric["name"]), metric["name"]
        assert not any("measures" in model for model in content.get("models", [])), path


def test_a_metric_is_made_of_the_tools_whose_records_it_counts(engine: MetricEngine) -> None:
    made_of = {each.metric: (set(each.families), set(each.families_of_cuts)) for each in engine.definitions}
    assert all(families for families, _ in made_of.values())
    assert made_of["requester_wait_seconds_median"] == ({"support"}, set())
    assert made_of["tickets_created"] == ({"support", "crm"}, {"crm"})
    assert made_of["contact_rate"] == ({"support", "product_analytics"}, set())
    assert made_of["feedback_received"] == ({"roadmap", "support", "surveys", "files"}, set())
    assert (made_of["renewals_due_arr"], made_of["on_time_rate"]) == (({"crm"}, set()), ({"delivery"}, set()))
    # Who may use a feature stands in the CRM; who used it, does not.
    assert made_of["feature_adoption_rate"] == ({"product_analytics", "crm"}, set())
    assert made_of["feature_reach_rate"] == ({"product_analytics"}, set())


def test_a_stale_crm_warns_where_a_metric_is_cut_by_segment_and_nowhere_else(engine: MetricEngine) -> None:
    stale = SourceStatus("hubspot", "crm", "failed", "2026-11-12 01:00", 10, is_stale=True)
    shown = report(definitions={each.metric: each for each in engine.definitions}, sources=(stale,))
    of_support = [each for each in engine.definitions if each.subject == "support"]
    cut = {each.metric for each in of_support if any("segment" in grouping for grouping in each.groupings)}
    assert {each.metric for each in of_support if shown.stale_sources(each.metric)} == cut
    assert cut < {each.metric for each in of_support}
    assert "tickets_created" in cut


def test_no_metric_of_use_waits_for_other_tools() -> None:
    semantic = json.loads(semantic_manifest().read_text())
    manifest = json.loads(semantic_manifest().with_name("manifest.json").read_text())
    read, upstream = models_of_metrics(semantic, manifest), families_upstream(manifest)
    for each in published_definitions(semantic, manifest):
        if each.subject in ("usage", "adoption", "funnels"):
            waits_for = frozenset[str]().union(
                *(upstream[model] for name in each.inputs for model in read[name])
            )
            # Support and CRM help to tell people apart.
            assert waits_for <= {"product_analytics", "crm", "support"}, each.metric


def test_targets_name_metrics(engine: MetricEngine) -> None:
    targets = yaml.safe_load((REGISTRY / "targets.yml").read_text())["targets"]
    assert {target["metric"] for target in targets} <= {each.metric for each in engine.definitions}


def test_every_metric_compiles_in_every_grouping(engine: MetricEngine) -> None:
    for each in engine.definitions:
        for grouping in each.groupings:
            request = engine.compile(each.inputs, grouping, each.grain)
            assert request.sql.count(f'"{engine.catalogue}".') >= 1
            assert set(request.dimension_columns) == set(grouping)


def test_an_unknown_grouping_is_named(engine: MetricEngine) -> None:
    with pytest.raises(MetricDefinitionError, match=r"new_users is grouped by stage.*lifecycle_weeks"):
        engine.compile(["new_users"], ["stage"], "week")


def test_an_incomplete_definition_is_named(tmp_path: Path) -> None:
    manifest = json.loads(semantic_manifest().read_text())
    metric = next(each for each in manifest["metrics"] if each["name"] == "new_users")
    del metric["config"]["meta"]["area"]
    (tmp_path / "semantic_manifest.json").write_text(json.dumps(manifest))
    shutil.copy(semantic_manifest().with_name("manifest.json"), tmp_path)
    with pytest.raises(MetricDefinitionError, match="new_users has no `area`"):
        _ = MetricEngine(tmp_path / "semantic_manifest.json").definitions


def test_an_unparsed_project_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="dbt parse"):
        MetricEngine(tmp_path / "semantic_manifest.json")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Numbers of W46 from a handful of rows in each model."""
    path = create_warehouse(tmp_path_factory.mktemp("answers") / "warehouse.duckdb")
    for table, rows in ROWS.items():
        insert(path, table, rows)
    append_metric_values(path, engine_of(semantic_manifest()), date(2026, 11, 16), date(2026, 8, 3))
    return lambda metric, period=W46, **dimensions: value(path, metric, period, **dimensions)


def steps(person: str, segment: str, reached: int, seconds: int) -> list[tuple[Any, ...]]:
    """One person's way through a funnel of three steps."""
    return [
        (
            "trial", person, W46, segment, number, f"step_{number}", number == 1 or reached >= number - 1,
            reached >= number, seconds * number if 1 < number <= reached else None, "studio",
        )
        for number in (1, 2, 3)
    ]  # fmt: skip


def ticket(
    name: str,
    feature: str,
    counted: bool,
    solved: bool,
    reply: int | None,
    full: int | None,
    solved_count: int = 1,
) -> tuple[Any, ...]:
    day = W46 + timedelta(days=1)
    segment = "smb" if feature == "board" else "enterprise"
    solved_day = day if solved else None
    return (
        name, feature, segment, counted, solved, day, day if reply is not None else None, reply, solved_day,
        full and full // 2, solved_day, full, full and full - 5, 5 if full else None, solved_count,
    )  # fmt: skip


def issue(
    name: str,
    team: str,
    delivered: bool,
    lead: int,
    cycle: int | None,
    promise: int | None,
    reopened: int | None = None,
    slip: int | None = None,
    moves: int = 0,
) -> tuple[Any, ...]:
    day = W46 + timedelta(days=4)
    due = day if promise is not None else None
    return (
        name, team, True, delivered, promise is not None, day, lead, day if cycle else None, cycle, due, promise, due,
        None if promise is None else 1, date(2026, 10, 8), reopened, slip, moves, "cosmos" if moves == 3 else team, team, team,
    )  # fmt: skip


ROWS: dict[str, list[tuple[Any, ...]]] = {
    "marts.fct_usage_daily": [
        ("p1", date(2026, 11, 10), "board", "studio", "smb"),
        ("p1", date(2026, 11, 11), "board", "studio", "smb"),
        ("p2", date(2026, 11, 11), "board", "studio", "smb"),
        ("p2", date(2026, 11, 11), "(unmapped)", "(unmapped)", "smb"),
        ("p3", date(2026, 11, 15), "reports", "insights", "enterprise"),
    ],
    "marts.fct_account_usage_daily": [
        ("a1", date(2026, 11, 10), "studio", "smb"),
        ("a1", date(2026, 11, 10), "insights", "smb"),
        ("(unknown)", date(2026, 11, 10), "studio", "(unknown)"),
    ],
    "intermediate.int_features__reach_weeks": [
        ("board", "studio", "atlas", W46, 2, 3), ("reports", "insights", "borealis", W46, 1, 3),
        ("mobile", "studio", "atlas", W46, 0, 3), ("api", "studio", "atlas", W46, None, 3),
    ],
    "intermediate.int_features__use_windows": [
        ("board", "studio", "atlas", W46, True, True, False),
        ("reports", "insights", "borealis", W46, True, False, True),
        ("mobile", "studio", "atlas", W46, False, False, False),
    ],
    "marts.fct_ticket": [
        ticket("t1", "board", True, True, 100, 1000),
        ticket("t2", "board", True, True, 300, 3000, solved_count=3),
        ticket("t3", "reports", True, False, None, None),
        ticket("t4", "(untagged)", True, True, 200, 2000),
        ticket("t5", "board", False, True, 1, 1),
        ticket("t6", "mobile", True, False, None, None),
    ],
    "marts.fct_issue": [
        issue("i1", "atlas", True, 100, 50, 1, reopened=1, slip=0),
        issue("i2", "atlas", True, 200, None, 0, reopened=0, slip=14, moves=3),
        issue("i3", "borealis", True, 600, 150, None, moves=9),
        issue("i4", "borealis", False, 1, 1, None, reopened=0, slip=99, moves=9),
    ],
    "intermediate.int_usage__lifecycle_weeks": [
        ("p1", W46, "new", "smb", False),
        ("p2", W46, "new", "smb", True),
        ("p3", W46, "current", "enterprise", False),
        ("p4", W46, "dormant", "enterprise", False),
    ],
    "intermediate.int_usage__retention": [
        ("p1", date(2026, 11, 2), 1, True, "smb"),
        ("p2", date(2026, 11, 4), 1, False, "smb"),
        ("p1", date(2026, 11, 2), 7, True, "smb"),
        ("p2", date(2026, 11, 4), 7, False, "smb"),
        ("p9", W46, 1, True, "smb"),
        ("p1", date(2026, 11, 2), 28, True, "smb"),
    ],
    "intermediate.int_usage__account_retention_weeks": [
        ("a1", W46, True, "smb"), ("a2", W46, False, "smb"), ("a3", W46, True, "enterprise"),
    ],
    "intermediate.int_usage__stickiness_months": [(date(2026, 10, 1), 62, 310, 10), (date(2026, 11, 1), 1, 30, 1)],
    "intermediate.int_usage__funnel_steps": [
        *steps("p1", "smb", 3, 100), *steps("p2", "smb", 2, 300), *steps("p3", "smb", 2, 500),
        *steps("p4", "enterprise", 1, 0),
    ],
    "intermediate.int_features__person_weeks": [
        ("p1", "board", "studio", "atlas", W46, "smb", True),
        ("p2", "board", "studio", "atlas", W46, "smb", False),
        ("p3", "board", "studio", "atlas", W46, "enterprise", False),
    ],
    "intermediate.int_features__account_weeks": [
        ("a1", "board", "studio", "atlas", W46, "smb", True, 1000.0),
        ("a2", "board", "studio", "atlas", W46, "smb", False, 3000.0),
    ],
    "intermediate.int_features__time_to_adopt": [("board", W46, 4.0, 9, 6), ("reports", W46, None, 8, 1)],
    "intermediate.int_features__repeat_use": [
        ("p1", "board", date(2026, 10, 12), "smb", True),
        ("p2", "board", date(2026, 10, 12), "smb", False),
        ("p3", "board", date(2026, 10, 19), "smb", True),
    ],
    "intermediate.int_delivery__issue_stages": [
        ("i1", "atlas", "build", 10, 10, 10, W46), ("i2", "atlas", "build", 30, 30, 30, W46),
        ("i2", "atlas", "ready", 60, 60, 0, W46), ("i3", "borealis", "build", 80, 80, 80, W46),
        ("i3", "borealis", "other", 5, None, None, W46), ("i4", "borealis", "ready", 900, None, None, W46),
    ],
    "marts.fct_sprint": [
        ("s1", "atlas", True, date(2026, 11, 13), 8, 6), ("s2", "cosmos", True, date(2026, 11, 15), 4, 1),
        ("s3", "borealis", True, date(2026, 11, 13), 0, 0), ("s4", "atlas", False, None, 9, 9),
    ],
    "intermediate.int_delivery__time_to_market": [
        (W46, "(all)", 90.0, 40, 30), (W46, "atlas", None, 10, 4),
    ],
    "intermediate.int_delivery__epic_stage_weeks": [
        (W46, "e1", "build", 10.0), (W46, "e2", "build", 20.0), (W46, "e3", "build", None),
        (W46, "e3", "launched", None),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "dimensions", "expected"),
    [
        ("active_users_week", {}, (3.0, None, 3.0, 3)),
        ("active_users_week", {"product_id": "studio"}, (2.0, None, 2.0, 2)),
        ("active_users_week", {"feature_id": "(unmapped)"}, (1.0, None, 1.0, 1)),
        ("new_users", {}, (1.0, None, 1.0, 1)),
        ("lifecycle_new_users", {}, (2.0, None, 2.0, 2)),
        ("lifecycle_resurrected_users", {"segment": "smb"}, (0.0, None, 0.0, 0)),
        ("lifecycle_dormant_users", {"segment": "enterprise"}, (1.0, None, 1.0, 1)),
        ("active_account_retention_rate", {}, (2.0, 3.0, 2 / 3, 3)),
        ("active_account_retention_rate", {"segment": "smb"}, (1.0, 2.0, 0.5, 2)),
        ("feature_adoption_rate", {"feature_id": "board"}, (1.0, 3.0, 1 / 3, 3)),
        ("feature_adoption_rate", {"feature_id": "board", "segment": "smb"}, (1.0, 2.0, 0.5, 2)),
        ("feature_reach_rate", {"feature_id": "mobile"}, (0.0, 3.0, 0.0, 3)),
        ("feature_reach_rate", {"feature_id": "api"}, None),
        ("feature_account_adoption_rate", {"feature_id": "board"}, (1.0, 2.0, 0.5, 2)),
        ("feature_arr_adoption_rate", {"feature_id": "board"}, (1000.0, 4000.0, 0.25, 2)),
        ("feature_time_to_adopt_days_median", {"feature_id": "board"}, (6.0, 9.0, 4.0, 9)),
        ("feature_time_to_adopt_days_median", {"feature_id": "reports"}, (1.0, 8.0, None, 8)),
        ("features_used_rate", {}, (1.0, 2.0, 0.5, 2)),
        ("zombie_features", {"product_id": "insights"}, (1.0, None, 1.0, 1)),
        ("zombie_features", {"product_id": "studio"}, (0.0, None, 0.0, 1)),
        ("funnel_conversion_rate", SECOND_STEP, (3.0, 4.0, 0.75, 4)),
        ("funnel_conversion_rate", {**SECOND_STEP, "segment": "smb"}, (3.0, 3.0, 1.0, 3)),
        ("funnel_drop_off_rate", {"funnel_id": "trial", "step": "step_1"}, None),
        ("funnel_drop_off_rate", {"funnel_id": "trial", "step": "step_3"}, (2.0, 3.0, 2 / 3, 3)),
        ("funnel_step_seconds_median", SECOND_STEP, (None, None, 600.0, 3)),
        ("tickets_created", {}, (5.0, None, 5.0, 5)),
        ("tickets_created", {"feature_id": "board"}, (2.0, None, 2.0, 2)),
        ("untagged_ticket_share", {}, (1.0, 5.0, 0.2, 5)),
        ("contact_rate", {}, (5.0, 3.0, 5000 / 3, 3)),
        ("contact_rate", {"feature_id": "board"}, (2.0, 2.0, 1000.0, 2)),
        ("contact_rate", {"feature_id": "reports"}, (1.0, 1.0, 1000.0, 1)),
        ("contact_rate", {"feature_id": "mobile"}, (1.0, 0.0, None, 0)),
        ("contact_rate", {"feature_id": "(untagged)"}, None),
        ("contact_rate", {"feature_id": "(unmapped)"}, None),
        ("first_reply_seconds_median", {}, (None, None, 200.0, 3)),
        ("first_reply_seconds_median", {"feature_id": "reports"}, None),
        ("first_reply_seconds_p85", {"feature_id": "board"}, (None, None, 270.0, 2)),
        ("first_resolution_seconds_median", {"segment": "smb"}, (None, None, 1000.0, 2)),
        ("full_resolution_seconds_median", {}, (None, None, 2000.0, 3)),
        ("full_resolution_seconds_p85", {}, (None, None, 2700.0, 3)),
        ("requester_wait_seconds_median", {}, (None, None, 1995.0, 3)),
        ("agent_wait_seconds_median", {}, (None, None, 5.0, 3)),
        ("ticket_reopen_rate", {}, (2.0, 3.0, 2 / 3, 3)),
        ("issue_lead_time_seconds_median", {}, (None, None, 200.0, 3)),
        ("issue_lead_time_seconds_p85", {"team_id": "atlas"}, (None, None, 185.0, 2)),
        ("issue_lead_time_seconds_mean", {}, (900.0, 3.0, 300.0, 3)),
        ("issue_cycle_time_seconds_median", {}, (None, None, 100.0, 2)),
        ("issue_cycle_time_seconds_mean", {"team_id": "atlas"}, (50.0, 1.0, 50.0, 1)),
        ("stage_time_seconds_median", {"stage": "build"}, (None, None, 30.0, 3)),
        ("stage_time_seconds_p85", {"stage": "build", "team_id": "atlas"}, (None, None, 27.0, 2)),
        ("flow_efficiency", {}, (120.0, 180.0, 2 / 3, 3)),
        ("on_time_rate", {}, (1.0, 2.0, 0.5, 2)),
        ("on_time_rate", {"team_id": "borealis"}, None),
        ("on_time_rate", {"team_id": "cosmos"}, (0.0, 1.0, 0.0, 1)),
        ("on_time_rate_last_due", {}, (2.0, 2.0, 1.0, 2)),
        ("committed_issue_share", {}, (2.0, 3.0, 2 / 3, 3)),
        ("due_slip_days_median", {}, (None, None, 7.0, 2)),
        ("due_slip_days_median", {"team_id": "borealis"}, None),
        ("due_date_moves", {"team_id": "atlas"}, (3.0, None, 3.0, 3)),
        # Not known yet: thirty days are to pass after the week.
        ("issue_reopen_rate", {}, None),
        ("sprint_predictability", {}, (7.0, 12.0, 7 / 12, 12)),
        ("sprint_predictability", {"team_id": "borealis"}, None),
        ("time_to_market_days_median", {}, (30.0, 40.0, 90.0, 40)),
        ("time_to_market_days_median", {"team_id": "atlas"}, (4.0, 10.0, None, 10)),
        ("time_to_market_stage_days_median", {"stage": "build"}, (None, None, 15.0, 2)),
        ("time_to_market_stage_days_median", {"stage": "launched"}, None),
        # Not over yet: the week's last person has not reached the day.
        ("retention_rate_d1", {}, None),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_by_hand(answers: Callable[..., Any], metric: str, dimensions: dict[str, str], expected: Any) -> None:
    found = answers(metric, **dimensions)
    assert found == (expected and pytest.approx(expected)), metric


def test_by_hand_in_other_periods(answers: Callable[..., Any]) -> None:
    assert answers("issue_reopen_rate", date(2026, 10, 5)) == (1.0, 3.0, 1 / 3, 3)
    assert answers("issue_reopen_rate", date(2026, 10, 5), team_id="atlas") == (1.0, 2.0, 0.5, 2)
    assert answers("retention_rate_d1", date(2026, 11, 2), segment="smb") == (1.0, 2.0, 0.5, 2)
    assert answers("retention_rate_d7", date(2026, 11, 2)) == (1.0, 2.0, 0.5, 2)
    assert answers("retention_rate_d28", date(2026, 11, 2)) is None
    assert answers("feature_repeat_use_rate", date(2026, 10, 12), feature_id="board") == (1.0, 2.0, 0.5, 2)
    assert answers("feature_repeat_use_rate", date(2026, 10, 19), feature_id="board") is None
    assert answers("stickiness_ratio", date(2026, 10, 1)) == (62.0, 310.0, 0.2, 10)
    assert answers("stickiness_ratio", date(2026, 11, 1)) is None
    assert answers("active_accounts_7d", date(2026, 11, 12)) == (1.0, None, 1.0, 1)
    assert answers("active_accounts_day", date(2026, 11, 10), segment="(unknown)") is None
