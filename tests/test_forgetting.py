"""What becomes of records when somebody is forgotten, and that a book of hashes keeps them out of raw for good."""

import json
import os
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from connectors import SOURCES, connector_class
from connectors.contract import Stream
from connectors.errors import SourceError
from connectors.forgetting import STRUCK_OUT, Forgetting
from connectors.forgetting_raw import Counts, Wanted, forget_in_raw, rewrite_raw
from connectors.forgotten import PSEUDONYM_KEY, Book, Forgotten, hashes_of
from connectors.forgotten_records import ForgottenRecords
from connectors.raw_store import RawStore
from pops.cli import app
from pops.operations.forget import Found, Request, find
from pops.operations.striking import _struck, pattern, strike_out
from pops.operations.subjects import Subject, _names
from sandbox.serving.environment import REGISTRY
from settings.home import Home
from settings.night import Night
from tests.fake_source import FakeHouse, record, stream

ENV = {PSEUDONYM_KEY: "a-key-for-tests-only-and-long-enough"}
EMAIL = "Zebulonia.Quux@unmistakable.example"
NAMES = (EMAIL, "usr_unmistakable", "Zebulonia Quux", "zendesk:users:77", "hubspot:contacts:501")


def streams(source: str) -> dict[str, Stream]:
    return {each.name: each for each in connector_class(source).streams}


def left(source: str, name: str, value: Any, key: str = "1") -> Any:
    known = {each.lower() for each in NAMES}
    text = Forgetting(source, lambda text: text.strip().lower() in known).left(
        streams(source)[name], key, json.dumps(value)
    )
    return text if text is None else json.loads(text)


def test_what_is_theirs_goes() -> None:
    assert left("zendesk", "users", {"id": 77, "email": "other@x.example"}, "77") is None
    assert left("zendesk", "users", {"id": 78, "email": EMAIL.upper()}, "78") is None
    assert left("zendesk", "tickets", {"requester_id": 77, "subject": "Help"}) is None
    assert left("typeform", "responses", {"hidden": {"uid": "usr_unmistakable"}}) is None
    assert left("hubspot", "associations", {"from_type": "contacts", "from_id": "501"}) is None


def test_an_id_names_only_a_record_of_its_own_kind() -> None:
    association = {"from_type": "deals", "from_id": "501", "to_type": "companies", "to_id": "77"}
    assert left("hubspot", "associations", association) == association
    assert left("zendesk", "tickets", {"organization_id": 77}, "77") == {"organization_id": 77}


def test_an_event_is_of_the_first_whom_it_names() -> None:
    shared = {"user_id": "usr_other", "device_id": "usr_unmistakable"}
    assert left("amplitude", "events", shared) == {"user_id": "usr_other", "device_id": None}
    assert left("amplitude", "events", {"user_id": "", "device_id": "usr_unmistakable"}) is None


def test_what_others_say_of_them_is_struck_out() -> None:
    ticket = {
        "requester_id": 5, "collaborator_ids": [77, 78], "submitter_id": 77,
        "description": f"Ask zebulonia quux ({EMAIL}) or usr_unmistakable.",
        "via": {"source": {"from": {"address": EMAIL, "name": "Zebulonia"}}},
    }  # fmt: skip
    assert left("zendesk", "tickets", ticket) == {
        "requester_id": 5, "collaborator_ids": [78], "submitter_id": None,
        "description": f"Ask {STRUCK_OUT} ({STRUCK_OUT}) or {STRUCK_OUT}.",
        "via": {"source": {"from": {"address": None, "name": None}}},
    }  # fmt: skip


def test_what_they_wrote_within_a_record_of_others_is_struck_out() -> None:
    event = {
        "ticket_id": 5, "updater_id": 77,
        "child_events": [
            {"author_id": 77, "event_type": "Comment", "body": "My cat is ill."},
            {"author_id": 6, "event_type": "Comment", "body": "Get well soon."},
        ],
    }  # fmt: skip
    first, second = left("zendesk", "ticket_events", event)["child_events"]
    assert first == {"author_id": None, "event_type": "Comment", "body": STRUCK_OUT}
    assert second == event["child_events"][1]


