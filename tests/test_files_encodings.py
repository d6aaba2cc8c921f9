"""How a dropped text file is written: its own byte order mark says it, then the mapping."""

import codecs
import json
from pathlib import Path

import pytest

from connectors.files.folder import BadFile, Folder
from connectors.files.mapping import read_mapping
from tests.test_files import HEADER, SURVEY, Drop, stream

TEXT = HEADER.strip() + '\r\n1;2;"schön\r\nund gut";;09.11.2026 10:00\r\n'
AS_SAVED = {
    "UTF-8 with a mark": ("", TEXT.encode("utf-8-sig")),
    "UTF-8 without one": ("", TEXT.encode()),
    "UTF-16 of Windows": ("", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
    "UTF-16, big end first": ("", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
    "UTF-32, little end first": ("", codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le")),
    "the default written out": ("encoding: utf-8\n", TEXT.encode("utf-8-sig")),
    "an order that the mark confirms": ("encoding: utf-16-le\n", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
    "a mark against the mapping": ("encoding: cp1252\n", TEXT.encode("utf-8-sig")),
    "the mapping's own": ("encoding: cp1252\n", TEXT.encode("cp1252")),
}  # fmt: skip


@pytest.mark.parametrize(("said", "content"), AS_SAVED.values(), ids=AS_SAVED.keys())
def test_a_byte_order_mark_tells_how_a_file_is_written(tmp_path: Path, said: str, content: bytes) -> None:
    (tmp_path / "one.csv").write_bytes(content)
    copy = tmp_path / "copy"
    Folder(str(tmp_path)).copy("one.csv", read_mapping("nps.yml", SURVEY + said), copy)
    assert copy.read_bytes().decode() == TEXT


@pytest.mark.parametrize("name", ["one.csv", "one.jsonl"])
def test_what_is_not_utf_8_is_refused_with_the_remedy(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(TEXT.encode("cp1252"))
    with pytest.raises(
        BadFile, match=r"not utf-8: line 2 cannot be read; say its `encoding`.*such as cp1252"
    ):
        Folder(str(tmp_path)).copy(name, read_mapping("nps.yml", SURVEY), tmp_path / "copy")


def test_a_file_as_excel_saves_it_needs_no_encoding(tmp_path: Path) -> None:
    drop = Drop(tmp_path)
    drop.put("nps.yml", SURVEY)
    drop.put("nps/one.csv", TEXT.encode("utf-8-sig"))
    drop.put("lines.yml", SURVEY.replace("id: nps", "id: lines").replace("nps/*.csv", "nps/*.jsonl"))
    row = {"Id": "2", "Punkte": "2", "Kommentar": "schön", "E-Mail": "a@b.example", "Datum": "09.11.2026 10:00"}  # fmt: skip
    drop.put("nps/two.jsonl", json.dumps(row, ensure_ascii=False).encode("utf-16"))
    assert stream(drop.run()) == (2, 2, 0, 0)
    assert {key: each["comment"] for key, each in drop.held().items()} == {
        "1": "schön\r\nund gut",
        "2": "schön",
    }
