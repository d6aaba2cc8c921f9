"""The North Star: what the registry may declare, its weeks counted by hand, and what a reader is told of it."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from connectors.errors import InvalidRegistry
from connectors.registry.files import load_registry
from connectors.registry.north_star import NORTH_STAR
from metrics.catalogue import read_definitions
from metrics.north_star import north_star_problem
from metrics.values import MetricRun, append_metric_values
from pops.onboarding.registry_check import held_against_data
from reports.headlines import headlines
from reports.language import language
from reports.model import HealthReport
from reports.north_star import NorthStar, NorthStarPart
from reports.north_star_section import north_star
from sandbox.serving.environment import REGISTRY
from settings.units import Unit
from tests.metric_warehouse import create_warehouse, engine_of, execute, insert, manifest_of
from tests.reports_fixture import report

GOOD = """north_star:
  - id: habit
    name: People with a habit
    description: Of the people of the week, those of the week before.
    owner: "team:product-ops"
    version: 2
    numerator: {metric: lifecycle_current_users}
    denominator: {metric: active_users_week}
    is_share: true
    inputs:
      - {id: breadth, name: More is used, metric: feature_breadth_rate}
      - {id: timeline, name: The timeline is used, metric: feature_adoption_rate, feature: timeline, feeds: breadth}