def test_what_is_not_about_them_stays_to_the_letter() -> None:
    text = '{"id":  1, "note": "caf\\u00e9, quux alone"}'
    assert Forgetting("jira", lambda text: text == EMAIL).left(streams("jira")["issues"], "1", text) == text


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_says_whose_its_records_are(source: str) -> None:
    kinds = streams(source)
    for name, each in kinds.items():
        parents = [parent for _, parent in (*each.belongs_to, *each.refers) if not parent.startswith("=")]
        assert set(parents) <= kinds.keys(), name
        if each.subject:
            assert each.identifies, f"{source}.{name}: by what is one known in another tool?"
        # What is kept by date must say its date.
        assert bool(each.happened) == each.is_event, name


def booked(home: Path, *names: str, before: str | None = None) -> Book:
    book = Book.new()
    book = book.with_entry(Forgotten("2026-11-14", "person", hashes_of(book, names), before, {}, {}))
    book.write(home, ENV)
    return book


def test_the_book_holds_no_value_and_opens_with_its_key_alone(tmp_path: Path) -> None:
    booked(tmp_path, *NAMES)
    written = (tmp_path / "forgotten.json").read_text().lower()
    assert not [each for each in NAMES if each.lower() in written]
    book = Book.of(tmp_path, ENV)
    assert book is not None
    assert book.knows(EMAIL.upper())
    assert not book.knows("somebody@else.example")
    with pytest.raises(ValueError, match=r"another POPS_PSEUDONYM_KEY.*pops rotate-key"):
        Book.of(tmp_path, {PSEUDONYM_KEY: "another"})


def person_stream() -> Stream:
    kind = stream("things")
    return Stream(**{**kind.__dict__, "identifies": ("value",), "subject": "person"})


def test_who_is_forgotten_is_not_loaded_again_and_the_books_balance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PSEUDONYM_KEY, ENV[PSEUDONYM_KEY])
    house = FakeHouse(tmp_path, monkeypatch)
    house.offer(person_stream())
    house.vendor.pages["things"] = [[[record(1, EMAIL), record(2, "other"), record(3, f"Ask {EMAIL} now")]]]
    house.run_with(ENV)
    book = booked(tmp_path, EMAIL)
    monkeypatch.setattr("connectors.forgetting_raw.connector_class", lambda source: house.kind)
    counts = forget_in_raw(tmp_path, "fake", Wanted(book.knows, [EMAIL]), book)
    assert (counts.removed, counts.redacted) == ({"fake.things": 1}, {"fake.things": 1})
    assert [json.loads(row[4])["value"] for row in house.content()] == ["other", f"Ask {STRUCK_OUT} now"]
    for file in (tmp_path / "raw").iterdir():
        assert EMAIL.encode() not in file.read_bytes()

    house.vendor.pages["things"] *= 2
    run = house.run_with(ENV)
    assert run.outcome == "ok"
    [(fetched, loaded, duplicates, forgotten)] = house.rows(
        "select fetched_count, loaded_count, duplicate_count, forgotten_count from raw_fake._pops_loads "
        "where outcome = 'loaded' order by extracted_at desc, load_id desc limit 1"
    )
    # What was struck out is struck out in the same way again: nothing is new.
    assert (fetched, loaded, duplicates, forgotten) == (3, 0, 2, 1)
    [(booked_rows,)] = house.rows(
        "select (select sum(loaded_count) from raw_fake._pops_loads) - "
        "(select sum(removed_count) from raw_fake._pops_forgotten)"
    )
    assert booked_rows == len(house.content()) == 2


def test_a_raw_file_of_before_there_was_a_book_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = FakeHouse(tmp_path, monkeypatch)
    house.vendor.pages["things"] = [[[record(1)]]]
    house.run()
    with duckdb.connect(str(tmp_path / "raw" / "fake.duckdb")) as raw:
        raw.execute(
            "alter table raw_fake._pops_loads drop column forgotten_count;"
            "drop table raw_fake._pops_forgotten; drop table raw_fake._pops_forgotten_ids"
        )
    house.vendor.pages["things"].append([[record(2)]])
    assert house.run().outcome == "ok"
    house.assert_books_balance()
    assert house.rows("select forgotten_count from raw_fake._pops_loads order by load_id") == [(0,), (0,)]


