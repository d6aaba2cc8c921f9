"""The registry connector: what is wrong is told with file and line; what changes, vanishes and returns is kept."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.credentials import check_source
from connectors.errors import InvalidRegistry
from connectors.registry.files import load_organisation, load_registry, registry_dir
from connectors.runner import SourceRun, run_source
from reports.glossary_data import gaps
from reports.reading import words_of
from sandbox.serving.environment import REGISTRY
from settings.owners import owner_in

ALONE = "organisation:\n  - id: nord\n    name: Nord\n    reporting_time_zone: Europe/Paris\n    week_starts_on: monday\n"
NOBODY = "owners.yml: nobody answers for the platform; name who, or an `owner` in organisation.yml."
NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REGISTRY, tmp_path / "registry"))


def replace(path: Path, old: str, new: str) -> int:
    """Replace the first `old` and return the line on which it stands."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def run(folder: Path, home: Path, night: int = 0) -> SourceRun:
    moment = NIGHT + timedelta(days=night)
    return run_source("registry", home, moment, moment, env={"POPS_REGISTRY_DIR": str(folder)})


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "raw" / "registry.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_demo_companys_registry_is_valid() -> None:
    registry = load_registry(REGISTRY)
    assert load_organisation(REGISTRY).reporting_time_zone == "Europe/Berlin"
    assert {each.id for each in registry.owners} >= {"product", "platform"}
    assert registry.features[0].live_from == date(2024, 3, 1)


def test_the_folder_comes_from_the_environment() -> None:
    assert registry_dir({"POPS_REGISTRY_DIR": "/somewhere"}) == Path("/somewhere")
    assert registry_dir({"POPS_REGISTRY_DIR": ""}) == Path.cwd() / "registry"


