"""`make bi-check`: Apache Superset reads both published targets over its REST API while they are replaced ten times.

Superset runs in an environment of its own (`python -m tests.bi_check PYTHON_OF_SUPERSET NODE_MODULES`), on metadata in a file that is
deleted afterwards. For each target: register the database, create a dataset and a chart, then ask for the chart's data
and for a dataset that reads across tables, again and again, while new publications come. Exit code 1 when an answer was
an error, mixed two publications, or still the first one at the end. Before that the dashboard of `pops bi --for superset` is imported, and its
charts asked for. What is written for Metabase and Cube is asked of dbt-metabase and of Cube's compiler (`tests.bi_models_check`).
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx

from pops.bi.superset import superset_import
from publication.file import publish
from publication.postgres.address import PostgresAddress
from publication.postgres.publish import publish_to_postgres
from settings.home import Home
from tests.bi_models_check import check_models
from tests.postgres_fixture import AS_OF, address, published_file
from tests.postgres_server import rows, running_server
from tests.test_publish import build

PUBLICATIONS = 10
ROWS = 20_000
ACROSS = (
    "select (select min(mark) from mart.fct_ticket) as tickets, (select max(mark) from mart.fct_usage_daily) as usage, "
    "(select max(mark) from metrics.support) as numbers, (select max(mark) from meta.publication) as publication, "
    "(select count(*) from mart.fct_ticket) as ticket_rows"
)
MARKS = ("tickets", "usage", "numbers", "publication")
CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
"""


class Superset:
    """A running Superset, logged in to its REST API."""

    def __init__(self, url: str, password: str) -> None:
        # Whoever takes pages too is answered with one, of status 500, where a question is refused.
        self._client = httpx.Client(
            base_url=f"{url}/api/v1/", timeout=120, headers={"Accept": "application/json"}
        )
        login = {"username": "admin", "password": password, "provider": "db", "refresh": True}
        token = self.post("security/login", login)["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(path, json=body)
        if answer.status_code >= 400:
            raise AssertionError(f"Superset answered {answer.status_code} to {path}: {answer.text[:500]}")
        return dict(answer.json())

    def import_dashboard(self, packed: bytes, password: str, *, again: bool) -> dict[str, int]:
        """Import it as somebody does in the UI, where Superset asks before it replaces one; returns its charts by name."""
        for overwrite, status in (("false", 422), ("true", 200)) if again else (("false", 200),):
            answer = self._client.post(
                "dashboard/import/",
                files={"formData": ("superset.zip", packed, "application/zip")},
                data={
                    "passwords": json.dumps({"databases/product_ops.yaml": password}),
                    "overwrite": overwrite,
                },
            )
            assert answer.status_code == status, answer.text[:1000]
        charts = self._client.get("dashboard/product-ops/charts").json()["result"]
        return {chart["slice_name"]: chart["id"] for chart in charts}

    def chart_data(self, chart: int) -> list[dict[str, Any]]:
        answer = self._client.get(f"chart/{chart}/data/", params={"force": "true"})
        if answer.status_code >= 400:
            raise AssertionError(f"Superset answered {answer.status_code} to a chart: {answer.text[:500]}")
        (result,) = answer.json()["result"]
        assert result["error"] is None, result["error"]
        return list(result["data"])

    def register(self, name: str, uri: str, table: str, column: str) -> tuple[int, int]:
        """The database, a dataset and a chart on a table of schema mart, and one on the query across tables."""
        database = self.post("database/", {"database_name": name, "sqlalchemy_uri": uri})["id"]
        one = self.post("dataset/", {"database": database, "schema": "mart", "table_name": table})["id"]
        across = self.post(
            "dataset/",
            {"database": database, "schema": "mart", "table_name": f"{name} across", "sql": ACROSS},
        )["id"]
        measures = [
            {"expressionType": "SQL", "sqlExpression": sql, "label": label}
            for label, sql in (("lowest", "min(mark)"), ("highest", "max(mark)"), ("rows", "count(*)"))
        ]
        by_column = self._chart(f"{name}: {table}", one, {"columns": [column], "metrics": measures})
        return by_column, self._chart(
            f"{name}: across", across, {"columns": [*MARKS, "ticket_rows"], "metrics": []}
        )

    def _chart(self, name: str, dataset: int, query: dict[str, Any]) -> int:
        context = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{**query, "row_limit": 100}],
            "result_format": "json",
            "result_type": "full",
        }
        body = {
            "slice_name": name,
            "viz_type": "table",
            "datasource_id": dataset,
            "datasource_type": "table",
            "params": json.dumps({"viz_type": "table", "datasource": f"{dataset}__table"}),
            "query_context": json.dumps(context),
        }
        return int(self.post("chart/", body)["id"])


class Reader(threading.Thread):
    """Asks for both charts of a database until it is stopped; `seen`: publications, `errors`: what was wrong."""

    def __init__(self, superset: Superset, name: str, charts: tuple[int, int]) -> None:
        super().__init__(daemon=True)
        self.superset, self.target, self.charts = superset, name, charts
        self.stopped = threading.Event()
        self.queries, self.seen, self.errors = 0, set[int](), list[str]()

    def look(self) -> int:
        by_column, across = (self.superset.chart_data(chart) for chart in self.charts)
        self.queries += 2
        marks = {row[label] for row in by_column for label in ("lowest", "highest")}
        assert len(marks) == 1, f"one chart of two publications: {by_column}"
        (row,) = across
        mark = row["publication"]
        assert all(row[name] == mark for name in MARKS), f"tables of two publications: {row}"
        assert row["ticket_rows"] == ROWS + mark, f"rows of two publications: {row}"
        return int(mark)

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                self.seen.add(self.look())
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is what the check looks for
                self.errors.append(f"{type(error).__name__}: {error}")


