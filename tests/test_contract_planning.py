"""What a connector reads next follows from the committed cursor: whoever takes over reads what the other had left.

One reading of each source, in many small windows, is noted with the cursor that each window was planned from. Then
another instance, which has planned nothing, is asked for the same windows in any order.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import SOURCES, connector_class
from connectors.contract import Connector, Cursor, RawRecord, Stream, Window
from connectors.errors import WindowTooLarge
from connectors.http import Http
from connectors.settings import load_settings, prefix
from sandbox.company.company import Company
from sandbox.serving.environment import environment
from sandbox.serving.exports import write_exports
from tests.contract_cases import NIGHT
from tests.contract_house import PACE, Impatient, World, world
from tests.contract_second_cases import CASES

# So that most streams take several windows.
SMALL_WINDOWS = {
    "connectors.amplitude.source.BACKFILL_WINDOW": timedelta(hours=20),
    "connectors.github.source.PARTS_A_WINDOW": 20,
    "connectors.hubspot.source.PAGES_A_WINDOW": 2,
    "connectors.intercom.source.MOST_A_WINDOW": 150,
    "connectors.jira.source.PAGES_A_WINDOW": 3,
    "connectors.mixpanel.days.MOST_DAYS": 2,
    "connectors.salesforce.source.ROWS_A_WINDOW": 60,
    "connectors.zendesk.source.PAGES_A_WINDOW": 3,
}
SHORTEST_HISTORY = timedelta(days=4)


class Step(NamedTuple):
    """What was planned from a cursor; None: nothing was left."""

    stream: Stream
    cursor: Cursor | None
    planned: Window | None


class Reading:
    """A source that is read in memory, as the runner reads it."""

    def __init__(self, source: str, env: dict[str, str], scratch: Path) -> None:
        self._kind = connector_class(source)
        found = load_settings(source, self._kind.Settings, env)
        assert found is not None
        self._settings = found
        self._http = Http.of(found, clock=Impatient(), scratch=scratch)
        own = CASES[source].history if source in CASES else SHORTEST_HISTORY
        self._history_start = NIGHT - max(own, SHORTEST_HISTORY)
        self._raw: dict[str, dict[str, RawRecord]] = {}

    def connector(self) -> Connector:
        """One that has planned nothing, over what raw holds."""
        connector = self._kind(self._settings, self._http)
        connector.known = self._known
        return connector

    def planned(self, connector: Connector, stream: Stream, cursor: Cursor | None) -> Window | None:
        return connector.next_window(stream, cursor, NIGHT, self._history_start)

    def steps(self) -> Iterator[Step]:
        """An undisturbed reading of everything."""
        connector = self.connector()
        for stream in self._kind.streams:
            cursor: Cursor | None = None
            while True:
                window = self.planned(connector, stream, cursor)
                yield Step(stream, cursor, window)
                if window is None:
                    break
                reached = self._fetched(connector, stream, window)
                assert reached != cursor, stream.name
                cursor = reached

    def _fetched(self, connector: Connector, stream: Stream, window: Window | None) -> Cursor:
        while True:
            assert window is not None
            cursor, held = window.cursor_after, self._raw.setdefault(stream.name, {})
            try:
                for page in connector.fetch(stream, window):
                    cursor = page.cursor or cursor
                    if isinstance(page.records, list):
                        held.update({each.record_id: each for each in page.records})
            except WindowTooLarge:
                window = connector.shortened(window)
            else:
                return cursor

    def _known(self, name: str) -> list[RawRecord]:
        return [each for each in self._raw.get(name, {}).values() if not each.is_deleted]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("homes")) as running:
        yield running


@pytest.fixture
def reading(
    request: pytest.FixtureRequest, company: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Reading:
    source = str(request.param)
    case = CASES.get(source)
    for target, value in {**SMALL_WINDOWS, **(case.small_pages if case else {})}.items():
        monkeypatch.setattr(target, value)
    company.reset()
    write_exports(Company.create("small"), tmp_path / "drop", NIGHT)
    env = environment(company.base_url, PACE, [source] if case else [])
    env |= {prefix(source) + name: value for name, value in (case.settings if case else {}).items()}
    (tmp_path / "scratch").mkdir()
    return Reading(source, env | {"POPS_FILES_URL": str(tmp_path / "drop")}, tmp_path / "scratch")


@pytest.mark.parametrize(("reading", "source"), [(each, each) for each in SOURCES], indirect=["reading"])
def test_whoever_takes_over_plans_what_the_killed_run_would_have_planned(
    reading: Reading, source: str
) -> None:
    steps = list(reading.steps())
    windows = [
        sum(step.stream == stream and step.planned is not None for step in steps)
        for stream in _streams(steps)
    ]
    assert min(windows) >= 1
    assert (max(windows) > 1) == (not all(stream.is_whole for stream in connector_class(source).streams))

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.permutations(range(len(steps))))
    def plans_alike(order: list[int]) -> None:
        successor = reading.connector()
        for number in order[:30]:
            stream, cursor, planned = steps[number]
            assert reading.planned(successor, stream, cursor) == planned, (stream.name, cursor)

    plans_alike()
    for stream, cursor, planned in steps:
        assert reading.planned(reading.connector(), stream, cursor) == planned, (stream.name, cursor)


def _streams(steps: list[Step]) -> list[Any]:
    return list(dict.fromkeys(step.stream for step in steps))
