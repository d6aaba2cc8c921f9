"""`make test-engine`: nights on a Spark cluster beside the same nights on DuckDB, and what becomes of one that is disturbed."""

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.serving.running import Sandbox, running_sandbox
from tests.engine.cluster import Cluster, running_cluster
from tests.nights import NIGHTS, PSEUDONYM_KEY, House, night_moment

# The two homes read the vendors one after the other.
OF_THE_READING = {"extracted_at", "published_at", "first_seen_at", "load_id"}


@dataclass(frozen=True)
class Company:
    """One company whose tools are read into two homes, and the engine of the second."""

    sandbox: Sandbox
    cluster: Cluster
    duckdb: House
    spark: House


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    base = tmp_path_factory.mktemp("engines")
    with (
        running_cluster(base / "cluster") as cluster,
        running_sandbox(scale="small", now=night_moment(NIGHTS[0])) as sandbox,
    ):
        vendors = sandbox.environment()
        yield Company(
            sandbox,
            cluster,
            House(base / "duckdb", vendors),
            House(base / "spark", {**vendors, **cluster.environment()}, limit=3600),
        )


def sound(house: House, sandbox: Sandbox, as_of: date) -> str:
    """What a night printed that must have gone well."""
    done = house.night(sandbox, as_of)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def rows_of(house: House) -> dict[str, list[dict[str, Any]]]:
    """The published rows by table, without what depends on the moment of reading, in an order of their own."""
    found = {}
    with duckdb.connect(str(house.published), read_only=True) as mart:
        tables = mart.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('mart', 'metrics') and table_type = 'BASE TABLE' order by all"
        ).fetchall()
        for schema, table in tables:
            asked = mart.execute(f'select * from {schema}."{table}" order by all')
            names = [column[0] for column in asked.description or []]
            found[f"{schema}.{table}"] = [
                {name: value for name, value in zip(names, row, strict=True) if name not in OF_THE_READING}
                for row in asked.fetchall()
            ]
    return found


def is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, str) and isinstance(other, str) and one[:1] in ("[", "{") and one != other:
        # Spark writes the names of an object in the order of the alphabet.
        return bool(json.loads(one) == json.loads(other))
    return bool(one == other)


def differences(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> list[Any]:
    if len(ours) != len(theirs):
        return [f"{len(ours)} rows against {len(theirs)}"]
    return [
        {name: (row[name], other.get(name)) for name in row if not is_same(row[name], other.get(name))}
        for row, other in zip(ours, theirs, strict=True)
        if row.keys() != other.keys() or not all(is_same(row[name], other[name]) for name in row)
    ]


def assert_both_hold_the_same(company: Company) -> None:
    ours, theirs = rows_of(company.duckdb), rows_of(company.spark)
    assert ours.keys() == theirs.keys()
    assert len(ours) > 50
    assert sum(map(len, ours.values())) > 10_000
    found = {name: differences(rows, theirs[name])[:3] for name, rows in ours.items()}
    assert not {name: rows for name, rows in found.items() if rows}


@contextmanager
def killed_when(company: Company, table: str, kill: str) -> Iterator[None]:
    """Once the engine has begun to write a table of models, something of it is killed."""
    folder = company.cluster.lake / "tables" / table
    before = folder.stat().st_mtime_ns if folder.exists() else 0
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            if folder.exists() and folder.stat().st_mtime_ns != before:
                company.cluster.kill(kill)
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()
    company.cluster.start()


# A night on a cluster takes minutes, so these follow one another: each goes on where the one before has ended.


def test_every_table_and_every_number_is_that_of_duckdb(company: Company) -> None:
    for house in (company.duckdb, company.spark):
        sound(house, company.sandbox, NIGHTS[0])
    assert_both_hold_the_same(company)


def test_a_worker_that_dies_in_a_model_costs_nothing_and_a_later_night_adds_what_is_new(
    company: Company,
) -> None:
    events = company.cluster.lake / "tables" / "staging" / "stg_amplitude__events"
    before = {each.name: each.stat().st_mtime_ns for each in events.glob("*.parquet")}
    sound(company.duckdb, company.sandbox, NIGHTS[1])
    with killed_when(company, "staging/stg_jira__issues", "worker-1"):
        sound(company.spark, company.sandbox, NIGHTS[1])
    after = {each.name: each.stat().st_mtime_ns for each in events.glob("*.parquet")}
    assert before.items() < after.items()
    assert_both_hold_the_same(company)


def test_a_server_and_nights_that_die_are_taken_up_by_the_next(company: Company) -> None:
    before, read = company.spark.content(), sound(company.duckdb, company.sandbox, NIGHTS[2]).count(" read\n")
    with killed_when(company, "intermediate/int_identity__persons", "thrift"):
        done = company.spark.night(company.sandbox, NIGHTS[2])
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    # While raw is landed, and while models are built.
    for seconds in (3.0, 60.0):
        company.spark.night_killed_after(company.sandbox, NIGHTS[2], read, seconds)
    assert company.spark.content() == before
    sound(company.spark, company.sandbox, NIGHTS[2])
    assert_both_hold_the_same(company)


def test_the_same_date_once_more_changes_nothing(company: Company) -> None:
    before = company.spark.content()
    sound(company.spark, company.sandbox, NIGHTS[2])
    assert company.spark.content() == before


def test_an_engine_that_is_away_is_told_in_a_sentence(company: Company) -> None:
    elsewhere = House(company.spark.home, {**company.spark.vendors, "POPS_SPARK_PORT": "1"}, limit=3600)
    done = elsewhere.night(company.sandbox, NIGHTS[2])
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert "Spark's Thrift server at 127.0.0.1:1 does not answer" in told
    assert "Traceback" not in told


def test_workers_with_another_key_are_told_before_anything_is_built(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.nights.PSEUDONYM_KEY", "another-key-of-just-as-many-characters")
    new = House(tmp_path / "home", company.spark.vendors)
    done = new.pops("check")
    assert done.returncode == 1
    assert "Spark's workers have another POPS_PSEUDONYM_KEY than this night" in done.stdout
    right = company.spark.pops("check")
    assert "spark      ok" not in done.stdout
    assert "spark      ok" in right.stdout


def test_the_key_of_the_pseudonyms_is_in_nothing_that_the_engine_wrote(company: Company) -> None:
    written = company.cluster.written()
    assert b"stg_hubspot__contacts" in written
    assert PSEUDONYM_KEY.encode() not in written


def test_who_is_forgotten_is_gone_from_the_lake(company: Company) -> None:
    with duckdb.connect(str(company.spark.home / "raw" / "hubspot.duckdb"), read_only=True) as raw:
        ((record,),) = raw.execute(
            "select record from raw_hubspot.contacts where record ->> '$.properties.email' like '%@%' order by record_id limit 1"
        ).fetchall()
    address = json.loads(record)["properties"]["email"]
    assert holds(company.cluster.lake, address)
    done = company.spark.pops("forget", "--person", address, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not holds(company.cluster.lake, address)
    sound(company.spark, company.sandbox, NIGHTS[2])
    assert not holds(company.cluster.lake, address)


def holds(lake: Path, text: str) -> bool:
    """Does a value of a Parquet file there contain it?"""
    with duckdb.connect() as connection:
        for file in lake.rglob("*.parquet"):
            ((found,),) = connection.execute(
                f"select count(*) from read_parquet('{file}') as held where contains(cast(held as varchar), $text)",
                {"text": text},
            ).fetchall()
            if found:
                return True
    return False
