"""Dropped files: what is new is read, what changed replaces, what is bad is told with its line and without its values."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.credentials import check_source
from connectors.files.folder import Folder
from connectors.runner import SourceRun, run_source
from sandbox.company.company import Company
from sandbox.serving.exports import write_exports
from tests.nights import NIGHTS, night_moment

NIGHT = datetime(2026, 11, 14, 1, tzinfo=UTC)
SURVEY = """\
id: nps
entity: survey_responses
files: nps/*.csv
delimiter: ";"
decimal: ","
time_zone: Europe/Berlin
columns:
  response_id: Id
  survey_id: {constant: event}
  score: Punkte
  comment: Kommentar
  email: E-Mail
  answered_at: {column: Datum, format: "%d.%m.%Y %H:%M"}
"""
HEADER = "Id;Punkte;Kommentar;E-Mail;Datum\n"
SECRET = "canary-8d21@secret.example"


class Drop:
    """A folder with mappings, and the raw file that it is read into."""

    def __init__(self, root: Path) -> None:
        self.folder, self.home = root / "drop", root / "home"
        self.folder.mkdir()
        self.home.mkdir()
        self.nights = 0

    def put(self, name: str, content: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        # Files that were written in the same moment are told apart by their times.
        self.nights += 1
        os.utime(file, (1_790_000_000 + self.nights, 1_790_000_000 + self.nights))
        return file

    def run(self, url: str = "") -> SourceRun:
        self.nights += 1
        moment = NIGHT + timedelta(days=self.nights)
        return run_source("files", self.home, moment, moment, {"POPS_FILES_URL": url or str(self.folder)})

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home / "raw" / "files.duckdb"), read_only=True) as raw:
            return raw.execute(sql).fetchall()

    def held(self, stream: str = "survey_responses") -> dict[str, dict[str, Any]]:
        """The latest content by key, without what is deleted."""
        latest = self.rows(
            f"select record, is_deleted from raw_files.{stream} qualify row_number() over ("
            "partition by record_id order by extracted_at desc, load_id desc) = 1"
        )
        records = [json.loads(record) for record, is_deleted in latest if not is_deleted]
        return {record["_key"]: record for record in sorted(records, key=lambda each: each["_key"])}

    def reasons(self) -> list[str]:
        return [row[0] for row in self.rows("select reason from raw_files._pops_quarantine order by 1")]


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


@pytest.fixture
def survey(drop: Drop) -> Drop:
    drop.put("nps.yml", SURVEY)
    drop.put("nps/one.csv", HEADER + "1;9;gut;a@b.example;09.11.2026 10:00\n2;6;;;25.07.2026 10:00\n")
    return drop


def stream(run: SourceRun, name: str = "survey_responses") -> tuple[int, int, int, int]:
    """Windows, loaded, duplicates, quarantined of a stream."""
    assert (run.outcome, run.error) == ("ok", None)
    found = next(each for each in run.streams if each.stream == name)
    return found.windows, found.loaded, found.duplicates, found.quarantined


def test_rows_come_in_conformed_columns_and_unmapped_ones_stay_behind(survey: Drop) -> None:
    survey.put(
        "nps/one.csv",
        'Id;Punkte;Datum;Kommentar;E-Mail;Telefon\n1;8,5;09.11.2026 10:00;"zwei\nZeilen";;5550142\n',
    )
    assert stream(survey.run()) == (1, 1, 0, 0)
    assert survey.held() == {
        "1": {
            "_mapping": "nps", "_file": "nps/one.csv", "_key": "1", "response_id": "1", "survey_id": "event",
            "score": 8.5, "comment": "zwei\nZeilen", "answered_at": "2026-11-09T09:00:00.000000Z",
        }
    }  # fmt: skip


def test_an_unchanged_file_is_not_read_again(survey: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stream(survey.run()) == (1, 2, 0, 0)
    monkeypatch.setattr(Folder, "digest", None)
    monkeypatch.setattr(Folder, "copy", None)
    assert stream(survey.run()) == (0, 0, 0, 0)


def test_a_file_that_was_only_touched_adds_nothing(survey: Drop) -> None:
    survey.run()
    survey.put("nps/one.csv", (survey.folder / "nps/one.csv").read_bytes())
    assert stream(survey.run()) == (0, 0, 0, 0)


def test_a_changed_file_replaces_its_rows_and_no_other_files(survey: Drop) -> None:
    survey.put("nps/two.csv", HEADER + "3;1;;;10.11.2026 10:00\n")
    assert stream(survey.run()) == (2, 3, 0, 0)
    survey.put("nps/one.csv", HEADER + "1;10;;;09.11.2026 10:00\n4;7;;;11.11.2026 10:00\n")
    # One changed, one new, one deleted.
    assert stream(survey.run()) == (1, 3, 0, 0)
    assert {key: record["score"] for key, record in survey.held().items()} == {"1": 10.0, "3": 1.0, "4": 7.0}
    survey.put("nps/one.csv", HEADER + "1;9;gut;a@b.example;09.11.2026 10:00\n2;6;;;25.07.2026 10:00\n")
    survey.run()
    assert {key: record["score"] for key, record in survey.held().items()} == {"1": 9.0, "2": 6.0, "3": 1.0}


def test_a_file_that_is_taken_away_takes_its_rows_with_it(survey: Drop) -> None:
    text = HEADER + "3;1;;;10.11.2026 10:00\n"
    file = survey.put("nps/two.csv", text)
    survey.run()
    file.unlink()
    assert stream(survey.run()) == (1, 1, 0, 0)
    assert survey.held().keys() == {"1", "2"}
    survey.put("nps/two.csv", text)
    survey.run()
    assert survey.held().keys() == {"1", "2", "3"}


def test_an_emptied_folder_deletes_nothing_until_the_mapping_goes_too(survey: Drop) -> None:
    survey.run()
    (survey.folder / "nps/one.csv").unlink()
    refused = survey.run()
    assert "No file is left of the 1" in str(refused.error)
    assert survey.held().keys() == {"1", "2"}
    (survey.folder / "nps.yml").unlink()
    survey.put("other.yml", SURVEY.replace("id: nps", "id: other").replace("nps/", "other/"))
    survey.run()
    assert survey.held() == {}


def test_a_changed_mapping_reads_its_files_again(survey: Drop) -> None:
    survey.run()
    survey.put("nps.yml", SURVEY.replace("constant: event", "constant: fair"))
    assert stream(survey.run()) == (1, 2, 0, 0)
    assert {record["survey_id"] for record in survey.held().values()} == {"fair"}


def test_bad_rows_are_told_with_their_line_and_the_good_ones_load(survey: Drop) -> None:
    survey.put(
        "nps/one.csv",
        HEADER
        + f'1;9;"two\nlines";;09.11.2026 10:00\n;9;;{SECRET};09.11.2026 10:00\n\n3;{SECRET};;;09.11.2026 10:00\n'
        + f"4;1;;;31.02.2026 10:00\n5;{SECRET}\n6;2;;;09.11.2026 10:00\n6;3;;{SECRET};09.11.2026 10:00\n"
        + f'7;1;"{SECRET}"x;;09.11.2026 10:00\n8;4;;;\n6;2;;;09.11.2026 10:00\n9;1;;;09.11.2026 10:00\n',
    )
    assert stream(survey.run()) == (1, 3, 1, 7)
    assert survey.held().keys() == {"1", "6", "9"}
    assert survey.reasons() == [
        "nps/one.csv line 10: `response_id` is that of line 9, with other content.",
        "nps/one.csv line 11: row has not the shape of the file: a quote is in the wrong place.",
        "nps/one.csv line 12: `answered_at` (column `Datum`) is empty.",
        "nps/one.csv line 4: `response_id` (column `Id`) is empty.",
        "nps/one.csv line 6: `score` (column `Punkte`) is no number.",
        "nps/one.csv line 7: `answered_at` (column `Datum`) is no time of the format %d.%m.%Y %H:%M.",
        "nps/one.csv line 8: row has not the shape of the file: 2 cells under a header of 5.",
    ]
    assert SECRET not in "".join(survey.reasons())


def test_a_row_that_goes_bad_keeps_its_last_good_state(survey: Drop) -> None:
    survey.run()
    survey.put("nps/one.csv", HEADER + "1;neun;;;09.11.2026 10:00\n")
    assert stream(survey.run()) == (1, 1, 0, 1)
    assert {key: record["score"] for key, record in survey.held().items()} == {"1": 9.0}


BAD_FILES = {
    "missing column": (HEADER.replace("Punkte", "Score"), "its header has no `Punkte`"),
    "other delimiter": (HEADER.replace(";", ","), "its header has no `Id`, which the mapping names (columns are separated by ';')"),
    "column twice": (HEADER.replace("Id;", "Id;Punkte;"), "its header has `Punkte` twice"),
    "empty": ("", "it is empty, without even a header"),
    "open quote": (HEADER + f'1;2;"{SECRET};;09.11.2026 10:00\n2;3;;;\n', "a quote that opens on line 2 is never closed"),
    "encoding": ((HEADER + "1;2;schön;;09.11.2026 10:00\n").encode("cp1252"), "it is not utf-8: line 2 cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "said"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_refused_whole_and_looked_at_again(
    survey: Drop, content: str | bytes, said: str
) -> None:
    survey.run()
    survey.put("nps/one.csv", content)
    survey.put("nps/two.csv", HEADER + "3;1;;;10.11.2026 10:00\n")
    assert stream(survey.run()) == (2, 1, 0, 1)
    [reason] = survey.reasons()
    assert reason.startswith(f"nps/one.csv is refused whole: {said}")
    assert SECRET not in str(survey.rows("select * from raw_files._pops_quarantine"))
    # What it held before stays, and every run says it again until the file is put right.
    assert survey.held().keys() == {"1", "2", "3"}
    assert stream(survey.run()) == (1, 0, 0, 1)
    survey.put("nps/one.csv", HEADER + "1;1;;;10.11.2026 10:00\n")
    assert stream(survey.run())[3] == 0
    assert survey.held().keys() == {"1", "3"}


def test_a_file_that_cannot_be_opened_leaves_those_before_it_loaded(
    survey: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey.put("nps/two.csv", HEADER + "3;1;;;10.11.2026 10:00\n")
    whole = Folder.copy

    def broken(self: Folder, path: str, *rest: Any) -> None:
        if path == "nps/two.csv":
            raise OSError(28, "No space left on device")
        whole(self, path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "copy", broken)
        assert "No space left on device" in str(survey.run().error)
    assert survey.held().keys() == {"1", "2"}
    assert stream(survey.run()) == (1, 1, 0, 0)


FEEDBACK = """\
id: talks
entity: feedback
files: "**/*.{suffix}"
time_zone: Europe/Berlin
columns:
  feedback_id: id
  kind: {{column: channel, values: {{Talk: voice, Site: web}}}}
  theme: about.theme
  created_at: at
