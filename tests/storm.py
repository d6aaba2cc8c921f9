"""`make storm`: storms over the reading of sources, then over whole nights, for STORM_SECONDS, from STORM_SEED on.

What happened is printed, to be replayed; STORM_OF=nights or readings has those alone. STORM_KINDS names what happens
in each storm (see `NightStorm.kinds`); STORM_HOUSE keeps the undisturbed house for the next call.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from connectors import VENDORS
from sandbox.serving.running import Sandbox, running_sandbox
from tests.nights import night_moment
from tests.storm_nights import NIGHTS, TOOLS, NightStorm, house_folder, peace
from tests.storm_reading import READINGS, ReadingStorm

# A storm's folder and number give the storm.
Draw = Callable[[Path, int], ReadingStorm | NightStorm]


def main() -> int:
    """0 when every storm, at least one of a kind, left what peace leaves."""
    seed = os.environ.get("STORM_SEED") or str(random.randrange(1_000_000))
    kinds = {"readings": _readings, "nights": _nights}
    asked = os.environ.get("STORM_OF") or ",".join(kinds)
    chosen = [storms for name, storms in kinds.items() if name in asked.split(",")]
    seconds = float(os.environ.get("STORM_SECONDS") or 600) / max(1, len(chosen))
    ended = [whole for storms in chosen for whole in storms(seed, seconds)]
    failed = ended.count(False)
    print(f"STORM_SEED={seed}: {len(ended)} storms, {failed} of them left something else than peace does")
    return 1 if failed or not ended else 0


def _readings(seed: str, seconds: float) -> list[bool]:
    sources = sorted(set(VENDORS) - {"files"})
    with running_sandbox(now=READINGS[0], only=sources) as sandbox:

        def draw(folder: Path, number: int) -> ReadingStorm:
            return ReadingStorm(sources[number % len(sources)], sandbox, folder, f"{seed}.{number}")

        return _run(draw, sandbox, seconds)


def _nights(seed: str, seconds: float) -> list[bool]:
    kinds = tuple(filter(None, os.environ.get("STORM_KINDS", "").split(",")))
    with (
        tempfile.TemporaryDirectory(prefix="peace-") as own,
        house_folder(Path(os.environ.get("STORM_HOUSE") or own)) as (house, port),
        running_sandbox(now=night_moment(NIGHTS[0]), only=TOOLS, port=port) as sandbox,
    ):
        undisturbed = peace(sandbox, house)

        def draw(folder: Path, number: int) -> NightStorm:
            return NightStorm(undisturbed, sandbox, folder, f"{seed}.{number}", kinds)

        return _run(draw, sandbox, seconds)


def _run(draw: Draw, sandbox: Sandbox, seconds: float) -> list[bool]:
    """Whether each storm, at least one, left what peace leaves."""
    until = time.monotonic() + seconds
    whole: list[bool] = []
    while not whole or time.monotonic() < until:
        folder = Path(tempfile.mkdtemp(prefix="storm-"))
        storm = draw(folder, len(whole))
        try:
            storm.run()
            print(storm.told("as in peace"), flush=True)
            whole.append(True)
        except AssertionError as found:
            print(found, flush=True)
            whole.append(False)
        finally:
            sandbox.clear_faults()
            shutil.rmtree(folder, ignore_errors=True)
    return whole


if __name__ == "__main__":
    sys.exit(main())
