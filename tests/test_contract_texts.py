"""Raw loses no page and no record for a text's sake: bad lines are told one by one, half characters are replaced."""

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Page, RawRecord
from connectors.hubspot import associations
from connectors.lines import line_pages, lines_of
from connectors.mending import Mender
from connectors.parts import Parts
from connectors.rows import raw_record
from tests.fake_source import DAY, NIGHT, FakeHouse, record

SELECTION = """
select
    coalesce(try(json_extract_string(line, '$.id')), '') as record_id, '1' as record_version, false as is_deleted,
    line as record,
    case when try(json_extract_string(line, '$.id')) is null then 'The line is not JSON.' end as reason
from lines
"""
BAD_LINES = {
    b"\xff\xfe": "not UTF-8",
    b'{"id": "cesu", "text": "\xed\xa0\xbd"}': "not UTF-8",
    b'{"id": "nul\x00"}': "not JSON",
    b'{"id": "open': "not JSON",
    b'{"id": "long", "text": "' + b"x" * 300 + b'"}': "longer than",
}
HALF = b'{"id": "half", "text": "\\ud83d"}'
# Any character, and halves of those beyond the first 65,536.
TEXTS = st.text(st.characters(), max_size=8)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHouse:
    return FakeHouse(tmp_path, monkeypatch)


def column(page: Page, name: str) -> list[str]:
    assert isinstance(page.records, pa.Table)
    found: list[str] = page.records[name].to_pylist()
    return found


def whole(value: Any) -> Any:
    """The oracle: what Python makes of UTF-16 that has half a pair."""
    if isinstance(value, dict):
        return {whole(name): whole(each) for name, each in value.items()}
    if not isinstance(value, str):
        return value
    units = value.encode("utf-16-le", "surrogatepass")
    shown, place = "", 0
    while place < len(units):
        for size in (4, 2):
            try:
                shown += units[place : place + size].decode("utf-16-le")
                break
            except UnicodeDecodeError:
                if size == 2:
                    shown += "\N{REPLACEMENT CHARACTER}"
        place += size if len(units) - place >= size else len(units)
    return shown


@pytest.mark.parametrize("line", BAD_LINES)
@pytest.mark.parametrize("times", [1, 3])
def test_a_body_of_nothing_but_bad_lines_is_quarantined_line_by_line(
    line: bytes, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.lines.LONGEST_LINE", 256)
    [page] = line_pages(lines_of(BytesIO(b"\n".join([line] * times))), SELECTION)
    assert len(page.records) == 0
    assert [BAD_LINES[line] in reason for reason, _ in page.quarantined] == [True] * times


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*BAD_LINES, HALF, b'{"id": "good", "text": "\\ud83d\\ude00"}'])))
def test_every_line_is_a_record_or_in_quarantine(lines: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.lines.LONGEST_LINE", 256)
        pages = list(line_pages(lines_of(BytesIO(b"\n".join(lines))), SELECTION))
    shown = [text for page in pages for text in column(page, "record")]
    good = [line.decode() for line in lines if line not in BAD_LINES]
    assert shown == [text.replace('\\ud83d"', '\N{REPLACEMENT CHARACTER}"') for text in good]
    assert sum(page.mended for page in pages) == lines.count(HALF)
    assert sum(len(page.quarantined) for page in pages) == len(lines) - len(good)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXTS, TEXTS, max_size=3), st.booleans())
def test_what_is_mended_is_what_was_sent_but_for_halves(row: dict[str, str], is_ascii: bool) -> None:
    mender = Mender()
    text = json.dumps(row, ensure_ascii=is_ascii)
    mended = mender.whole(text)
    mended.encode()
    # Halves that stand next to each other are a pair.
    sent = json.loads(text)
    assert json.loads(mended) == whole(sent)
    assert mender.count == (json.loads(mended) != sent)
    [(is_json,)] = duckdb.execute("select json_valid(?)", [mended]).fetchall()
    assert is_json


def test_a_backslash_that_is_escaped_begins_no_escape() -> None:
    text = json.dumps({"path": "C:\\ud83d", "tail": "\\\\ud83d"})
    assert Mender().whole(text) == text


def test_records_keep_their_page_whatever_their_texts_hold(house: FakeHouse) -> None:
    half = raw_record({"id": "half", "text": "cut \ud83d"}, "version")
    escaped = RawRecord("escaped", "1", '{"id": "escaped", "text": "\\ud83d"}')
    pages = [
        [half, escaped, record("good"), raw_record({"id": "nul", "text": "a\x00b"})],
        [raw_record({"id": "\ud83d", "text": "x"})],
        [RawRecord("version", "\ud83d", '{"id": "version"}')],
    ]
    house.vendor.pages = {"things": [pages]}
    run = house.run()
    [things] = run.streams
    assert (run.outcome, run.error) == ("ok", None)
    assert (things.fetched, things.loaded, things.quarantined, things.mended) == (6, 4, 2, 3)
    house.assert_books_balance()
    assert house.rows("select mended_count from raw_fake._pops_loads") == [(3,)]
    texts = dict(house.rows("select record_id, json_extract_string(record, '$.text') from raw_fake.things"))
    assert texts == {"half": "cut �", "escaped": "�", "good": None, "nul": "a\x00b"}
    reasons = {reason for (reason,) in house.rows("select reason from raw_fake._pops_quarantine")}
    assert reasons == {"The record's id or version is not valid Unicode."}


def test_a_page_of_nothing_but_bad_records_is_a_window_that_is_done(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[raw_record({"text": "no id"}), raw_record({"id": "\udfff"})]]]}
    assert house.run().outcome == "ok"
    assert house.run(NIGHT + timedelta(minutes=1)).streams[0].windows == 0


def test_books_of_before_get_the_count(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[[record(1)]]]}
    house.run()
    with duckdb.connect(str(house.home / "raw" / "fake.duckdb")) as raw:
        raw.execute("alter table raw_fake._pops_loads drop column mended_count")
    house.vendor.pages["things"].append([[RawRecord("2", "1", '{"text": "\\udc00"}')]])
    assert house.run(NIGHT + DAY).streams[0].mended == 1
    assert house.rows("select mended_count from raw_fake._pops_loads order by load_id") == [(0,), (1,)]


def test_an_association_keeps_half_a_label(monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"label": "cut \ud83d"}
    monkeypatch.setattr(associations, "_of_objects", lambda http, kind, ids, parts: {"key": link})
    known = {"contacts": [record("1")], "deals": [], "associations": []}
    pages = associations.associations(None, known.__getitem__, Parts())  # type: ignore[arg-type]
    [text] = [each.record for page in pages for each in page.records if isinstance(each, RawRecord)]
    assert json.loads(Mender().whole(text)) == {"label": "cut �"}