WRONG = {
    "unknown key": (
        "features.yml",
        "    team: atlas\n",
        "    team: atlas\n    colour: red\n",
        1,
        "`colour` is no key here",
    ),
    "missing key": ("products.yml", "name: Insights, ", "", 0, "`name` is missing"),
    "duplicate key": ("teams.yml", "name: Atlas,", "name: Atlas, name: Atlas2,", 0, "`name` is given twice"),
    "unknown product": (
        "features.yml",
        "product: studio",
        "product: studdio",
        -2,
        "`studdio`, which products.yml does not have",
    ),
    "unknown team": (
        "features.yml",
        "team: atlas",
        "team: nobody",
        -3,
        "`nobody`, which teams.yml does not have",
    ),
    "funnel without a window": (
        "funnels.yml",
        "    window_days: 7\n",
        "",
        None,
        "set window_days or window_hours, one of them",
    ),
    "funnel with two windows": (
        "funnels.yml",
        "window_days: 7",
        "window_days: 7\n    window_hours: 2",
        None,
        "set window_days or window_hours, one of them",
    ),
    "funnel of two years": (
        "funnels.yml",
        "window_days: 7",
        "window_days: 731",
        0,
        "`window_days` is at most 366",
    ),
    "funnel of many hours": (
        "funnels.yml",
        "window_days: 7",
        "window_hours: 8785",
        0,
        "`window_hours` is at most 8784",
    ),
    "unknown funnel product": ("funnels.yml", "product: studio", "product: nothing", -2, "`nothing`"),
    "duplicate id": ("features.yml", "id: automation", "id: board", 0, "`board` is used twice"),
    "shared event": (
        "features.yml",
        "{event: template_used}",
        "{event: board_opened}",
        -6,
        "`board_opened` belongs to",
    ),
    "overlapping rule": (
        "features.yml",
        "{event: template_used}",
        "{event: report_viewed}",
        None,
        "`report_viewed` belongs to",
    ),
    "epic twice": ("features.yml", "epics: [ATL-2]", "epics: [ATL-1]", None, "`ATL-1` is listed twice"),
    "no epic key": ("features.yml", "epics: [ATL-2]", "epics: [atl2]", 0, "epics"),
    "unknown zone": (
        "organisation.yml",
        "Europe/Berlin",
        "Europe/Berlinn",
        0,
        "`Europe/Berlinn` is no time zone",
    ),
    "computed stage": (
        "stages.yml",
        "id: review,",
        "id: launched,",
        0,
        "the stage `launched` is computed by the platform",
    ),
    "unknown entry": ("stages.yml", "epic_entry: created", "epic_entry: magic", 0, "epic_entry"),
    "unknown week": ("organisation.yml", "week_starts_on: monday", "week_starts_on: tuesday", 0, "monday"),
    "unknown currency": (
        "organisation.yml",
        "home_currency: USD",
        "home_currency: EURO",
        0,
        "`EURO` is no currency; write its code of ISO 4217",
    ),
    "bracket of no days": (
        "organisation.yml",
        "{from_day: 8, to_day: 14}",
        "{from_day: 8, to_day: 7}",
        0,
        "`to_day` 7 is before `from_day` 8",
    ),
    "brackets that overlap": (
        "organisation.yml",
        "{from_day: 8, to_day: 14}",
        "{from_day: 7, to_day: 14}",
        0,
        "the bracket of days 7 to 14 begins before the one of 1 to 7 ends",
    ),
    "unknown use": ("organisation.yml", "expected_use: habit", "expected_use: daily", 0, "expected_use"),
    "rate of nothing": (
        "exchange_rates.yml",
        "exchange_rates: []",
        "exchange_rates: [{id: sek, from: 2026-01-01, currency: SEK, rate: 0}]",
        0,
        "rate",
    ),
    "rate of the home currency": (
        "exchange_rates.yml",
        "exchange_rates: []",
        "exchange_rates: [{id: usd, from: 2026-01-01, currency: USD, rate: 1.0}]",
        0,
        "`USD` is the home currency",
    ),
    "two rates of a day": (
        "exchange_rates.yml",
        "exchange_rates: []",
        "exchange_rates: [{id: a, from: 2026-01-01, currency: SEK, rate: 0.1}, {id: b, from: 2026-01-01, currency: SEK, rate: 0.2}]",
        0,
        "`SEK` has another rate from 2026-01-01 on",
    ),
    "metric shape": ("targets.yml", "metric: on_time_rate", "metric: On-Time", 0, "metric"),
    "no bound": ("targets.yml", ", at_least: 0.80", "", 0, "at_least"),
    "no owner": ("owners.yml", '"team:data-platform"', "someone", 0, "owner"),
    "no id of Slack": ("owners.yml", "slack: S07SUPPORTOPS", 'slack: "@support"', 0, "`slack`"),
    "no channel of Slack": (
        "owners.yml",
        "slack_channel: C07SUPPORTOPS",
        "slack_channel: S07SUPPORTOPS",
        0,
        "slack_channel",
    ),
    "two ids of Slack": (
        "owners.yml",
        "owners:\n",
        'owners:\n  - {id: roadmap, owner: "team:product-ops", slack: S07SOMEBODY}\n',
        2,
        "`team:product-ops` has another `slack` above",
    ),
    "status twice": (
        "stages.yml",
        "statuses: [Discovery]",
        "statuses: [BACKLOG]",
        0,
        "`backlog` is listed twice",
    ),
    "project twice": (
        "teams.yml",
        "jira_projects: [BOR]",
        "jira_projects: [ATL]",
        0,
        "`ATL` is listed twice",
    ),
    "holiday": ("calendar.yml", "id: 2026-12-25", "id: christmas", 0, "its date"),
    "ends early": (
        "features.yml",
        "live_until: 2026-10-18",
        "live_until: 2020-01-01",
        None,
        "before `live_from`",
    ),
    "impossible date": (
        "features.yml",
        "live_from: 2024-03-01",
        "live_from: 2026-02-30",
        None,
        "`live_from` is a date, such as 2026-12-25",
    ),
    "no yaml": ("stages.yml", "statuses: [Discovery]", "statuses: [Discovery", None, "Not YAML"),
    "other name": ("teams.yml", "teams:", "crews:", None, "one list, named `teams`"),
    "form twice": (
        "surveys.yml",
        "form: Cs7TvB2m",
        "form: Nps4Kx9Q",
        -4,
        "`Nps4Kx9Q of typeform` is declared twice",
    ),
    "scale of an NPS": ("surveys.yml", "{min: 0, max: 10}", "{min: 1, max: 10}", -6, "scale 0 to 10"),
    "scale upside down": (
        "surveys.yml",
        "{min: 1, max: 5}",
        "{min: 5, max: 1}",
        0,
        "`max` is not above `min`",
    ),
    "form without score": ("surveys.yml", "    score: recommend\n", "", None, "needs `score`"),
    "pulse of a person": (
        "surveys.yml",
        "hidden: {team: team}",
        "hidden: {user: id}",
        -10,
        "knows no persons",
    ),
    "unknown hidden field": ("surveys.yml", "hidden: {team: team}", "hidden: {squad: team}", 0, "`squad`"),
    "mixed scales": (
        "surveys.yml",
        "surveys:\n",
        'surveys:\n  - {id: old, name: Old, owner: "team:product-ops", tool: files, form: old, kind: csat, '
        "scale: {min: 1, max: 7}, wave: week}\n",
        None,
        "`old` and `feature-csat` are of the kind csat, but on other scales",
    ),
    "unknown feature of a survey": (
        "surveys.yml",
        "    hidden: {team: team}",
        "    feature: nothing",
        -10,
        "`nothing`, which features.yml does not have",
    ),
    "columns of files": ("surveys.yml", "tool: typeform", "tool: files", -3, "in their own mapping"),
    "unknown exclusion": ("exclusions.yml", "id: bot_user_agents", "id: bots", 0, "bot_user_agents"),
}


