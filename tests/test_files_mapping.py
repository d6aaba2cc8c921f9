"""Mappings of dropped files: what is wrong with one is told with file and line; what is written comes back the same."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.credentials import check_source
from connectors.errors import InvalidMapping
from connectors.files.conversion import convert
from connectors.files.folder import Folder
from connectors.files.mapping import Mapping, read_mapping
from connectors.files.reading import load_rows
from connectors.files.source import FilesSettings
from connectors.runner import run_source
from connectors.settings import load_settings
from tests.test_files import NIGHT, SURVEY

# Old text, new text, lines from the old text's first line to the one that is told, what is said.
WRONG = {
    "unknown entity": ("entity: survey_responses", "entity: answers", 0, "`entity`"),
    "unknown key": ('delimiter: ";"', 'delimeter: ";"', 0, "`delimeter` is no key here"),
    "no id": ("id: nps\n", "", 0, "`id` is missing"),
    "bad id": ("id: nps", "id: N P S", 0, "`id`"),
    "unknown column": (
        "  score: Punkte",
        "  skore: Punkte",
        0,
        "`skore` is no column of survey_responses, which has",
    ),
    "required column": ("  survey_id: {constant: event}\n", "", -2, "survey_responses needs `survey_id`"),
    "no key": ("  response_id: Id\n", "", -1, "Map `response_id`, or name columns that make a row's `key`"),
    "needless key": ("columns:", "key: [email]\ncolumns:", 0, "The key is response_id: take `key` out"),
    "unknown zone": ("Europe/Berlin", "Europe/Bärlin", 0, "is no time zone"),
    "unknown encoding": ('delimiter: ";"', "encoding: utf8000", 0, "`utf8000` is no encoding"),
    "way out": ("files: nps/*.csv", "files: ../nps/*.csv", 0, "leads out of the folder"),
    "long delimiter": ('delimiter: ";"', 'delimiter: ";;"', 0, "delimiter"),
    "two origins": ("{constant: event}", "{constant: event, column: Survey}", 0, "give either `column`"),
    "constant number": ("score: Punkte", "score: {constant: 9}", 0, "a constant cannot stand for it"),
    "no pattern": ("%d.%m.%Y %H:%M", "German", 0, "`format` is iso"),
    "given twice": ("  score: Punkte", "  score: Punkte\n  score: Note", 1, "`score` is given twice"),
    "no yaml": ('delimiter: ";"', 'delimiter: ";', None, "Not YAML"),
    "empty": (SURVEY, "", None, "The file is empty"),
    "list": (SURVEY, "- nps\n", 0, "A mapping has `id`, `entity`, `files` and `columns`"),
}


@pytest.mark.parametrize(("old", "new", "offset", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_with_file_and_line(old: str, new: str, offset: int | None, said: str) -> None:
    assert old in SURVEY
    with pytest.raises(InvalidMapping) as caught:
        read_mapping("nps.yml", SURVEY.replace(old, new, 1))
    assert said in str(caught.value)
    if offset is not None:
        line = SURVEY[: SURVEY.index(old)].count("\n") + 1 + offset
        assert f"nps.yml:{max(line, 1)}:" in str(caught.value) or caught.value.place == f"nps.yml:{line}"


def test_kinds_of_feedback_are_fixed() -> None:
    text = "id: a\nentity: feedback\nfiles: '*.csv'\ncolumns: {feedback_id: id, kind: {constant: mail}, created_at: at}\n"
    with pytest.raises(
        InvalidMapping, match="`kind` may be web, product, experience, voice: map with `values`"
    ):
        read_mapping("a.yml", text)


def test_a_wrong_mapping_stops_the_source_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop = tmp_path / "drop"
    (drop / "nps").mkdir(parents=True)
    (drop / "nps" / "a.csv").write_text("Id;Punkte;Kommentar;E-Mail;Datum\n1;2;;;09.11.2026 10:00\n")
    (drop / "nps.yml").write_text(SURVEY)
    (drop / "other.yml").write_text(
        SURVEY.replace("id: nps", "id: other").replace("score: Punkte", "skore: x")
    )
    monkeypatch.setattr(Folder, "copy", None)
    env = {"POPS_FILES_URL": str(drop)}
    failed = run_source("files", tmp_path / "home", NIGHT, NIGHT, env)
    assert {each.outcome for each in failed.streams} == {"failed"}
    assert "other.yml:10: `skore` is no column" in str(failed.error)
    checked = check_source("files", env)
    assert checked is not None
    assert "other.yml:10: `skore` is no column" in checked.remedy
    (drop / "other.yml").write_text(SURVEY)
    assert "The id `nps` is used twice" in str(
        run_source("files", tmp_path / "home", NIGHT, NIGHT, env).error
    )
    for mapping in drop.glob("*.yml"):
        mapping.unlink()
    assert "There is no mapping" in str(run_source("files", tmp_path / "home", NIGHT, NIGHT, env).error)


def test_the_user_and_password_of_a_url_are_secrets() -> None:
    """Some stores take a token in place of the user."""
    env = {"POPS_FILES_URL": "sftp://someone:canary-77aa@files.example/in"}
    found = load_settings("files", FilesSettings, env)
    assert found is not None
    assert found.place == "sftp://files.example/in"
    assert sorted(found.secrets()) == ["canary-77aa", "someone"]
    assert load_settings("files", FilesSettings, {}) is None


# What a cell holds when it has been read: without white space around it, and never empty.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30).map(lambda text: text.strip(" \t\r\n") or None)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "comment": TEXTS,
            "score": st.one_of(st.none(), st.integers(-1000, 1000).map(lambda number: number / 8)),
            "answered_at": st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),
        }
    ),
    min_size=1,
    max_size=12,
)
PLAIN = Mapping.model_validate(
    {
        "id": "all",
        "entity": "survey_responses",
        "files": "*",
        "decimal": ",",
        "delimiter": ";",
        "columns": {
            "response_id": "id",
            "survey_id": {"constant": "s"},
            "comment": "c",
            "score": "n",
            "answered_at": "t",
        },
    }
)


def write(folder: Path, suffix: str, rows: list[dict[str, Any]], bad: set[int]) -> str:
    """Rows in the file's own form; those in `bad` have a score that is none."""
    path = f"file.{suffix}"
    scores = ["many" if place in bad else row["score"] for place, row in enumerate(rows)]
    if suffix == "parquet":
        table = {
            "id": [str(place) for place in range(len(rows))],
            "c": pa.array([row["comment"] for row in rows], pa.string()),
            "n": pa.array([None if score is None else str(score) for score in scores], pa.string()),
            "t": pa.array([row["answered_at"] for row in rows], pa.timestamp("us")),
        }
        pq.write_table(pa.table(table), folder / path)
        return path
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["t", "n", "x", "c", "id"])
    lines = []
    for place, (row, score) in enumerate(zip(rows, scores, strict=True)):
        moment = row["answered_at"].isoformat()
        writer.writerow(
            [moment, str(score or ("0" if score == 0 else "")).replace(".", ","), "", row["comment"], place]
        )
        lines.append(json.dumps({"id": place, "c": row["comment"], "n": score, "t": moment, "x": []}) + "\n")
    (folder / path).write_bytes((text.getvalue() if suffix == "csv" else "".join(lines)).encode())
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), rows=ROWS)
def test_rows_come_back_as_they_were_written_and_bad_ones_are_counted(
    tmp_path: Path, suffix: str, data: st.DataObject, rows: list[dict[str, Any]]
) -> None:
    bad = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    # No record with a comment at all is a file without the column.
    rows[0]["comment"], rows[0]["score"] = rows[0]["comment"] or "x", rows[0]["score"] or 1.0
    path = write(tmp_path, suffix, rows, bad)
    copy = tmp_path / "copy"
    Folder(str(tmp_path)).copy(path, PLAIN, copy)
    with duckdb.connect() as bench:
        bench.execute("set TimeZone = 'UTC'")
        load_rows(bench, copy, path, PLAIN)
        convert(bench, path, PLAIN)
        found = bench.execute("select record, problem from conformed order by line").fetchall()
    assert [problem is not None for _, problem in found] == [place in bad for place in range(len(rows))]
    for place, row in enumerate(rows):
        if place in bad:
            continue
        record = json.loads(found[place][0])
        assert record["response_id"] == str(place)
        assert record.get("comment") == row["comment"]
        assert record.get("score") == row["score"]
        assert record["answered_at"] == f"{row['answered_at']:%Y-%m-%dT%H:%M:%S.%f}Z"
