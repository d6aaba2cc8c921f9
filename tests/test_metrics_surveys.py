"""Survey metrics give the numbers that one counts by hand, and so does the model under them for any answers."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.values import append_metric_values
from tests.compiled_project import Compiled
from tests.metric_warehouse import ROOT, create_warehouse, engine_of, insert, semantic_manifest, value

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
W46 = date(2026, 11, 9)
AS_OF = date(2026, 11, 16)


def response(
    kind: str,
    score: int,
    day: date,
    *,
    counted: bool = True,
    product: str = "studio",
    feature: str = "(unknown)",
    team: str = "(unknown)",
    segment: str = "smb",
) -> tuple[Any, ...]:
    scale_max = 10 if kind == "nps" else 5
    return (kind, score, scale_max, counted, day, product, feature, team, segment, "a")


ROWS = [
    # Studio: three promoters, one passive, two detractors. Insights: one detractor.
    *(response("nps", score, OCTOBER, segment="smb") for score in (9, 10, 10)),
    *(response("nps", score, date(2026, 10, 31), segment="enterprise") for score in (8, 6, 0)),
    response("nps", 3, OCTOBER, product="insights", segment="enterprise"),
    # Neither: it does not count, and it is of an open month.
    response("nps", 10, OCTOBER, counted=False),
    response("nps", 10, NOVEMBER),
    *(response("csat", score, W46, feature="board") for score in (5, 4, 3)),
    response("csat", 1, W46, feature="timeline"),
    response("csat", 5, W46, counted=False, feature="timeline"),
    response("csat", 5, W46 - timedelta(days=1), feature="timeline"),
    *(response("team_pulse", score, OCTOBER, team="atlas") for score in (5, 5, 4, 2, 1)),
    *(response("team_pulse", score, OCTOBER, team="(hidden)") for score in (1, 2, 3, 3, 4)),
]


FEEDBACK = [
    ("f1", "board", "negative", W46),
    ("f2", "board", "positive", W46 + timedelta(days=6)),
    ("f3", "board", None, W46),
    ("f4", "(unmapped)", "negative", W46),
    ("f5", "timeline", "positive", W46 - timedelta(days=1)),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    path = create_warehouse(tmp_path_factory.mktemp("answers") / "warehouse.duckdb")
    insert(path, "marts.fct_survey_response", [(f"r{n}", *row) for n, row in enumerate(ROWS)])
    insert(path, "marts.fct_feedback", FEEDBACK)
    append_metric_values(path, engine_of(semantic_manifest()), AS_OF, date(2026, 8, 3))
    return lambda metric, period, **dimensions: value(path, metric, period, **dimensions)


def test_nps_is_promoters_less_detractors_of_all_answers(answers: Callable[..., Any]) -> None:
    assert answers("nps", OCTOBER) == (0, 7, 0, 7)
    assert answers("nps", OCTOBER, product_id="studio") == (1, 6, pytest.approx(100 / 6), 6)
    assert answers("nps", OCTOBER, product_id="insights") == (-1, 1, -100, 1)
    assert answers("nps", OCTOBER, segment="smb") == (3, 3, 100, 3)
    assert answers("nps", NOVEMBER) is None


def test_the_standard_error_is_that_of_the_mean_of_one_zero_and_minus_one(
    answers: Callable[..., Any],
) -> None:
    # Studio: 3 promoters and 2 detractors of 6: variance 5/6 - (1/6)^2 = 29/36.
    found = answers("nps_standard_error", OCTOBER, product_id="studio")
    assert found == (None, None, pytest.approx(100 * (29 / 36 / 6) ** 0.5), 6)
    assert answers("nps_standard_error", OCTOBER, segment="smb") == (None, None, 0, 3)


def test_csat_is_the_share_of_the_two_highest_points(answers: Callable[..., Any]) -> None:
    assert answers("csat_rate", W46) == (2, 4, 0.5, 4)
    assert answers("csat_rate", W46, feature_id="board") == (2, 3, pytest.approx(2 / 3), 3)
    assert answers("csat_rate", W46, feature_id="timeline") == (0, 1, 0, 1)
    assert answers("csat_rate", W46 - timedelta(days=7)) == (1, 1, 1, 1)


def test_the_pulse_of_small_teams_is_that_of_all_of_them(answers: Callable[..., Any]) -> None:
    assert answers("team_pulse_rate", OCTOBER) == (4, 10, 0.4, 10)
    assert answers("team_pulse_rate", OCTOBER, team_id="atlas") == (3, 5, 0.6, 5)
    assert answers("team_pulse_rate", OCTOBER, team_id="(hidden)") == (1, 5, 0.2, 5)


def test_feedback_is_counted_by_feature_and_judged_where_its_tool_judges(answers: Callable[..., Any]) -> None:
    assert answers("feedback_received", W46) == (4, None, 4, 4)
    assert answers("feedback_received", W46, feature_id="board") == (3, None, 3, 3)
    assert answers("feedback_received", W46 - timedelta(days=7), feature_id="timeline") == (1, None, 1, 1)
    assert answers("feedback_negative_rate", W46) == (2, 3, pytest.approx(2 / 3), 3)
    assert answers("feedback_negative_rate", W46, feature_id="board") == (1, 2, 0.5, 2)


# What the models under test read, as staging and identity give it.
TABLES = {
    "intermediate.int_surveys__tool_responses": (
        "response_id text, source text, form_id text, survey_id text, survey_kind text, wave text, scale_min bigint, "
        "scale_max bigint, app_user_hash text, email_hash text, account_key text, product_id text, feature_id text, "
        "team_id text, score double, has_comment boolean, is_internal_email boolean, quarantine_reason text, "
        "answered_at timestamp, answered_date date"
    ),
    "intermediate.int_surveys__respondents": (
        "response_id text, person_id text, account_id text, account_rule text, respondent_key text, "
        "is_internal boolean, is_test_account boolean"
    ),
    "intermediate.int_features__features": "feature_id text, product_id text",
    "staging.stg_registry__products": "product_id text",
    "intermediate.int_crm__account_segments": "account_id text, segment text, valid_from date, valid_to date",
}


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """The compiled models as views over small tables."""
    compiled = {each.name: each.sql for each in Compiled.of(date(2026, 11, 16)).models}
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("create schema warehouse.staging; create schema warehouse.intermediate")
        for table, columns in TABLES.items():
            connection.execute(f"create table warehouse.{table} ({columns})")
        for model in ("int_surveys__team_visibility", "int_surveys__responses"):
            connection.execute(f"create view warehouse.intermediate.{model} as {compiled[model]}")
        yield connection


def put(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    connection.execute(f"delete from warehouse.{table}")
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into warehouse.{table} values ({marks})", rows)


NPS_ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cem"]),
        st.sampled_from(["studio", "insights"]),
        st.integers(min_value=0, max_value=12) | st.none(),
        st.integers(min_value=0, max_value=80),
        st.booleans(),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(answers=NPS_ANSWERS)
def test_the_latest_answer_of_a_wave_counts_whatever_was_answered(
    warehouse: duckdb.DuckDBPyConnection, answers: list[tuple[str, str, int | None, int, bool]]
) -> None:
    start = datetime(2026, 9, 25, 9)
    rows, people = [], []
    latest: dict[tuple[str, str, date], tuple[tuple[datetime, str], int]] = {}
    for number, (person, product, score, days, is_internal) in enumerate(answers):
        key, moment = f"r{number:02d}", start + timedelta(days=days)
        reason = "no_score" if score is None else "score_out_of_scale" if score > 10 else None
        rows.append(
            (key, "typeform", "f", "n", "nps", "month", 0, 10, None, None, None, product, None, None, score,
             False, False, reason, moment, moment.date())
        )  # fmt: skip
        people.append((key, person, "(unknown)", None, person, is_internal, False))
        # A colleague's answer never counts, and as it is one person's, it does not stand for others.
        if reason is None and score is not None:
            place = (person, product, moment.date().replace(day=1))
            if place not in latest or latest[place][0] < (moment, key):
                latest[place] = ((moment, key), -99 if is_internal else score)
    put(warehouse, "intermediate.int_surveys__tool_responses", rows)
    put(warehouse, "intermediate.int_surveys__respondents", people)
    put(warehouse, "staging.stg_registry__products", [("studio",), ("insights",)])
    expected: dict[date, list[int]] = {}
    for (_, _, month), (_, score) in latest.items():
        if score != -99:
            expected.setdefault(month, []).append((score >= 9) - (score <= 6))
    found = warehouse.execute(
        "select wave_start, sum(case when score >= 9 then 1 when score <= 6 then -1 else 0 end), count(*) "
        "from warehouse.intermediate.int_surveys__responses where is_counted group by wave_start"
    ).fetchall()
    assert {month: (balance, count) for month, balance, count in found} == {
        month: (sum(points), len(points)) for month, points in expected.items()
    }


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(min_value=0, max_value=9), max_size=6))
def test_no_team_below_the_floor_can_be_told_from_what_is_shown(
    warehouse: duckdb.DuckDBPyConnection, sizes: list[int]
) -> None:
    rows = [
        (f"{team}-{number}", "typeform", "f", "p", "team_pulse", "month", 1, 5, None, None, None, None, None,
         f"team{team}", 3, False, False, None, datetime(2026, 10, 5, 9), date(2026, 10, 5))
        for team, size in enumerate(sizes)
        for number in range(size)
    ]  # fmt: skip
    put(warehouse, "intermediate.int_surveys__tool_responses", rows)
    put(warehouse, "intermediate.int_surveys__respondents", [])
    found = dict(
        warehouse.execute(
            "select team_id, count(*) from warehouse.intermediate.int_surveys__responses where is_counted group by 1"
        ).fetchall()
    )
    total = sum(sizes)
    assert sum(found.values()) == (total if total >= 5 else 0)
    # Also what is hidden is of five at least, since all less the shown is known to everybody.
    assert all(count >= 5 for count in found.values())
    shown = {name: count for name, count in found.items() if name != "(hidden)"}
    assert all(sizes[int(name.removeprefix("team"))] == count for name, count in shown.items())
    told = warehouse.execute(
        "select count(*) from warehouse.intermediate.int_surveys__responses "
        "where person_id <> '(unknown)' or account_id <> '(unknown)' or answered_at is not null"
    ).fetchone()
    assert told == (0,)


def test_the_privacy_floor_is_that_of_the_truth() -> None:
    assert "privacy_floor: 5" in (ROOT / "dbt_project" / "dbt_project.yml").read_text()