@pytest.mark.parametrize(("file", "old", "new", "offset", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_with_its_file_and_line(
    folder: Path, file: str, old: str, new: str, offset: int | None, said: str
) -> None:
    line = replace(folder / file, old, new)
    with pytest.raises(InvalidRegistry) as caught:
        load_registry(folder)
    message = str(caught.value)
    assert said in message
    assert f"{file}:" in message or offset is None
    if offset is not None:
        assert f"{file}:{line + offset}:" in message


def test_a_missing_and_an_unknown_file(folder: Path) -> None:
    (folder / "ideas.yml").write_text("ideas: []\n")
    with pytest.raises(InvalidRegistry, match=r"ideas\.yml: The registry knows no ideas"):
        load_registry(folder)
    (folder / "ideas.yml").unlink()
    (folder / "organisation.yml").unlink()
    with pytest.raises(InvalidRegistry, match=r"organisation\.yml: The file is missing.*`pops init DIR`"):
        load_registry(folder)
    with pytest.raises(InvalidRegistry, match="POPS_REGISTRY_DIR"):
        load_registry(folder / "nowhere")


def test_an_organisation_alone_is_a_registry_with_the_words_of_the_platform(tmp_path: Path) -> None:
    (tmp_path / "organisation.yml").write_text(ALONE)
    registry = load_registry(tmp_path)
    stages = {status: stage.id for stage in registry.stages for status in stage.statuses}
    assert (stages["Selected for Development"], stages["En cours"], stages["Terminé(e)"]) == (
        "ready",
        "build",
        "released",
    )
    assert {each.id: each.stage for each in registry.roadmap_statuses}["In progress"] == "build"
    assert gaps(registry) == [NOBODY]
    assert {owner_in(registry, area) for area in ("zendesk", "usage", "platform")} == {"team:unowned"}


def test_own_entries_are_read_instead_of_the_platforms_and_own_stages_alone(tmp_path: Path) -> None:
    (tmp_path / "organisation.yml").write_text(ALONE + "    owner: ops@example.org\n")
    (tmp_path / "owners.yml").write_text(
        'owners: [{id: support, owner: "team:desk"}, {id: jira, owner: "team:pm"}]\n'
    )
    (tmp_path / "delivery.yml").write_text("delivery: [{id: bug_labels, values: [defect]}]\n")
    (tmp_path / "stages.yml").write_text(
        "stages: [{id: build, name: Bau, flow: active, statuses: [Läuft]}]\n"
    )
    registry = load_registry(tmp_path)
    assert [each.id for each in registry.stages] == ["build"]
    assert {each.id: each.values for each in registry.delivery}["bug_labels"] == ["defect"]
    assert "incident_labels" in {each.id for each in registry.delivery}
    # What the platform says of stages and statuses that are no longer there goes with them, and so do its names.
    assert registry.roadmap_statuses == []
    assert words_of(registry, "fr").stages["build"] == "Bau"
    owners = [owner_in(registry, each) for each in ("zendesk", "intercom", "jira", "github", "platform")]
    assert owners == ["team:desk", "team:desk", "team:pm", "ops@example.org", "ops@example.org"]
    assert "glossary.yml: The stage `build` has no entry." in gaps(registry)


def test_rates_the_home_currency_and_brackets_may_be_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "exchange_rates.yml").unlink()
    replace(folder / "organisation.yml", "    home_currency: USD\n", "")
    text = (folder / "organisation.yml").read_text()
    (folder / "organisation.yml").write_text(text[: text.index("    expected_use: ")])
    assert load_organisation(folder).home_currency == "USD"
    brackets = load_organisation(folder).retention_brackets
    assert [(each.from_day, each.to_day) for each in brackets] == [(1, 7), (8, 14), (15, 28)]
    assert run(folder, tmp_path).outcome == "ok"
    assert rows(tmp_path, "select count(*) from raw_registry.exchange_rates") == [(0,)]


def test_several_problems_are_told_together(folder: Path) -> None:
    replace(folder / "features.yml", "product: studio", "product: x1")
    replace(folder / "features.yml", "team: draco", "team: x2")
    with pytest.raises(InvalidRegistry, match=r"x1.*And 1 more:.*x2"):
        load_registry(folder)


def test_an_invalid_registry_loads_nothing(folder: Path, tmp_path: Path) -> None:
    replace(folder / "features.yml", "product: studio", "product: studdio")
    result = run(folder, tmp_path)
    assert result.outcome == "failed"
    assert "features.yml:" in (result.error or "")
    assert rows(tmp_path, "select count(*) from raw_registry.products") == [(0,)]
    checked = check_source("registry", {"POPS_REGISTRY_DIR": str(folder)})
    assert checked is not None
    assert checked.state == "rejected"


def test_records_are_the_entries_as_written_with_their_place(folder: Path, tmp_path: Path) -> None:
    assert run(folder, tmp_path).outcome == "ok"
    features = [json.loads(text) for (text,) in rows(tmp_path, "select record from raw_registry.features")]
    second = next(each for each in features if each["_ordinal"] == 2)
    assert (second["id"], second["live_from"], second["eligible_plans"]) == (
        "automation", "2025-02-03", ["starter", "pro", "enterprise"],
    )  # fmt: skip
    assert "eligible_plans" not in next(each for each in features if each["id"] == "board")
    assert rows(tmp_path, "select record_id from raw_registry.calendar order by 1 limit 1") == [
        ("2026-05-25",)
    ]


def test_changes_vanishing_and_return_are_versions(folder: Path, tmp_path: Path) -> None:
    text = (folder / "targets.yml").read_text()
    entry = next(line for line in text.splitlines() if "stickiness_ratio" in line) + "\n"
    assert entry.strip() == text.splitlines()[-1].strip()
    for night, content in enumerate([text, text.replace(entry, ""), text.replace(entry, ""), text, text]):
        (folder / "targets.yml").write_text(content)
        assert run(folder, tmp_path, night).outcome == "ok"
    found = rows(
        tmp_path,
        "select is_deleted, extracted_at::date - date '2026-11-14' from raw_registry.targets "
        "where record_id = 'stickiness_ratio' order by extracted_at",
    )
    assert found == [(False, 0), (True, 1), (False, 3)]
