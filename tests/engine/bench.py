"""`make bench-engine`: two nights on DuckDB and the same two on a Spark cluster of this machine, by part, in seconds.

`--scale demo` has a million events, `--scale large` twenty. Nothing is asserted: timings are for people.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from sandbox.serving.running import running_sandbox
from tests.bench_nights import parts_of
from tests.engine.cluster import running_cluster
from tests.nights import NIGHTS, House, night_moment

_LONGEST = 6 * 3600.0


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--scale", default="demo")
    asked = options.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_cluster(Path(folder, "cluster")) as cluster,
        running_sandbox(scale=asked.scale, now=night_moment(NIGHTS[0]), pace=600.0) as sandbox,
    ):
        vendors = sandbox.environment()
        houses = {
            "DuckDB": House(Path(folder, "duckdb"), vendors, _LONGEST),
            "Spark": House(Path(folder, "spark"), {**vendors, **cluster.environment()}, _LONGEST),
        }
        for as_of in NIGHTS[:2]:
            for name, house in houses.items():
                started = time.monotonic()
                done = house.night(sandbox, as_of)
                if done.returncode:
                    sys.exit(done.stdout + done.stderr)
                print(f"{name}, night as of {as_of}: {time.monotonic() - started:.1f} s")
                parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in parts_of(done.stdout))
                print(f"  {parts}", flush=True)


if __name__ == "__main__":
    main()
