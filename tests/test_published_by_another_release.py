"""A mart that an earlier release has published, until the night of this one: told with the remedy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metrics.query import catalogue
from reports.files import write_report
from reports.reading import last_complete_week
from settings.home import Home


@pytest.mark.parametrize("table", ["create table meta.publication (revision int)", "select 1"])
@pytest.mark.parametrize(
    "read",
    [
        catalogue,
        last_complete_week,
        lambda published: write_report(Home(published.parent.parent), "2026-W46"),
    ],
)
def test_what_is_missing_is_told_with_the_remedy(
    tmp_path: Path, table: str, read: Callable[[Path], Any]
) -> None:
    published = Home(tmp_path).published
    published.parent.mkdir()
    with duckdb.connect(str(published)) as mart:
        mart.execute("create schema meta")
        mart.execute(table)
    with pytest.raises(ValueError, match=r"was published by another release \(.*\): run `pops nightly`"):
        read(published)
