"""A night in a terminal: its progress, and what its checks found."""

from datetime import date

from rich.console import Console

from settings.home import Home
from settings.terminal import shown


def run_and_tell(as_of: date, terminal: Console) -> bool:
    """Run a night, print its progress and what its checks found; whether it was published and every step went well."""
    from orchestration.night_run import run_night

    terminal.print(f"[bold]Night as of {as_of}[/bold]")
    result = run_night(
        Home.from_environment().prepare(), as_of, lambda line: terminal.print(f"  {shown(line)}")
    )
    for check in result.failed:
        mark = "[red]failed[/red]" if check.severity == "error" else "[yellow]warning[/yellow]"
        terminal.print(f"  {mark} {shown(check.sentence)} [dim]{shown(check.observed)}[/dim]")
    steps = ", ".join(result.failed_steps)
    if result.published:
        terminal.print(f"  [green]published[/green] in {result.seconds:.0f} s")
        if steps:
            terminal.print(f"  [red]failed after that[/red]: {steps}. Log: {shown(result.log)}")
    else:
        terminal.print(
            f"  [red]not published[/red] (failed: {steps}); readers keep the last sound mart. Log: {shown(result.log)}"
        )
    return result.published and not result.failed_steps
