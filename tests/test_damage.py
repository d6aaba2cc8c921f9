"""Files that the disk spoils further in: they open well, and must not end every night until somebody moves them away."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from connectors import connector_class
from connectors.raw_facts import ReadState
from connectors.raw_store import RawStore
from connectors.scratch import only_run
from connectors.storage import FileDamaged, is_damage, is_sound, open_duckdb, refusal_in, write_text
from metrics.values import take_over_values
from orchestration.damage import (
    built_on_sound_files,
    put_aside_spoiled,
    put_aside_spoiled_logs,
    spoiled_put_aside,
    with_sound_warehouse,
)
from orchestration.kept_statements import ModelResult
from orchestration.proof import refuse_lost_records
from publication.file import remove_leftovers
from settings.home import Home, text_of
from tests.fake_source import FakeHouse, record

BLOCK = 256 << 10
HEADERS = 3 * 4096


def spoiled_further_in(file: Path) -> None:
    """Overwrite the first block without which the file still opens and shows its tables."""
    sound = file.read_bytes()
    for at in range(HEADERS, len(sound), BLOCK):
        file.write_bytes(sound[: at + 100] + b"\xff" * 1000 + sound[at + 1100 :])
        try:
            with open_duckdb(file, read_only=True) as connection:
                connection.execute("select * from duckdb_tables()").fetchall()
        except (FileDamaged, duckdb.Error):
            continue
        if not is_sound(file):
            return
    raise AssertionError("no block of the file matters")


def warehouse_of(file: Path) -> None:
    with open_duckdb(file) as warehouse:
        warehouse.execute("create schema metrics")
        warehouse.execute(
            "create table metrics.metric_values as select 'm' as metric, range as n from range(10)"
        )
        warehouse.execute("create table made as select md5(range::varchar) as text from range(200000)")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    for folder in (found.root / "raw", found.published.parent, found.dagster / "history" / "runs"):
        folder.mkdir(parents=True)
    warehouse_of(found.warehouse)
    shutil.copy(found.warehouse, found.published)
    return found


def test_a_raw_file_that_is_spoiled_further_in_is_read_again_in_the_same_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = FakeHouse(tmp_path, monkeypatch)
    house.vendor.pages = {
        "things": [[[record(key, "é" * 50 + str(key)) for key in range(40_000)]], [[record(1, "new", "2")]]]
    }
    first, house.vendor.pages["things"] = house.vendor.pages["things"], house.vendor.pages["things"][:1]
    house.run()
    spoiled_further_in(tmp_path / "raw" / "fake.duckdb")
    house.vendor.pages["things"] = first
    told: list[str] = []
    run = house.run(progress=told.append)
    assert run.outcome == "ok", run.error
    assert [line for line in told if "fake.duckdb.damaged-1" in line]
    assert len({row[0] for row in house.content()}) == 40_000
    house.assert_books_balance()


def test_all_of_a_file_is_read_to_know_it_for_sound(home: Home) -> None:
    assert is_sound(home.warehouse)
    spoiled_further_in(home.warehouse)
    with open_duckdb(home.warehouse, read_only=True) as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute("select bit_xor(hash(text)) from made").fetchall()
    assert is_damage(caught.value)
    assert not is_damage(duckdb.Error("Conversion Error: Could not convert string 'x' to INT32"))


def test_a_warehouse_that_does_not_open_is_put_aside_and_keeps_the_numbers_of_earlier_nights(
    home: Home,
) -> None:
    with_sound_warehouse(home)
    assert is_sound(home.warehouse)
    home.warehouse.write_bytes(b"garbage" * 1000)
    with_sound_warehouse(home)
    with open_duckdb(home.warehouse, read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from metrics.metric_values").fetchall() == [(10,)]
    assert home.warehouse.with_name("warehouse.duckdb.damaged-1").exists()
    home.published.write_bytes(b"")
    take_over_values(home.root / "other.duckdb", home.published)
    assert not (home.root / "other.duckdb").exists()


def test_a_warehouse_that_is_gone_begins_with_the_numbers_of_earlier_nights(home: Home) -> None:
    home.warehouse.unlink()
    with_sound_warehouse(home)
    with open_duckdb(home.warehouse, read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from metrics.metric_values").fetchall() == [(10,)]


def test_a_home_that_has_published_nothing_begins_without_a_warehouse(home: Home) -> None:
    home.warehouse.unlink()
    home.published.unlink()
    with_sound_warehouse(home)
    assert not home.warehouse.exists()


def models(*messages: str) -> Callable[[], list[ModelResult]]:
    answers = iter(messages)

    def build() -> list[ModelResult]:
        said = next(answers)
        return [ModelResult("model.product_ops.x", "error" if said else "success", said, 1.0)]

    return build


CORRUPT = "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block at location 12288"


def test_a_build_on_a_spoiled_warehouse_is_done_once_more_and_on_a_spoiled_raw_file_says_so(
    home: Home,
) -> None:
    assert built_on_sound_files(home, models("Conversion Error"))[0].status == "error"
    spoiled_further_in(home.warehouse)
    assert built_on_sound_files(home, models(CORRUPT, ""))[0].status == "success"
    assert home.warehouse.with_name("warehouse.duckdb.damaged-1").exists()
    raw = home.root / "raw" / "zendesk.duckdb"
    warehouse_of(raw)
    spoiled_further_in(raw)
    with pytest.raises(dg.Failure, match=r"zendesk\.duckdb \(kept as zendesk\.duckdb\.damaged-1\)"):
        built_on_sound_files(home, models(CORRUPT, ""))
    assert not raw.exists()
    assert put_aside_spoiled(home) == {}


def test_a_step_that_reads_a_spoiled_page_says_what_was_done(home: Home) -> None:
    spoiled_further_in(home.warehouse)
    with (
        pytest.raises(dg.Failure, match=r"warehouse\.duckdb.*run the job `nightly` again"),
        spoiled_put_aside(home),
        open_duckdb(home.warehouse, read_only=True) as connection,
    ):
        connection.execute("select bit_xor(hash(text)) from made").fetchall()
    with pytest.raises(KeyError), spoiled_put_aside(home):
        raise KeyError("ours")


@pytest.mark.parametrize(
    ("now", "is_refused"), [(1000, False), (950, False), (800, True), (0, True), (None, False)]
)
def test_a_mart_that_lost_most_of_a_source_is_not_published(
    home: Home, now: int | None, is_refused: bool
) -> None:
    moment = datetime(2026, 11, 16, 1)
    states = [ReadState("zendesk", "support", "failed", moment, moment, now)]
    # Nothing is known of a file that nobody can ask.
    refuse_lost_records(home, states)
    with open_duckdb(home.published) as mart:
        mart.execute(
            "create schema meta; create table meta.sources as select 'zendesk' as source, 1000 as records, "
            "timestamp '2026-11-16 01:00:00' as night_until"
        )
    if is_refused:
        with pytest.raises(dg.Failure, match=f"Raw holds {now} records of zendesk"):
            refuse_lost_records(home, states)
    else:
        refuse_lost_records(home, states)


@pytest.mark.parametrize(
    ("forgotten", "at", "is_refused"),
    [
        (600, "2026-11-16 09:00:00", False),
        (600, "2026-11-15 09:00:00", True),
        (300, "2026-11-16 09:00:00", True),
    ],
)
def test_what_was_forgotten_since_is_not_lost(home: Home, forgotten: int, at: str, is_refused: bool) -> None:
    moment = datetime(2026, 11, 16, 1)
    with open_duckdb(home.published) as mart:
        mart.execute(
            "create schema meta; create table meta.sources as select 'zendesk' as source, 1000 as records, "
            "timestamp '2026-11-16 01:00:00' as night_until"
        )
    with RawStore(home.root, "zendesk", connector_class("zendesk").streams) as store:
        store.connection.execute(
            f"insert into raw_zendesk._pops_forgotten values ('ticket_events', timestamptz '{at}+00', {forgotten}, 0)"
        )
    states = [ReadState("zendesk", "support", "ok", moment, moment, 400)]
    with pytest.raises(dg.Failure, match="Raw holds 400") if is_refused else nullcontext():
        refuse_lost_records(home, states)


def test_what_dagster_and_the_messages_know_is_put_aside_when_it_cannot_be_read(home: Home) -> None:
    index, runs = home.dagster / "history" / "runs" / "index.db", home.dagster / "history" / "runs.db"
    for file in (index, runs, home.notices):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("create table told (key text)")
            connection.executemany("insert into told values (?)", [("x" * 900,)] * 100)
            connection.commit()
    assert put_aside_spoiled_logs(home) == {}
    index.write_bytes(b"garbage" * 1000)
    runs.unlink()
    runs.mkdir()
    notices = home.notices.read_bytes()
    home.notices.write_bytes(notices[:5000] + b"\xff" * 8000 + notices[13000:])
    assert set(put_aside_spoiled_logs(home)) == {"index.db", "runs.db", home.notices.name}
    assert put_aside_spoiled_logs(home) == {}


def test_small_files_that_hold_no_text_any_more_are_written_anew(tmp_path: Path) -> None:
    file = tmp_path / "stamp"
    assert text_of(file) is None
    file.write_bytes(b"\xff\xfe\x00\x81")
    assert text_of(file) is None
    write_text(file, json.dumps({"a": 1}))
    assert text_of(file) == '{"a": 1}'
    file.unlink()
    (file / "inside").mkdir(parents=True)
    assert text_of(file) is None
    write_text(file, "again")
    assert text_of(file) == "again"
    assert (tmp_path / "stamp.damaged-1" / "inside").is_dir()


def test_a_folder_in_the_place_of_an_unfinished_mart_is_cleared_away(home: Home) -> None:
    (home.published.with_name(f"{home.published.name}.next") / "x").mkdir(parents=True)
    remove_leftovers(home.published)
    assert [each.name for each in home.published.parent.iterdir()] == [home.published.name]


@pytest.mark.parametrize(
    "name", ["dbt/manifest.json", "dbt/partial_parse.msgpack", "dbt/parse.lock", "dagster/night.lock"]
)
def test_a_folder_in_the_place_of_what_libraries_and_locks_write_is_set_aside(
    home: Home, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("POPS_HOME", "DAGSTER_HOME", "DBT_TARGET_PATH"):
        monkeypatch.setenv(variable, "")
    (home.root / name / "inside").mkdir(parents=True)
    home.prepare()
    home.prepare()
    assert not (home.root / name).exists()
    assert (home.root / f"{name}.damaged-1" / "inside").is_dir()


REFUSED = (
    'IO Error: Cannot open file "/srv/raw/x.duckdb": Permission denied',
    'IO Error: Could not write file "/srv/raw/x.duckdb": No space left on device',
    'IO Error: Could not write file "/srv/raw/x.duckdb": File too large',
    "FATAL Error: Failed: database has been invalidated because of a previous fatal error. Original error: "
    '"Could not write file: No space left on device"',
    'IO Error: Cannot open file "/srv/raw/x.duckdb": Too many open files',
)


@pytest.mark.parametrize("said", REFUSED)
def test_what_the_system_refuses_is_no_damage_of_the_file(said: str) -> None:
    assert not is_damage(duckdb.IOException(said))
    assert not is_damage(RuntimeError(said))
    assert refusal_in(said) is not None


@pytest.mark.parametrize("said", REFUSED)
def test_a_raw_file_that_the_system_does_not_let_us_open_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """All that was ever seen of a source would be begun anew: for the owner of a file, or for a disk that is full."""
    house = FakeHouse(tmp_path, monkeypatch)
    house.vendor.pages = {"things": [[[record(1, "a")]]]}
    house.run()
    raw = tmp_path / "raw" / "fake.duckdb"
    content = house.content()
    opens = duckdb.connect

    def refuse(place: str, *rest: Any, **more: Any) -> Any:
        if place == str(raw):
            raise duckdb.IOException(said)
        return opens(place, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr("connectors.storage.duckdb.connect", refuse)
        run = house.run()
        assert run.outcome == "failed"
        assert "The system refuses" in (run.error or "")
        assert is_sound(raw)
    assert [each.name for each in raw.parent.glob("fake*")] == ["fake.duckdb"]
    assert house.content() == content


def test_a_disk_that_is_full_while_a_raw_file_is_opened_costs_that_night(tmp_path: Path) -> None:
    """In a process of its own, with a bound on the size of files."""
    program = (
        "import resource, sys; from pathlib import Path; from connectors.raw_store import RawStore\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))\n"
        "try: RawStore(Path(sys.argv[1]), 'fake', ())\n"
        "except OSError as error: print(error.strerror)"
    )
    (tmp_path / "raw").mkdir()
    kept = tmp_path / "raw" / "fake.duckdb"
    warehouse_of(kept)
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "File too large"
    assert [each.name for each in kept.parent.glob("fake.duckdb*") if ".damaged" in each.name] == []


def test_a_folder_in_the_place_of_a_sources_lock_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "dlt" / "fake" / "run.lock" / "inside").mkdir(parents=True)
    (tmp_path / "dlt" / "fake" / "scratch").touch()
    with only_run(tmp_path, "fake") as folder:
        assert (folder / "scratch").is_dir()
