"""`make bench`: events from zipped export to staging, beside plain DuckDB on the same files in the same run.

Prints rows per second, the ratio to DuckDB's `read_json`, and peak memory. Nothing here is asserted: timings are for people.
"""

import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.running import running_app

START = datetime(2026, 10, 5, tzinfo=UTC)
DAYS = 42
_READ = """
import sys
from datetime import datetime
from pathlib import Path
from connectors.runner import run_source
run = run_source("amplitude", Path(sys.argv[1]), until=datetime.fromisoformat(sys.argv[2]), history_start=datetime.fromisoformat(sys.argv[3]))
print(run.outcome, run.error, [stream.loaded for stream in run.streams])
"""


def _hours() -> list[datetime]:
    return [START + timedelta(hours=hour) for hour in range(24 * DAYS)]


def _export(folder: Path) -> tuple[list[Path], int]:
    """The company's hours as the vendor's gzipped files; returns them and the number of events."""
    data = CompanyData(Company.create("demo"))
    files, events = [], 0
    now = START + timedelta(days=DAYS + 2)
    for hour in _hours():
        for part, lines in enumerate(data.events("amplitude", hour, now)):
            file = folder / f"187520_{hour:%Y-%m-%d}_{hour.hour}#{part}.json.gz"
            file.write_bytes(gzip.compress(lines, 1))
            files.append(file)
            events += lines.count(b"\n")
    return files, events


def _vendor(files: list[Path], scratch: Path) -> Starlette:
    by_hour: dict[str, list[Path]] = {}
    for file in files:
        day, hour = file.name.removeprefix("187520_").split("#")[0].split("_")
        by_hour.setdefault(f"{day.replace('-', '')}T{int(hour):02d}", []).append(file)

    async def export(request: Request) -> Response:
        start, end = request.query_params["start"], request.query_params["end"]
        wanted = [file for hour, parts in sorted(by_hour.items()) if start <= hour <= end for file in parts]
        if not wanted:
            return Response(status_code=404)
        target = scratch / f"{start}-{end}.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for file in wanted:
                archive.write(file, f"187520/{file.name}")
        return FileResponse(target)

    return Starlette(routes=[Route("/api/2/export", export)])


def _timed(command: list[str], environment: dict[str, str], folder: str = ".") -> tuple[float, float]:
    """Seconds and peak MB of a command and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.monotonic()
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds, max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


def _plain_duckdb(files: list[Path], folder: Path) -> float:
    started = time.monotonic()
    with duckdb.connect(str(folder / "plain.duckdb")) as plain:
        plain.execute(
            "create table events as select * from read_json(?, format = 'newline_delimited')",
            [[str(file) for file in files]],
        )
        plain.execute("checkpoint")
    return time.monotonic() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "export").mkdir()
        (folder / "scratch").mkdir()
        files, events = _export(folder / "export")
        reference = _plain_duckdb(files, folder)
        home = folder / "home"
        with running_app(_vendor(files, folder / "scratch")) as base_url:
            environment = {
                **os.environ,
                "POPS_HOME": str(home),
                "POPS_PSEUDONYM_KEY": "a-key-for-the-bench-and-long-enough",
                "POPS_AMPLITUDE_BASE_URL": base_url,
                "POPS_AMPLITUDE_API_KEY": "bench-api-key",
                "POPS_AMPLITUDE_SECRET_KEY": "bench-secret-key",
            }
            until = START + timedelta(days=DAYS, hours=2)
            read, read_memory = _timed(
                [sys.executable, "-c", _READ, str(home), until.isoformat(), START.isoformat()], environment
            )
        subprocess.run(
            [sys.executable, "-c", "from pathlib import Path; from connectors.runner import prepare_raw; import sys; prepare_raw(Path(sys.argv[1]))", str(home)],
            env=environment, check=True,
        )  # fmt: skip
        variables = json.dumps({"as_of": "2026-11-16"})
        dbt = [
            str(Path(sys.executable).with_name("dbt")), "run", "--select", "stg_amplitude__events", "--profiles-dir", ".",
            "--target-path", str(home / "dbt"), "--log-path", str(home / "dbt"), "--vars", variables,
        ]  # fmt: skip
        staged, staged_memory = _timed(dbt, environment, "dbt_project")
    report = io.StringIO()
    print(f"{events:,} events in {len(files):,} files", file=report)
    print(f"plain DuckDB read_json   {reference:6.1f} s  {events / reference:10,.0f} events/s", file=report)
    print(
        f"zip to raw               {read:6.1f} s  {events / read:10,.0f} events/s  peak {read_memory:,.0f} MB",
        file=report,
    )
    print(
        f"raw to staging (dbt)     {staged:6.1f} s  {events / staged:10,.0f} events/s  peak {staged_memory:,.0f} MB",
        file=report,
    )
    print(f"zip to staging against plain DuckDB: {(read + staged) / reference:.2f} times", file=report)
    sys.stdout.write(report.getvalue())


if __name__ == "__main__":
    main()
