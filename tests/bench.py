"""`make bench`: events from zipped export to staging, beside plain DuckDB on the same files in the same run.

Prints seconds, the ratio to DuckDB's `read_json`, CPU seconds and peak memory, each as least - median - most of some runs
(`python -m tests.bench --runs 5 --days 42`). Nothing here is asserted: timings are for people, and on a machine that does
other work only the CPU seconds tell.
"""

import argparse
import gzip
import json
import os
import shutil
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
from tests.bench_figures import Figures

START = datetime(2026, 10, 5, tzinfo=UTC)
_READ = """
import sys
from datetime import datetime
from pathlib import Path
from connectors.runner import run_source
run = run_source("amplitude", Path(sys.argv[1]), until=datetime.fromisoformat(sys.argv[2]), history_start=datetime.fromisoformat(sys.argv[3]))
print(run.outcome, run.error, [stream.loaded for stream in run.streams])
"""


def _export(folder: Path, days: int) -> tuple[list[Path], int]:
    """The company's hours as the vendor's gzipped files; returns them and the number of events."""
    data = CompanyData(Company.create("demo"))
    files, events = [], 0
    now = START + timedelta(days=days + 2)
    for number in range(24 * days):
        hour = START + timedelta(hours=number)
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


def _timed(command: list[str], environment: dict[str, str], folder: str = ".") -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak MB of a command."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=printed, stderr=printed)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - started
        if process.returncode:
            printed.seek(0)
            sys.exit(printed.read().decode(errors="replace"))
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _plain_duckdb(files: list[Path], folder: Path) -> float:
    started = time.monotonic()
    with duckdb.connect(str(folder / "plain.duckdb")) as plain:
        plain.execute(
            "create table events as select * from read_json(?, format = 'newline_delimited')",
            [[str(file) for file in files]],
        )
        plain.execute("checkpoint")
    return time.monotonic() - started


def _one_run(files: list[Path], folder: Path, days: int) -> dict[str, float]:
    """Figures of one way from the zip to staging, in a home of its own."""
    plain = _plain_duckdb(files, folder)
    home, scratch = folder / "home", folder / "scratch"
    scratch.mkdir()
    with running_app(_vendor(files, scratch)) as base_url:
        environment = {
            **os.environ,
            "POPS_HOME": str(home),
            "POPS_PSEUDONYM_KEY": "a-key-for-the-bench-and-long-enough",
            "POPS_AMPLITUDE_BASE_URL": base_url,
            "POPS_AMPLITUDE_API_KEY": "bench-api-key",
            "POPS_AMPLITUDE_SECRET_KEY": "bench-secret-key",
        }
        until = START + timedelta(days=days, hours=2)
        read, read_cpu, read_peak = _timed(
            [sys.executable, "-c", _READ, str(home), until.isoformat(), START.isoformat()], environment
        )
    prepare = "from pathlib import Path; from connectors.runner import prepare_raw; import sys; prepare_raw(Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", prepare, str(home)], env=environment, check=True)
    variables = json.dumps({"as_of": f"{START + timedelta(days=days):%Y-%m-%d}"})
    dbt = [
        str(Path(sys.executable).with_name("dbt")), "run", "--select", "stg_amplitude__events", "--profiles-dir", ".",
        "--target-path", str(home / "dbt"), "--log-path", str(home / "dbt"), "--vars", variables,
    ]  # fmt: skip
    staged, staged_cpu, staged_peak = _timed(dbt, environment, "dbt_project")
    return {
        "plain": plain, "read": read, "read_cpu": read_cpu, "read_peak": read_peak,
        "staged": staged, "staged_cpu": staged_cpu, "staged_peak": staged_peak, "ratio": (read + staged) / plain,
    }  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--days", type=int, default=42, help="of events of the demo's company")
    asked = options.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as temporary:
        export = Path(temporary) / "export"
        export.mkdir()
        files, events = _export(export, asked.days)
        for number in range(asked.runs):
            folder = Path(temporary) / f"run-{number}"
            folder.mkdir()
            figures.take(**_one_run(files, folder, asked.days))
            shutil.rmtree(folder)
    print(f"{events:,} events in {len(files):,} files, {asked.runs} runs")
    print(figures.line("plain DuckDB read_json", "plain", "s"))
    for name, title in (("read", "zip to raw"), ("staged", "raw to staging (dbt)")):
        print(figures.line(title, name, "s"))
        print(figures.line(f"{title}, CPU", f"{name}_cpu", "s"))
        print(figures.line(f"{title}, peak memory", f"{name}_peak", "MB", 0))
    print(figures.line("zip to staging against plain DuckDB", "ratio", "times", 2))


if __name__ == "__main__":
    main()
