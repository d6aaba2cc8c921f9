"""What a long reading holds in memory: DuckDB's log of the raw file."""

from pathlib import Path
from typing import Any

import pytest

from connectors import storage
from connectors.contract import Page
from tests.fake_source import FakeHouse, record


def test_the_log_of_a_long_reading_is_written_into_the_file_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in DuckDB's log is held in memory: without this, all of a first reading."""
    house = FakeHouse(tmp_path, monkeypatch)
    monkeypatch.setattr(storage, "LARGEST_LOG_BYTES", 100_000)
    log = storage.log_of(house.home / "raw" / "fake.duckdb")
    seen = []

    def window(day: int) -> list[Any]:
        def look(connector: Any) -> Page:
            seen.append(log.stat().st_size if log.exists() else 0)
            return Page([record(f"{day}-{number}", "x" * 1000) for number in range(300)])

        return [look]

    house.vendor.pages = {"things": [window(day) for day in range(5)]}
    house.run()
    assert len(seen) == 5
    assert max(seen) < 100_000
    assert len(house.content()) == 1500
