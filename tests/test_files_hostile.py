"""What somebody may put into the drop folder besides files: pipes, devices, links, bombs, patterns that never end."""

import gzip
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors import batch
from connectors.files import folder as folder_module
from connectors.files import reading
from connectors.files.mapping import read_mapping
from connectors.zones import known_zone
from tests.test_files import HEADER, SURVEY, Drop, stream

ROW = HEADER + "3;1;;;10.11.2026 10:00\n"
# Each costs itself.
REFUSED = {
    "pipe.csv": "is no file, but a folder, a pipe or a device",
    "socket.csv": "is no file",
    "device.csv": "is no file",
    "endless.csv": "is no file",
    "folder.csv": "is no file",
    "circle.csv": "is no file",
    "passwords.csv": "is a link that leads out of the folder",
}


@pytest.fixture
def survey(tmp_path: Path) -> Drop:
    drop = Drop(tmp_path)
    drop.put("nps.yml", SURVEY.replace("nps/*.csv", "nps/*"))
    drop.put("nps/good.csv", ROW)
    return drop


def test_what_is_no_file_of_the_folder_is_refused_by_name_and_the_files_load(
    survey: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = survey.folder / "nps"
    elsewhere = survey.home.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.csv").write_text(ROW.replace("3;", "4;"))
    os.mkfifo(place / "pipe.csv")
    for name, target in (
        ("device.csv", "/dev/zero"),
        ("endless.csv", "/dev/tty"),
        ("folder.csv", str(elsewhere)),
        ("circle.csv", "circle.csv"),
        ("passwords.csv", str(elsewhere / "secret.csv")),
        ("gone.csv", "/nowhere"),
        ("inside.csv", "good.csv"),
    ):
        (place / name).symlink_to(target)
    monkeypatch.chdir(place)
    with closing(socket.socket(socket.AF_UNIX)) as opened:
        opened.bind("socket.csv")
        assert stream(survey.run())[1:] == (2, 0, 0)
    assert survey.held().keys() == {"3"}
    told = " ".join(
        reason
        for (reason,) in survey.rows("select reason from raw_files._pops_loads where outcome = 'left_out'")
    )
    for name, said in REFUSED.items():
        assert f"nps/{name} {said}" in told
    assert "gone.csv" not in told


def test_a_file_is_bounded_in_what_it_unpacks_to_in_its_lines_and_in_its_cells(
    survey: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "LARGEST_FILE_BYTES", 1 << 20)
    for module in (batch, reading):
        monkeypatch.setattr(module, "LARGEST_RECORD_BYTES", 1 << 10)
    survey.put("nps/bomb.csv.gz", gzip.compress(bytes(4 << 20)))
    with (survey.folder / "nps" / "sparse.csv").open("wb") as file:
        file.truncate(1 << 40)
    survey.put("nps/line.csv", HEADER + "4;1;" + "x" * 5000 + ";;10.11.2026 10:00\n")
    survey.put("nps/cell.csv", HEADER + '4;1;"' + ("x" * 99 + "\n") * 50)
    survey.put("nps/twice.csv.gz", gzip.compress(gzip.compress(ROW.encode())))
    assert stream(survey.run())[1:] == (1, 0, 3)
    reasons = " ".join(survey.reasons())
    assert "nps/line.csv is refused whole: line 2 is longer than" in reasons
    assert "nps/cell.csv is refused whole: a cell that begins on line 2 is longer than" in reasons
    assert "nps/twice.csv.gz is refused whole: it is not utf-8" in reasons
    told = str(survey.rows("select reason from raw_files._pops_loads where outcome = 'left_out'"))
    for name in ("bomb.csv.gz", "sparse.csv"):
        assert f"The file nps/{name} holds more than" in told


@pytest.mark.parametrize(
    ("pattern", "path", "is_one"),
    [
        ("nps/" + "*a" * 30 + "*b", "nps/" + "a" * 200, False),
        ("**/" * 40 + "*.csv", "a/" * 200 + "x.tsv", False),
        ("**/" * 40 + "*.csv", "a/" * 200 + "x.csv", True),
        ("**/*.csv", "x.csv", True),
        ("*.csv", "a/x.csv", False),
        ("a/**/b/*", "a/b/c", True),
        ("a/**/b/*", "a/x/y/b/c", True),
        ("a/**", "b/a/c", False),
        ("nps/[0-9]?.csv", "nps/12.csv", True),
        ("nps/[!0-9]?.csv", "nps/12.csv", False),
    ],
)
def test_no_pattern_is_tried_for_ever(pattern: str, path: str, is_one: bool) -> None:
    mapping = read_mapping("nps.yml", SURVEY.replace("nps/*.csv", f'"{pattern}"'))
    assert mapping.matches(path) is is_one


@pytest.mark.parametrize("name", ["rot13", "hex", "base64", "zlib", "undefined", '"a\\0b"'])
def test_an_encoding_that_is_none_of_text_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no encoding of text"):
        read_mapping("nps.yml", f"{SURVEY}encoding: {name}\n")


@pytest.mark.parametrize("pattern", ["%q", "%d%", "%d.%Ö"])
def test_a_time_pattern_that_names_no_time_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"nps\.yml.*stands for no part of a time"):
        read_mapping("nps.yml", SURVEY.replace("%d.%m.%Y %H:%M", pattern))


