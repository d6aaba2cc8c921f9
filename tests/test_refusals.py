"""What a run does when the vendor refuses: a spent quota pauses it, refused credentials are explained."""

import json
import zlib
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import credentials, runner
from connectors.bodies import is_too_deep
from connectors.contract import RawRecord
from connectors.credentials import ask_credentials, check_source
from connectors.errors import BadRequest, QuotaSpent, Rejected
from connectors.redaction import without_values
from connectors.zendesk.source import ZendeskConnector
from tests.fake_source import FakeHouse, Killed, fake_class, record


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHouse:
    return FakeHouse(tmp_path, monkeypatch)


def test_a_spent_quota_pauses_the_source_and_the_next_run_goes_on(house: FakeHouse) -> None:
    house.offer("things", "others")
    house.vendor.pages = {"things": [[[record(1)]], [QuotaSpent()], [[record(3)]]], "others": [[[record(9)]]]}
    run = house.run()
    assert (run.outcome, [each.outcome for each in run.streams]) == ("paused", ["paused", "paused"])
    assert [each.error for each in run.streams] == [None, None]
    assert "next run goes on" in (run.error or "")
    assert len(house.content()) == 1
    house.vendor.pages["things"][1] = [[record(2)]]
    assert house.run().outcome == "ok"
    assert len(house.content()) == 3
    assert len(house.content("others")) == 1
    assert [row[0] for row in house.rows("select outcome from raw_fake._pops_runs order by started_at")] == [
        "paused",
        "ok",
    ]


def test_a_refusal_names_the_variables_and_the_access_that_is_needed(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[Rejected(place="GET /things")]]}
    assert "POPS_" not in (house.run().error or "")
    refused = ask_credentials(AlwaysRefused())
    assert refused.state == "rejected"
    assert "Set POPS_ZENDESK_CLIENT_ID, POPS_ZENDESK_CLIENT_SECRET: a key." in refused.remedy


def test_an_answer_of_another_vendor_is_told_and_not_raised() -> None:
    class OfAnotherVendor(AlwaysRefused):
        def check(self) -> None:
            raise KeyError("user")

    answered = ask_credentials(OfAnotherVendor())
    assert answered.state == "unreachable"
    assert "zendesk" in answered.remedy
    assert "'user'" in answered.remedy


class AlwaysRefused(ZendeskConnector):
    access = "a key."

    def __init__(self) -> None:
        pass

    def check(self) -> None:
        raise Rejected(place="GET /me")


class Unheard(Exception):
    """Of a class that nobody has foreseen."""


THROWN = [
    RecursionError("maximum recursion depth exceeded"),
    OverflowError("date value out of range"),
    MemoryError(),
    NotImplementedError("compression type 98"),
    zlib.error("Error -3 while decompressing data"),
    AssertionError(),
    Unheard("anna.schmidt@example.org"),
]


@pytest.mark.parametrize("thrown", THROWN, ids=lambda each: type(each).__name__)
def test_whatever_a_stream_throws_costs_that_stream_and_is_one_sentence(
    house: FakeHouse, thrown: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    house.offer("things", "others")
    house.vendor.pages = {"things": [[thrown]], "others": [[[record(9)]]]}
    run = house.run()
    assert [each.outcome for each in run.streams] == ["failed", "ok"]
    assert type(thrown).__name__ in (run.error or "")
    assert "\n" not in (run.error or "")
    assert "fake things" in (run.error or "")
    # The traceback is for the run's log, and not even that quotes a record.
    assert "fake_source.py" in caplog.text
    assert "anna.schmidt" not in f"{run.error}{caplog.text}"


def test_half_a_character_in_a_refusal_costs_that_stream_alone(house: FakeHouse) -> None:
    house.offer("things", "others")
    refused = BadRequest("No\udc80.", vendor_message="half a \ud83d")
    house.vendor.pages = {"things": [[refused]], "others": [[[record(9)]]]}
    run = house.run()
    assert [each.outcome for each in run.streams] == ["failed", "ok"]
    assert "The vendor says: half a ?" in (run.error or "")


def test_what_a_connector_throws_while_it_is_made_is_told(
    house: FakeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object) -> None:
        raise Unheard("anna.schmidt@example.org")

    kind = fake_class(house.vendor, ())
    monkeypatch.setattr(kind, "__init__", broken)
    monkeypatch.setattr(runner, "connector_class", lambda source: kind)
    monkeypatch.setattr(credentials, "connector_class", lambda source: kind)
    run = house.run()
    assert (run.outcome, "Unheard" in (run.error or "")) == ("failed", True)
    answered = check_source("fake", {})
    assert answered is not None
    assert (answered.state, "Unheard" in answered.remedy) == ("unreachable", True)


@pytest.mark.parametrize("thrown", THROWN, ids=lambda each: type(each).__name__)
def test_whatever_a_check_throws_is_an_answer(thrown: Exception) -> None:
    class Throwing(AlwaysRefused):
        def check(self) -> None:
            raise thrown

    answered = ask_credentials(Throwing())
    assert answered.state == "unreachable"
    assert type(thrown).__name__ in answered.remedy
    assert "anna.schmidt" not in answered.remedy


def test_a_kill_is_not_caught(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[Killed()]]}
    with pytest.raises(Killed):
        house.run()


