"""One storm of a fixed seed over the reading of some sources; `make storm` runs others, as long as one likes."""

from pathlib import Path

from sandbox.serving.running import running_sandbox
from tests.storm_reading import READINGS, ReadingStorm

# They meet a file that is spoiled further in or deleted, nights as of earlier dates, kills, refusals and a wrong clock.
STORMS = (("typeform", "1"), ("intercom", "2"), ("zendesk", "2"))


def test_after_a_storm_a_source_holds_what_one_left_in_peace_holds(tmp_path: Path) -> None:
    with running_sandbox(now=READINGS[0], only=[source for source, _ in STORMS]) as sandbox:
        for source, seed in STORMS:
            ReadingStorm(source, sandbox, tmp_path / source, seed).run()
