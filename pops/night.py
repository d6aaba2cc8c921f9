"""A night in a terminal: its progress, and what its checks found."""

from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console

from settings.home import Home
from settings.shown_text import shown

if TYPE_CHECKING:
    from orchestration.night_run import NightResult


def run_and_tell(as_of: date, terminal: Console) -> bool:
    """Run a night, print its progress and what its checks found; whether it was published and every step went well."""
    from orchestration.night_run import run_night

    terminal.print(f"[bold]Night as of {as_of}[/bold]")
    result = run_night(
        Home.from_environment().prepare(), as_of, lambda line: terminal.print(f"  {shown(line)}")
    )
    tell(result, terminal)
    return result.published and not result.failed_steps


def tell(result: "NightResult", terminal: Console) -> None:
    """Print how a night ended: its warnings, what kept it from being published, what failed after that."""
    for check in result.warnings:
        terminal.print(
            f"  [yellow]warning[/yellow] {shown(check.sentence)} [dim]{shown(check.observed)}[/dim]"
        )
    for blocker in result.blockers:
        terminal.print(f"  [red]failed[/red] {shown(blocker.sentence)}")
    steps = ", ".join(result.failed_steps) or "it was ended from outside"
    if result.published:
        terminal.print(f"  [green]published[/green] in {result.seconds:.0f} s")
        if result.failed_steps:
            terminal.print(f"  [red]failed after that[/red]: {steps}. Log: {shown(result.log)}")
    else:
        terminal.print(
            f"  [red]not published[/red] (failed: {steps}); readers keep the last sound mart. Log: {shown(result.log)}"
        )
