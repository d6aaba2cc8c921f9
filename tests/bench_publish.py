"""Seconds to publish a million rows to the file and from it to PostgreSQL: `python -m tests.bench_publish`."""

import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from publication.file import publish
from publication.meta import Described
from publication.postgres.publish import publish_to_postgres
from tests.postgres_fixture import address
from tests.postgres_server import running_server
from tests.test_publish import build

ROWS = 1_000_000


def warehouse(path: Path, rows: int) -> Path:
    """A small warehouse one of whose marts has `rows` rows of nine columns: text, a date, a moment, numbers, a truth value."""
    with duckdb.connect(str(build(path, rows=10, mark=1))) as connection:
        connection.execute(
            f"""
            create or replace table marts.fct_usage_daily as
            select 'person:' || md5((range % 50000)::varchar) as person_id, 'feature_' || range % 40 as feature_id,
                date '2026-01-01' + (range % 300)::integer as event_date, range as event_number,
                timestamp '2026-01-01' + interval (range) second as first_at, range % 7 as event_count,
                range / 3 as seconds, range % 2 = 0 as is_new, case when range % 5 = 0 then null else 'web' end as platform
            from range({rows})
            """
        )
    return path


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="pops-bench-") as name, running_server() as server:
        folder = Path(name)
        built, published = (
            warehouse(folder / "warehouse.duckdb", ROWS),
            folder / "published" / "product_ops.duckdb",
        )
        started = time.monotonic()
        key = ("person_id", "feature_id", "event_date", "event_number")
        described = {"mart.fct_usage_daily": Described("", {}, key, frozenset(key))}
        moment = datetime(2026, 11, 16, 1, tzinfo=UTC)
        publish(built, published, date(2026, 11, 16), [], [], moment, "UTC", described)
        to_file = time.monotonic() - started
        started = time.monotonic()
        served = publish_to_postgres(published, address(server.url()))
        to_postgres = time.monotonic() - started
        print(
            f"{served.rows} rows: file {to_file:.1f} s, PostgreSQL {to_postgres:.1f} s "
            f"({to_postgres / to_file:.1f} times, {served.rows / to_postgres:,.0f} rows/s)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
