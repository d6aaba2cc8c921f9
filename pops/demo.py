"""The demo: the make-believe company on loopback, and the nights that a schedule would run."""

import os
import secrets
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

from rich.console import Console

from connectors.runner import run_source
from pops.night import run_and_tell
from publication.file import current_publication
from sandbox.company.population import Scale
from sandbox.serving.environment import REGISTRY, earlier_registries
from sandbox.serving.running import running_sandbox
from settings.home import Home
from settings.identity import PSEUDONYM_KEY
from settings.night import scheduled_moment
from settings.shown_text import shown
from settings.weeks import week_name

# A Monday: its night closes week 2026-W46.
LAST_NIGHT = date(2026, 11, 16)
HISTORY_START = "2026-05-18"
SCALES = get_args(Scale)
# The vendors' rate limits run this much faster, so that a demo does not wait for them.
PACE = 600.0


def run_demo(scale: str, nights: int, terminal: Console) -> bool:
    """Run the nights that end on Monday 2026-11-16, as far as they are not published yet (at least the last).

    Returns whether every night was published.
    """
    home = Home.from_environment().prepare()
    # The night's hour is in the company's time zone.
    os.environ["POPS_REGISTRY_DIR"] = str(REGISTRY)
    read_earlier_registries(home)
    terminal.print(f"Starting the make-believe company ({scale}) ...")
    with running_sandbox(scale=scale, now=scheduled_moment(LAST_NIGHT), pace=PACE) as sandbox:
        os.environ.update(sandbox.environment())
        os.environ["POPS_HISTORY_START"] = HISTORY_START
        os.environ.setdefault(PSEUDONYM_KEY, _kept_key(home))
        for as_of in _due(home, nights):
            sandbox.set_clock(scheduled_moment(as_of))
            if not run_and_tell(as_of, terminal):
                return False
    week = week_name(LAST_NIGHT - timedelta(days=7))
    terminal.print(
        f"\n[bold]Mart[/bold]    {shown(home.published)}\n"
        f"[bold]Report[/bold]  {shown(home.reports / week / 'index.html')}\n"
        "[bold]UI[/bold]      make dev, then http://127.0.0.1:3000"
    )
    return True


def read_earlier_registries(home: Home) -> None:
    """Read the company's registry as of earlier dates, as a platform of theirs would have: it knows what they wrote then.

    A home that has read it before is left as it is. Raises ValueError where it cannot be read.
    """
    if (home.root / "raw" / "registry.duckdb").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        for day, registry in earlier_registries(Path(folder)):
            moment = scheduled_moment(day)
            run = run_source("registry", home.root, moment, moment, {"POPS_REGISTRY_DIR": str(registry)})
            if run.error:
                raise ValueError(run.error)


def _due(home: Home, nights: int) -> list[date]:
    wanted = [LAST_NIGHT - timedelta(days=back) for back in reversed(range(nights))]
    known = current_publication(home.published)
    return [night for night in wanted if known is None or night > known.as_of] or [LAST_NIGHT]


def _kept_key(home: Home) -> str:
    """The demo's own pseudonym key: made once, kept beside its data, so that people stay the same people."""
    file = home.root / "demo_pseudonym_key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()