@pytest.mark.parametrize("name", ["posixrules", "right/Europe/Berlin", "Europe", "../etc", "europe/berlin"])
def test_a_time_zone_is_one_that_the_database_knows_too(name: str) -> None:
    with pytest.raises(ValueError, match="is no time zone"):
        known_zone(name)
    with pytest.raises(ValueError, match=r"nps\.yml.*is no time zone"):
        read_mapping("nps.yml", SURVEY.replace("Europe/Berlin", name))


@pytest.mark.parametrize(
    ("form", "far"),
    [
        ("iso", "290309-12-22 (BC) 00:00:00"),
        ("iso", "294247-01-10 04:00:54.775806"),
        ("iso", "294247-01-10 04:00:54.775806+00"),
        ("epoch_seconds", "9223372036854"),
        ("epoch_milliseconds", "-9223372036854775"),
    ],
)
def test_a_time_that_no_calendar_reaches_costs_its_row(survey: Drop, form: str, far: str) -> None:
    near = "2026-11-09" if form == "iso" else "1794218400"
    survey.put("nps.yml", SURVEY.replace("%d.%m.%Y %H:%M", form))
    survey.put("nps/one.csv", f"{HEADER}1;9;;;{near}\n2;9;;;{far}\n")
    run = survey.run()
    assert run.outcome == "ok", run.error
    assert "1" in survey.held()


def test_a_name_that_is_not_utf_8_is_refused_by_itself(survey: Drop) -> None:
    Path(os.fsdecode(os.fsencode(survey.folder) + b"/nps/\xff.csv")).write_text(ROW)
    assert stream(survey.run())[1:] == (1, 0, 0)
    told = str(survey.rows("select reason from raw_files._pops_loads where outcome = 'left_out'"))
    assert "is not UTF-8" in told


def test_a_parquet_file_that_is_deep_long_or_damaged_is_refused_whole(
    survey: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey.put("nps.yml", SURVEY.replace("nps/*.csv", "nps/*.parquet"))
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    cells = {"Id": ["4"], "Punkte": ["1"], "E-Mail": [None], "Datum": ["10.11.2026 10:00"]}
    for name, comment in (
        ("deep", pa.array([deep])),
        (
            "flat",
            pa.array(
                [
                    ["a"],
                ]
            ),
        ),
        ("lying", pa.array(["x"])),
    ):
        file = survey.put(f"nps/{name}.parquet", b"")
        pq.write_table(pa.table(cells | {"Kommentar": comment}), file)
    # Its footer is said to be larger than the file.
    content = file.read_bytes()
    survey.put("nps/lying.parquet", content[:-8] + bytes([255, 255, 255, 127]) + content[-4:])
    monkeypatch.setattr(reading, "MOST_ROWS", 100)
    many = {name: values * 101 for name, values in cells.items()} | {"Kommentar": ["x"] * 101}
    pq.write_table(pa.table(many), survey.put("nps/many.parquet", b""))
    assert stream(survey.run())[1:] == (1, 0, 3)
    reasons = " ".join(survey.reasons())
    assert (
        "nps/deep.parquet is refused whole: its column `Kommentar` is nested deeper than 10 levels" in reasons
    )
    assert "nps/many.parquet is refused whole: it has more than 100 rows" in reasons
    assert "nps/lying.parquet is refused whole: it is no Parquet file that can be read" in reasons


def test_a_mapping_is_not_cut_short_but_refused(survey: Drop) -> None:
    survey.put("nps.yml", SURVEY + "# " + "x" * (300 << 10))
    assert "nps.yml: The file is larger than 256 KiB" in str(survey.run().error)