"""


def test_json_lines_with_nested_columns_offsets_and_values(drop: Drop) -> None:
    drop.put("talks.yml", FEEDBACK.format(suffix="jsonl"))
    lines = [
        {"id": 1, "channel": "Talk", "about": {"theme": "speed"}, "at": "2026-11-09T10:00:00+01:00"},
        {"id": "2", "channel": "Site", "about": None, "at": "2026-11-09 10:00:00"},
        {"id": "3", "channel": "Fax", "at": "2026-11-09"},
        ["no", "object"],
    ]
    text = "\n".join([*map(json.dumps, lines), '{"id": "4", "channel"', "", json.dumps(lines[0] | {"id": 5})])
    drop.put("deep/er/a.jsonl", text)
    assert stream(drop.run(), "feedback") == (1, 3, 0, 3)
    held = drop.held("feedback")
    assert {record["created_at"] for record in held.values()} == {"2026-11-09T09:00:00.000000Z"}
    assert [(record["kind"], record.get("theme")) for record in held.values()] == [
        ("voice", "speed"), ("web", None), ("voice", "speed"),
    ]  # fmt: skip
    assert drop.reasons() == [
        "deep/er/a.jsonl line 3: `kind` (column `channel`) is none of the `values` of the mapping.",
        "deep/er/a.jsonl line 4: row has not the shape of the file: it is no JSON object.",
        "deep/er/a.jsonl line 5: row has not the shape of the file: it is no JSON.",
    ]
    drop.put("deep/er/a.jsonl", '{"id": 1, "channel": "Talk", "at": "2026-11-09"}\n')
    drop.run()
    assert drop.reasons()[0].endswith("no record has `about.theme`, which the mapping names.")


def test_parquet_keeps_its_types_and_packed_files_are_unpacked(drop: Drop) -> None:
    drop.put(
        "tools.yml",
        "id: sso\nentity: tool_activity\nfiles: '*'\ncolumns: {tool_id: app, email: who, active_on: day}\n",
    )
    days = [datetime(2026, 11, 9, tzinfo=UTC).date()] * 3
    table = pa.table(
        {"app": ["wiki", "wiki", None], "who": ["a@b.example", None, "c@d.example"], "day": days}
    )
    pq.write_table(table, drop.folder / "a.parquet")
    drop.put("b.csv.gz", gzip.compress(b"app,who,day\nwiki,x@y.example,2026-11-10\n"))
    drop.put("c.csv.gz", gzip.compress(b"app,who,day\nwiki,x@y.example,2026-11-10\n" * 9)[:-9])
    drop.put("d.parquet", b"PAR1 is all it has")
    drop.put("e.xlsx", b"PK")
    assert stream(drop.run(), "tool_activity") == (5, 2, 0, 5)
    assert [record["active_on"] for record in drop.held("tool_activity").values()] == [
        "2026-11-09",
        "2026-11-10",
    ]
    assert [reason.partition(" (")[0] for reason in drop.reasons()] == [
        "a.parquet row 2: `email`, `app_user_id` is empty.",
        "a.parquet row 3: `tool_id`",
        "c.csv.gz is refused whole: it is not a whole gzip file; drop it again.",
        "d.parquet is refused whole: it is no Parquet file that can be read",
        "e.xlsx is refused whole: its name does not say how it is written; say `format` in the mapping.",
    ]


TIMES = {
    "summer time": ("%d.%m.%Y %H:%M", "25.07.2026 10:00", "2026-07-25T08:00:00"),
    "iso": ("iso", "2026-11-09", "2026-11-08T23:00:00"),
    "iso with offset": ("iso", "2026-11-09T10:11:12.5Z", "2026-11-09T10:11:12"),
    "pattern with offset": ("%Y/%m/%d %H:%M %z", "2026/11/09 10:00 -05:00", "2026-11-09T15:00:00"),
    "pattern with a zone's name": ("%Y-%m-%d %H:%M %Z", "2026-11-09 10:00 Asia/Tokyo", "2026-11-09T01:00:00"),
    "seconds": ("epoch_seconds", "1794218400", "2026-11-09T10:00:00"),
    "milliseconds": ("epoch_milliseconds", "1794218400123", "2026-11-09T10:00:00"),
}


@pytest.mark.parametrize(("form", "written", "expected"), TIMES.values(), ids=TIMES.keys())
def test_times_are_read_as_the_mapping_says(survey: Drop, form: str, written: str, expected: str) -> None:
    survey.put("nps.yml", SURVEY.replace("%d.%m.%Y %H:%M", form))
    survey.put("nps/one.csv", f"{HEADER}1;9;;;{written}\n2;9;;;gestern\n")
    assert stream(survey.run()) == (1, 1, 0, 1)
    assert survey.held()["1"]["answered_at"].startswith(expected)


def test_an_export_without_ids_has_a_key_of_columns(survey: Drop) -> None:
    survey.put("nps.yml", SURVEY.replace("  response_id: Id\n", "") + "key: [email, answered_at]\n")
    assert stream(survey.run()) == (1, 1, 0, 1)
    assert list(survey.held()) == ['["a@b.example","2026-11-09T09:00:00.000000Z"]']
    assert survey.reasons() == ["nps/one.csv line 3: `email` (column `E-Mail`) is empty."]


@pytest.mark.slow
def test_the_companys_exports_arrive_whole_but_for_the_spoiled_answer(drop: Drop) -> None:
    company = Company.create("small")
    facts = company.exports
    for night in NIGHTS:
        now = night_moment(night)
        write_exports(company, drop.folder, now)
        assert drop.run().outcome == "ok"
        answers = {each.id: each for each in facts.answers if each.answered_at <= now and not each.is_spoiled}
        assert {key: record.get("score") for key, record in drop.held().items()} == {
            key: each.score for key, each in answers.items()
        }
        assert drop.held("feedback").keys() == {each.id for each in facts.interviews if each.held_at <= now}
        assert drop.held("meetings").keys() == {each.id for each in facts.meetings if each.starts_at <= now}
        assert len(drop.held("tool_activity")) == sum(each.day < night for each in facts.tool_days)
    assert drop.reasons() == [
        "surveys/event-2026-09.csv line 16: `score` (column `Weiterempfehlung (0-10)`) is no number."
    ]


def test_a_folder_in_a_store_is_read_like_a_local_one(survey: Drop) -> None:
    store = fsspec.filesystem("memory")
    for file in (each for each in survey.folder.rglob("*") if each.is_file()):
        store.pipe(f"/bucket/in/{file.relative_to(survey.folder)}", file.read_bytes())
    assert stream(survey.run("memory://bucket/in")) == (1, 2, 0, 0)
    # The same content elsewhere is nothing new.
    assert stream(survey.run(f"file://{survey.folder}")) == (0, 0, 0, 0)
    store.rm("/bucket", recursive=True)


URLS = {
    "missing package": ("s3://bucket/in", "Install s3fs to access S3"),
    "unknown store": ("floppy://a/in", "begins with `floppy:`, which no file system answers to"),
    "no folder": ("/nowhere/at/all", "There is no such folder. Set POPS_FILES_URL"),
}


@pytest.mark.parametrize(("url", "said"), URLS.values(), ids=URLS.keys())
def test_a_folder_that_cannot_be_opened_is_told(drop: Drop, url: str, said: str) -> None:
    failed = drop.run(url)
    assert failed.outcome == "failed"
    assert said in str(failed.error)
    checked = check_source("files", {"POPS_FILES_URL": url})
    assert checked is not None
    assert checked.state != "ok"
    assert said in checked.remedy
