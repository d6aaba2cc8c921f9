"""Typeform: forms that vanish, responses by tokens, late and deleted ones, the vendor's limits and refusals."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from connectors.credentials import ask_credentials
from connectors.errors import NotFound, ScopeMissing, StuckCursor
from connectors.runner import run_source
from connectors.typeform import source
from sandbox.company.company import Company
from sandbox.company.surveys.answers import DELETED_BETWEEN_NIGHTS
from sandbox.company.surveys.forms import CSAT, NPS, OLD_NPS
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.serving.running import running_app
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Impatient, Served, answered, served

LONG_AGO = NIGHT - timedelta(days=40)
NEXT_NIGHT = NIGHT + timedelta(days=1)


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def put_form(data: HandMade, form: str, at: datetime = LONG_AGO, **more: Any) -> None:
    body = {"id": form, "title": form, "last_updated_at": text_of(at), "fields": [{"ref": "score"}]}
    data.put("typeform", "forms", body | more, at)


def put_response(
    data: HandMade, form: str, number: int, at: datetime, *, shown_at: datetime | None = None
) -> None:
    question = {"id": "q1", "type": "opinion_scale", "ref": "score"}
    body = {
        "form_id": form,
        "token": f"{number:06d}",
        "submitted_at": text_of(at),
        "answers": [{"field": question, "type": "number", "number": number % 11}],
    }
    data.put("typeform", "responses", body, shown_at or at, key=f"{form}:{number:06d}")


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Two forms, one with 25 responses, read in pages of ten."""
    monkeypatch.setattr(source, "RESPONSES_A_PAGE", 10)
    data = HandMade()
    for form in ("alpha", "beta"):
        put_form(data, form)
    for number in range(1, 26):
        # Five share each second.
        put_response(data, "alpha", number, LONG_AGO + timedelta(seconds=number // 5))
    put_response(data, "beta", 1, LONG_AGO)
    with served(data) as running:
        yield running


def ids(form: str, *numbers: int) -> set[str]:
    return {f"{form}:{number:06d}" for number in numbers}


def test_responses_are_paged_by_tokens_each_once_and_name_their_form(vendor: Served) -> None:
    reading = vendor.reader("typeform").read("responses")
    assert len(reading.ids) == 26
    assert set(reading.ids) == ids("alpha", *range(1, 26)) | ids("beta", 1)
    assert reading.window_count == 2
    newest = json.loads(reading.records[0].record)
    assert (newest["form_id"], newest["token"]) == ("alpha", "000025")
    moment = (NIGHT - source.VENDOR_DELAY).isoformat(timespec="seconds")
    assert reading.cursor == {form: {"to": moment, "whole": moment} for form in ("alpha", "beta")}


def test_forms_come_with_their_questions_and_one_that_vanished_is_deleted(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "FORMS_A_PAGE", 1)
    reader = vendor.reader("typeform")
    first = reader.read("forms")
    assert sorted(first.ids) == ["alpha", "beta"]
    assert json.loads(first.records[0].record)["fields"] == [{"ref": "score"}]
    vendor.data.drop("typeform", "forms", "beta")
    vendor.state.forget()
    (gone,) = reader.read("forms", NEXT_NIGHT).added
    assert (gone.record_id, gone.is_deleted) == ("beta", True)


def test_responses_of_a_form_that_vanished_stay(vendor: Served) -> None:
    reader = vendor.reader("typeform")
    reader.read("responses")
    vendor.data.drop("typeform", "forms", "beta")
    vendor.state.forget()
    again = reader.read("responses", NEXT_NIGHT)
    assert again.added == []
    assert again.cursor is not None
    assert set(again.cursor) == {"alpha"}


def test_a_form_deleted_while_it_is_read_is_left_out() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/forms"):
            form = {"id": "gone", "last_updated_at": "2026-01-01T00:00:00Z"}
            return httpx.Response(200, json={"total_items": 1, "page_count": 1, "items": [form]})
        return httpx.Response(404, json={"code": "FORM_NOT_FOUND", "description": "Non existing form"})

    assert answered("typeform", handler).read("responses").records == []


def test_a_second_reading_adds_nothing(vendor: Served) -> None:
    put_response(vendor.data, "alpha", 26, NIGHT - timedelta(hours=3))
    vendor.state.forget()
    reader = vendor.reader("typeform")
    reader.read("responses")
    again = reader.read("responses", NIGHT + timedelta(minutes=1))
    assert (set(again.ids), again.added) == (ids("alpha", 26), [])


def test_what_is_shown_late_is_found_within_and_beyond_the_look_back(vendor: Served) -> None:
    reader = vendor.reader("typeform")
    reader.read("responses")
    put_response(vendor.data, "alpha", 30, NIGHT - timedelta(hours=5), shown_at=NIGHT + timedelta(hours=2))
    put_response(vendor.data, "alpha", 31, NIGHT - timedelta(days=9), shown_at=NIGHT + timedelta(hours=3))
    vendor.state.now = NEXT_NIGHT
    assert {each.record_id for each in reader.read("responses", NEXT_NIGHT).added} == ids("alpha", 30, 31)


def test_what_came_in_the_last_half_hour_is_left_to_the_next_night(vendor: Served) -> None:
    put_response(vendor.data, "beta", 2, NIGHT - timedelta(minutes=10))
    vendor.state.forget()
    reader = vendor.reader("typeform")
    assert set(reader.read("responses").ids) & ids("beta", 2) == set()
    vendor.state.now = NEXT_NIGHT
    assert reader.read("responses", NEXT_NIGHT).ids == ["beta:000002"]


def test_a_deleted_response_is_found_by_the_count(vendor: Served) -> None:
    reader = vendor.reader("typeform")
    reader.read("responses")
    vendor.data.drop("typeform", "responses", "alpha:000007")
    vendor.state.now = NEXT_NIGHT
    (gone,) = reader.read("responses", NEXT_NIGHT).added
    assert (gone.record_id, gone.is_deleted) == ("alpha:000007", True)
    assert reader.read("responses", NEXT_NIGHT).added == []


def test_what_a_count_cannot_tell_is_found_within_a_week(vendor: Served) -> None:
    reader = vendor.reader("typeform")
    reader.read("responses")
    vendor.data.drop("typeform", "responses", "alpha:000007")
    put_response(vendor.data, "alpha", 31, NIGHT - timedelta(days=9), shown_at=NIGHT + timedelta(hours=3))
    vendor.state.now = NEXT_NIGHT
    assert reader.read("responses", NEXT_NIGHT).added == []
    vendor.state.now = a_week_later = NIGHT + timedelta(days=7)
    added = {each.record_id: each.is_deleted for each in reader.read("responses", a_week_later).added}
    assert added == {"alpha:000007": True, "alpha:000031": False}


def test_a_response_that_comes_back_is_there_again(vendor: Served, tmp_path: Path) -> None:
    assert vendor.run("typeform", tmp_path).outcome == "ok"
    (gone,) = [
        each for each in vendor.data.records("typeform", "responses", NIGHT) if each.id == "alpha:000007"
    ]
    vendor.data.drop("typeform", "responses", gone.id)
    vendor.run("typeform", tmp_path, NEXT_NIGHT)
    vendor.data.put("typeform", "responses", gone.body, gone.updated_at, key=gone.id)
    vendor.run("typeform", tmp_path, NEXT_NIGHT + timedelta(days=1))
    with duckdb.connect(str(tmp_path / "raw" / "typeform.duckdb"), read_only=True) as raw:
        states = raw.execute(
            "select is_deleted from raw_typeform.responses where record_id = ? order by extracted_at",
            [gone.id],
        ).fetchall()
    assert states == [(False,), (True,), (False,)]


def test_a_count_that_does_not_fit_deletes_nothing() -> None:
    row = {"token": "t1", "submitted_at": "2026-10-01T00:00:00Z"}
    counts = {"first": 1, "later": 5}
    night = "first"

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/forms"):
            return httpx.Response(200, json={"total_items": 1, "page_count": 1, "items": [{"id": "f"}]})
        items = [] if "since" in request.url.params or night == "later" else [row]
        return httpx.Response(200, json={"total_items": counts[night], "page_count": 1, "items": items})

    reader = answered("typeform", handler)
    assert reader.read("responses").ids == ["f:t1"]
    night = "later"
    assert reader.read("responses", NEXT_NIGHT).added == []


def test_a_killed_run_goes_on_with_the_forms_it_did_not_come_to(vendor: Served) -> None:
    reader = vendor.reader("typeform")
    assert set(reader.read("responses", windows=1).ids) == ids("alpha", *range(1, 26))
    vendor.state.now = NEXT_NIGHT
    reading = reader.read("responses", NEXT_NIGHT)
    assert reading.ids == ["beta:000001"]


def test_an_empty_page_with_more_to_come_is_an_error_and_no_end() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/forms"):
            return httpx.Response(200, json={"total_items": 1, "page_count": 1, "items": [{"id": "f"}]})
        return httpx.Response(200, json={"total_items": 3000, "page_count": 3, "items": []})

    with pytest.raises(StuckCursor):
        answered("typeform", handler).read("responses")


def test_a_response_without_a_token_is_quarantined_and_the_others_load(
    vendor: Served, tmp_path: Path
) -> None:
    body = {"form_id": "beta", "token": "", "submitted_at": text_of(LONG_AGO), "answers": []}
    vendor.data.put("typeform", "responses", body, LONG_AGO, key="beta:0")
    run = vendor.run("typeform", tmp_path)
    assert run.outcome == "ok"
    responses = run.streams[1]
    assert (responses.loaded, responses.quarantined) == (26, 1)


def test_too_many_requests_are_waited_for(vendor: Served) -> None:
    for nth, kind in ((1, "429_seconds"), (2, "429_no_header"), (3, "429_reset_only"), (4, "503")):
        vendor.fault(vendor="typeform", stream="responses", kind=kind, nth=nth, seconds=0)
    assert len(vendor.reader("typeform").read("responses").ids) == 26


def test_check_says_what_is_wrong(vendor: Served) -> None:
    reader = vendor.reader("typeform")
    assert ask_credentials(reader.connector).state == "ok"
    for kind, stream, state in (
        ("403", "responses", "scope_missing"),
        ("403", "forms", "scope_missing"),
        ("401", "forms", "rejected"),
        ("503", "forms", "unreachable"),
    ):
        vendor.fault(vendor="typeform", stream=stream, kind=kind, times=100)
        said = ask_credentials(reader.connector)
        assert said.state == state
        if state == "scope_missing":
            assert "responses:read" in said.remedy
        vendor.state.faults.clear()
    vendor.fault(vendor="typeform", stream="responses", kind="403", times=100)
    with pytest.raises(ScopeMissing):
        reader.read("responses")


def test_a_wrong_token_and_an_address_that_is_not_the_vendor(vendor: Served, tmp_path: Path) -> None:
    variables = environment(vendor.base_url, pace=1000, only=["typeform"])
    wrong = variables | {"POPS_TYPEFORM_ACCESS_TOKEN": "planted-canary"}
    run = run_source("typeform", tmp_path, NIGHT, HISTORY_START, wrong)
    assert run.outcome == "failed"
    assert "rejected" in str(run.error)
    assert "planted-canary" not in str(run)
    away = variables | {"POPS_TYPEFORM_BASE_URL": f"{vendor.base_url}/jira"}
    run = run_source("typeform", tmp_path, NIGHT, HISTORY_START, away)
    assert run.outcome == "failed"
    with pytest.raises(NotFound):
        vendor.reader("typeform").http.get("/forms/nothing")


def test_the_companys_surveys_are_read_night_by_night(tmp_path: Path) -> None:
    company = Company.create("small")
    nights = [NIGHT + timedelta(days=place) for place in range(3)]
    state = SandboxState(CompanyData(company), nights[0], only=["typeform"], pace=100_000)
    with running_app(create_app(state)) as base_url:
        variables = environment(base_url, pace=1000, only=["typeform"])

        def night(until: datetime) -> dict[str, int]:
            state.now = until
            run = run_source("typeform", tmp_path, until, HISTORY_START, variables, clock=Impatient())
            assert run.outcome == "ok", run.error
            return {each.stream: each.loaded for each in run.streams}

        assert night(nights[0])["forms"] == 5
        assert night(nights[0]) == {"forms": 0, "responses": 0}
        night(nights[1])
        assert night(nights[2])["forms"] == 1
    with duckdb.connect(str(tmp_path / "raw" / "typeform.duckdb"), read_only=True) as raw:
        latest = raw.execute(
            "select record_id, is_deleted from raw_typeform.responses "
            "qualify row_number() over (partition by record_id order by extracted_at desc) = 1"
        ).fetchall()
        (gone,) = raw.execute("select record_id from raw_typeform.forms where is_deleted").fetchall()
    assert gone == (OLD_NPS.id,)
    read_up_to = nights[2] - source.VENDOR_DELAY
    expected = {
        f"{answer.form.id}:{answer.token}"
        for answer in company.surveys.answers
        if answer.submitted_at <= read_up_to and answer.shown_at <= nights[2] and answer.deleted_at is None
    }
    assert {key for key, is_deleted in latest if not is_deleted} == expected
    (deleted,) = [each for each in company.surveys.answers if each.deleted_at == DELETED_BETWEEN_NIGHTS]
    assert (f"{NPS.id}:{deleted.token}", True) in latest
    assert any(key.startswith(CSAT.id) for key in expected)