@pytest.mark.parametrize(
    "text",
    [
        'Invalid Input Error: Malformed JSON at byte 1 of input: unexpected character.  Input: "[anna@x.example](…"',
        "Conversion Error: Could not convert string 'anna@x.example' to INT32 when casting from source column email",
        "Conversion Error: Could not convert string 'it''s anna@x.example' to DATE",
        'Constraint Error: Duplicate key "email: anna@x.example" violates unique constraint.',
        "Conversion Error: Type INT64 with value anna@x.example can't be cast to INT8",
        'Conversion Error: invalid timestamp field format: "anna@x.example',
        "Invalid Input Error: Could not parse it\nLINE 1: select 'anna@x.example'\n  ^",
        "Invalid Input Error: no such zone: anna@x.example",
    ],
)
def test_an_engines_error_is_told_without_the_value(house: FakeHouse, text: str) -> None:
    house.vendor.pages = {"things": [[duckdb.Error(text)]]}
    error = house.run().error or ""
    assert "anna" not in error
    assert text.partition(":")[0] in error


def test_duckdbs_own_errors_are_told_without_the_value() -> None:
    for query in (
        "select 'anna'::integer",
        "select json_extract('[anna', '$.x')",
        "select strptime('anna', '%Y')",
        "select date 'anna'",
        "select '12345678'::tinyint",
        "select cast(12345678 as tinyint)",
        "select unnest(['anna'])::uuid",
        "select 'anna'::struct(a integer)",
        "select 'anna'::enum('x')",
    ):
        with pytest.raises(duckdb.Error) as caught:
            duckdb.execute(query).fetchall()
        told = without_values(str(caught.value))
        assert "anna" not in told, query
        assert "12345678" not in told, query
        assert len(told) > 10


def test_a_record_too_deep_for_the_engine_is_put_aside_and_the_others_are_loaded(house: FakeHouse) -> None:
    def nested(levels: int) -> str:
        return '{"text": "' + "[" * 300 + '\\"[", "a": ' + "[" * levels + "]" * levels + "}"

    house.vendor.pages = {
        "things": [
            [[record(1), RawRecord("deep", "1", nested(100_000)), RawRecord("flat", "1", nested(199))]]
        ]
    }
    run = house.run()
    assert (run.outcome, run.streams[0].quarantined) == ("ok", 1)
    assert [row[0] for row in house.content()] == ["1", "flat"]
    [(reason,)] = house.rows("select reason from raw_fake._pops_quarantine")
    assert reason == "The record is nested deeper than 200 levels."


JSON = st.recursive(
    st.none() | st.text('[]{}"\\,:a', max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[]{}"\\', max_size=4), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@settings(max_examples=150, deadline=None)
@given(JSON, st.integers(0, 6))
def test_depth_is_told_from_the_text_alone(value: object, deepest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.bodies.DEEPEST_JSON", deepest)
        assert is_too_deep(json.dumps(value)) == (depth(value) > deepest)


def test_a_column_that_is_missing_is_told_by_its_name() -> None:
    with pytest.raises(duckdb.Error) as caught:
        duckdb.execute("select missing_column from (select 1 as present)")
    assert "missing_column" in without_values(str(caught.value))
