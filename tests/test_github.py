"""GitHub: Link headers, lists that cost nothing when unchanged, limits told with 403, and repositories that are not there."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.credentials import check_source
from connectors.errors import StuckCursor, WindowTooLarge
from connectors.github import graph, lists, source
from connectors.runner import SourceRun, run_source
from sandbox.company.company import Company
from sandbox.company.engineering.host import WITHDRAWN_AT
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from tests.nights import night_moment
from tests.vendor_reading import HISTORY_START, Impatient, Reader, Reading, Served, answered, served

ONE = "growth-onboarding"
NIGHTS = [night_moment(date(2026, 11, day)) for day in (14, 15, 16)]


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture
def vendor(company: Company) -> Iterator[Served]:
    with served(CompanyData(company), NIGHTS[0]) as running:
        yield running


def counts(company: Company, night: datetime, repository: str = "") -> dict[str, int]:
    """How many records of each stream the company's own objects make on a night; of one repository, if it is named."""
    host = company.engineering

    def own(each: Any) -> bool:
        return not repository or each.repository.name == repository

    opened = [pull for pull in host.pull_requests if pull.opened_at <= night and own(pull)]
    deployments = [each for each in host.deployments if each.created_at <= night and own(each)]
    return {
        "repositories": 1 if repository else len(host.repositories),
        "pull_requests": len(opened),
        "reviews": sum(review.submitted_at <= night for pull in opened for review in pull.reviews),
        "pull_request_commits": len(opened),
        "releases": sum(release.exists(night) and own(release) for release in host.releases),
        "deployments": len(deployments),
        "deployment_statuses": sum(at <= night for each in deployments for at, _ in each.statuses),
        "issues": sum(incident.created_at <= night and own(incident) for incident in host.incidents),
        "workflow_runs": sum(run.created_at <= night and own(run) for run in host.runs),
    }


def read_all(reader: Reader) -> dict[str, Reading]:
    return {stream.name: reader.read(stream.name) for stream in reader.connector.streams}


def test_every_record_of_the_company_arrives_once(vendor: Served, company: Company) -> None:
    read = read_all(vendor.reader("github"))
    assert {name: len(reading.records) for name, reading in read.items()} == counts(company, NIGHTS[0])
    for name, reading in read.items():
        assert len(set(reading.ids)) == len(reading.ids), name
    first = json.loads(read["pull_request_commits"].records[0].record)
    assert {"repository", "pull_number", "commits"} == set(first)
    assert set(read["pull_request_commits"].ids) == set(read["pull_requests"].ids)
    assert all("pull_request" not in json.loads(each.record) for each in read["issues"].records)
    assert sum(read["workflow_runs"].vendor_counts) >= len(read["workflow_runs"].records)


def test_lists_are_followed_to_their_end(
    vendor: Served, monkeypatch: pytest.MonkeyPatch, company: Company
) -> None:
    monkeypatch.setattr(lists, "ROWS_A_PAGE", 7)
    monkeypatch.setattr(source, "PARTS_A_WINDOW", 50)
    monkeypatch.setattr(graph, "IDS_A_REQUEST", 30)
    monkeypatch.setattr(graph, "ENTRIES_A_PAGE", 1)
    reader = vendor.reader("github")
    for name, count in counts(company, NIGHTS[0]).items():
        assert len(set(reader.read(name).ids)) == count, name
    commits = {
        each.record_id: json.loads(each.record)["commits"] for each in reader._known("pull_request_commits")
    }
    for pull in company.engineering.pull_requests:
        if pull.opened_at <= NIGHTS[0]:
            pushed = [each for each in pull.commits if each.committed_at <= NIGHTS[0]]
            assert [each["sha"] for each in commits[str(pull.id)]] == [each.sha for each in pushed]


@pytest.mark.slow
def test_a_second_night_brings_what_changed_only(vendor: Served, company: Company, tmp_path: Path) -> None:
    first = run_with(vendor, tmp_path)
    assert {each.stream: each.loaded for each in first.streams} == counts(company, NIGHTS[0], ONE)
    again = run_with(vendor, tmp_path)
    assert (again.outcome, sum(each.loaded for each in again.streams)) == ("ok", 0)
    vendor.state.requests.clear()
    night = run_with(vendor, tmp_path, NIGHTS[1])
    assert night.outcome == "ok"
    changed = [
        pull
        for pull in company.engineering.pull_requests
        if pull.repository.name == ONE
        and pull.opened_at <= NIGHTS[1]
        and pull.updated_at(NIGHTS[1]) > NIGHTS[0]
    ]
    assert {each.stream: each.loaded for each in night.streams}["pull_requests"] == len(changed) > 0
    fetched = {each.stream: each.fetched for each in night.streams}
    # Those that changed, and those that changed in the hour before.
    assert len(changed) <= fetched["pull_request_commits"] <= len(changed) + 2
    # Reviews, commits and statuses.
    assert vendor.state.requests["github", "POST /graphql"] == 3