def test_what_is_quarantined_of_them_goes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = FakeHouse(tmp_path, monkeypatch)
    book = booked(tmp_path, EMAIL)
    house.offer(person_stream())
    house.vendor.pages["things"] = [[[record("", EMAIL), record("", "other")]]]
    assert house.run_with(ENV).outcome == "ok"
    assert len(house.rows("select * from raw_fake._pops_quarantine")) == 1
    assert house.rows("select forgotten_count from raw_fake._pops_loads") == [(1,)]
    assert book.knows(EMAIL)


def test_events_from_before_a_date_go_and_are_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = FakeHouse(tmp_path, monkeypatch)
    kind = Stream(**{**stream("things").__dict__, "happened": "value", "is_event": True})
    house.offer(kind)
    page = [record(1, "2026-01-01T00:00:00Z"), record(2, 1798761600), record(3, None)]
    house.vendor.pages["things"] = [[page]]
    house.run_with(ENV)
    before = "2026-06-01T00:00:00+00:00"
    book = booked(tmp_path, before=before)
    monkeypatch.setattr("connectors.forgetting_raw.connector_class", lambda source: house.kind)
    counts = forget_in_raw(tmp_path, "fake", Wanted(book.knows, (), before), book)
    assert counts.removed == {"fake.things": 1}
    house.vendor.pages["things"] *= 2
    house.run_with(ENV)
    assert [row[0] for row in house.content()] == ["2", "3"]


def test_a_file_that_is_written_anew_keeps_its_tables_and_loses_its_air(tmp_path: Path) -> None:
    kinds = connector_class("jira").streams
    with RawStore(tmp_path, "jira", kinds) as store:
        store.connection.execute(
            "insert into raw_jira.issues select i, '1', md5(i::text), now(), 'load', false, repeat(md5(i::text), 9) "
            "from range(20000) as rows(i)"
        )
        store.connection.execute("checkpoint")
        store.connection.execute("delete from raw_jira.issues where record_id::int > 9")
    file = tmp_path / "raw" / "jira.duckdb"
    size = file.stat().st_size
    rewrite_raw(file, "jira", lambda connection: None)
    assert file.stat().st_size < size / 2
    with RawStore(tmp_path, "jira", kinds) as store:
        assert store.connection.execute("select count(*) from raw_jira.issues").fetchall() == [(10,)]
        kept = store.connection.execute(
            "select distinct compression from pragma_storage_info('raw_jira.issues') "
            "where column_name = 'record' and segment_type = 'VARCHAR'"
        ).fetchall()
        assert kept == [("ZSTD",)]


@pytest.mark.parametrize("source", SOURCES)
def test_every_raw_file_can_be_written_anew(source: str, tmp_path: Path) -> None:
    with RawStore(tmp_path, source, connector_class(source).streams) as store:
        before = books(store)
    rewrite_raw(tmp_path / "raw" / f"{source}.duckdb", source, lambda connection: None)
    with RawStore(tmp_path, source, connector_class(source).streams) as store:
        assert books(store) == before


def books(store: RawStore) -> list[tuple[Any, ...]]:
    return store.connection.execute(f"select * from {store.schema}._pops_keys order by all").fetchall()


def test_no_night_counts_days_that_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(REGISTRY))
    now = datetime(2026, 11, 16, 1, tzinfo=UTC)
    usual = Night.of(None, now).history_start
    before = datetime(2026, 9, 1, tzinfo=UTC)
    assert usual < before
    booked(tmp_path, before=before.isoformat())
    assert Night.of(None, now).history_start == before


