"""Raw in the lake: whatever was done to raw, and wherever a landing was stopped, the next one leaves there what raw holds. And
what was built there, fetched."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.raw_store import BOOKKEEPING
from connectors.storage import open_duckdb
from warehouse.contract import EngineError
from warehouse.fetching import fetch
from warehouse.landing import land
from warehouse.targets import Lake

RAW = """
create schema if not exists raw_zendesk;
create table if not exists raw_zendesk.tickets (
    record_id varchar, record_version varchar, record_hash varchar, extracted_at timestamptz, load_id varchar,
    is_deleted boolean, record varchar, _dlt_load_id varchar
)
"""
SEEN = "record_id, record_version, record_hash, extracted_at, load_id, is_deleted, record"
DAY = datetime(2026, 11, 10, tzinfo=UTC)


class Stopped(Exception):
    """The machine goes off."""


class Failing(LocalFileSystem):
    """A file system that is cut off after so many calls that write."""

    cachable = False
    left = 10**9

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Stopped

    def put_file(self, *args: Any, **kwargs: Any) -> None:
        self._count()
        super().put_file(*args, **kwargs)

    def mv(self, *args: Any, **kwargs: Any) -> None:
        self._count()
        super().mv(*args, **kwargs)

    def rm(self, *args: Any, **kwargs: Any) -> None:
        self._count()
        super().rm(*args, **kwargs)


def raw_file(home: Path) -> Path:
    file = home / "raw" / "zendesk.duckdb"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with open_duckdb(file) as connection:
            connection.execute(RAW)
            connection.execute(BOOKKEEPING.format(schema="raw_zendesk"))
    return file


def load(home: Path, number: int, ids: list[int], day: int) -> None:
    with open_duckdb(raw_file(home)) as connection:
        connection.executemany(
            "insert into raw_zendesk.tickets values (?, '1', ?, ?, ?, false, ?, 'x')",
            [
                (
                    f"{each}",
                    f"{number}-{each}",
                    DAY + timedelta(days=day),
                    f"load-{number}",
                    json.dumps({"id": each}),
                )
                for each in ids
            ],
        )


def forget(home: Path, each: int, *, whole: bool) -> None:
    """As people are forgotten: records go, or stay without what they say of somebody."""
    with open_duckdb(raw_file(home)) as connection:
        changed = (
            "delete from raw_zendesk.tickets" if whole else "update raw_zendesk.tickets set record = '{}'"
        )
        connection.execute(f"{changed} where record_id = ?", [f"{each}"])
        connection.execute(
            "insert into raw_zendesk._pops_forgotten select 'tickets', now(), count(*) + 1, 1 from raw_zendesk._pops_forgotten"
        )


def held_by_raw(home: Path) -> list[tuple[Any, ...]]:
    with open_duckdb(raw_file(home), read_only=True) as connection:
        return sorted(connection.execute(f"select {SEEN} from raw_zendesk.tickets").fetchall())


def held_by_lake(lake: Path) -> list[tuple[Any, ...]]:
    """As Spark lists a folder: no names that begin with an underscore."""
    files = [
        str(each) for each in (lake / "raw" / "raw_zendesk" / "tickets").glob("*") if each.name[0] not in "._"
    ]
    if not files:
        return []
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return sorted(connection.execute(f"select * from read_parquet({files})").fetchall())


CHANGES = st.lists(
    st.tuples(st.just("load"), st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(0, 3))
    | st.tuples(st.just("forget"), st.integers(0, 9), st.booleans())
    | st.tuples(st.just("land"), st.none(), st.none())
    | st.tuples(st.just("stop"), st.integers(0, 4), st.none()),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=CHANGES, part_rows=st.sampled_from([1, 6, 1000]))
def test_the_lake_holds_what_raw_holds_whatever_happened(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, Any, Any]], part_rows: int
) -> None:
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("lake")
    files = Failing()
    lake = Lake(f"file://{folder}", files, str(folder))
    raw_file(home)
    for number, (kind, first, second) in enumerate(changes):
        if kind == "load":
            load(home, number, first, second)
        elif kind == "forget":
            forget(home, first, whole=second)
        elif kind == "land":
            land(home, lake, part_rows)
        else:
            files.left = first
            with contextlib.suppress(Stopped):
                land(home, lake, part_rows)
            files.left = 10**9
    land(home, lake, part_rows)
    assert held_by_lake(folder) == held_by_raw(home)
    assert not any(table.is_changed for table in land(home, lake, part_rows))


def test_a_large_table_is_written_by_the_day_and_only_what_is_new(tmp_path: Path) -> None:
    lake = Lake(f"file://{tmp_path}/lake", LocalFileSystem(), f"{tmp_path}/lake")
    for number in range(3):
        load(tmp_path, number, [1, 2, 3], number)
    land(tmp_path, lake, part_rows=5)
    tickets = tmp_path / "lake" / "raw" / "raw_zendesk" / "tickets"
    before = {each.name: each.stat().st_mtime_ns for each in tickets.iterdir()}
    assert sorted(name[:10] for name in before) == ["2026-11-10", "2026-11-11", "2026-11-12"]
    load(tmp_path, 3, [4], 3)
    changed = {table.name for table in land(tmp_path, lake, part_rows=5) if table.is_changed}
    after = {each.name: each.stat().st_mtime_ns for each in tickets.iterdir()}
    assert before.items() < after.items()
    assert changed == {"tickets"}


def test_a_bucket_gets_the_same_files_and_no_record_of_a_quarantine(tmp_path: Path) -> None:
    load(tmp_path, 0, [1, 2], 0)
    with open_duckdb(raw_file(tmp_path)) as connection:
        connection.execute(
            "insert into raw_zendesk._pops_quarantine values ('tickets', 'no id', 'somebody@their.example', 'load-0', now())"
        )
        connection.execute(
            "insert into raw_zendesk._pops_loads values "
            "('load-0', 'tickets', null, null, 2, 2, 0, 1, null, 'loaded', null, now(), 0, 0)"
        )
    bucket = MemoryFileSystem()
    land(tmp_path, Lake("memory://lake", bucket, "/lake"))
    land(tmp_path, Lake(f"file://{tmp_path}/lake", LocalFileSystem(), f"{tmp_path}/lake"))
    ours = {
        str(each.relative_to(tmp_path)): each.read_bytes() for each in (tmp_path / "lake").rglob("*.parquet")
    }
    theirs = {path.removeprefix("/"): bucket.cat_file(path) for path in bucket.find("/lake")}
    assert ours.keys() == theirs.keys()
    assert {path.split("/")[3] for path in ours} == {"tickets", "pops_loads", "pops_quarantine"}
    assert not any(b"somebody@their.example" in content for content in theirs.values())


@pytest.fixture(autouse=True)
def _zendesk_is_held(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("warehouse.landing.held_sources", lambda _home: ["zendesk"])
    yield
    MemoryFileSystem.store.clear()


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_a_built_table_comes_back_with_the_types_that_models_have(tmp_path: Path, kind: str) -> None:
    """Spark writes UTC moments, 32-bit integers and several files."""
    if kind == "bucket":
        lake = Lake("memory://lake", MemoryFileSystem(), "/lake")
    else:
        lake = Lake(f"file://{tmp_path}/lake", LocalFileSystem(auto_mkdir=True), f"{tmp_path}/lake")
    with duckdb.connect() as spark:
        spark.execute("set TimeZone = 'UTC'")
        for number, moment in enumerate(("2026-10-25 00:30:00+00", "2026-10-25 01:30:00.123456+00")):
            file = tmp_path / f"{number}.parquet"
            spark.execute(
                f"copy (select 't{number}' as ticket_id, timestamptz '{moment}' as created_at, {number}::integer as reopens, "
                f"date '2026-10-25' as created_date, true as is_open, 0.5::double as share, null::varchar as team_id) to '{file}'"
            )
            lake.fs.makedirs(lake.path("tables", "marts", "fct_ticket"), exist_ok=True)
            lake.fs.put_file(str(file), lake.path("tables", "marts", "fct_ticket", f"part-{number}.parquet"))
    lake.fs.pipe_file(lake.path("tables", "marts", "fct_ticket", "_SUCCESS"), b"")
    home = tmp_path / "warehouse.duckdb"
    for _ in range(2):
        fetch(lake, home, [("marts", "fct_ticket")])
    with open_duckdb(home, read_only=True) as connection:
        types = dict(
            connection.execute(
                "select column_name, data_type from duckdb_columns() where table_name = 'fct_ticket'"
            ).fetchall()
        )
        rows = connection.execute(
            "select ticket_id, created_at, reopens from marts.fct_ticket order by 1"
        ).fetchall()
    assert types == {
        "ticket_id": "VARCHAR", "created_at": "TIMESTAMP", "reopens": "BIGINT", "created_date": "DATE", "is_open": "BOOLEAN",
        "share": "DOUBLE", "team_id": "VARCHAR",
    }  # fmt: skip
    assert rows == [
        ("t0", datetime(2026, 10, 25, 0, 30), 0),
        ("t1", datetime(2026, 10, 25, 1, 30, 0, 123456), 1),
    ]


def test_a_table_that_was_not_built_is_named(tmp_path: Path) -> None:
    lake = Lake("memory://lake", MemoryFileSystem(), "/lake")
    with pytest.raises(EngineError, match=r"^marts\.fct_ticket cannot be fetched from POPS_LAKE_URL"):
        fetch(lake, tmp_path / "warehouse.duckdb", [("marts", "fct_ticket")])
