"""One repository, board, form, ticket, conversation or file that a vendor refuses costs itself: it is named, counted, and asked
for again by the next run from where it stood; all others are read, and nothing is taken for deleted.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from fsspec.implementations.local import LocalFileSystem

from connectors.runner import SourceRun, StreamRun, run_source
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from tests.test_files import HEADER, SURVEY, Drop
from tests.test_typeform import put_form, put_response
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Impatient, Served, served

pytestmark = pytest.mark.slow

NEXT_NIGHT = NIGHT + timedelta(days=1)
LONG_AGO = NIGHT - timedelta(days=20)
# What a vendor says of a thing that is gone, forbidden, without a history, or withheld by law.
STATUSES = [404, 403, 409, 451]


class Refusing(httpx.BaseTransport):
    """Answers with `status` whatever `is_refused` says; `asked`: how often that was."""

    def __init__(self, status: int, is_refused: Callable[[httpx.Request], bool]) -> None:
        self._vendor = httpx.HTTPTransport(verify=False)
        self._status, self._is_refused = status, is_refused
        self.asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._is_refused(request):
            return self._vendor.handle_request(request)
        self.asked += 1
        return httpx.Response(self._status, json={"message": "Not this one"})


def below(part: str) -> Callable[[httpx.Request], bool]:
    return lambda request: part in request.url.path


def run(
    vendor: Served, source: str, home: Path, transport: Refusing | None = None, **more: Any
) -> dict[str, StreamRun]:
    whole = whole_run(vendor, source, home, transport, **more)
    assert whole.outcome == "ok", whole.error
    return {each.stream: each for each in whole.streams}


def whole_run(
    vendor: Served, source: str, home: Path, transport: Refusing | None = None, **more: Any
) -> SourceRun:
    until = more.pop("until", NIGHT)
    vendor.state.now = until
    env = environment(vendor.base_url, 1000, [source])
    return run_source(source, home, until, HISTORY_START, env, clock=Impatient(), transport=transport, **more)


def rows(home: Path, source: str, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        return raw.execute(sql).fetchall()


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.mark.parametrize("status", STATUSES)
def test_a_repository_that_is_refused_in_mid_reading_costs_itself(
    company: Company, tmp_path: Path, status: int
) -> None:
    refused = "studio-web"
    own = [pull for pull in company.engineering.pull_requests if pull.repository.name == refused]
    here = {str(pull.id) for pull in own if pull.opened_at <= NIGHT}
    everywhere = {str(pull.id) for pull in company.engineering.pull_requests if pull.opened_at <= NIGHT}
    sql = "select distinct record_id from raw_github.pull_requests"
    said: list[str] = []
    with served(CompanyData(company), NIGHT) as vendor:
        first = run(vendor, "github", tmp_path, Refusing(status, below(f"/{refused}/")), progress=said.append)
        assert [name for name, stream in first.items() if stream.left_out] == [
            "pull_requests",
            "releases",
            "deployments",
            "issues",
            "workflow_runs",
        ]
        assert all(set(each.left_out) <= {refused} for each in first.values())
        assert any(f"Left out: {refused}" in line for line in said)
        assert {each for (each,) in rows(tmp_path, "github", sql)} == everywhere - here
        again = run(vendor, "github", tmp_path, until=NEXT_NIGHT)
        assert not any(each.left_out for each in again.values())
        assert {each for (each,) in rows(tmp_path, "github", sql)} >= everywhere
    booked = rows(
        tmp_path, "github", "select stream, reason from raw_github._pops_loads where outcome = 'left_out'"
    )
    assert {reason.partition(":")[0] for _, reason in booked} == {refused}
    assert len(booked) == 5


def test_reviews_of_a_repository_that_is_refused_cost_itself(company: Company, tmp_path: Path) -> None:
    pulls = {
        f"PR_{pull.id}" for pull in company.engineering.pull_requests if pull.repository.name == "studio-web"
    }

    def is_refused(request: httpx.Request) -> bool:
        body = json.loads(request.content or b"{}") if request.url.path.endswith("/graphql") else {}
        return bool(pulls & set(body.get("variables", {}).get("ids", [])))

    with served(CompanyData(company), NIGHT) as vendor:
        first = run(vendor, "github", tmp_path, Refusing(403, is_refused))
        assert {name: list(each.left_out) for name, each in first.items() if each.left_out} == {
            "reviews": ["studio-web"],
            "pull_request_commits": ["studio-web"],
        }
        assert first["reviews"].loaded > 0
        run(vendor, "github", tmp_path, until=NEXT_NIGHT)
    reviews = {
        str(review.id)
        for pull in company.engineering.pull_requests
        if pull.opened_at <= NIGHT
        for review in pull.reviews
        if review.submitted_at <= NIGHT
    }
    found = rows(tmp_path, "github", "select distinct record_id from raw_github.reviews")
    assert {each for (each,) in found} >= reviews


def test_a_repository_without_issues_is_not_asked_for_them(company: Company, tmp_path: Path) -> None:
    def switched_off(request: httpx.Request) -> bool:
        return request.url.path.endswith("/studio-web/issues")

    class Off(Refusing):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            if not request.url.path.endswith("/repos"):
                return answer
            shown = json.loads(answer.read())
            for row in shown:
                row["has_issues"] = row["name"] != "studio-web"
            return httpx.Response(200, json=shown)

    with served(CompanyData(company), NIGHT) as vendor:
        off = Off(410, switched_off)
        assert not run(vendor, "github", tmp_path, off)["issues"].left_out
    assert off.asked == 0


def test_what_is_refused_of_every_repository_is_refused_of_the_stream(
    company: Company, tmp_path: Path
) -> None:
    with served(CompanyData(company), NIGHT) as vendor:
        runs = Refusing(403, lambda request: request.url.path.endswith("/actions/runs"))
        streams = run(vendor, "github", tmp_path, runs)
        assert (streams["workflow_runs"].outcome, streams["workflow_runs"].left_out) == ("not_available", {})
        later = whole_run(vendor, "github", tmp_path, Refusing(403, below("/pulls")), until=NEXT_NIGHT)
    assert later.outcome == "failed"
    assert "Pull requests" in (later.error or "")


@pytest.mark.parametrize("status", STATUSES)
def test_a_board_or_project_of_jira_that_is_refused_costs_itself(tmp_path: Path, status: int) -> None:
    data = HandMade()
    for number in (1, 2):
        data.put("jira", "projects", {"id": str(number), "key": f"P{number}"}, LONG_AGO)
        data.put("jira", "boards", {"id": number, "type": "scrum"}, LONG_AGO)
        data.put("jira", "sprints", {"id": number, "name": "S", "originBoardId": number}, LONG_AGO)
        data.put("jira", "versions", {"id": str(number), "projectId": number, "released": False}, LONG_AGO)
    with served(data) as vendor:
        run(vendor, "jira", tmp_path)
        refusing = Refusing(
            status, lambda each: each.url.path.endswith(("/board/1/sprint", "/project/1/version"))
        )
        night = run(vendor, "jira", tmp_path, refusing, until=NEXT_NIGHT)
    deleted = "select record_id from raw_jira.sprints where is_deleted union all select record_id from raw_jira.versions where is_deleted"
    assert rows(tmp_path, "jira", deleted) == []
    assert list(night["versions"].left_out) == ["project P1"]
    assert list(night["sprints"].left_out) == ["board 1"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_form_that_is_refused_costs_itself(tmp_path: Path, status: int) -> None:
    data = HandMade()
    for form in ("alpha", "beta"):
        put_form(data, form, LONG_AGO)
        put_response(data, form, 1, LONG_AGO)
    with served(data) as vendor:
        night = run(vendor, "typeform", tmp_path, Refusing(status, below("/forms/alpha")))
        assert [list(night[name].left_out) for name in ("forms", "responses")] == [["form alpha"]] * 2
        assert (night["forms"].loaded, night["responses"].loaded) == (1, 1)
        night = run(vendor, "typeform", tmp_path, until=NEXT_NIGHT)
        assert (night["forms"].loaded, night["responses"].loaded) == (1, 1)
        night = run(
            vendor, "typeform", tmp_path, Refusing(status, below("/forms/alpha")), until=NEXT_NIGHT + timedelta(days=1)
        )  # fmt: skip
    assert night["forms"].left_out
    assert rows(tmp_path, "typeform", "select * from raw_typeform.forms where is_deleted") == []


@pytest.mark.parametrize("status", [403, 409, 451])
def test_a_conversation_that_is_refused_costs_itself(tmp_path: Path, status: int) -> None:
    data = HandMade()
    for number in (1, 2, 3):
        moment = int((LONG_AGO + timedelta(days=number)).timestamp())
        body = {"id": str(number), "created_at": moment, "updated_at": moment, "type": "conversation"}
        data.put("intercom", "conversations", body, LONG_AGO + timedelta(days=number))
    found = "select distinct record_id from raw_intercom.conversations order by all"
    with served(data) as vendor:
        refusing = Refusing(status, below("/conversations/2"))
        night = run(vendor, "intercom", tmp_path, refusing)
        assert list(night["conversations"].left_out) == ["2"]
        assert rows(tmp_path, "intercom", found) == [("1",), ("3",)]
        assert list(
            run(vendor, "intercom", tmp_path, refusing, until=NEXT_NIGHT)["conversations"].left_out
        ) == ["2"]
        night = run(vendor, "intercom", tmp_path, until=NEXT_NIGHT + timedelta(days=1))
        assert (night["conversations"].left_out, night["conversations"].loaded) == ({}, 1)
        assert rows(tmp_path, "intercom", found) == [("1",), ("2",), ("3",)]
        asked = Refusing(status, below("/conversations/2"))
        run(vendor, "intercom", tmp_path, asked, until=NEXT_NIGHT + timedelta(days=2))
        assert asked.asked == 0


@pytest.mark.parametrize("status", [403, 409, 451])
def test_a_ticket_whose_audits_are_refused_costs_itself(
    company: Company, tmp_path: Path, status: int
) -> None:
    history = NIGHT - timedelta(days=5)
    with served(CompanyData(company), NIGHT) as vendor:
        vendor.state.now = NIGHT
        env = environment(vendor.base_url, 1000, ["zendesk"])
        audits = []

        def first_of_all(request: httpx.Request) -> bool:
            if not request.url.path.endswith("/audits"):
                return False
            audits.append(request.url.path)
            return request.url.path == audits[0]

        def read(transport: Refusing | None, until: Any) -> StreamRun:
            vendor.state.now = until
            done = run_source(
                "zendesk", tmp_path, until, history, env, clock=Impatient(), transport=transport
            )
            assert done.outcome == "ok", done.error
            return next(each for each in done.streams if each.stream == "ticket_audits")

        refused = read(Refusing(status, first_of_all), NIGHT)
        (ticket,) = refused.left_out
        assert audits[0].endswith(f"/{ticket}/audits")
        assert refused.loaded > 0
        held = f"select count(*) from raw_zendesk.ticket_audits where (record ->> 'ticket_id') = '{ticket}'"
        assert rows(tmp_path, "zendesk", held) == [(0,)]
        assert read(None, NEXT_NIGHT).left_out == {}
        [(count,)] = rows(tmp_path, "zendesk", held)
        assert count > 0


@pytest.mark.parametrize("status", STATUSES)
def test_an_integration_of_productboard_that_is_refused_costs_itself(
    company: Company, tmp_path: Path, status: int
) -> None:
    with served(CompanyData(company), NIGHT) as vendor:
        before = run(vendor, "productboard", tmp_path)["jira_connections"].loaded
        night = whole_run(
            vendor, "productboard", tmp_path, Refusing(status, below("/connections")), until=NEXT_NIGHT
        )
    connections = next(each for each in night.streams if each.stream == "jira_connections")
    assert before > 0
    # The company has one integration: what is refused of all of them is refused of the stream.
    assert connections.left_out if status == 404 else connections.outcome in ("failed", "not_available")
    assert (
        rows(tmp_path, "productboard", "select * from raw_productboard.jira_connections where is_deleted")
        == []
    )


@pytest.mark.parametrize("problem", [PermissionError, FileNotFoundError])
def test_a_file_that_cannot_be_opened_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: type[OSError]
) -> None:
    drop = Drop(tmp_path)
    drop.put("nps.yml", SURVEY)
    drop.put("nps/a.csv", f"{HEADER}1;7;good;a@example.com;01.11.2026 10:00\n")
    drop.put("nps/b.csv", f"{HEADER}2;8;good;b@example.com;01.11.2026 11:00\n")
    drop.put("nps/c.csv", f"{HEADER}3;9;good;c@example.com;01.11.2026 12:00\n")
    opened = LocalFileSystem.open

    def refused(self: LocalFileSystem, path: str, *arguments: Any, **more: Any) -> Any:
        if path.endswith("b.csv"):
            raise problem(path)
        return opened(self, path, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(LocalFileSystem, "open", refused)
        for _ in range(2):
            run = drop.run()
            assert run.outcome == "ok"
            assert [list(each.left_out) for each in run.streams if each.left_out] == [["nps/b.csv"]]
            assert [record["score"] for record in drop.held().values()] == [7.0, 9.0]
    assert not any(each.left_out for each in drop.run().streams)
    assert len(drop.held()) == 3
