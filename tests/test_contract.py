"""The contract that every connector keeps, tried on each with the same tests; see `contract_cases.py` to join one."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Stream
from connectors.rows import value_at
from connectors.settings import load_settings
from sandbox.serving.alterations import REMOVED
from tests.contract_cases import NIGHT
from tests.contract_house import House, World, world
from tests.contract_second_cases import CASES

CANARY = "canary-5f2c9b@private.example"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("homes")) as running:
        yield running


@pytest.fixture(params=list(CASES))
def house(
    request: pytest.FixtureRequest, company: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> House:
    return House(company, CASES[request.param], tmp_path, monkeypatch)


def changeable(house: House) -> list[Stream]:
    return [each for each in house.kind.streams if house.case.streams[each.name].edited]


def some(house: House, stream: str, number: int = 0) -> str:
    """The id in raw of a record that the vendor shows and raw has as not deleted."""
    return sorted(house.expected(stream))[number]


def later(hours: int) -> datetime:
    return NIGHT + timedelta(hours=hours)


def test_every_stream_is_read_to_its_end(house: House) -> None:
    assert set(house.case.streams) == {each.name for each in house.kind.streams}
    run = house.read_once()
    assert (run.outcome, run.error) == ("ok", None)
    house.assert_whole()
    assert house.alive(house.case.main)
    assert house.quarantined() == []


def test_a_second_load_adds_nothing(house: House) -> None:
    house.read_once()
    house.run(later(3))
    again = house.run(later(3) + timedelta(minutes=1))
    assert (again.outcome, again.error) == ("ok", None)
    assert {each.loaded for each in again.streams} == {0}
    house.assert_whole()


def test_edits_deletions_flipped_types_and_new_fields_become_versions(house: House) -> None:
    house.read_once()
    deleted = {}
    for stream in changeable(house):
        path = str(house.case.streams[stream.name].edited)
        edits: list[dict[str, Any]] = [
            {path: "edited"},
            {path: {"was": ["text"]}},
            {"never_seen": {"deep": [None]}},
        ][: 3 if house.case.streams[stream.name].grows else 2]
        for number, fields in enumerate(edits):
            house.alter(stream.name, some(house, stream.name, number), fields=fields)
    for stream in house.kind.streams:
        if stream.deletes != "none":
            deleted[stream.name] = key = some(house, stream.name, 3)
            house.delete(stream, key)
    run = house.run(later(3))
    assert (run.outcome, run.error) == ("ok", None)
    for stream in changeable(house):
        path = str(house.case.streams[stream.name].edited)
        latest = {key: record for key, _, record in house.latest(stream.name)}
        edited, flipped, grown = (some(house, stream.name, number) for number in range(3))
        assert value_at(latest[edited], path) == "edited", stream.name
        assert value_at(latest[flipped], path) == {"was": ["text"]}, stream.name
        is_shown = house.case.streams[stream.name].grows
        assert latest[grown].get("never_seen") == ({"deep": [None]} if is_shown else None), stream.name
        for key in (edited, flipped):
            assert value_at(house.versions(stream.name, key)[0], path) != value_at(latest[key], path), (
                stream.name
            )
    for name, key in deleted.items():
        assert [is_deleted for found, is_deleted, _ in house.latest(name) if found == key] == [True], name
    house.assert_whole()


def test_a_record_that_is_none_is_quarantined_and_the_good_ones_load(house: House) -> None:
    house.read_once()
    main = house.stream(house.case.main)
    if main not in changeable(house):
        return
    path = str(house.case.streams[main.name].edited)
    broken, good = some(house, main.name), some(house, main.name, 1)
    house.alter(main.name, good, fields={path: "edited"})
    house.alter(main.name, broken, fields={house.case.streams[main.name].key: REMOVED})
    run = house.run(later(3))
    assert (run.outcome, run.error) == ("ok", None)
    [(stream, reason)] = house.quarantined()
    assert stream == main.name
    assert "id" in reason
    assert value_at({key: record for key, _, record in house.latest(main.name)}[good], path) == "edited"
    assert broken in house.alive(main.name)


# In this order on the requests of the main stream: what a client must bear without anybody noticing.
BEARABLE = ("503", "429_reset_only", "truncated_body", "empty_page", "repeated_edge")


def test_bad_moments_of_the_vendor_lose_nothing(house: House) -> None:
    house.only_main()
    known = [kind for kind in BEARABLE if kind not in house.case.never]
    for place, kind in enumerate(known):
        house.fault(
            kind, nth=place + house.first_page, times=1 if kind != "repeated_edge" else 1000, seconds=0
        )
    run = house.run()
    assert (run.outcome, run.error) == ("ok", None)
    house.assert_whole()
    struck = {each["kind"] for each in house.state.faults.as_json() if each["struck"]}
    # A page that counts rows, or is no page, can be neither empty nor overlapping here.
    assert struck >= set(known) - ({*BEARABLE[3:]} if house.case.paging in ("one_file", "count") else set())


# What no client can read past: it must say so and lose nothing.
UNREADABLE = {
    "torn_line": "",
    "invalid_utf8": "",
    "html_200": "A page of HTML",
    "foreign_host": "points to https://export.invalid",
    "repeated_cursor": "cursor does not move",
}
STRIKES = {"cursor": "repeated_cursor", "link": "foreign_host"}


def test_what_cannot_be_read_is_told_and_read_again(house: House) -> None:
    house.only_main()
    for kind, said in UNREADABLE.items():
        house.fault(kind, nth=1 if kind == "foreign_host" else house.first_page, times=100)
        run = house.run()
        is_guarded = STRIKES.get(house.case.paging) == kind or kind == "html_200"
        if run.outcome != "ok":
            assert run.error is not None
            assert run.error.startswith(f"{house.source} {house.case.main}"), run.error
            assert said in run.error or not is_guarded, run.error
        else:
            # The vendor's answers have no such place, or what was torn lies in quarantine.
            assert not is_guarded, kind
            lost = house.expected(house.case.main) - house.alive(house.case.main)
            assert len(lost) <= len(house.quarantined()), kind
            house.begin_anew()
        house.heal()
    run = house.run(later(3))
    assert (run.outcome, run.error) == ("ok", None)
    house.assert_whole()


def test_an_expired_token_is_renewed_or_named(house: House) -> None:
    house.only_main()
    house.fault("401", nth=house.first_page)
    run = house.run()
    if house.case.has_refresh:
        assert (run.outcome, run.error) == ("ok", None)
    else:
        assert run.outcome == "failed"
        assert house.kind.access in (run.error or "")
        house.heal()
        assert house.run(later(3)).outcome == "ok"
    house.assert_whole()


def test_a_spent_quota_pauses_and_the_next_run_goes_on(house: House) -> None:
    house.only_main()
    house.fault("daily_quota", nth=house.first_page, times=100, seconds=80_000)
    run = house.run()
    assert (run.outcome, run.streams[-1].outcome) == ("paused", "paused")
    assert "the next run goes on where this one stopped" in (run.streams[-1].reason or "")
    house.heal()
    if house.case.few_requests is not None:
        budget = {f"POPS_{house.source.upper()}_REQUESTS_PER_RUN": str(house.case.few_requests)}
        whole_budget, house.env = house.env, house.env | budget
        few = house.run(later(3))
        assert few.outcome == ("ok" if house.case.paging == "one_file" else "paused")
        house.env = whole_budget
    assert house.run(later(3) + timedelta(minutes=1)).outcome == "ok"
    house.assert_whole()


def test_of_two_runs_at_once_the_second_refuses(house: House) -> None:
    house.only_main()
    second = []

    def meanwhile(message: str) -> None:
        second.append(house.run())

    run = house.run(progress=meanwhile)
    assert (run.outcome, run.error) == ("ok", None)
    assert {each.outcome for each in second} == {"failed"}
    assert "Another run is reading this source" in (second[0].error or "")
    house.assert_whole()


def test_a_stream_that_is_refused_is_named_and_leaves_the_others_alone(house: House) -> None:
    house.read_once()
    optional = [each.name for each in house.kind.streams if each.optional]
    required = house.case.refused or house.case.main
    for name in (*optional, required):
        served_as = house.case.served_as or house.case.streams[name].lives_in or name
        house.fault("403", served_as, times=1000, asking=house.case.asking)
    run = house.run(later(3))
    outcomes = {each.stream: each.outcome for each in run.streams}
    assert outcomes.pop(required) == "failed"
    assert (run.error or "").startswith(f"{house.source} {required}")
    assert house.kind.access in (run.error or "")
    if not house.case.asking:
        assert {name: outcomes.pop(name) for name in optional} == dict.fromkeys(optional, "not_available")
    assert set(outcomes.values()) <= {"ok"}
    house.heal()
    assert house.run(later(3) + timedelta(minutes=1)).outcome == "ok"
    house.assert_whole()


def test_planted_secrets_stay_in_raw_records(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    house.read_once()
    settings = load_settings(house.source, house.kind.Settings, house.env)
    assert settings is not None
    secrets = settings.secrets()
    for name, path in house.case.personal.items():
        house.alter(name, some(house, name), fields={path: CANARY})
        if name == house.case.main:
            key = house.case.streams[name].key
            house.alter(name, some(house, name, 1), fields={path: CANARY, key: REMOVED})
    said: list[str] = []
    runs = []
    with caplog.at_level(logging.DEBUG):
        for number, disturbance in enumerate(("torn_line", "401", ""), 3):
            if disturbance:
                house.fault(disturbance, times=1000)
            runs.append(house.run(later(number), progress=said.append))
            house.heal()
    assert runs[-1].outcome == "ok"
    captured = capfd.readouterr()
    reasons = house.rows(
        f"select reason from raw_{house.source}._pops_loads union all "
        f"select error from raw_{house.source}._pops_runs union all "
        f"select reason from raw_{house.source}._pops_quarantine"
    )
    texts = [caplog.text, captured.out, captured.err, repr(runs), *said, *(str(text) for (text,) in reasons)]
    for planted in (*secrets, CANARY):
        assert not [text for text in texts if planted in text], planted
        for path in (each for each in house.home.rglob("*") if each.is_file()):
            if planted in secrets or path.parent.name != "raw":
                assert planted.encode() not in path.read_bytes(), (planted, path)