@pytest.mark.parametrize("who", ["", " ", "%", "*", "a", "--", "\n"])
@pytest.mark.parametrize("kind", ["person", "account"])
def test_a_name_that_is_none_forgets_nobody(
    kind: str, who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a variable that is not set leaves it; struck out of every page, it would take all of them along."""
    with pytest.raises(ValueError, match=f"--{kind} names nobody"):
        Request(**{kind: who})
    for variable in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(variable, str(tmp_path))
    refused = CliRunner().invoke(app, ["forget", f"--{kind}", who, "--yes"])
    assert refused.exit_code == 1
    assert "names nobody" in refused.output


def test_without_the_book_no_source_is_read_and_it_is_no_vendors_fault(tmp_path: Path) -> None:
    (tmp_path / "forgotten.json").write_text("{")
    with (
        RawStore(tmp_path, "zendesk", connector_class("zendesk").streams) as store,
        pytest.raises(SourceError, match=r"forgotten\.json is damaged, .*: put it back from a backup"),
    ):
        ForgottenRecords("zendesk", tmp_path, ENV, store)


def test_what_is_still_to_come_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(variable, str(tmp_path))
    refused = CliRunner().invoke(app, ["forget", "--before", "2999-01-01", "--yes"])
    assert refused.exit_code == 1
    assert "is still to come" in refused.output


LETTERS = st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=6)


@settings(max_examples=200)
@given(st.lists(LETTERS, min_size=2, max_size=3))
@example(["花子", "山田"])
@example(["René", "Lefèvre"])
@example(["Łucja", "Żak"])
@example(["محمد", "علي"])
@example(["𠮷田", "x"])
def test_a_name_is_struck_out_in_whatever_script_and_nothing_else(words: list[str]) -> None:
    wanted = pattern({" ".join(words)})
    name = unicodedata.normalize("NFC", " ".join(words))
    for written in (name, name.upper(), unicodedata.normalize("NFD", name), "\u3000".join(name.split()),
                    json.dumps(name)[1:-1], json.dumps(json.dumps(name))[3:-3]):  # fmt: skip
        assert STRUCK_OUT in _struck([f"[“{written}”]"], wanted)[0], written
    others = '{\n "nonce": "be3f",\n "who": ["佐藤 太郎", "Анна К", "سارة", "Zoé Ñ"], "at": {"day": "2026-11-30T18:05"}\n}'
    if not re.search(wanted.replace(r"\pL\pN", r"\w"), others, re.IGNORECASE):
        assert _struck([others], wanted) == [others]


def test_who_is_in_no_record_is_told_so() -> None:
    found = Found(Request(person="nobody-at-all"), Subject("person", {"nobody-at-all"}), Counts(), None)
    assert found.lines()[-1].startswith("no record that is held names it")
    assert replace(found, is_booked=True).lines()[-1].startswith("it is forgotten already")
    assert "POPS_HOME" in replace(found, is_anything_held=False).lines()[-1]
    before = Found(
        Request(before=date(2024, 11, 1)), Subject("before"), Counts(), "2024-10-31T23:00:00+00:00"
    )
    assert before.lines() == ["no event and no replaced version from before 2024-11-01 is held"]


def test_nobody_is_forgotten_before_it_is_known_which_records_are_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POPS_REGISTRY_DIR", str(REGISTRY))
    (tmp_path / "raw").mkdir()
    with duckdb.connect(str(tmp_path / "raw" / "hubspot.duckdb")):
        pass
    with pytest.raises(ValueError, match="run `pops nightly`"):
        find(Home(tmp_path), Request(person="anna@customer.example"), dict(os.environ))


def test_a_person_is_looked_for_with_either_name_first() -> None:
    contact = {"properties": {"firstname": "花子", "lastname": "山田"}}
    assert set(_names(contact, streams("hubspot")["contacts"])) == {"花子 山田", "山田 花子"}


def test_a_home_keeps_all_but_a_name_of_another_script(tmp_path: Path) -> None:
    kept = {
        "forgotten.json": '{\n "check": "19",\n "entries": []\n}',
        "page.html": "<p>佐藤 太郎、2026-11-30</p>",
    }
    for name, text in {**kept, "night.log": "花子　山田 asked\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert strike_out(Home(tmp_path), pattern({"花子 山田"})) == 1
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in kept} == kept
    assert (tmp_path / "night.log").read_text(encoding="utf-8") == f"{STRUCK_OUT} asked\n"