"""
MONDAY = date(2026, 9, 7)
WEEK = timedelta(days=7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(REGISTRY, tmp_path / "registry")
    return tmp_path / "registry"


def test_it_is_a_metric_of_the_glossary_where_it_is_declared_and_only_there(folder: Path) -> None:
    (folder / "north_star.yml").write_text(GOOD)
    assert NORTH_STAR in {each for entry in load_registry(folder).glossary for each in entry.metrics}
    (folder / "north_star.yml").unlink()
    assert NORTH_STAR not in {each for entry in load_registry(folder).glossary for each in entry.metrics}


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("metric: lifecycle_current_users", "metric: lifecycle_curent_users", 2, "Did you mean `lifecycle_current_users`?"),
        ("metric: active_users_week", "metric: north_star", 2, "the metric `north_star`, which glossary.yml does not have"),
        ("feature: timeline", "feature: timelime", 2, "which features.yml does not have. Did you mean `timeline`?"),
        ("    denominator: {metric: active_users_week}\n", "", 2, "`numerator` and `denominator`, two of them"),
        ("    is_share: true\n", "    value: {metric: new_users}\n", 2, "`value`, a metric, or"),
        ("    version: 2\n", "", 2, "`version` is missing"),
        ("version: 2", "version: 0", 6, "`version` is at least 1"),
        ("    name: People with a habit\n", "", 2, "`name` is missing"),
        ('    owner: "team:product-ops"\n', "", 2, "`owner` is missing"),
        ("feeds: breadth", "feeds: breath", 2, "feeds `breath`, which is no input"),
        ("metric: feature_breadth_rate}", "metric: feature_breadth_rate, feeds: timeline}", 2, "feeds itself, by way of others"),
        ("id: timeline,", "id: breadth,", 2, "Two `inputs` have one id"),
        ("metric: feature_breadth_rate}", "metrics: feature_breadth_rate}", 11, "`metrics` is no key here"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(folder: Path, old: str, new: str, line: int, what: str) -> None:
    assert old in GOOD
    (folder / "north_star.yml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InvalidRegistry) as told:
        load_registry(folder)
    assert what in str(told.value)
    assert f"north_star.yml:{line}" in str(told.value)


def test_there_is_one(folder: Path) -> None:
    second = GOOD.split("\n", 1)[1].replace("id: habit", "id: other")
    (folder / "north_star.yml").write_text(GOOD + second)
    with pytest.raises(InvalidRegistry, match="`other` is a second North Star: keep one"):
        load_registry(folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("metric: active_users_week", "metric: nps", "north_star.yml:8: `nps` has a number a month"),
        ("metric: active_users_week", "metric: active_users_7d", "north_star.yml:8: `active_users_7d` has a number a day"),
        ("metric: active_users_week", "metric: contact_rate", "north_star.yml:8: `contact_rate` is no number of cases"),
        ("feature: timeline,", "team: atlas,", "north_star.yml:12: `feature_adoption_rate` is not known by this cut; it is known by feature"),
    ],
)  # fmt: skip
def test_what_has_no_weekly_number_is_told_by_the_check(
    folder: Path, tmp_path: Path, old: str, new: str, told: str
) -> None:
    (folder / "north_star.yml").write_text(GOOD.replace(old, new, 1))
    found = held_against_data({"POPS_REGISTRY_DIR": str(folder)}, tmp_path / "home")
    assert next(each for each in found if each.startswith("north_star")).startswith(told)


def test_the_demo_companys_own_has_nothing_wrong(tmp_path: Path) -> None:
    found = held_against_data({"POPS_REGISTRY_DIR": str(REGISTRY)}, tmp_path / "home")
    assert [each for each in found if each.startswith("north_star")] == []


# Who was there in three weeks, by first letter.
PRESENT = ("abcd", "abe", "abcf")


def warehouse(path: Path, version: int = 1, is_share: bool = True, **parts: Any) -> Path:
    """Three weeks of people, and a North Star of some parts (role: metric, or metric and feature)."""
    create_warehouse(path)
    for number, people in enumerate(PRESENT):
        week = MONDAY + number * WEEK
        before = PRESENT[number - 1] if number else ""
        insert(
            path,
            "marts.fct_usage_daily",
            [(each, week, "board" if each < "c" else "timeline", "studio", "smb", "acme") for each in people],
        )
        insert(
            path,
            "intermediate.int_usage__lifecycle_weeks",
            [(each, week, "current" if each in before else "new", "smb", False, True) for each in people],
        )
    declare(path, version, is_share, **parts)
    return path


def declare(path: Path, version: int = 1, is_share: bool = True, **parts: Any) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create or replace table marts.dim_north_star as select 'habit' as north_star_id, 'Habit' as north_star_name, "
            "'Who comes back.' as definition, 'team:product' as owner, ?::bigint as definition_version, ?::boolean as is_share",
            [version, is_share],
        )
        connection.execute(
            "create or replace table marts.dim_north_star_metric (north_star_id text, part_id text, metric_role text, metric text, "
            "product_id text, feature_id text, team_id text, segment text)"
        )
        for role, metric in parts.items():
            name, feature = metric if isinstance(metric, tuple) else (metric, None)
            connection.execute(
                "insert into marts.dim_north_star_metric values ('habit', ?, ?, ?, null, ?, null, null)",
                [f"{role}:1", role, name, feature],
            )


def run(path: Path, as_of: date = MONDAY + 3 * WEEK) -> MetricRun:
    engine = engine_of(manifest_of("active_users_week", "lifecycle_current_users", "active_users_7d"))
    return append_metric_values(path, engine, as_of, MONDAY)


def weeks(path: Path) -> list[tuple[Any, ...]]:
    """Week number, numerator, denominator, value, n and version of each current number."""
    return execute(
        path,
        f"select date_diff('day', date '{MONDAY}', period_start) // 7, numerator, denominator, value, n, definition_version "
        "from metrics.metric_values where metric = 'north_star' and is_current order by period_start",
    )


def test_one_metric_over_another_has_both_and_its_version(tmp_path: Path) -> None:
    path = warehouse(
        tmp_path / "w.duckdb", 2, numerator="lifecycle_current_users", denominator="active_users_week"
    )
    run(path)
    # a, b of three; then a, b of four.
    assert [each for each in weeks(path) if each[0] > 0] == [(1, 2, 3, pytest.approx(2 / 3), 3, 2), (2, 2, 4, 0.5, 4, 2)]  # fmt: skip
    with duckdb.connect(str(path)) as connection:
        found = read_definitions(connection, "metrics.metric_definitions")[NORTH_STAR]
    assert (found.label, found.unit, found.owner, found.definition_version) == ("Habit", Unit.RATIO, "team:product", 2)  # fmt: skip
    assert (found.numerator, found.denominator) == ("lifecycle_current_users", "active_users_week")


def test_what_is_no_share_may_be_more_than_one(tmp_path: Path) -> None:
    path = warehouse(
        tmp_path / "w.duckdb", is_share=False, numerator="active_users_week", denominator="lifecycle_current_users"
    )  # fmt: skip
    run(path)
    assert weeks(path)[-1] == (2, 4, 2, 2.0, 6, 1)


def test_one_metric_of_a_member_is_that_very_number(tmp_path: Path) -> None:
    path = warehouse(tmp_path / "w.duckdb", value=("active_users_week", "timeline"))
    run(path)
    assert [(each[0], each[3]) for each in weeks(path)] == [(0, 2), (1, 1), (2, 2)]


def test_another_version_is_a_revision_of_every_week(tmp_path: Path) -> None:
    path = warehouse(tmp_path / "w.duckdb", value="active_users_week")
    run(path)
    assert run(path).revised == 0
    declare(path, 2, value="active_users_week")
    assert run(path).revised == 3
    assert {each[-1] for each in weeks(path)} == {2}


@pytest.mark.parametrize("metric", ["active_users_7d", "smiles", ("active_users_week", "chart")])
def test_what_cannot_be_measured_leaves_the_others_alone(tmp_path: Path, metric: Any) -> None:
    role = {"denominator": metric} if metric != ("active_users_week", "chart") else {}
    parts = {"numerator": "lifecycle_current_users", **role} if role else {"value": metric}
    path = warehouse(tmp_path / "w.duckdb", **parts)
    run(path)
    assert weeks(path) == []
    assert execute(path, "select count(*) > 0 from metrics.metric_values where metric = 'active_users_week'")
    # A member without any number is no mistake of the declaration.
    assert bool(north_star_problem(path)) == bool(role)


def told(**changes: Any) -> HealthReport:
    """The report of `tests.reports_fixture`, of an organisation with a North Star."""
    given = report(**changes)
    star = NorthStar(
        "People with a habit",
        "Who comes back.",
        "team:product",
        3,
        (
            NorthStarPart("numerator", "lifecycle_current_users", {}),
            NorthStarPart("denominator", "active_users_week", {}),
            NorthStarPart("input", "feature_breadth_rate", {}, "breadth", "More is used", None),
            NorthStarPart("input", "csat_rate", {}, "happy", "People are content", None),
            NorthStarPart("input", "feature_adoption_rate", {"feature_id": "timeline"}, "timeline", "The timeline is used", "breadth"),
        ),
    )  # fmt: skip
    rows = given.series("active_users_week").assign(
        metric=NORTH_STAR, numerator=800.0, denominator=1000.0, value=0.8, n=1000
    )
    definition = replace(given.definitions["csat_rate"], metric=NORTH_STAR, label=star.name)
    return replace(
        given,
        north_star=star,
        values=pd.concat([given.values, rows]),
        definitions={**given.definitions, NORTH_STAR: definition},
    )


def test_the_first_page_says_value_version_and_what_moves_it() -> None:
    section = north_star(told())
    assert section is not None
    assert section.findings == (
        "People with a habit: 80% (77% to 82%); no change; 800 over 1,000; definition, version 3.",
    )
    rows = [(str(row[0]).replace("\N{NO-BREAK SPACE}", "_"), row[1]) for row in section.tables[0].rows]
    assert rows == [
        ("counts", "Lifecycle current users"),
        ("of", "Active users week"),
        ("More is used", "Feature breadth rate"),
        ("___The timeline is used", "Feature adoption rate (Timeline)"),
        ("People are content", "Csat rate"),
    ]
    first = headlines(told())[0]
    assert (first.metric, first.value, first.version) == (NORTH_STAR, "80%", "definition, version 3")


def test_it_is_told_in_french() -> None:
    section = north_star(told(say=language("fr")))
    assert section is not None
    assert "800 sur 1\N{NARROW NO-BREAK SPACE}000 ; définition, version 3." in section.findings[0].replace(
        "\N{NARROW NO-BREAK SPACE};", " ;"
    )


def test_who_declares_none_is_told_of_none() -> None:
    assert north_star(report()) is None
    assert NORTH_STAR not in {each.metric for each in headlines(report())}
