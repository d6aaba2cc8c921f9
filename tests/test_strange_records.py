"""One strange record withholds nothing: whatever a vendor puts into a field, every model builds and sound records stay."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors import SOURCES, connector_class
from connectors.contract import RawRecord
from connectors.raw_store import RAW_COLUMNS
from connectors.runner import prepare_raw, run_source
from connectors.storage import literal
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.serving.exports import write_exports
from sandbox.vendors import VENDORS
from sandbox.vendors.record import Record
from tests.compiled_project import Compiled, Node, build, failed_tests, warehouse
from tests.nights import NIGHTS, night_moment
from tests.strange_records import Strange, Twins, put, sample_of, text_of
from tests.vendor_reading import served

MODELS = Path(__file__).parents[1] / "dbt_project" / "models"
_TYPED = re.compile(r"\(\s*'([^']+)',\s*'\w+',\s*'(integer|double|boolean|timestamp|date)'\s*\)")
NIGHT = NIGHTS[-1]
MOMENT = night_moment(NIGHT)
HISTORY_START = MOMENT - timedelta(days=2)
RECORDS_A_STREAM, WORLDS = 12, 6
SEEDS = (1,)
# The engine reads so many records at once; what parses all of them many times over does not fit beside them.
LONG_RECORDS, MEMBERS_OF_A_LONG_RECORD, MEMORY_OF_A_BUILD = 2_048, 160, "1200MB"
EVENTS_A_FILE = 2
# What other records refer to: few, and all of them are read.
WHOLE = (
    "projects",
    "statuses",
    "fields",
    "issue_types",
    "boards",
    "repositories",
    "owners",
    "admins",
    "forms",
    "users",
)


class Sample:
    """The newest of what every vendor shows of the company: enough of each stream to copy."""

    def __init__(self, company: Company) -> None:
        self._company = CompanyData(company)

    def records(self, vendor: str, stream: str, now: datetime) -> Sequence[Record]:
        found = self._company.records(vendor, stream, now)
        newest = sorted(found, key=lambda each: each.updated_at)
        return found if stream in WHOLE else newest[-RECORDS_A_STREAM:]

    def events(self, vendor: str, start: datetime, now: datetime) -> list[bytes]:
        lines = b"".join(self._company.events(vendor, start, now)).splitlines(keepends=True)
        return [b"".join(lines[:EVENTS_A_FILE])] if lines else []


@dataclass(frozen=True)
class House:
    """A compiled project, the home of a sound sample with its warehouse, and what the sample is."""

    project: Compiled
    home: Path
    sample: Any


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    home, exports = tmp_path_factory.mktemp("sound"), tmp_path_factory.mktemp("exports")
    company = Company.create("small")
    write_exports(company, exports, MOMENT)
    prepare_raw(home)
    with served(Sample(company), MOMENT) as running:
        variables = {**environment(running.base_url, 100_000, VENDORS), "POPS_FILES_URL": str(exports)}
        for source in SOURCES:
            run = run_source(source, home, MOMENT, HISTORY_START, variables)
            assert run.outcome in ("ok", "off"), run.error
    project = Compiled.of(NIGHT)
    with warehouse(home) as connection:
        assert build(connection, project.models) == {}
        assert failed_tests(connection, project.blocking) == {}
    return House(project, home, sample_of(home, RECORDS_A_STREAM))


def with_twins(house: House, twins: Sequence[Strange], home: Path) -> Path:
    """A home that holds the sound sample and strange twins beside it."""
    shutil.copytree(house.home / "raw", home / "raw")
    scratch = home / "scratch"
    scratch.mkdir()
    records: dict[tuple[str, str], list[Any]] = {}
    for each in twins:
        records.setdefault((each.source, each.stream), []).append(each.record)
    put(home, records, MOMENT, scratch)
    return home


def culprit(house: House, twins: Sequence[Strange], model: str, folder: Path) -> str:
    """The one of the strange twins without which a model would build, found by halves."""
    models = house.project.with_readings_of([model])
    number = 0
    while len(twins) > 1:
        half = twins[: len(twins) // 2]
        number += 1
        home = with_twins(house, half, folder / f"half{number}")
        with warehouse(home) as connection:
            is_in_it = model in build(connection, models)
        shutil.rmtree(home)
        twins = half if is_in_it else twins[len(twins) // 2 :]
    found = twins[0]
    return f"{model}: {found.source} {found.stream}, {found.place}: {text_of(found.change)}"


@pytest.mark.parametrize("number", SEEDS)
def test_every_model_builds_and_no_error_test_fails_whatever_a_field_holds(
    house: House, number: int, tmp_path: Path
) -> None:
    twins = list(Twins(house.sample, WORLDS, number).records())
    assert {(each.source, each.stream) for each in twins} == {
        key for key, held in house.sample.items() if held
    }
    home = with_twins(house, twins, tmp_path / "strange")
    with warehouse(home) as connection:
        failed = build(connection, house.project.models)
        assert not failed, [culprit(house, twins, model, tmp_path) for model in failed]
        assert failed_tests(connection, house.project.blocking) == {}
        connection.execute(f"attach '{house.home}/warehouse.duckdb' as sound (read_only)")
        changed = {
            model.name: rows
            for model in house.project.models
            if model.schema == "staging" and (rows := lost_rows(connection, model))
        }
        assert changed == {}
        counted = connection.execute(
            "select count(*) from marts.mart_metric_coverage where check_name like '%\\_unreadable' escape '\\'"
        ).fetchone()
        assert counted is not None
        assert counted[0] > 50


def grow(home: Path, source: str) -> None:
    """Beside a source's records put thousands that are long, as those of trackers with hundreds of own fields are."""
    more = {f"own_{number}": {"value": f"{number * 7919:0>40}"} for number in range(MEMBERS_OF_A_LONG_RECORD)}
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb")) as raw:
        for stream in connector_class(source).streams:
            table = f"raw_{source}.{stream.name}"
            held = raw.execute(f"select record from {table} order by record_id limit 1").fetchone()
            body = json.loads(held[0]) if held else {}
            places = [body, *(value for value in body.values() if isinstance(value, dict))]
            for number, (name, value) in enumerate(more.items()):
                places[number % len(places)][name] = value
            # A view, for writing them would take longer than reading; the blanks make each a text of its own.
            columns = ", ".join(RAW_COLUMNS)
            raw.execute(f"alter table {table} rename to held_{stream.name}")
            raw.execute(
                f"create view {table} as select {columns} from raw_{source}.held_{stream.name} union all "
                f"select 'long' || n, '1', 'long' || n, timestamptz '{MOMENT}', 'long', false, "
                f"{literal(json.dumps(body))} || repeat(' ', n) from range({LONG_RECORDS}) as numbers (n)"
            )


