"""Vendors' HTTP to the published mart: three nights at small scale, compared with what the company knows of itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.company.company import Company
from sandbox.serving.running import Sandbox, running_sandbox
from sandbox.truth import truth
from sandbox.truth.engagement import feature_quadrants
from sandbox.vendors.slack.credentials import SLACK_BOT_TOKEN, SLACK_LEADERSHIP, slack_environment
from tests.nights import NIGHTS, House, ThreeNights, night_moment, three_nights
from tests.truth_comparison import COLUMNS, differences


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> ThreeNights:
    return three_nights(tmp_path_factory)


def test_published_numbers_equal_the_truth_for_every_metric_and_week(undisturbed: ThreeNights) -> None:
    published = undisturbed.house.query(
        f"select {', '.join(COLUMNS)} from metrics.metric_values where is_current"
    )
    assert differences(published, truth(Company.create("small"), NIGHTS[-1], night_moment(NIGHTS[-1]))) == []


def test_the_truth_speaks_of_every_published_metric(undisturbed: ThreeNights) -> None:
    published = {
        row[0] for row in undisturbed.house.query("select distinct metric from metrics.metric_values")
    }
    assert published == {
        row["metric"] for row in truth(Company.create("small"), NIGHTS[-1], night_moment(NIGHTS[-1]))
    }


def test_published_quadrants_equal_the_truth(undisturbed: ThreeNights) -> None:
    company, as_of = Company.create("small"), NIGHTS[-1]
    expected = feature_quadrants(company, as_of, night_moment(as_of))
    first = min(week for _, week in expected)
    published = undisturbed.house.query(
        "select feature_id, week_start, quadrant from mart.mart_feature_week "
        f"where quadrant is not null and week_start >= date '{first}'"
    )
    assert {(feature, week): quadrant for feature, week, quadrant in published} == expected
    assert set(expected.values()) == {"many_often", "many_seldom", "few_often", "few_seldom"}


def test_a_reader_sees_only_whole_states(undisturbed: ThreeNights) -> None:
    assert undisturbed.reader_faults == []
    assert (
        len(undisturbed.states_seen) == len({as_of for as_of, _, _ in undisturbed.states_seen}) == len(NIGHTS)
    )


def test_a_past_week_written_again_is_the_same_file(undisturbed: ThreeNights) -> None:
    reports = undisturbed.house.home / "reports"

    def written(week: str) -> str:
        done = undisturbed.house.pops("report", "--week", week)
        assert done.returncode == 0, done.stderr
        return (reports / week / "index.html").read_text()

    assert written("2026-W40") == written("2026-W40")
    of_the_night = (reports / "2026-W46" / "index.html").read_text()
    assert written("2026-W46") == of_the_night


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(scale="small", now=night_moment(NIGHTS[-1])) as server:
        yield server


def test_the_digest_says_the_published_numbers(
    sandbox: Sandbox, undisturbed: ThreeNights, tmp_path: Path
) -> None:
    published = tmp_path / "home" / "published"
    published.mkdir(parents=True)
    shutil.copy(undisturbed.house.published, published)
    house = House(tmp_path / "home", slack_environment(sandbox.base_url))
    done = house.pops("digest")
    assert (done.returncode, done.stdout) == (0, "slack: posted\n"), done.stderr
    chat = WebClient(token=SLACK_BOT_TOKEN, base_url=f"{sandbox.base_url}/slack/api/")
    (message,) = chat.conversations_history(channel=SLACK_LEADERSHIP)["messages"]
    ((users,),) = house.query(
        "select value from metrics.metric_values where is_current and metric = 'active_users_week' "
        "and period_start = date '2026-11-09' and coalesce(product_id, feature_id, segment) is null"
    )
    assert f"* {users:,.0f} (" in str(message["blocks"])
    (chart,) = chat.conversations_replies(channel=SLACK_LEADERSHIP, ts=message["ts"])["messages"][1:]
    assert chart["files"][0]["mimetype"] == "image/png"


def test_secrets_and_people_stay_out_of_what_a_run_leaves(undisturbed: ThreeNights) -> None:
    house: House = undisturbed.house
    company = Company.create("small")
    secrets = [value for name, value in house.vendors.items() if name.endswith(("_KEY", "_SECRET", "_TOKEN"))]
    people = [person.email.lower() for person in company.people][:50] + [
        person.last_name.lower() for person in company.people
    ][:3]
    looked_at = 0
    for path in house.home.rglob("*"):
        if (
            not path.is_file()
            or path.is_relative_to(house.home / "raw")
            or path.is_relative_to(house.home / "dlt")
        ):
            continue
        content = path.read_bytes()
        looked_at += 1
        for secret in (*secrets, "a-key-for-tests-only"):
            assert secret.encode() not in content, path
        if path.suffix in {".html", ".log"} or path == house.published:
            lowered = content.lower()
            assert not [email for email in people if "@" in email and email.encode() in lowered], path
    assert looked_at > 10