def test_what_did_not_change_is_answered_for_nothing(company: Company) -> None:
    answers: Counter[tuple[str, int]] = Counter()

    class Watching(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            answers[request.url.path.rpartition("/")[2], response.status_code] += 1
            return response

    with served(CompanyData(company), NIGHTS[0]) as vendor:
        reader = Reader("github", vendor.base_url, Watching())
        reader.read("releases", NIGHTS[0])
        reader.read("deployments", NIGHTS[0])
        answers.clear()
        later = NIGHTS[0] + timedelta(minutes=1)
        assert reader.read("releases", later).records == []
        assert reader.read("deployments", later).records == []
    assert answers["releases", 304] == answers["deployments", 304] == 9
    assert ("releases", 200) not in answers


def test_a_release_that_is_gone_becomes_deleted_and_an_edit_replaces(
    vendor: Served, company: Company
) -> None:
    reader = vendor.reader("github")
    reader.read("releases")
    vendor.state.now = NIGHTS[2]
    added = reader.read("releases", NIGHTS[2]).added
    gone = [each for each in company.engineering.releases if each.deleted_at == WITHDRAWN_AT]
    assert [each.record_id for each in added if each.is_deleted] == [str(each.id) for each in gone]
    still = {each.record_id for each in reader._known("releases")}
    assert still == {str(each.id) for each in company.engineering.releases if each.exists(NIGHTS[2])}


def test_a_release_deleted_on_a_later_page_is_missed_by_no_etag(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "ROWS_A_PAGE", 2)
    reader = vendor.reader("github")
    reader.read("releases")
    vendor.state.now = NIGHTS[2]
    assert [each.is_deleted for each in reader.read("releases", NIGHTS[2]).added].count(True) == 1


@pytest.mark.parametrize("kind", ["secondary_limit", "429_seconds", "429_no_header", "503"])
def test_a_limit_is_waited_for(vendor: Served, kind: str, company: Company) -> None:
    vendor.fault(vendor="github", stream="pull_requests", kind=kind, nth=2, times=2)
    reading = vendor.reader("github").read("pull_requests")
    assert len(reading.records) == counts(company, NIGHTS[0])["pull_requests"]


@pytest.mark.slow
def test_the_hours_limit_ends_the_run_and_the_next_one_goes_on(
    vendor: Served, company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PARTS_A_WINDOW", 20)
    # The vendor says within a 200, and with a reset far away, that the hour's requests are spent.
    vendor.fault(vendor="github", stream="reviews", kind="429_reset_only", nth=2, times=99, seconds=3000)
    first = run_with(vendor, tmp_path)
    outcomes = {each.stream: each.outcome for each in first.streams}
    assert (first.outcome, outcomes["pull_requests"], outcomes["reviews"]) == ("paused", "ok", "paused")
    assert outcomes["issues"] == "paused"
    vendor.state.faults.clear()
    second = run_with(vendor, tmp_path)
    assert second.outcome == "ok"
    own = [each for each in company.engineering.pull_requests if each.repository.name == ONE]
    reviews = sum(review.submitted_at <= NIGHTS[0] for pull in own for review in pull.reviews)
    loaded = [{each.stream: each.loaded for each in run.streams}["reviews"] for run in (first, second)]
    assert min(loaded) > 0
    assert sum(loaded) == reviews
    assert {each.stream: each.loaded for each in second.streams}["pull_requests"] == 0


def test_a_spent_budget_pauses_the_run(vendor: Served, tmp_path: Path) -> None:
    run = run_with(vendor, tmp_path, REQUESTS_PER_RUN="2")
    assert run.outcome == "paused"
    assert [each.outcome for each in run.streams][:3] == ["ok", "ok", "paused"]


def test_the_reset_of_another_limit_is_not_waited_for() -> None:
    calls = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        if len(calls) == 1:
            headers = {"x-ratelimit-remaining": "4000", "x-ratelimit-reset": "9999999999"}
            return httpx.Response(
                403, headers=headers, json={"message": "You have exceeded a secondary rate limit"}
            )
        return httpx.Response(200, json=[])

    assert answered("github", handler).read("repositories").records == []
    assert len(calls) == 2
    assert calls[0].headers["X-GitHub-Api-Version"] == source.API_VERSION


def test_a_page_that_comes_again_is_an_error(vendor: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "ROWS_A_PAGE", 5)
    vendor.fault(vendor="github", stream="pull_requests", kind="repeated_cursor", nth=2)
    with pytest.raises(StuckCursor):
        vendor.reader("github").read("pull_requests")


def test_an_empty_page_with_more_to_come_does_not_end_the_reading(
    vendor: Served, monkeypatch: pytest.MonkeyPatch, company: Company
) -> None:
    monkeypatch.setattr(lists, "ROWS_A_PAGE", 5)
    vendor.fault(vendor="github", stream="pull_requests", kind="empty_page", nth=2)
    ids = vendor.reader("github").read("pull_requests").ids
    assert len(set(ids)) == counts(company, NIGHTS[0])["pull_requests"]


def run_with(vendor: Served, home: Path, until: datetime = NIGHTS[0], **variables: str) -> SourceRun:
    """A run of one repository, with these variables changed."""
    vendor.state.now = until
    wanted = {"REPOSITORIES": ONE} | variables
    env = environment(vendor.base_url, 1000) | {f"POPS_GITHUB_{name}": text for name, text in wanted.items()}
    return run_source("github", home, until, HISTORY_START, env, clock=Impatient())


def test_a_repository_that_is_not_there_is_named_and_the_others_are_read(
    vendor: Served, tmp_path: Path
) -> None:
    run = run_with(vendor, tmp_path, REPOSITORIES="growth-onboarding, growth-onbording")
    assert run.outcome == "failed"
    assert "no repository growth-onbording" in (run.error or "")
    assert "POPS_GITHUB_REPOSITORIES" in (run.error or "")
    read = {each.stream: (each.outcome, each.loaded > 0) for each in run.streams}
    assert read.pop("repositories") == ("failed", True)
    assert set(read.values()) <= {("ok", True), ("ok", False)}


def test_wrong_credentials_say_what_to_set(vendor: Served, tmp_path: Path) -> None:
    run = run_with(vendor, tmp_path, TOKEN="wrong")
    assert run.outcome == "failed"
    assert "POPS_GITHUB_TOKEN" in (run.error or "")
    assert "wrong" not in (run.error or "")
    env = environment(vendor.base_url, 1000)
    for changed, state in (
        ({}, "ok"),
        ({"POPS_GITHUB_TOKEN": "wrong"}, "rejected"),
        ({"POPS_GITHUB_OWNER": "nobody"}, "unreachable"),
    ):
        answer = check_source("github", env | changed)
        assert answer is not None
        assert answer.state == state, answer


def test_a_missing_scope_is_named(vendor: Served) -> None:
    vendor.fault(vendor="github", stream="deployments", kind="403")
    answer = check_source("github", environment(vendor.base_url, 1000))
    assert answer is not None
    assert answer.state == "scope_missing"
    assert "Deployments" in answer.remedy


def test_workflow_runs_may_be_out_of_reach(vendor: Served, tmp_path: Path) -> None:
    vendor.fault(vendor="github", stream="workflow_runs", kind="403", times=99)
    run = run_with(vendor, tmp_path)
    assert run.outcome == "ok"
    assert {each.stream: each.outcome for each in run.streams}["workflow_runs"] == "not_available"


def test_too_many_workflow_runs_are_read_in_shorter_spans(
    vendor: Served, monkeypatch: pytest.MonkeyPatch, company: Company, tmp_path: Path
) -> None:
    monkeypatch.setattr(lists, "MOST_RUNS", 20)
    run = run_with(vendor, tmp_path)
    loaded = {each.stream: each.loaded for each in run.streams}
    own = [each for each in company.engineering.runs if each.repository.name == ONE]
    assert loaded["workflow_runs"] == sum(each.created_at <= NIGHTS[0] for each in own) > lists.MOST_RUNS


def test_more_workflow_runs_in_a_minute_than_are_shown_is_an_error(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_RUNS", 0)
    with pytest.raises(WindowTooLarge):
        vendor.reader("github").read("workflow_runs")


def test_facts_follow_one_another(company: Company) -> None:
    host = company.engineering
    for pull in host.pull_requests:
        assert all(review.submitted_at > pull.opened_at for review in pull.reviews), pull.branch
        if pull.merged_at is not None:
            assert pull.opened_at < pull.merged_at == pull.closed_at
    for deployment in host.deployments:
        at = [moment for moment, _ in deployment.statuses]
        assert at == sorted(at)
        assert deployment.commit.at <= deployment.created_at


def test_one_team_reviews_slowly_and_one_ships_rarely_and_much(company: Company) -> None:
    host = company.engineering
    spans: dict[str | None, list[timedelta]] = {}
    for pull in host.pull_requests:
        if pull.merged_at is not None and pull.issue is not None and pull.base == "main":
            spans.setdefault(pull.repository.team_id, []).append(pull.merged_at - pull.opened_at)
    reviews = {team: sorted(each)[len(each) // 2] for team, each in spans.items()}
    assert max(reviews, key=lambda team: reviews[team]) == "atlas"
    shipped = Counter(each.repository.team_id for each in host.deployments if each.is_production)
    merged = Counter({team: len(each) for team, each in spans.items()})
    batches = {team: merged[team] / shipped[team] for team in merged}
    assert max(batches, key=lambda team: batches[team]) == "cosmos"
    incidents = Counter(incident.repository.team_id for incident in host.incidents)
    rates = {team: incidents[team] / shipped[team] for team in merged}
    assert max(rates, key=lambda team: rates[team]) == "borealis"
