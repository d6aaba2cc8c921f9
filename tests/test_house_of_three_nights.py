"""What the tools of the default set bring together, looked at in the warehouse that three nights have left."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml
from mcp import Client

from connectors import SOURCES
from connectors.registry.files import load_registry
from pops.mcp_server import number_server
from pops.onboarding.company_folder import Answers, make_folder
from pops.onboarding.discovery import found, write_found
from pops.workbench.table_diff import compare_tables
from publication.kept_night import kept_night
from publication.snapshots import file_state
from reports.news import readings
from reports.reading import first_day_in, health_report, last_complete_week
from sandbox.company.company import Company
from sandbox.company.work_time import at_local, midnight
from sandbox.serving.environment import REGISTRY
from sandbox.truth.facts import account_id_of
from sandbox.truth.sprints import committed_and_kept
from settings.home import Home
from tests import compiled_project
from tests.compiled_project import Compiled, warehouse
from tests.nights import NIGHTS, night_moment, three_nights
from tests.part_nights import build, query, with_raw_of

AS_OF = NIGHTS[-1]


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return three_nights(tmp_path_factory).house.home


def test_later_nights_build_what_dbt_builds_from_nothing(home: Path, tmp_path: Path) -> None:
    kept = json.loads((Home(home).dbt_target / "statements.json").read_text())
    assert len(kept["statements"]) > 20 * len(kept["left"])
    dbt, bare = (with_raw_of(home, tmp_path / name, SOURCES) for name in ("dbt", "bare"))
    build(dbt, AS_OF)
    # As tests build that want many small marts.
    with warehouse(bare) as connection:
        assert compiled_project.build(connection, Compiled.of(AS_OF).models) == {}
    with duckdb.connect() as all_three:
        for name, folder in (("nights", home), ("dbt", dbt), ("bare", bare)):
            all_three.execute(f"attach '{Home(folder).warehouse}' as {name} (read_only)")
        tables = all_three.execute(
            "select database_name, schema_name || '.' || table_name from duckdb_tables() where database_name <> 'nights'"
        ).fetchall()
        assert len(tables) > 2 * len(kept["statements"])
        others = [
            (name, table)
            for name, table in tables
            if not compare_tables(all_three, f"nights.{table}", f"{name}.{table}", ()).is_same
        ]
    assert others == []


def test_feedback_is_of_the_account_that_gave_it(company: Company, home: Path) -> None:
    moment = night_moment(NIGHTS[-1])
    found = dict(
        query(
            home,
            "select split_part(feedback_id, ':', 3), account_id from marts.fct_feedback "
            "where source = 'productboard' and account_id <> '(unknown)'",
        )
    )
    right, known = 0, 0
    for note in company.roadmap.feedback.notes:
        customer = note.at(moment).customer
        if customer is None or not note.exists(moment):
            assert note.id not in found
            continue
        known += 1
        right += found.get(note.id) == account_id_of(company.account_at(customer.account_index, moment))
    assert right == len(found) > 0.8 * known


def test_a_theme_is_what_somebody_tagged_and_a_comment_names_its_survey(company: Company, home: Path) -> None:
    moment = night_moment(NIGHTS[-1])
    first_tags = {
        note.id: next(iter(note.tags), None) for note in company.roadmap.feedback.notes if note.exists(moment)
    }
    found = query(
        home,
        "select split_part(feedback_id, ':', 3), theme from marts.fct_feedback where source = 'productboard'",
    )
    assert found
    assert dict(found) == {note: first_tags[note] for note, _ in found}
    surveys = {row[0] for row in query(home, "select survey_id from marts.dim_survey")}
    of_surveys = query(
        home, "select distinct channel, theme, survey_id from marts.fct_feedback where survey_id is not null"
    )
    assert of_surveys
    assert {(channel, theme) for channel, theme, _ in of_surveys} == {("survey", None)}
    assert {survey for _, _, survey in of_surveys} <= surveys


def test_no_text_of_a_customer_leaves_staging(company: Company, home: Path) -> None:
    people = [each for each in company.people if not each.is_internal][:50]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_name like '%productboard%' "
            "or table_name like '%roadmap%' or table_name like '%feedback%'"
        ).fetchall()
        assert len(tables) > 15
        for schema, table in tables:
            content = str(connection.execute(f"select * from {schema}.{table}").fetchall())
            assert not [
                each.index for each in people if each.email in content.lower() or each.last_name in content
            ]


def test_what_does_not_count_is_a_row_with_its_reason(home: Path) -> None:
    found = dict(
        query(
            home,
            "select coalesce(not_counted_reason, 'counted'), count(*) from marts.fct_survey_response group by 1",
        )
    )
    assert found.keys() == {
        "counted", "no_score", "score_out_of_scale", "internal", "test_account", "answered_again",
    }  # fmt: skip
    assert (found["score_out_of_scale"], found["internal"]) == (3, 1)


def test_coverage_counts_forms_and_answers_that_are_not_declared_or_matched(home: Path) -> None:
    found = {
        name: (counted, total)
        for name, counted, total in query(
            home,
            "select check_name, counted, total from intermediate.int_surveys__coverage where source = 'typeform'",
        )
    }
    # One form of five has been deleted between the nights; what was answered to it stays.
    assert found["forms_declared"] == (3, 4)
    declared, total = found["responses_to_declared_forms"]
    assert total - declared == 20
    assert found["answers_without_person_anonymous"][0] == 3
    assert found["answers_without_person_email_of_nobody"][0] == 1
    assert found["team_answers_hidden"][0] > 0


def test_nobody_can_be_told_from_a_team_pulse(home: Path) -> None:
    rows = query(
        home,
        "select wave_start, team_id, count(*) filter (where score is not null) from marts.fct_survey_response "
        "where survey_kind = 'team_pulse' and is_counted group by all",
    )
    assert min(count for _, _, count in rows) >= 5
    assert "draco" not in {team for _, team, _ in rows}
    assert query(
        home,
        "select count(*) from marts.fct_survey_response where survey_kind = 'team_pulse' and "
        "(answered_at is not null or person_id <> '(unknown)' or account_id <> '(unknown)')",
    ) == [(0,)]


def test_texts_addresses_and_user_ids_end_in_staging(home: Path, company: Company) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        tables = warehouse.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_name like '%typeform%' or table_name like '%survey%'"
        ).fetchall()
        assert len(tables) >= 7
        content = "\n".join(
            str(row)
            for schema, table in tables
            for row in warehouse.execute(f'select * from {schema}."{table}"').fetchall()
        ).lower()
    answer = next(each for each in company.surveys.answers if each.person_index is not None)
    person = company.people[answer.person_index or 0]
    for secret in (person.email, person.app_user_id, "guest@elsewhere.example", "+49 151", "love it"):
        assert secret.lower() not in content


def test_every_sprint_committed_and_kept_what_the_company_knows(company: Company, home: Path) -> None:
    rows = query(
        home,
        "select sprint_id, state, committed_count, completed_of_committed_count, added_count, removed_count from marts.fct_sprint",
    )
    found = {
        int(sprint): (committed, kept) for sprint, state, committed, kept, *_ in rows if state == "closed"
    }
    midnight = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
    expected = {
        sprint.id: committed_and_kept(company.delivery.issues, sprint)
        for sprint in company.delivery.sprints
        if sprint.completed_at < midnight
    }
    assert found == expected
    assert {state for _, state, *_ in rows} == {"closed", "active", "future"}
    # The stories that chance could have left out.
    added, removed = (sum(row[place] for row in rows) for place in (4, 5))
    assert min(added, removed, sum(kept for _, kept in found.values())) > 0


def test_what_is_unmatched_in_shipping_is_counted(company: Company, home: Path) -> None:
    rows = query(
        home,
        "select check_name, sum(counted), sum(total) from intermediate.int_delivery__shipping_coverage group by all",
    )
    counted = {name: (part, whole) for name, part, whole in rows}
    assert counted["repositories_without_team"] == (2, 9)
    assert counted["incidents_without_deployment"][0] == 1
    cut = night_moment(AS_OF) - timedelta(hours=2)
    silent = [each for each in company.engineering.deployments if not each.statuses and each.created_at < cut]
    assert counted["deployments_without_status"][0] == len(silent) > 0
    opened = [pull for pull in company.engineering.pull_requests if pull.opened_at < cut]
    assert counted["pull_requests_without_issue"][1] == sum(not pull.author.is_bot for pull in opened)
    assert 0 < counted["pull_requests_without_issue"][0] < len(opened) / 4
    named = query(
        home,
        "select count(*) from marts.fct_pull_request where issue_id is not null and feature_id is not null",
    )
    assert named[0][0] > len(opened) / 2


def test_what_is_tried_next_to_the_main_branch_is_not_in_production(home: Path) -> None:
    rows = query(
        home,
        "select count(*), count(deployed_at) from marts.fct_pull_request where is_merged and not is_to_main_branch",
    )
    assert rows[0][0] > 0
    assert rows[0][1] == 0


def test_the_last_night_is_kept_for_those_who_change_models(home: Path) -> None:
    night = kept_night(Home(home))
    assert (night.as_of, night.first_day) == (AS_OF, date(2026, 5, 18))
    assert night.warehouse == file_state(home / "warehouse.duckdb")
    nodes = json.loads((night.folder / "manifest.json").read_text())["nodes"]
    assert nodes["model.product_ops.fct_ticket"]["relation_name"] == '"warehouse"."marts"."fct_ticket"'


def test_nights_of_the_command_line_are_runs_of_the_job_in_the_ui(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The UI lists under a job the runs that carry the label of its code location, and on its home page those that came from there."""
    workspace = yaml.safe_load((Path(__file__).parents[1] / "workspace.yaml").read_text())
    (location,) = (each["python_module"] for each in workspace["load_from"])
    label = {".dagster/repository": f"__repository__@{location['location_name']}"}
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs(filters=dg.RunsFilter(job_name="nightly", tags=label))
    assert {run.tags["pops/as_of"] for run in runs} == {night.isoformat() for night in NIGHTS}
    origins = [run.remote_job_origin for run in runs]
    assert {each and each.repository_origin.get_label() for each in origins} == {*label.values()}


