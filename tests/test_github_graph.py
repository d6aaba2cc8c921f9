"""GitHub's lists of reviews, commits and statuses, asked for by GraphQL: limits within a 200, halves, pages, older homes."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import AnyHttpUrl, SecretStr

from connectors import connector_class
from connectors.errors import (
    BadRequest,
    MalformedResponse,
    NotFound,
    RateLimited,
    ScopeMissing,
    StuckCursor,
    Unreachable,
)
from connectors.github import graph
from connectors.github.source import GitHubSettings
from connectors.raw_store import RawStore
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from tests.test_github import NIGHTS, ONE, counts, run_with
from tests.vendor_reading import Served, answered, served

CHILDREN = ("reviews", "pull_request_commits", "deployment_statuses")
MOMENT = "2026-11-10T10:00:00Z"
REPOSITORY = "https://api.github.com/repos/acme/web"


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture
def vendor(company: Company) -> Iterator[Served]:
    with served(CompanyData(company), NIGHTS[0]) as running:
        yield running


def pull(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "node_id": f"PR_{number}",
        "number": number,
        "url": f"{REPOSITORY}/pulls/{number}",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }


def page(entries: list[Any], after: str | None = None) -> dict[str, Any]:
    return {"entries": {"nodes": entries, "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}}


def review(number: int, **more: Any) -> dict[str, Any]:
    author = {"__typename": "User", "databaseId": 5}
    return {
        "id": f"PRR_{number}",
        "fullDatabaseId": str(number),
        "state": "APPROVED",
        "author": author,
        **more,
    }


class Answers:
    """The REST lists of one repository with these pull requests, and the answers of GraphQL in their order."""

    def __init__(self, pulls: int, *answers: Any) -> None:
        self._pulls = [pull(number) for number in range(1, pulls + 1)]
        self._answers = list(answers)
        self.asked: list[list[str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/graphql"):
            self.asked.append(json.loads(request.content)["variables"]["ids"])
            given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if isinstance(given, httpx.Response):
                return given
            return httpx.Response(200, json=given(self.asked[-1]) if callable(given) else given)
        if request.url.path.endswith("/repos"):
            row = {"id": 1, "name": "web", "url": REPOSITORY, "updated_at": MOMENT}
            return httpx.Response(200, json=[row])
        return httpx.Response(200, json=self._pulls)

    def reviews(self) -> list[dict[str, Any]]:
        reader = answered("github", self)
        reader.read("pull_requests")
        return [json.loads(each.record) for each in reader.read("reviews").records]


def one_each(ids: list[str]) -> dict[str, Any]:
    return {"data": {"nodes": [page([review(int(each.removeprefix("PR_")))]) for each in ids]}}


def refused(message: str, kind: str = "") -> dict[str, Any]:
    return {"data": None, "errors": [{"message": message, **({"type": kind} if kind else {})}]}


GIVEN_UP = refused("Something went wrong while executing your query. This may be the result of a timeout.")


def test_a_review_is_told_in_the_words_of_the_rest_api() -> None:
    entry = review(7, submittedAt=MOMENT, commit={"oid": "abc"}, fullDatabaseId="3000000007")
    nobody = review(8, author=None)
    read = Answers(1, {"data": {"nodes": [page([entry, None, nobody])]}}).reviews()
    assert read[0] == {
        "id": 3000000007,
        "node_id": "PRR_7",
        "user": {"id": 5, "type": "User"},
        "state": "APPROVED",
        "submitted_at": MOMENT,
        "commit_id": "abc",
        "pull_request_url": f"{REPOSITORY}/pulls/1",
    }
    assert [each["user"] for each in read[1:]] == [None]


def test_staging_finds_the_same_values_as_in_the_rest_lists(vendor: Served) -> None:
    reader = vendor.reader("github")
    for name in ("repositories", "pull_requests", "deployments"):
        reader.read(name)

    def seen(row: dict[str, Any]) -> tuple[Any, ...]:
        user = row.get("user") or {}
        address = str(row.get("pull_request_url") or row.get("deployment_url")).partition("/repos/")[2]
        when = (row.get("submitted_at"), row.get("created_at"))
        return (row["node_id"], address, row["state"], *when, user.get("id"), user.get("type"))

    for name in ("reviews", "deployment_statuses"):
        by_rest = {seen(each.body) for each in vendor.state.rows("github", name)}
        assert {seen(json.loads(each.record)) for each in reader.read(name).records} == by_rest
    by_rest = {
        (at(row, "sha"), at(row, "commit", "author", "date"), at(row, "commit", "committer", "date"))
        for row in (each.body["commit"] for each in vendor.state.rows("github", "pull_request_commits"))
    }
    lists = [json.loads(each.record)["commits"] for each in reader.read("pull_request_commits").records]
    by_graph = {
        (at(row, "sha"), at(row, "commit", "author", "date"), at(row, "commit", "committer", "date"))
        for commits in lists
        for row in commits
    }
    assert by_graph == by_rest


def at(row: Any, *path: str) -> Any:
    for name in path:
        row = row[name]
    return row


def test_a_hundred_pull_requests_are_one_request() -> None:
    answers = Answers(250, one_each)
    assert sorted(each["id"] for each in answers.reviews()) == list(range(1, 251))
    assert [len(ids) for ids in answers.asked] == [100, 100, 50]


def test_a_longer_list_is_followed_for_its_pull_request_alone() -> None:
    first = {"data": {"nodes": [page([review(1)], "b"), page([review(9)])]}}
    second, third = ({"data": {"nodes": [each]}} for each in (page([review(2)], "c"), page([review(3)])))
    answers = Answers(2, first, second, third)
    assert sorted(each["id"] for each in answers.reviews()) == [1, 2, 3, 9]
    assert answers.asked == [["PR_1", "PR_2"], ["PR_1"], ["PR_1"]]


def test_a_page_that_names_itself_as_the_next_one_is_an_error() -> None:
    with pytest.raises(StuckCursor):
        Answers(1, {"data": {"nodes": [page([review(1)], "b")]}}).reviews()


@pytest.mark.parametrize(
    "answer",
    [
        GIVEN_UP,
        refused("Resource limits for this query exceeded.", "RESOURCE_LIMITS_EXCEEDED"),
        httpx.Response(502, text="<html>"),
        httpx.Response(504, json={"message": "We couldn't respond to your request in time."}),
    ],
)
def test_what_is_too_much_for_the_vendor_is_asked_for_in_halves(answer: Any) -> None:
    answers = Answers(10, answer, answer, one_each)
    assert sorted(each["id"] for each in answers.reviews()) == list(range(1, 11))
    assert [len(ids) for ids in answers.asked] == [10, 5, 2, 2, 2, 2, 2]


def test_one_pull_request_that_is_given_up_is_waited_for_and_then_an_error() -> None:
    answers = Answers(1, GIVEN_UP, GIVEN_UP, one_each)
    assert [each["id"] for each in answers.reviews()] == [1]
    with pytest.raises(Unreachable):
        Answers(3, GIVEN_UP).reviews()


@pytest.mark.parametrize(
    "limited",
    [
        refused("API rate limit already exceeded for user ID 5.", "RATE_LIMITED"),
        refused("You have exceeded a secondary rate limit."),
        {"message": "You have exceeded a secondary rate limit."},
    ],
)
def test_a_limit_within_a_200_is_waited_for(limited: Any) -> None:
    assert len(Answers(3, limited, one_each).reviews()) == 3
    with pytest.raises(RateLimited):
        Answers(3, limited).reviews()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("Resource not accessible by personal access token", "FORBIDDEN"), ScopeMissing),
        (refused("Your token has not been granted the required scopes", "INSUFFICIENT_SCOPES"), ScopeMissing),
        (refused("Field 'reviews' doesn't exist on type 'PullRequest'"), BadRequest),
    ],
)
def test_a_refusal_within_a_200_is_an_error(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Answers(2, answer).reviews()


def test_a_repository_of_which_nothing_is_shown_is_left_out_by_name() -> None:
    gone = {"data": {"nodes": [None, None]}, "errors": [{"type": "NOT_FOUND"}, {"type": "NOT_FOUND"}]}
    reader = answered("github", Answers(2, gone))
    reader.read("pull_requests")
    assert reader.read("reviews").records == []
    refused = reader.connector.parts["reviews"].refused
    assert {name: type(problem) for name, problem in refused.items()} == {"web": NotFound}


@pytest.mark.parametrize("nodes", [None, [], [{}, {}], [{"entries": None}, None], ["text", None]])
def test_an_answer_of_another_shape_is_an_error(nodes: Any) -> None:
    with pytest.raises(MalformedResponse):
        Answers(2, {"data": {"nodes": nodes}}).reviews()


def test_a_pull_request_that_is_gone_leaves_the_others_alone() -> None:
    gone = {"type": "NOT_FOUND", "path": ["nodes", 0], "message": "Could not resolve to a node"}
    answers = Answers(2, {"data": {"nodes": [None, page([review(2)])]}, "errors": [gone]})
    assert [each["id"] for each in answers.reviews()] == [2]


@pytest.mark.parametrize(
    "kind", ["429_seconds", "429_no_header", "secondary_limit", "500", "502", "503", "504"]
)
def test_the_sandboxs_limits_and_faults_are_borne(vendor: Served, kind: str, company: Company) -> None:
    reader = vendor.reader("github")
    reader.read("pull_requests")
    vendor.fault(vendor="github", stream="reviews", kind=kind, nth=1, times=2)
    assert len(set(reader.read("reviews").ids)) == counts(company, NIGHTS[0])["reviews"]


def test_a_scope_that_graphql_misses_names_what_the_token_needs(vendor: Served, tmp_path: Path) -> None:
    vendor.fault(vendor="github", stream="reviews", kind="403", times=99)
    run = run_with(vendor, tmp_path)
    assert [each.stream for each in run.streams if each.outcome == "failed"] == ["reviews"]
    assert "Pull requests" in (run.error or "")


def test_a_home_that_was_read_by_rest_goes_on_without_a_record_twice(
    vendor: Served, company: Company, tmp_path: Path
) -> None:
    kind = connector_class("github")
    with RawStore(tmp_path, "github", kind.streams) as store:
        for name in ("reviews", "deployment_statuses"):
            for each in vendor.state.rows("github", name):
                if f"/{ONE}/" in str(each.body.get("pull_request_url") or each.body["deployment_url"]):
                    text = json.dumps(each.body)
                    store.connection.execute(
                        f"insert into raw_github.{name} values (?, ?, md5(?), ?, 'load', false, ?)",
                        [each.id, each.body.get("created_at", MOMENT), text, NIGHTS[0], text],
                    )
        store.connection.execute("delete from raw_github._pops_keys")
    assert run_with(vendor, tmp_path).outcome == "ok"
    with RawStore(tmp_path, "github", kind.streams) as store:
        for name, count in counts(company, NIGHTS[0], ONE).items():
            found = store.connection.execute(f"select count(distinct record_id) from raw_github.{name}")
            assert found.fetchone() == (count,), name
    assert all(each.loaded == 0 for each in run_with(vendor, tmp_path).streams)


def test_the_address_follows_from_the_base_url() -> None:
    for base, expected in (
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql"),
        ("https://git.acme.example/api/v3/", "https://git.acme.example/api/graphql"),
    ):
        settings = GitHubSettings(base_url=AnyHttpUrl(base), token=SecretStr("t"), owner="acme")
        assert settings.graph_url == expected


def test_a_first_reading_takes_two_requests_a_hundred_pull_requests(vendor: Served, company: Company) -> None:
    reader = vendor.reader("github")
    for name in ("pull_requests", "reviews", "pull_request_commits"):
        reader.read(name)
    hundreds = -(-counts(company, NIGHTS[0])["pull_requests"] // graph.IDS_A_REQUEST)
    made = Counter({path: count for (_, path), count in vendor.state.requests.items()})
    assert made["POST /graphql"] == 2 * hundreds
