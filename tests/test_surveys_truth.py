"""Survey metrics from the vendors' HTTP to the number, beside what the company knows of itself; and its stories."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.metric_engine import MetricEngine
from sandbox.company import Company, night_moment
from sandbox.credentials import environment
from sandbox.running import running_app
from sandbox.server import create_app
from sandbox.serving import SandboxState
from sandbox.surveys.answers import DISLIKED_FEATURE, LAUNCH
from sandbox.truth.surveys import truth_rows
from sandbox.work_time import local_date
from tests.nights import NIGHTS
from tests.part_nights import HISTORY_START, build, query, read
from tests.truth_comparison import COLUMNS, KEY, differences

AS_OF = NIGHTS[-1]
SOURCES = ("registry", "amplitude", "hubspot", "zendesk", "typeform")
METRICS = ("nps", "nps_standard_error", "csat_rate", "team_pulse_rate")


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def home(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights, read (the CRM keeps no history of segments), and built as far as surveys need it."""
    home = tmp_path_factory.mktemp("surveys")
    state = SandboxState(company, night_moment(NIGHTS[0]), pace=100_000)
    with running_app(create_app(state)) as base_url:
        for night in NIGHTS:
            state.now = night_moment(night)
            read(home, environment(base_url, pace=1000), night, SOURCES)
    build(home, AS_OF, "--select", "+fct_survey_response", "+int_surveys__coverage")
    return home


def computed(home: Path) -> Iterator[tuple[Any, ...]]:
    """Values of the survey metrics, with `COLUMNS`."""
    engine = MetricEngine(home / "dbt" / "semantic_manifest.json")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as {engine.catalogue} (read_only)")
        for each in engine.definitions:
            if each.metric not in METRICS:
                continue
            for grouping in each.groupings:
                request = engine.compile(each.inputs, grouping, each.grain, HISTORY_START, date(2026, 11, 15))
                names = [request.dimension_columns.get(name, "null") for name in KEY[3:]]
                yield from connection.execute(
                    f"select '{each.metric}', '{each.grain}', cast({request.period_column} as date), "
                    f"{', '.join(names)}, {each.numerator or 'null'}, {each.denominator or 'null'}, {each.metric} "
                    f"from ({request.sql})"
                ).fetchall()


def test_the_metrics_equal_the_truth(home: Path, company: Company) -> None:
    assert len(KEY) + 3 == len(COLUMNS)
    expected = truth_rows(company, AS_OF)
    assert {row["metric"] for row in expected} == set(METRICS)
    assert differences(computed(home), expected) == []


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
            home, "select check_name, counted, total from intermediate.int_surveys__coverage"
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


def test_recommendation_of_the_launched_product_falls_and_one_feature_is_disliked() -> None:
    answers = [each for each in Company.create("demo").surveys.answers if each.score is not None]

    def scores(month: int, **about: str) -> list[int]:
        return [
            each.score or 0
            for each in answers
            if local_date(each.submitted_at).month == month
            and all(getattr(each, name) == value for name, value in about.items())
        ]

    def nps(product: str, month: int) -> float:
        given = scores(month, product_id=product)
        return 100 * sum((score >= 9) - (score <= 6) for score in given) / len(given)

    assert date(2026, 9, 29) == LAUNCH
    assert nps("studio", 10) < nps("studio", 9) - 30
    assert abs(nps("insights", 10) - nps("insights", 9)) < 20
    shares = {
        feature: sum(score >= 4 for score in scores(10, feature_id=feature))
        / len(scores(10, feature_id=feature))
        for feature in ("board", "timeline", DISLIKED_FEATURE)
    }
    assert shares[DISLIKED_FEATURE] < 0.4 < 0.6 < min(shares["board"], shares["timeline"])
