"""The id of a record is the vendor's whole key: nothing that the vendor tells apart is one record, and nothing is two."""

import hashlib
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import connector_class
from connectors.amplitude import archive
from connectors.contract import Page
from connectors.lines import line_pages
from connectors.mixpanel import days
from connectors.raw_store import RawStore

Json = dict[str, Any]
EVENT: Json = {
    "event": "order_created",
    "properties": {"distinct_id": "u1", "time": 1_763_000_000_000, "$insert_id": "1001", "plan": "pro"},
}
PARTS = ("distinct_id", "time", "$insert_id")


def event(name: Any = "order_created", **properties: Any) -> Json:
    """The event with other properties; None takes one out."""
    changed = {**EVENT["properties"], **properties}
    return {"event": name, "properties": {key: each for key, each in changed.items() if each is not None}}


def ids(*events: Json, selection: str = days._EVENTS) -> list[str]:
    pages: list[Page] = list(line_pages([[json.dumps(each).encode() for each in events]], selection))
    tables = [page.records for page in pages if isinstance(page.records, pa.Table)]
    return [each for table in tables for each in table["record_id"].to_pylist()]


def test_mixpanel_tells_apart_by_all_four_parts() -> None:
    others = [
        event("order_paid"),
        event(distinct_id="u2"),
        event(time=1_763_000_000_001),
        event(**{"$insert_id": "1002"}),
    ]
    assert len(set(ids(EVENT, *others))) == 5
    # As raw files of before have it.
    joined = "\x1f".join(("order_created", "u1", "1763000000000", "1001"))
    assert ids(EVENT) == [hashlib.md5(joined.encode()).hexdigest()]
    assert len(set(ids(EVENT, event(plan="free"), event(mp_processing_time_ms=7)))) == 1
    # What joins the parts may be in one of them.
    assert len(set(ids(event("a\x1f", distinct_id="b"), event("a", distinct_id="\x1fb")))) == 2


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("nothing", [None, ""])
def test_what_lacks_a_part_of_its_key_equals_nothing_but_itself(part: str, nothing: str | None) -> None:
    first, second = event(**{part: nothing}), event(**{part: nothing, "plan": "free"})
    assert len(set(ids(first, second, EVENT))) == 3
    assert len(set(ids(first, first))) == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            event,
            st.sampled_from(["a", "a\x1f", "\x1fa"]),
            distinct_id=st.sampled_from([None, "", "b", "\x1fb"]),
            plan=st.sampled_from(["c", "d"]),
            **{"$insert_id": st.sampled_from([None, "", "1", "1\x1f"])},
        ),
        max_size=6,
    )
)
def test_two_events_have_one_id_only_if_their_keys_are_whole_and_equal(events: list[Json]) -> None:
    for (one, its_id), (other, other_id) in combinations(zip(events, ids(*events), strict=True), 2):
        keys = [[each["event"], *(each["properties"].get(part) for part in PARTS)] for each in (one, other)]
        is_one = one == other or (all(keys[0]) and keys[0] == keys[1])
        assert (its_id == other_id) == is_one, (one, other)


def test_properties_that_are_a_text_of_json_give_the_key_that_the_properties_give() -> None:
    as_text = {**EVENT, "properties": json.dumps(EVENT["properties"])}
    assert ids(as_text) == ids(EVENT)
    no_json = [{**EVENT, "properties": text} for text in ("{", "7", "[1]", "")]
    assert len(set(ids(EVENT, *no_json))) == 5


def test_amplitude_keeps_every_ingested_event() -> None:
    sent = [{"uuid": f"r{number}", "user_id": f"u{number}", "$insert_id": "1001"} for number in range(2)]
    assert ids(*sent, selection=archive._EVENTS) == ["r0", "r1"]


def test_a_raw_file_of_the_older_key_is_not_doubled(tmp_path: Path) -> None:
    streams = connector_class("mixpanel").streams
    held = [
        json.dumps(each)
        for each in (EVENT, event(**{"$insert_id": None}), event(**{"$insert_id": None, "plan": "x"}))
    ]
    with RawStore(tmp_path, "mixpanel", streams) as store:
        for text in held:
            store.connection.execute(
                "insert into raw_mixpanel.events values ('older', '1', md5(?), now(), 'load', false, ?)",
                [text, text],
            )
        [whole] = ids(EVENT)
        store.connection.execute(
            "update raw_mixpanel.events set record_id = ? where record = ?", [whole, held[0]]
        )
        store.connection.execute("delete from raw_mixpanel._pops_keys")
    for _ in range(2):
        with RawStore(tmp_path, "mixpanel", streams):
            pass
        with duckdb.connect(str(tmp_path / "raw" / "mixpanel.duckdb"), read_only=True) as raw:
            found = dict(raw.execute("select record, record_id from raw_mixpanel.events").fetchall())
            assert raw.execute("select * from raw_mixpanel._pops_keys").fetchall() == [("events", 3)]
        assert [found[text] for text in held] == ids(*map(json.loads, held))


def test_commits_that_were_stored_by_name_and_number_get_the_id_of_their_pull_request(tmp_path: Path) -> None:
    streams = connector_class("github").streams
    pulls = [
        {"id": number, "number": 5, "url": f"https://api.example/repos/acme/{name}/pulls/5"}
        for number, name in ((71, "web"), (72, "web-old"))
    ]
    held = {
        f"{name}#5": json.dumps({"repository": name, "pull_number": 5, "commits": []})
        for name in ("web", "web-old", "left")
    }
    with RawStore(tmp_path, "github", streams) as store:
        for record_id, text in (
            *((f"pull_requests {pull['id']}", json.dumps(pull)) for pull in pulls),
            *((f"pull_request_commits {key}", text) for key, text in held.items()),
        ):
            table, key = record_id.split()
            store.connection.execute(
                f"insert into raw_github.{table} values (?, '1', md5(?), now(), 'load', false, ?)",
                [key, text, text],
            )
        store.connection.execute("delete from raw_github._pops_keys")
    for _ in range(2):
        with RawStore(tmp_path, "github", streams) as store:
            found = store.connection.execute("select record, record_id from raw_github.pull_request_commits")
            ids_of = dict(found.fetchall())
        # Without its pull request, nothing tells the id.
        assert [ids_of[text] for text in held.values()] == ["71", "72", "left#5"]