def test_long_records_are_built_in_little_memory(house: House, tmp_path: Path) -> None:
    shutil.copytree(house.home / "raw", tmp_path / "raw")
    for source in SOURCES:
        grow(tmp_path, source)
    readers = [
        each.name
        for each in house.project.models
        if any(read.startswith("source.") and ".registry." not in read for read in each.reads)
    ]
    assert len(readers) > 80
    with warehouse(tmp_path) as connection:
        connection.execute(f"set memory_limit = '{MEMORY_OF_A_BUILD}'; set threads = 2")
        failed = build(connection, house.project.with_readings_of(readers))
    assert failed == {}


def _is_of_events(text: str) -> bool:
    """Whether a model stages analytics events: each is judged in its own row, with why it does not count."""
    return "'incremental'" in text or re.search(r"raw\('\w+', 'events'\)", text) is not None


def test_every_field_with_a_type_is_looked_at() -> None:
    """The models that int_quality__unreadable_values names stage every such field of every stream, events apart."""
    listed = re.findall(
        r"'(stg_\w+)'", (MODELS / "intermediate/quality/int_quality__unreadable_values.sql").read_text()
    )
    staged = {path.stem: path.read_text() for path in (MODELS / "staging").glob("*/*.sql")}
    typed = {
        name: {(*match, *_stream(text)) for match in _TYPED.findall(text)}
        for name, text in staged.items()
        if not _is_of_events(text) and "source('registry'" not in text
    }
    assert set().union(*typed.values()) == set().union(*(typed[name] for name in listed))


