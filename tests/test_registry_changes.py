"""What nights read otherwise in the registry: told in the week's report, and the known reason of what it restated."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from connectors.registry.files import load_registry
from connectors.runner import run_source
from metrics.dimensions import DIMENSIONS
from reports.data_status import data_status
from reports.language import language
from reports.model import Restatement
from reports.reasons import why
from reports.registry_changes import RegistryChange, explaining, read_changes
from reports.registry_words import sentences
from reports.restatements import restatements
from sandbox.serving.environment import REGISTRY
from tests.registry_edits import edit, hand_over_feature, merge, rename_and_hand_over
from tests.reports_fixture import WEEK, report
from tests.sql_macros import connected, model_sql

NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)
NIGHTS = (date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 16))
EN = language("en")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RegistryChange, ...]]:
    """The demo's registry over three nights: a rename and a project that passes on the second, a merge and more on the third."""
    home = tmp_path_factory.mktemp("registry_changes")
    folder = Path(shutil.copytree(REGISTRY, home / "registry"))
    for night, as_of in enumerate(NIGHTS):
        if as_of == NIGHTS[1]:
            rename_and_hand_over(folder)
        if as_of == NIGHTS[2]:
            merge(folder)
            edit(folder / "targets.yml", ("  - {id: stickiness_ratio", "  - {id: sticky"))
            hand_over_feature(folder, "webhooks")
            rename_team(folder, "borealis", "boreas")
        load_registry(folder)
        moment = NIGHT + timedelta(days=night)
        done = run_source("registry", home, moment, moment, env={"POPS_REGISTRY_DIR": str(folder)})
        assert done.outcome == "ok", done.error
    with connected() as connection:
        connection.execute(f"attach '{home / 'raw' / 'registry.duckdb'}' as registry (read_only)")
        connection.execute("create schema mart")
        versions = model_sql("stg_registry__entry_versions").replace(
            "raw_registry.", "registry.raw_registry."
        )
        connection.execute(f"create table stg_registry__entry_versions as {versions}")
        sql = model_sql("fct_registry_change", as_of="2026-11-16")
        connection.execute(f"create table mart.fct_registry_change as {sql}")
        connection.execute(
            "create table mart.dim_feature as select * from (values ('board', 'studio', 'atlas'), "
            "('autopilot', 'studio', 'atlas'), ('dashboards', 'insights', 'borealis')) as f(feature_id, product_id, team_id)"
        )
        yield read_changes(connection)


def rename_team(folder: Path, old: str, new: str) -> None:
    """The team gets another id, and whatever names it says so."""
    for file in folder.glob("*.yml"):
        file.write_text(re.sub(rf"\b{old}\b", new, file.read_text()))
    edit(folder / "teams.yml", (f"id: {new}, ", f"id: {new}, formerly: [{old}], "))


def told(changes: tuple[RegistryChange, ...], night: date) -> list[str]:
    return sentences(EN, [each for each in changes if each.changed_on == night])


def test_a_rename_a_merge_and_a_project_that_passed_on_are_told_and_nothing_else(
    known: tuple[RegistryChange, ...],
) -> None:
    assert {each.changed_on for each in known} == set(NIGHTS[1:])
    assert told(known, NIGHTS[1]) == [
        "The feature “automation” is called “autopilot” now.",
        "From 2 Nov 2026 on the project COS is of the team “draco”, until then of “cosmos”.",
    ]
    assert told(known, NIGHTS[2]) == [
        "The feature “templates” became part of “board”.",
        "The team “borealis” is called “boreas” now.",
        "From 2 Nov 2026 on the feature “webhooks” is of the team “draco”, until then of “cosmos”.",
        "New (1): target “sticky”.",
        "Changed (1): feature “board” (events).",
        "Taken out (1): target “stickiness_ratio”.",
    ]


def test_the_weeks_report_tells_what_changed_since_the_last_one(known: tuple[RegistryChange, ...]) -> None:
    found = data_status(report(registry_changes=known)).registry
    assert len(found) == 8
    assert found[0] == "The feature “automation” is called “autopilot” now."
    later = report(registry_changes=known, week_start=WEEK + timedelta(days=7))
    assert data_status(later).registry == ()
    french = " ".join(data_status(report(registry_changes=known, say=language("fr"))).registry)
    assert "«\u202fautomation\u202f» (fonctionnalité) s’appelle désormais «\u202fautopilot\u202f»." in french
    assert (
        "À partir du 2 nov. 2026, l’équipe «\u202fdraco\u202f» a le projet COS, jusque-là à «\u202fcosmos\u202f»."
        in french
    )
    for english in ("feature", "the ", "The ", "Changed", "became"):
        assert english not in french


def figure(metric: str, night: date = NIGHTS[2], **members: str) -> Restatement:
    first = night - timedelta(days=1)
    return Restatement(
        metric, tuple(members.values()), "week", WEEK, 5.0, 5, first, 7.0, 7, night, by=tuple(members)
    )  # fmt: skip


FAMILIES = {
    "feature_adoption_rate": ("product_analytics",),
    "on_time_rate": ("delivery",),
    "tickets_created": ("support",),
    "new_users": ("product_analytics",),
    "feature_breadth_rate": ("product_analytics",),
}