def test_an_agent_is_told_what_the_report_tells_of_a_change(home: Path) -> None:
    async def asked(metric: str) -> dict[str, Any]:
        async with Client(number_server(Home(home))) as client:
            return dict(
                (await client.call_tool("explain_change", {"metric": metric})).structured_content or {}
            )

    published = Home(home).published
    week = last_complete_week(published)
    judged = readings(health_report(published, first_day_in(published, week)))
    told = asyncio.run(asked("tickets_created"))
    reading = judged["tickets_created"]
    assert (told["week"], told["value"]) == (week, reading.now.value)
    assert told["is_unusual"] == reading.is_news
    assert told["usual"]["low"] <= told["usual"]["middle"] <= told["usual"]["high"]
    assert asyncio.run(asked("zombie_features"))["usual"] is None


def test_a_join_by_what_meta_columns_says_loses_no_row(home: Path) -> None:
    with duckdb.connect(str(Home(home).published), read_only=True) as mart:
        references = mart.execute(
            "select table_schema || '.' || table_name, column_name, string_split(references_column, '.') "
            "from meta.columns where references_column is not null"
        ).fetchall()
        assert {name for _, name, _ in references} >= {
            "account_id",
            "person_id",
            "team_id",
            "feature_id",
            "product_id",
        }
        for table, column, (schema, other, key) in references:
            (without,) = mart.execute(
                f"select count(*), count(distinct f.{column}) from {table} as f "
                f"anti join {schema}.{other} as d on f.{column} = d.{key} where f.{column} is not null"
            ).fetchall()
            assert without == (0, 0), (table, column)