def test_every_field_by_which_records_are_left_out_as_too_late_is_looked_at() -> None:
    """What staging leaves out because it begins after as_of is counted by `beginning_fields`, by the field's name."""
    macros = (MODELS.parent / "macros" / "unreadable.sql").read_text()
    counted = set(
        re.findall(
            r"\w+_(?:at|on|seconds|original)\b",
            macros.split("{% macro beginning_fields")[1].split("endmacro")[0],
        )
    )
    listed = (MODELS / "intermediate/quality/int_quality__unreadable_values.sql").read_text()
    streams = {
        _stream(path.read_text())
        for path in (MODELS / "staging").glob("*/*.sql")
        if f"'{path.stem}'" in listed
    }
    left_out = {
        (path.stem, _stream(text), field)
        for path in (MODELS / "staging").glob("*/*.sql")
        if not _is_of_events(text := path.read_text())
        for field in re.findall(
            r"^\s*(?:where|and|or) .*?(\w+)(?:'\) }})? < {{ as_of_(?:at|date)\(\) }}\)?$", text, re.MULTILINE
        )
    }
    assert len(left_out) > 25
    assert [each for each in left_out if each[2] not in counted or (each[1] and each[1] not in streams)] == []


def staged_lists() -> list[tuple[str, str, str, str]]:
    text = (MODELS.parent / "macros" / "unreadable_lists.sql").read_text()
    return re.findall(r"\('(\w+)', '(\w+)', '([\w.]+)', '(\w*)'\)", text)


def test_every_list_in_a_record_that_is_read_item_by_item_is_looked_at() -> None:
    """The registry refuses what is wrong in it; tags of tickets are counted with the other flaws of support."""
    elsewhere = {("intercom", "conversations", "tags.tags"), ("zendesk", "tickets", "tags")}
    read = set()
    for path in (MODELS / "staging").glob("*/*.sql"):
        text = path.read_text()
        named = set(re.findall(r"json_(?:array|object)_rows\([^)]*'(\w+)'\s*\)", text))
        for source, stream, fields in re.findall(r"raw\('(\w+)', '(\w+)'\)[^\[]*\[(.*?)\]", text, re.DOTALL):
            lists = re.findall(r"\('([\w.]+)', '(\w+)', 'json'\)", fields) if source != "registry" else []
            read |= {(source, stream, field) for field, column in lists if column in named}
    assert len(read) > 5
    assert read - elsewhere <= {each[:3] for each in staged_lists()}


def test_what_is_no_list_and_what_is_no_item_of_one_is_counted(house: House, tmp_path: Path) -> None:
    records: dict[tuple[str, str], list[Any]] = {}
    for source, stream, path, member in staged_lists():
        good: Any = "a.example" if member == "text" else {member or "kind": "1"}
        bad: Any = " " if member == "text" else {} if member else ["nested"]
        for number, value in enumerate(([good, None, bad], {"no": "list"})):
            body: Any = value
            for name in reversed(path.split(".")):
                body = {name: body}
            key = f"{source}-{stream}-{path}-{number}"
            records.setdefault((source, stream), []).append(RawRecord(key, "1", json.dumps(body)))
    shutil.copytree(house.home / "raw", tmp_path / "raw")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    put(tmp_path, records, MOMENT, scratch)
    with warehouse(tmp_path) as connection:
        assert build(connection, house.project.with_readings_of(["int_quality__unreadable_values"])) == {}
        found = connection.execute(
            "select source, subject, check_name, counted from intermediate.int_quality__unreadable_values "
            "where check_name like '%_no_list' or check_name like '%_items_unreadable'"
        ).fetchall()
    assert len(found) == 2 * len(staged_lists())
    assert {row[3] for row in found if row[2].endswith("_no_list")} == {1}
    assert {row[3] for row in found if row[2].endswith("_items_unreadable")} == {2}


def _stream(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"source\('(\w+)', '(\w+)'\)", text)[:1])


def lost_rows(connection: Any, model: Node) -> list[tuple[Any, ...]]:
    """Rows of a model in the sound home that are not in the one with strange records."""
    table = f'"{model.schema}"."{model.name}"'
    found: list[tuple[Any, ...]] = connection.execute(
        f"select * from sound.{table} except all select * from warehouse.{table} limit 3"
    ).fetchall()
    return found
