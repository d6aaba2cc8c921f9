"""`make bench`: the first readings that vendors' limits make long, each by itself: 26 weeks of GitHub and of Mixpanel.

Prints seconds and requests, and of GitHub those for 1,000 pull requests, each as least - median - most of some runs.
Nothing here is asserted: timings are for people. `python -m tests.bench_reading --scale small` is a quick look.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from connectors.runner import run_source
from sandbox.serving.running import running_sandbox
from tests.bench_figures import Figures
from tests.nights import NIGHTS, night_moment

_START = datetime(2026, 5, 18, tzinfo=UTC)


def _first_reading(source: str, scale: str, figures: Figures) -> None:
    until = night_moment(NIGHTS[0])
    with (
        tempfile.TemporaryDirectory() as folder,
        running_sandbox(scale=scale, now=until, only=(source,), pace=600.0) as sandbox,
    ):
        started = time.monotonic()
        run = run_source(source, Path(folder), until, _START, sandbox.environment(source))
        seconds = time.monotonic() - started
        if run.outcome != "ok":
            sys.exit(f"{source}: {run.outcome} {run.error}")
        requests = sum(sandbox.requests()[source].values())
        figures.take(**{f"{source}_seconds": seconds, f"{source}_requests": requests})
        if source == "github":
            figures.take(per_thousand=1_000 * requests / _pull_requests(Path(folder)))


def _pull_requests(home: Path) -> int:
    with duckdb.connect(str(home / "raw" / "github.duckdb"), read_only=True) as raw:
        sql = "select count(distinct record_id) from raw_github.pull_requests"
        return int(raw.execute(sql).fetchall()[0][0])


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--scale", default="demo")
    options.add_argument("--runs", type=int, default=1)
    asked = options.parse_args()
    figures = Figures()
    for _ in range(asked.runs):
        for source in ("github", "mixpanel"):
            _first_reading(source, asked.scale, figures)
    print(f"{asked.runs} runs; least - median - most")
    print(figures.line("GitHub, first reading", "github_seconds", "s"))
    print(figures.line("GitHub, requests", "github_requests", "", 0))
    print(figures.line("GitHub, for 1,000 pull requests", "per_thousand", "requests", 0))
    print(figures.line("Mixpanel, 26 weeks", "mixpanel_seconds", "s"))
    print(figures.line("Mixpanel, 26 weeks, one night", "mixpanel_requests", "requests", 0))


if __name__ == "__main__":
    main()