def test_a_churned_account_brings_no_revenue(company: Company, home: Path) -> None:
    week_end = AS_OF - timedelta(days=1)
    found = query(
        home,
        "select app_account_id, weeks.is_churned, weeks.arr_home from marts.mart_account_week as weeks "
        f"join marts.dim_account using (account_id) where week_start = date '{week_end - timedelta(days=6)}'",
    )
    by_id = {each.app_account_id: each for each in company.accounts}
    assert sum(churned for _, churned, _ in found) > 0
    for account_id, churned, revenue in found:
        left = by_id[account_id].churned_on
        assert churned == (left is not None and left <= week_end)
        assert revenue == (0.0 if churned else float(by_id[account_id].arr_usd))


def test_the_sum_over_accounts_is_the_revenue_of_today(company: Company, home: Path) -> None:
    end = midnight(AS_OF)
    known = [each for each in company.accounts if each.created_at < end]
    left = {
        each.app_account_id: each.arr_usd
        for each in known
        if each.churned_on is not None and at_local(each.churned_on, 17) < end
    }
    merged = {each.app_account_id for each in known if each.merged_at is not None and each.merged_at < end}
    pay = [
        each for each in known if each.app_account_id not in left | dict.fromkeys(merged) and not each.is_test
    ]
    assert left
    assert query(home, "select sum(arr_home) from marts.dim_account") == [
        (float(sum(each.arr_usd for each in pay)),)
    ]
    lost = "select app_account_id, last_arr_home from marts.dim_account where is_churned"
    assert dict(query(home, lost)) == {account: float(revenue) for account, revenue in left.items()}


