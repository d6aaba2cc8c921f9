"""Stage ids are an organisation's own: with other ids every epic has the same days, dates and order."""

from pathlib import Path

import duckdb
import pytest

from connectors.registry.files import load_registry
from tests.sql_macros import connected, model_sql

ORGANISATION = """
organisation:
  - {id: own, name: Own, reporting_time_zone: Europe/Berlin, week_starts_on: monday, home_currency: EUR, expected_use: habit}
"""
STAGES = """
stages:
  - {{id: {0}, name: First, flow: waiting, epic_entry: created, statuses: [Idea]}}
  - {{id: {1}, name: Second, flow: active, epic_entry: own_status, statuses: [Drawing, Drawn]}}
  - {{id: {2}, name: Third, flow: active, epic_entry: issue_started, statuses: [Making]}}
  - {{id: {3}, name: Fourth, flow: waiting, epic_entry: issue_status, statuses: [Looking]}}
  - {{id: {4}, name: Fifth, flow: active, epic_entry: released, statuses: [Out]}}
"""
IDS = ("idea", "discovery", "build", "review", "released")
# The platform's own words among them, each for another stage.
OTHERS = (
    ("wish", "sketch", "craft", "proof", "out"),
    ("released", "build", "review", "idea", "discovery"),
    ("idea", "discovery", "make", "review", "released"),
)
TABLES = """
create table stg_registry__stages (stage text, stage_number bigint, epic_entry text);
create table int_delivery__epics (epic_id text, team_id text, feature_id text, adoption_target double, accepted_date date,
    released_date date, launched_date date, is_history_whole boolean);
create table int_delivery__issues (issue_id text, epic_id text, is_standard boolean, first_in_progress_at timestamp, done_at timestamp);
create table int_delivery__status_intervals (issue_id text, stage text, started_at timestamp);
create table int_delivery__issue_stages (issue_id text, stage text, stage_seconds double);
create table int_features__person_weeks (feature_id text, week_start date, is_used boolean);
insert into int_delivery__epics values
    ('E1', 'atlas', 'board', 0.5, date '2026-09-01', date '2026-10-10', date '2026-10-20', true),
    ('E2', 'atlas', 'board', 0.5, date '2026-09-20', null, null, true);
insert into int_delivery__issues values
    ('1', 'E1', true, '2026-09-12 08:00:00', '2026-10-05 08:00:00'), ('2', 'E2', true, '2026-09-25 08:00:00', null);
insert into int_features__person_weeks values ('board', date '2026-10-26', true);
"""
STAYS = (
    ("E1", "Drawing", "2026-09-05"),
    ("1", "Making", "2026-09-12"),
    ("1", "Looking", "2026-09-30"),
    ("2", "Making", "2026-09-25"),
)
SECONDS = (("1", "Making", 900.0), ("1", "Looking", 300.0))  # fmt: skip


def epic_stages(folder: Path, ids: tuple[str, ...]) -> list[tuple[object, ...]]:
    """The rows of the model, with each stage as its place among the registry's."""
    folder.mkdir()
    (folder / "organisation.yml").write_text(ORGANISATION)
    (folder / "stages.yml").write_text(STAGES.format(*ids))
    stages = load_registry(folder).stages
    stage_of = {status: stage.id for stage in stages for status in stage.statuses}
    with connected() as connection:
        _fill(
            connection, stage_of, [(each.id, place, each.epic_entry) for place, each in enumerate(stages, 1)]
        )
        found = connection.execute(
            f"select * from ({model_sql('int_delivery__epic_stages', as_of='2026-11-16')}) order by epic_id, stage_number"
        ).fetchall()
        names = [each[0] for each in connection.description]
    place = names.index("stage")
    return [
        tuple(ids.index(value) if at == place and value in ids else value for at, value in enumerate(row))
        for row in found
    ]


def _fill(
    connection: duckdb.DuckDBPyConnection, stage_of: dict[str, str], stages: list[tuple[str, int, str | None]]
) -> None:
    connection.execute(TABLES)
    connection.executemany("insert into stg_registry__stages values (?, ?, ?)", stages)
    connection.executemany(
        "insert into int_delivery__status_intervals values (?, ?, ?)",
        [(issue, stage_of[status], f"{day} 08:00:00") for issue, status, day in STAYS],
    )
    connection.executemany(
        "insert into int_delivery__issue_stages values (?, ?, ?)",
        [(issue, stage_of[status], seconds) for issue, status, seconds in SECONDS],
    )


@pytest.mark.parametrize("ids", OTHERS)
def test_other_ids_of_stages_change_nothing_but_the_ids(ids: tuple[str, ...], tmp_path: Path) -> None:
    before = epic_stages(tmp_path / "before", IDS)
    assert len(before) == 10
    assert epic_stages(tmp_path / "after", ids) == before
