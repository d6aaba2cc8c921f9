"""What vanishes at a vendor without a word is found by its ids, for every stream that is swept."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors import connector_class
from connectors.contract import RawRecord, Stream
from connectors.errors import ScopeMissing
from connectors.raw_store import RawStore
from connectors.rows import value_at
from sandbox.serving.alterations import Alteration
from tests.contract_cases import NIGHT
from tests.contract_house import CHANGED_AT, House, World, world
from tests.contract_second_cases import CASES
from tests.fake_source import Killed

NEXT_NIGHT = NIGHT + timedelta(days=1)
SWEPT = ("hubspot", "intercom", "jira", "salesforce")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("homes")) as running:
        yield running


@pytest.fixture(params=SWEPT)
def house(
    request: pytest.FixtureRequest, company: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    house = House(company, CASES[request.param], tmp_path, monkeypatch)
    house.read_once()
    return house


def swept_streams(house: House) -> list[Stream]:
    return [each for each in house.kind.streams if each.is_swept]


def purge(house: House, stream: str, *record_ids: str) -> None:
    house.state.alter(*(Alteration(house.source, stream, each, CHANGED_AT, gone=True) for each in record_ids))


def sweep(house: House, until: datetime = NEXT_NIGHT) -> Any:
    return house.run(until, only_sweep=True)


def deleted(house: House, stream: str) -> set[str]:
    return {key for key, is_deleted, _ in house.latest(stream) if is_deleted}


def counted(house: House) -> dict[str, tuple[int, int]]:
    """Gone and returned of the last sweep of each stream."""
    rows = house.rows(
        f"select stream, gone_count, returned_count from raw_{house.source}._pops_sweeps order by swept_at"
    )
    return {stream: (gone, returned) for stream, gone, returned in rows}


def test_every_source_with_a_swept_stream_is_tried_here() -> None:
    held = {name for name in CASES if any(each.is_swept for each in connector_class(name).streams)}
    assert held == set(SWEPT)


def test_what_vanished_is_deleted_and_undone_when_it_comes_back(house: House) -> None:
    before = {each.name: deleted(house, each.name) for each in swept_streams(house)}
    gone = {each.name: sorted(house.alive(each.name))[:2] for each in swept_streams(house)}
    contents = {(name, key): house.versions(name, key)[-1] for name, keys in gone.items() for key in keys}
    for name, keys in gone.items():
        purge(house, name, *keys)
    run = sweep(house)
    assert (run.outcome, run.error) == ("ok", None)
    for name, keys in gone.items():
        assert deleted(house, name) == before[name] | set(keys), name
        assert all(house.versions(name, key)[-1] == contents[name, key] for key in keys), name
    assert counted(house) == dict.fromkeys(gone, (2, 0))
    # A second look finds nothing new.
    assert sweep(house, NEXT_NIGHT + timedelta(hours=1)).outcome == "ok"
    assert counted(house) == dict.fromkeys(gone, (0, 0))
    house.state.alterations.clear()
    # What changed while it was away moved no time of change that a night would find.
    edits = {name: str(house.case.streams[name].edited) for name in gone}
    for name, path in edits.items():
        house.state.alter(
            Alteration(house.source, name, gone[name][1], CHANGED_AT, fields={path: "changed while away"})
        )
    assert sweep(house, NEXT_NIGHT + timedelta(hours=2)).outcome == "ok"
    for name in gone:
        assert deleted(house, name) == before[name], name
        unchanged, changed = (house.versions(name, key)[-1] for key in gone[name])
        assert value_at(unchanged, edits[name]) == value_at(contents[name, gone[name][0]], edits[name])
        assert value_at(changed, edits[name]) == "changed while away", name
    assert counted(house) == dict.fromkeys(gone, (0, 2))


def test_less_than_half_of_the_ids_is_no_deletion(house: House) -> None:
    before = {each.name: deleted(house, each.name) for each in swept_streams(house)}
    for each in swept_streams(house):
        alive = sorted(house.alive(each.name))
        purge(house, each.name, *alive[: len(alive) // 2 + 1])
    run = sweep(house)
    refused = {each.stream for each in run.streams if each.outcome == "failed"}
    assert refused == {each.name for each in swept_streams(house)}
    assert "too few to be true. Nothing was taken for deleted." in (run.error or "")
    assert {each.name: deleted(house, each.name) for each in swept_streams(house)} == before
    assert counted(house) == {}


def test_a_list_of_ids_that_was_cut_deletes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {each.name: deleted(house, each.name) for each in swept_streams(house)}
    whole = house.kind.ids

    def cut(self: Any, stream: Stream) -> Iterator[str]:
        ids = sorted(whole(self, stream))
        return iter(ids[: len(ids) - 3])

    monkeypatch.setattr(house.kind, "ids", cut)
    assert sweep(house).outcome == "ok"
    assert {each.name: deleted(house, each.name) for each in swept_streams(house)} == before
    assert {gone for gone, _ in counted(house).values()} == {0}


class WithoutAnId(httpx.BaseTransport):
    """Of the first list at each address that is no answer about single ones, one has no id, and another null as its id."""

    def __init__(self) -> None:
        self._vendor = httpx.HTTPTransport(verify=False)
        self.spoiled: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._vendor.handle_request(request)
        body = json.loads(answer.read())
        for name in ("issues", "data", "results", "records"):
            rows = body.get(name, []) if request.url.path not in self.spoiled else []
            if len(rows) > 10 and (key := next((key for key in ("id", "Id") if key in rows[0]), None)):
                del rows[0][key]
                rows[1][key] = None
                self.spoiled.add(request.url.path)
        return httpx.Response(answer.status_code, json=body)


def test_an_entry_of_a_list_of_ids_that_has_none_deletes_nothing(house: House) -> None:
    before = {each.name: deleted(house, each.name) for each in swept_streams(house)}
    gone = {each.name: sorted(house.alive(each.name))[0] for each in swept_streams(house)}
    for name, key in gone.items():
        purge(house, name, key)
    vendor = WithoutAnId()
    run = house.run(NEXT_NIGHT, only_sweep=True, transport=vendor)
    assert vendor.spoiled
    assert (run.outcome, run.error) == ("ok", None)
    assert {each.name: deleted(house, each.name) for each in swept_streams(house)} == {
        name: held | {gone[name]} for name, held in before.items()
    }


def test_an_answer_without_its_id_leaves_alone_what_was_asked_for_with_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of ids was cut, and of what is asked for by its id one record comes without it."""
    before = {each.name: deleted(house, each.name) for each in swept_streams(house)}
    whole, asked = house.kind.ids, house.kind.by_id

    def cut(self: Any, stream: Stream) -> Iterator[str]:
        ids = sorted(whole(self, stream))
        return iter(ids[: len(ids) - 3])

    def by_id(self: Any, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        for first, *others in asked(self, stream, ids):
            yield [first._replace(record_id=""), *others]

    monkeypatch.setattr(house.kind, "ids", cut)
    monkeypatch.setattr(house.kind, "by_id", by_id)
    run = sweep(house)
    assert run.outcome == "ok"
    assert all(each.quarantined == 1 for each in run.streams if each.stream in before)
    assert {each.name: deleted(house, each.name) for each in swept_streams(house)} == before


def test_what_the_vendor_refuses_to_tell_of_is_not_gone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two that the list does not show any longer is forbidden now, the other is gone."""
    before = {each.name: deleted(house, each.name) for each in swept_streams(house)}
    away = {each.name: sorted(house.alive(each.name))[:2] for each in swept_streams(house)}
    for name, keys in away.items():
        purge(house, name, *keys)
    asked = house.kind.by_id

    def by_id(self: Any, stream: Stream, ids: list[str]) -> Iterator[list[RawRecord]]:
        self.parts[stream.name].refused[away[stream.name][0]] = ScopeMissing("No access.")
        self.parts[stream.name].is_any_read = True
        return asked(self, stream, ids)

    monkeypatch.setattr(house.kind, "by_id", by_id)
    run = sweep(house)
    assert (run.outcome, run.error) == ("ok", None)
    for name, (_, gone) in away.items():
        assert deleted(house, name) == before[name] | {gone}, name


def test_a_sweep_that_is_killed_marks_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = swept_streams(house)[0].name
    before = deleted(house, first)
    key = sorted(house.alive(first))[0]
    purge(house, first, key)
    with monkeypatch.context() as patch:
        patch.setattr(RawStore, "book", _killed)
        with pytest.raises(Killed):
            sweep(house)
    assert sweep(house, NEXT_NIGHT + timedelta(hours=1)).outcome == "ok"
    assert deleted(house, first) == before | {key}
    [(rows,)] = house.rows(
        f"select count(*) from raw_{house.source}.{first} where record_id = '{key}' and is_deleted"
    )
    assert rows == 1


def _killed(*_: Any, **__: Any) -> None:
    raise Killed


def test_a_night_sweeps_once_a_week(company: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(company, CASES["intercom"], tmp_path, monkeypatch)
    house.read_once()
    asked: list[datetime] = []
    monkeypatch.setattr("connectors.runner.swept", lambda *_: asked.append(house.state.now) or iter(()))
    for days in (1, 5, 6, 7, 8, 13, 14):
        assert house.run(NIGHT + timedelta(days=days)).outcome == "ok"
    assert asked == [NIGHT + timedelta(days=7), NIGHT + timedelta(days=14)]


def test_issues_of_a_deleted_project_go_with_it(
    company: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(company, CASES["jira"], tmp_path, monkeypatch)
    house.read_once()
    projects: dict[str, list[str]] = {}
    for key, is_deleted, record in house.latest("issues"):
        if not is_deleted:
            projects.setdefault(record["fields"]["project"]["id"], []).append(key)
    smallest = min(projects, key=lambda each: len(projects[each]))
    purge(house, "projects", smallest)
    purge(house, "issues", *projects[smallest])
    assert house.run(NEXT_NIGHT).outcome == "ok"
    assert set(projects[smallest]) <= deleted(house, "issues")
    assert counted(house)["issues"][0] == len(projects[smallest])
    # The project is deleted for good, but it was swept after that.
    assert house.run(NEXT_NIGHT + timedelta(hours=1)).outcome == "ok"
    [(sweeps,)] = house.rows("select count(*) from raw_jira._pops_sweeps")
    assert sweeps == 1
