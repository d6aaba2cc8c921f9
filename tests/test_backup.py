"""Backups of a home that is in use, the way back, and who stays forgotten on it."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from connectors import connector_class
from connectors.forgotten import Book, Forgotten, hashes_of
from connectors.raw_store import RawStore
from orchestration.rebuilding import rotate_key
from pops.operations.backup import back_up, restore
from sandbox.serving.environment import REGISTRY
from settings.home import Home
from settings.identity import Identity, refuse_another, remember
from tests.searched_home import places_with

ENV = {"POPS_PSEUDONYM_KEY": "a-key-for-tests-only-and-long-enough", "POPS_REGISTRY_DIR": str(REGISTRY)}
WHO = "zebulonia@unmistakable.example"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home as a night leaves it, in small."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POPS_HOME", str(tmp_path / "home"))
    home = Home(tmp_path / "home").prepare()
    remember(home, Identity.present(ENV))
    with RawStore(home.root, "hubspot", connector_class("hubspot").streams) as raw:
        raw.connection.execute(
            "insert into raw_hubspot.contacts values ('1', '1', 'h', now(), 'load', false, ?)",
            [f'{{"id": "1", "properties": {{"email": "{WHO}"}}}}'],
        )
    with duckdb.connect(str(home.warehouse)) as built:
        built.execute(
            f"create schema staging; create table staging.people as select '{WHO}' as email;"
            "create schema metrics; create table metrics.metric_values as select 1 as value"
        )
    home.published.write_bytes(WHO.encode())
    with closing(sqlite3.connect(home.dagster / "runs.db")) as runs:
        runs.execute("create table runs (id text)")
        runs.execute("insert into runs values ('one')")
        runs.commit()
    (home.root / "workbench").mkdir()
    (home.root / "workbench" / "copy.duckdb").write_text("of no use to anybody")
    return home


def silent(line: str) -> None: ...


def test_a_home_comes_back_as_it_was(home: Home, tmp_path: Path) -> None:
    files = back_up(home, tmp_path / "backup", 0, silent)
    assert {"warehouse.duckdb", "raw/hubspot.duckdb", "dagster/runs.db", "identity.json"} <= files.keys()
    assert not any(name.startswith("workbench") for name in files)
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    restored = Home(tmp_path / "restored")
    restore(restored, tmp_path / "backup", None, silent, ENV)
    refuse_another(restored, ENV)
    for name in ("warehouse.duckdb", "raw/hubspot.duckdb"):
        assert (restored.root / name).read_bytes() == (home.root / name).read_bytes()
    with closing(sqlite3.connect(restored.dagster / "runs.db")) as runs:
        assert runs.execute("select id from runs").fetchall() == [("one",)]


def test_it_waits_for_a_file_that_a_night_writes(home: Home, tmp_path: Path) -> None:
    writes = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline();"
        "c.execute('insert into metrics.metric_values values (2)'); c.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writes, str(home.warehouse)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as night:  # fmt: skip
        assert night.stdout is not None
        assert night.stdin is not None
        night.stdout.readline()
        with pytest.raises(ValueError, match=r"warehouse.duckdb was written all the time.*--wait"):
            back_up(home, tmp_path / "backup", 0, silent)
        assert list(tmp_path.glob("backup*")) == []

        def end_the_night(line: str) -> None:
            assert line == "warehouse.duckdb is being written: waiting"
            assert night.stdin is not None
            threading.Timer(0.1, lambda: night.communicate("\n")).start()

        back_up(home, tmp_path / "backup", 60, end_the_night)
    with duckdb.connect(str(tmp_path / "backup" / "warehouse.duckdb"), read_only=True) as copied:
        assert copied.execute("select sum(value) from metrics.metric_values").fetchall() == [(3,)]


def test_what_a_killed_night_left_in_its_log_is_backed_up(home: Home, tmp_path: Path) -> None:
    dies = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute('insert into metrics.metric_values values (5)'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", dies, str(home.warehouse)], check=False)
    assert "warehouse.duckdb.wal" in back_up(home, tmp_path / "backup", 0, silent)
    restore(Home(tmp_path / "restored"), tmp_path / "backup", None, silent, ENV)
    with duckdb.connect(str(tmp_path / "restored" / "warehouse.duckdb")) as built:
        assert built.execute("select sum(value) from metrics.metric_values").fetchall() == [(6,)]


def test_a_backup_goes_only_where_it_belongs(home: Home, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    back_up(home, backup, 0, silent)
    with pytest.raises(ValueError, match="is there already"):
        back_up(home, backup, 0, silent)
    with pytest.raises(ValueError, match="is not empty"):
        restore(home, backup, None, silent, ENV)
    with pytest.raises(ValueError, match="set its POPS_PSEUDONYM_KEY"):
        restore(Home(tmp_path / "other"), backup, None, silent, {**ENV, "POPS_PSEUDONYM_KEY": "another"})
    with pytest.raises(ValueError, match="is no backup"):
        restore(Home(tmp_path / "other"), tmp_path, None, silent, ENV)
    (backup / "warehouse.duckdb").write_bytes(b"rot")
    with pytest.raises(ValueError, match=r"warehouse.duckdb is not as it was backed up"):
        restore(Home(tmp_path / "other"), backup, None, silent, ENV)
    assert not (tmp_path / "other").exists()


def _killed(*given: object) -> None:
    raise KeyboardInterrupt


def test_a_home_without_records_is_not_backed_up(home: Home, tmp_path: Path) -> None:
    (home.root / "raw" / "hubspot.duckdb").unlink()
    with pytest.raises(ValueError, match="run `pops nightly`"):
        back_up(home, tmp_path / "backup", 0, silent)


def forgotten_book(home: Home) -> Book:
    book = Book.new()
    return book.with_entry(Forgotten("2026-11-30", "person", hashes_of(book, [WHO]), None, {}, {}))


def test_who_was_forgotten_since_does_not_come_back(home: Home, tmp_path: Path) -> None:
    back_up(home, tmp_path / "backup", 0, silent)
    forgotten_book(home).write(home.root, ENV)
    restored = Home(tmp_path / "restored")
    restore(restored, tmp_path / "backup", home.root / "forgotten.json", silent, ENV)
    assert places_with(restored.root, [WHO]) == []
    with duckdb.connect(str(restored.warehouse), read_only=True) as built:
        assert built.execute("select value from metrics.metric_values").fetchall() == [(1,)]


@pytest.mark.parametrize("is_backed_up_with_a_book", [False, True])
def test_a_backup_of_the_key_before_comes_back_with_the_present_one_and_without_who_was_forgotten_since(
    home: Home, tmp_path: Path, is_backed_up_with_a_book: bool
) -> None:
    book = Book.new()
    if is_backed_up_with_a_book:
        book = book.with_entry(
            Forgotten("2026-11-29", "person", hashes_of(book, ["somebody@else.example"]), None, {}, {})
        )
        book.write(home.root, ENV)
    back_up(home, tmp_path / "backup", 0, silent)
    book = book.with_entry(Forgotten("2026-11-30", "person", hashes_of(book, [WHO]), None, {}, {}))
    new = {**ENV, "POPS_PSEUDONYM_KEY": "another-key-that-is-long-enough-too"}
    # As a rotation leaves it.
    book.write(home.root, new)
    restored, file = Home(tmp_path / "restored"), home.root / "forgotten.json"
    with pytest.raises(ValueError, match="its key in POPS_PSEUDONYM_KEY_BEFORE"):
        restore(restored, tmp_path / "backup", file, silent, new)
    rotated = {**new, "POPS_PSEUDONYM_KEY_BEFORE": ENV["POPS_PSEUDONYM_KEY"]}
    restore(restored, tmp_path / "backup", file, silent, rotated)
    assert places_with(restored.root, [WHO]) == []
    refuse_another(restored, new)
    known = Book.of(restored.root, new)
    assert known is not None
    assert known.knows(WHO)
    with duckdb.connect(str(restored.warehouse), read_only=True) as built:
        assert built.execute("select value from metrics.metric_values").fetchall() == [(1,)]


def test_another_key_keeps_numbers_and_who_is_forgotten(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten_book(home).write(home.root, ENV)
    new = {**ENV, "POPS_PSEUDONYM_KEY": "another-key-that-is-long-enough-too"}
    monkeypatch.setenv("POPS_PSEUDONYM_KEY", new["POPS_PSEUDONYM_KEY"])
    with pytest.raises(ValueError, match="POPS_PSEUDONYM_KEY_BEFORE is not the key"):
        rotate_key(home, {**new, "POPS_PSEUDONYM_KEY_BEFORE": "a guess"})
    with pytest.raises(ValueError, match="_BEFORE is not set"):
        rotate_key(home, new)
    rotating = {**new, "POPS_PSEUDONYM_KEY_BEFORE": ENV["POPS_PSEUDONYM_KEY"]}
    # Killed after the book was written, and asked again.
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr("orchestration.rebuilding.remember", _killed)
        killed.setattr("orchestration.rebuilding.remember_in_warehouse", _killed)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(home, rotating)
    rotate_key(home, rotating)
    refuse_another(home, new)
    book = Book.of(home.root, new)
    assert book is not None
    assert book.knows(WHO)
    with duckdb.connect(str(home.warehouse), read_only=True) as built:
        tables = built.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        assert tables == [("metrics", "metric_values"), ("metrics_state", "identity")]