@pytest.mark.parametrize(
    ("restated", "explained"),
    [
        (figure("feature_adoption_rate", feature_id="board"), True),
        (figure("feature_adoption_rate", feature_id="templates"), True),
        (figure("tickets_created", feature_id="templates"), True),
        # Which tickets are board's, the merge left as it was: nobody moved the tag.
        (figure("tickets_created", feature_id="board"), False),
        (figure("feature_adoption_rate", feature_id="dashboards"), False),
        (figure("feature_adoption_rate", product_id="studio"), True),
        (figure("feature_adoption_rate", product_id="insights"), False),
        (figure("feature_adoption_rate", feature_id="(unmapped)"), True),
        # To which feature an event belongs, makes no new user.
        (figure("new_users"), False),
        (figure("feature_breadth_rate"), True),
        (figure("on_time_rate", NIGHTS[1], team_id="draco"), True),
        (figure("on_time_rate", NIGHTS[1], team_id="cosmos"), True),
        (figure("on_time_rate", NIGHTS[1], team_id="atlas"), False),
        # Whose project it is, moves no total; nor does a name.
        (figure("on_time_rate", NIGHTS[1]), False),
        (figure("feature_adoption_rate", NIGHTS[1], feature_id="autopilot"), False),
        (figure("feature_breadth_rate", NIGHTS[1]), False),
        # It came with another night.
        (figure("on_time_rate", NIGHTS[2], team_id="draco"), False),
    ],
    ids=lambda each: f"{each.metric} {each.members} {each.as_of}" if isinstance(each, Restatement) else "",
)
def test_a_change_explains_what_hangs_on_it_and_nothing_else(
    known: tuple[RegistryChange, ...], restated: Restatement, explained: bool
) -> None:
    given = report()
    signed = given.definitions["on_time_rate"]
    definition = replace(
        given.definitions.get(restated.metric, signed),
        metric=restated.metric,
        families=FAMILIES[restated.metric],
        subject="adoption" if restated.metric.startswith("feature_") else "other",
    )
    page = report(registry_changes=known, definitions={**given.definitions, restated.metric: definition})
    assert (why(page, restated).startswith("The registry changed.")) is explained
    assert any(explaining(known, definition, restated.members)) or not explained


@pytest.mark.parametrize(
    ("source", "metrics"),
    [
        ("amplitude_eu", {"feature_adoption_rate", "new_users", "feature_breadth_rate"}),
        ("zendesk_eu", {"tickets_created"}),
        ("jira_eu", {"on_time_rate"}),
        # Who is a customer, all tools say by the CRM.
        ("hubspot_eu", FAMILIES.keys()),
    ],
)
def test_fields_of_an_instance_explain_what_its_vendors_records_make(source: str, metrics: set[str]) -> None:
    change = RegistryChange("sources", source, NIGHTS[1], "added", {}, {"account": "workspace"})
    signed = report().definitions["on_time_rate"]
    explained = {
        metric
        for metric, families in FAMILIES.items()
        if any(explaining((change,), replace(signed, metric=metric, families=families, subject="other"), {}))
    }
    assert explained == metrics


@pytest.mark.parametrize("team", ["draco", "cosmos"])
def test_a_reason_tells_both_sides_of_what_passed_on(known: tuple[RegistryChange, ...], team: str) -> None:
    given = report()
    signed = replace(given.definitions["on_time_rate"], families=("delivery",))
    page = report(registry_changes=known, definitions={**given.definitions, "on_time_rate": signed})
    assert why(page, figure("on_time_rate", NIGHTS[1], team_id=team)) == (
        "The registry changed. From 2 Nov 2026 on the project COS is of the team “draco”, until then of “cosmos”."
    )


def test_reasons_that_are_known_stand_in_their_order(known: tuple[RegistryChange, ...]) -> None:
    given = report()
    signed = replace(
        given.definitions["feature_adoption_rate"], families=("product_analytics",), subject="adoption"
    )
    page = report(
        registry_changes=known, definitions={**given.definitions, "feature_adoption_rate": signed}
    )  # fmt: skip
    restated = replace(
        figure("feature_adoption_rate", feature_id="board"), versions=(1, 2), reached_back=date(2026, 8, 3)
    )
    assert why(page, restated) == (
        "The registry changed. The feature “templates” became part of “board”. Changed (1): feature “board” (events). "
        "History was read further back: these numbers begin on 3 Aug 2026 since. The definition changed from version 1 to 2."
    )
    assert why(page, replace(restated, first_as_of=NIGHTS[2])).startswith("History")
    assert why(page, figure("tickets_created", feature_id="board")).startswith("Late records of zendesk")


def test_numbers_that_begin_earlier_since_are_told_of_a_history_that_reaches_back() -> None:
    columns = ", ".join(f"{name} text" for name in DIMENSIONS)
    with duckdb.connect() as mart:
        mart.execute(
            "create schema metrics; create table metrics.metric_values (metric text, definition_version int, grain text, "
            f"period_start date, {columns}, numerator double, denominator double, value double, n bigint, revision int, "
            "as_of date, is_current boolean)"
        )
        said = (
            ("new_users", WEEK, 38, 1, NIGHTS[0], False),
            ("new_users", WEEK, 20, 2, NIGHTS[1], True),
            ("new_users", WEEK - timedelta(days=28), 30, 1, NIGHTS[1], True),
            ("tickets_created", WEEK, 5, 1, NIGHTS[0], False),
            ("tickets_created", WEEK, 6, 2, NIGHTS[1], True),
        )
        for metric, start, value, revision, as_of, is_current in said:
            mart.execute(
                "insert into metrics.metric_values (metric, definition_version, grain, period_start, value, n, revision, "
                "as_of, is_current) values (?, 1, 'week', ?, ?, ?, ?, ?, ?)",
                [metric, start, value, value, revision, as_of, is_current],
            )
        found = {each.metric: each.reached_back for each in restatements(mart, WEEK, report().definitions)}
    assert found == {"new_users": WEEK - timedelta(days=28), "tickets_created": None}