def test_discovery_finds_in_raw_what_people_wrote_into_the_registry(home: Path, tmp_path: Path) -> None:
    answers = Answers("Found", "Europe/Berlin", "monday", "USD", "en", "team:product-ops", ())
    make_folder(tmp_path, answers)
    env = {"POPS_REGISTRY_DIR": str(tmp_path / "registry")}
    write_found(env, found(Home(home), env))
    by_hand, discovered = load_registry(REGISTRY), load_registry(tmp_path / "registry")
    names = {each.id: each for each in by_hand.sources}
    # Which types of deals renew a contract, people alone can tell: `existingbusiness` is as well what customers buy in addition.
    hubspot = names["hubspot"].model_copy(update={"renewal_deals": []})
    assert discovered.sources == [names["amplitude"], hubspot]
    teams = {tuple(each.jira_projects): set(each.repositories) for each in by_hand.teams}
    assert {tuple(each.jira_projects): set(each.repositories) for each in discovered.teams} == teams
    own_domains = {each.id: each.values for each in discovered.exclusions}["internal_email_domains"]
    assert own_domains == ["acmeflow.example"]
    # A status in no stage of the registry is placed by its category; the others as people placed them.
    stages = {each.id: set(each.statuses) for each in by_hand.stages}
    assert {each.id: set(each.statuses) - {"Blocked by Vendor"} for each in discovered.stages} == stages


# What is in the place of these is mended by who opens them, or has the name of one run or load alone.
MENDED_ELSEWHERE = ("raw/", "dlt/", "dagster/storage/")
# A person is asked before these are taken for something else (`orchestration.preflight`).
ASKED = {"raw", "dlt", "published", "reports", "dagster", "dbt"}


def test_what_stands_in_the_place_of_anything_that_nights_leave_is_set_aside_before_the_next(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder for each file, and a file for each folder that somebody opens by its name."""
    for variable in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(variable, "")
    left = {str(path.relative_to(home)): path.is_dir() for path in home.rglob("*")}
    files = [
        name for name, is_folder in left.items() if not is_folder and not name.startswith(MENDED_ELSEWHERE)
    ]
    all_wrong = Home(tmp_path / "files")
    for name in files:
        (all_wrong.root / name / "inside").mkdir(parents=True)
    all_wrong.prepare()
    own = {"demo_pseudonym_key"}
    assert [name for name in files if (all_wrong.root / name).is_dir() and name not in own] == []
    folders = [
        name
        for name, is_folder in left.items()
        if is_folder and name not in ASKED and not (name.startswith(MENDED_ELSEWHERE) and name.count("/") > 1)
    ]
    # Those of one depth at a time: the others have to be folders.
    for depth in {name.count("/") for name in folders}:
        some_wrong = Home(tmp_path / str(depth))
        these = [name for name in folders if name.count("/") == depth]
        for name in these:
            (some_wrong.root / name).parent.mkdir(parents=True, exist_ok=True)
            (some_wrong.root / name).write_text("a file")
        some_wrong.prepare()
        assert [name for name in these if (some_wrong.root / name).is_file()] == []
