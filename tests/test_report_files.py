"""The report's files: revisions of a week, the list of weeks, and the glossary that leaves nothing unexplained."""

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from connectors.registry.files import load_registry
from metrics.dimensions import DIMENSIONS
from orchestration.preflight import check_settings
from reports import files as report_files
from reports.glossary_data import gaps, published_metrics
from reports.health import render
from reports.model import HealthReport
from reports.restatements import restatements, revisions
from sandbox.serving.environment import REGISTRY
from settings.home import DBT_PROJECT, Home
from settings.weeks import named_week
from tests import reports_fixture
from tests.nights import PSEUDONYM_KEY

WEEK = date(2026, 11, 9)
ALL = load_registry(REGISTRY)
_GROWING = replace(reports_fixture.report().definitions["new_users"], metric="growing", is_open_ended=True)
OPEN_ENDED = {"growing": _GROWING}
METRICS = published_metrics(DBT_PROJECT / "models" / "metrics")


@pytest.fixture
def mart() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    names = ", ".join(f"{name} text" for name in DIMENSIONS)
    connection.execute("create schema metrics")
    connection.execute(
        "create table metrics.metric_values (metric text, definition_version integer, grain text, period_start date, "
        f"{names}, numerator double, denominator double, value double, n bigint, revision integer, as_of date, is_current boolean)"
    )
    return connection


def say(
    mart: duckdb.DuckDBPyConnection,
    metric: str,
    day: int,
    value: float,
    n: int,
    revision: int,
    is_current: bool,
    **more: object,
) -> None:
    row = {
        "metric": metric, "definition_version": 1, "grain": "week", "period_start": WEEK, "value": value, "n": n,
        "revision": revision, "as_of": date(2026, 11, day), "is_current": is_current, **more,
    }  # fmt: skip
    places = ", ".join("?" for _ in row)
    mart.execute(
        f"insert into metrics.metric_values ({', '.join(row)}) values ({places})", list(row.values())
    )


def test_a_figure_said_otherwise_is_a_revision_and_one_said_later_is_none(
    mart: duckdb.DuckDBPyConnection,
) -> None:
    say(mart, "new_users", 16, 38, 38, 1, False)
    say(mart, "new_users", 17, 39, 39, 2, False)
    say(mart, "new_users", 19, 40, 40, 3, True)
    say(mart, "active_users_week", 17, 900, 900, 1, False, product_id="studio")
    say(mart, "active_users_week", 19, 901, 901, 2, True, product_id="studio")
    say(mart, "retention_rate_d7", 23, 0.3, 40, 1, True)
    # It grows from night to night.
    say(mart, "growing", 17, 0.3, 40, 1, False)
    say(mart, "growing", 18, 0.4, 40, 2, True)
    say(mart, "tickets_created", 16, 5, 5, 1, True, period_start=date(2026, 11, 2))
    assert [(each.as_of.day, each.figures) for each in revisions(mart, WEEK, OPEN_ENDED)] == [
        (17, 1),
        (19, 2),
    ]
    first, second = restatements(mart, WEEK, OPEN_ENDED)
    assert (first.metric, first.first_value, first.value) == ("new_users", 38, 40)
    assert (first.first_as_of.day, first.as_of.day) == (16, 19)
    assert (second.metric, second.dimensions) == ("active_users_week", ("studio",))
    assert revisions(mart, date(2026, 11, 2), OPEN_ENDED) == []


def test_the_pages_of_an_earlier_revision_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    folder = home.reports / "2026-W46"
    monkeypatch.setattr(report_files, "first_day_in", lambda *_: WEEK)
    for revision in (1, 1, 2):
        made = reports_fixture.report(revision=revision)
        monkeypatch.setattr(report_files, "health_report", lambda *_, made=made, **__: made)
        # One of the pages is enough: the others are kept like it.
        monkeypatch.setattr(report_files, "render_pages", lambda made: {"index.html": render(made)})
        report_files._write_week(home, "2026-W46")
    assert json.loads((folder / "revision.json").read_text()) == {"revision": 2}
    kept = (folder / "revision-1" / "index.html").read_text()
    assert "revision 2" not in kept
    assert 'href="../../glossary.html"' in kept
    assert not (folder / "revision-2").exists()
    assert not list(folder.glob("*.next"))


def test_pages_of_weeks_that_are_not_over_in_an_earlier_mart_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mart: duckdb.DuckDBPyConnection
) -> None:
    home, written, asked = Home(tmp_path), list[str](), list[date]()
    for week in ("2026-W44", "2026-W45", "2026-W46"):
        (home.reports / week).mkdir(parents=True)
        (home.reports / week / "revision.json").write_text('{"revision": 1}')

    def read(_: Path, first_day: date, **__: object) -> HealthReport:
        asked.append(first_day)
        return reports_fixture.report()

    monkeypatch.setattr(report_files, "last_complete_week", lambda _: "2026-W45")
    monkeypatch.setattr(report_files, "_write_week", lambda _, week: written.append(week))
    monkeypatch.setattr(report_files, "_is_outdated", lambda *_: True)
    monkeypatch.setattr(report_files, "open_mart", lambda _: nullcontext(mart))
    monkeypatch.setattr(report_files, "revisions", lambda *_: ())
    monkeypatch.setattr(report_files, "read_definitions", lambda _: {})
    monkeypatch.setattr(report_files, "first_day_in", lambda _, week: named_week(week, "monday"))
    monkeypatch.setattr(report_files, "health_report", read)
    monkeypatch.setattr(report_files, "glossary_of", lambda _: {})
    monkeypatch.setattr(report_files, "render_glossary", lambda *_: "")
    report_files.write_report(home)
    assert written == ["2026-W45", "2026-W44"]
    assert asked == [named_week("2026-W45", "monday")]
    assert "2026-W46" in (home.reports / "index.html").read_text()


def test_every_metric_event_stage_and_owner_is_explained() -> None:
    assert len(METRICS) > 50
    assert gaps(ALL) == []


def test_what_is_not_explained_is_named(tmp_path: Path) -> None:
    (tmp_path / "sem_new.yml").write_text("metrics: [{name: smiles, config: {meta: {grain: week}}}]")
    without = ALL.model_copy(update={"glossary": ALL.glossary[:-1]})
    assert gaps(without) == ["glossary.yml: The role `team:growth` has no entry."]
    assert (
        gaps(without, tmp_path)[0]
        == "glossary.yml: The metric `smiles` is in no entry of the kind `metrics`."
    )
    without_events = [each for each in ALL.glossary if each.kind != "event"]
    lacking = gaps(ALL.model_copy(update={"glossary": without_events}))
    [told] = lacking
    assert told.startswith("glossary.yml: The events `")
    assert "`board_opened`, " in told


def test_the_night_does_not_begin_with_an_unknown_language() -> None:
    with pytest.raises(ValueError, match=r"POPS_REPORT_LANGUAGE.*en, fr"):
        check_settings(
            {
                "POPS_PSEUDONYM_KEY": PSEUDONYM_KEY,
                "POPS_REGISTRY_DIR": str(REGISTRY),
                "POPS_REPORT_LANGUAGE": "tlh",
            }
        )
