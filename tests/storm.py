"""`make storm`: storms over the reading of sources for STORM_SECONDS, from STORM_SEED on; what happened is printed, to be replayed."""

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from connectors import VENDORS
from sandbox.serving.running import running_sandbox
from tests.storm_reading import READINGS, ReadingStorm


def main() -> int:
    """0 when every storm, at least one, left what peace leaves."""
    seed = os.environ.get("STORM_SEED") or str(random.randrange(1_000_000))
    until = time.monotonic() + float(os.environ.get("STORM_SECONDS") or 600)
    sources = sorted(set(VENDORS) - {"files"})
    count = failed = 0
    with running_sandbox(now=READINGS[0], only=sources) as sandbox:
        while count == 0 or time.monotonic() < until:
            source, number = sources[count % len(sources)], f"{seed}.{count}"
            folder = Path(tempfile.mkdtemp(prefix="storm-"))
            storm = ReadingStorm(source, sandbox, folder, number)
            try:
                storm.run()
                print(f"{source}, seed {number}: as in peace", *storm.events, sep="\n  ", flush=True)
            except AssertionError as found:
                failed += 1
                print(found, flush=True)
            finally:
                sandbox.clear_faults()
                shutil.rmtree(folder, ignore_errors=True)
            count += 1
    print(f"STORM_SEED={seed}: {count} storms, {failed} of them left something else than peace does")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
