"""Files of a home: a lock is told from damage, what is damaged costs one source, and names are never SQL."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import AlreadyRunning
from connectors.raw_facts import read_states, stream_facts
from connectors.raw_store import RawStore
from connectors.runner import prepare_raw
from connectors.storage import (
    FileDamaged,
    FileLocked,
    attach,
    literal,
    open_duckdb,
    quoted,
    replaced,
    write_text,
)
from pops.sources import source_lines
from warehouse.embedded import connect

UNTIL = datetime(2026, 11, 16, 1, tzinfo=UTC)
_HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose name would end a text constant."""
    home = tmp_path / "product ops' home"
    prepare_raw(home)
    with open_duckdb(home / "warehouse.duckdb") as warehouse:
        warehouse.execute("create table made as select 1 as one")
    return home


@pytest.fixture
def held(home: Path) -> Iterator[Path]:
    """A raw file that another process has open."""
    file = home / "raw" / "zendesk.duckdb"
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield file
    process.kill()
    process.wait()
    process.stdout.close()


def damages(file: Path) -> list[bytes]:
    """What a file may become: garbage, nothing, cut short, a block overwritten."""
    sound = file.read_bytes()
    overwritten = sound[:4096] + bytes(4096) + sound[8192:]
    return [b"garbage" * 1000, b"", sound[: len(sound) // 2], overwritten]


def test_a_lock_is_told_from_damage(home: Path, held: Path, tmp_path: Path) -> None:
    with pytest.raises(FileLocked, match=r"zendesk\.duckdb is open in another process"):
        open_duckdb(held, read_only=True)
    with open_duckdb() as other, pytest.raises(FileLocked):
        attach(other, held, "zendesk")
    for content in damages(home / "raw" / "jira.duckdb"):
        broken = tmp_path / "broken.duckdb"
        broken.write_bytes(content)
        with pytest.raises(FileDamaged, match=r"broken\.duckdb is damaged"):
            open_duckdb(broken, read_only=True)
        with open_duckdb() as other, pytest.raises(FileDamaged):
            attach(other, broken, "broken")
    with pytest.raises(FileNotFoundError):
        open_duckdb(tmp_path / "missing.duckdb", read_only=True)


@pytest.mark.parametrize("which", range(4))
def test_a_damaged_raw_file_is_put_aside_and_costs_its_source(home: Path, which: int) -> None:
    file = home / "raw" / "zendesk.duckdb"
    content = damages(file)[which]
    file.write_bytes(content)
    assert {state.source: state.outcome for state in read_states(home, UNTIL)}["zendesk"] == "damaged"
    assert stream_facts(home, "zendesk", ("tickets",)) == {}
    with RawStore(home, "zendesk", ()) as store:
        assert store.put_aside is not None
        assert store.put_aside.read_bytes() == content
        assert store.cursor("tickets") is None
    with RawStore(home, "zendesk", ()) as store:
        assert store.put_aside is None


def test_a_raw_file_that_is_being_read_is_left_in_place(home: Path, held: Path) -> None:
    with pytest.raises(AlreadyRunning, match="open in another process"):
        RawStore(home, "zendesk", ())
    lines = {line.source: line for line in source_lines(home, {})}
    assert (lines["zendesk"].outcome, lines["zendesk"].records) == ("being read", None)
    assert (lines["jira"].outcome, lines["jira"].records) == ("", 0)
    assert [file.name for file in held.parent.glob("zendesk*")] == ["zendesk.duckdb"]


def test_the_audit_opens_the_sources_and_nothing_else(home: Path) -> None:
    for name in ("zendesk-backup.duckdb", "1; drop table made.duckdb"):
        (home / "raw" / name).write_bytes(b"no database")
    with connect(home / "warehouse.duckdb", home / "raw") as connection:
        names = {
            row[0] for row in connection.execute("select database_name from duckdb_databases()").fetchall()
        }
        assert {"warehouse", "zendesk", "jira", "registry"} <= names
        assert not any("backup" in name or "drop" in name for name in names)


@given(st.text(max_size=40).filter(lambda text: "\0" not in text))
def test_texts_and_names_come_back_as_they_were(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    with duckdb.connect() as connection:
        assert connection.execute(f"select {literal(text)}").fetchall() == [(text,)]
        if text:
            connection.execute(f"create table {quoted('t' + text)} (one integer)")
            assert connection.execute("select table_name from duckdb_tables()").fetchall() == [("t" + text,)]


def test_what_replaces_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    write_text(file, "first")

    def fail() -> None:
        with replaced(file) as unfinished:
            unfinished.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("page.html", "first")]