@contextmanager
def running_superset(python: Path, folder: Path) -> Iterator[Superset]:
    """Set Superset up in `folder` and run it on a free port."""
    password = secrets.token_hex(8)
    config = folder / "superset_config.py"
    config.write_text(CONFIG.format(secret=secrets.token_hex(32), folder=folder))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {
        **kept, "SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": str(folder), "FLASK_APP": "superset.app:create_app()",
    }  # fmt: skip
    command = [str(python.with_name("superset"))]
    log = (folder / "superset.log").open("wb")

    def run(*arguments: str) -> None:
        done = subprocess.run([*command, *arguments], env=environment, stdout=log, stderr=log, check=False)
        if done.returncode:
            raise SystemExit(
                f"superset {arguments[0]} failed:\n{(folder / 'superset.log').read_text()[-3000:]}"
            )

    run("db", "upgrade")
    run(
        "fab", "create-admin", "--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "a@example.org",
        "--password", password,
    )  # fmt: skip
    run("init")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*command, "run", "--port", str(port), "--with-threads"], env=environment, stdout=log, stderr=log
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 300
        while True:
            try:
                if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                    break
            except httpx.HTTPError:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(
                        f"Superset did not start:\n{(folder / 'superset.log').read_text()[-3000:]}"
                    ) from None
            time.sleep(0.5)
        yield Superset(url, password)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def check(superset: Superset, published: Path, target: PostgresAddress) -> bool:
    """Read both targets during the publications; prints what was found."""
    # Two tables, since Superset's metadata on SQLite know each table's name once, whatever its database.
    targets = {
        "embedded": (f"duckdb:///{published}?access_mode=read_only", "fct_ticket", "status"),
        "served": (
            target.url.replace("postgresql://", "postgresql+psycopg2://"),
            "fct_usage_daily",
            "is_new",
        ),
    }
    readers = [Reader(superset, name, superset.register(name, *of)) for name, of in targets.items()]
    for reader in readers:
        reader.look()
        reader.start()
    for mark in range(2, PUBLICATIONS + 2):
        published_file(published, mark=mark, rows=ROWS + mark)
        publish_to_postgres(published, target)
        time.sleep(1)
    sound = True
    for reader in readers:
        reader.stopped.set()
        reader.join(60)
        last = reader.look()
        good = not reader.errors and last == PUBLICATIONS + 1
        sound = sound and good
        print(
            f"{reader.target:<9} {'ok' if good else 'FAILED'}: {reader.queries} chart queries during {PUBLICATIONS} "
            f"publications, {len(reader.seen)} of them seen, {len(reader.errors)} errors, last state {last}"
        )
        for error in reader.errors[:5]:
            print(f"  {error}")
    return sound


def check_dashboard(superset: Superset, folder: Path, target: PostgresAddress) -> bool:
    """Import the dashboard that `pops bi --for superset` writes, again after a metric was renamed, and ask for its charts; prints them."""
    warehouse, published = build(folder / "warehouse.duckdb", rows=10, mark=42), folder / "dashboard.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update metrics.metric_definitions set grain = 'month' where metric = 'nps'")
    publish(warehouse, published, AS_OF, [], [], datetime(2026, 11, 16, 1, tzinfo=UTC), "UTC", {})
    publish_to_postgres(published, target)
    uri = target.url.split("?")[0].replace("postgresql://", "postgresql+psycopg2://")
    packed = superset_import(published, uri, ("share", "nps", "unheard_of"))
    assert target.secrets[0].encode() not in packed
    superset.import_dashboard(packed, target.secrets[0], again=False)
    with duckdb.connect(str(published)) as connection:
        connection.execute("update meta.metrics set label = 'Net score' where metric = 'nps'")
    packed = superset_import(published, uri, ("share", "nps"))
    charts = superset.import_dashboard(packed, target.secrets[0], again=True)
    found = {name: [row[name] for row in superset.chart_data(chart)] for name, chart in charts.items()}
    good = found == {"Share": [0.5], "Net score": [42.0]}
    print(f"dashboard {'ok' if good else 'FAILED'}: {found}")
    return good


def versions(python: Path) -> str:
    names = ("apache-superset", "sqlalchemy", "duckdb", "duckdb-engine", "psycopg2-binary")
    code = (
        f"from importlib.metadata import version\nprint(', '.join(f'{{n}} {{version(n)}}' for n in {names}))"
    )
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    python = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory(prefix="pops-bi-") as name, running_server() as server:
        folder = Path(name)
        print(versions(python), "\n" + rows(server.url(), "select version()")[0][0].split(",")[0])
        are_models_sound = check_models(Home.from_environment(), folder, python, Path(sys.argv[2]).absolute())
        published, target = folder / "product_ops.duckdb", address(server.url())
        published_file(published, mark=1, rows=ROWS + 1)
        publish_to_postgres(published, target)
        started = time.monotonic()
        with running_superset(python, folder) as superset:
            print(f"Superset is up after {time.monotonic() - started:.0f} s")
            dashboards = address(server.database("dashboards"), "dashboard_readers")
            is_sound = check_dashboard(superset, folder, dashboards)
            return 0 if check(superset, published, target) and is_sound and are_models_sound else 1


if __name__ == "__main__":
    sys.exit(main())
