"""`pops`: run a night, look at the sources, write a report."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
from rich.table import Table

from pops.onboarding import commands as onboarding_commands
from pops.operations import commands as operator_commands
from pops.terminal import readable_errors as _readable_errors
from pops.terminal import stop as _stop
from pops.terminal import terminal as _terminal
from pops.workbench import commands as engineer_commands
from settings.shown_text import plain, plain_lines, shown


class _Words(typer.core.TyperGroup):
    """Arguments are text: bytes that are none would break whatever they are compared with."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if wrong := [each for each in args if not _is_text(each)]:
            ctx.fail(f"{plain(wrong[0])} is no text in UTF-8.")
        return super().parse_args(ctx, args)


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


app = typer.Typer(
    name="pops",
    cls=_Words,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Pulls the product organisation's tools every night, proves the data sound and publishes one mart and report.",
)
onboarding_commands.register(app)
engineer_commands.register(app)
operator_commands.register(app)


@app.command()
def demo(
    scale: Annotated[
        str, typer.Option(help="Size of the make-believe company: small, demo or large.")
    ] = "demo",
    nights: Annotated[
        int, typer.Option(min=1, help="How many nights to run; the first reads the whole history.")
    ] = 3,
) -> None:
    """Start the make-believe company, run its nights, and show where the mart and the report are."""
    from pops.demo import SCALES, run_demo

    if scale not in SCALES:
        _stop(f"{scale!r} is no size: choose {', '.join(SCALES)}.")
    with _readable_errors():
        if not run_demo(scale, nights, _terminal):
            raise typer.Exit(1)


@app.command()
def nightly(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Count what happened before this date; default: today."),
    ] = None,
) -> None:
    """Run one night: read the sources, build, audit, publish, report, send the digest. Exits 1 when a step failed."""
    from orchestration.preflight import check_night
    from pops.night import run_and_tell
    from settings.home import Home
    from settings.night import Night

    with _readable_errors():
        home = Home.from_environment().prepare()
        check_night(home)
        night = Night.of(as_of.date() if as_of else None, datetime.now(UTC))
        if not run_and_tell(night.as_of, _terminal):
            raise typer.Exit(1)
        _terminal.print(f"Mart    {shown(home.published)}\nReport  {shown(home.reports)}")


@app.command()
def sources(
    source: Annotated[str | None, typer.Argument(help="One source: what it holds; default: all.")] = None,
) -> None:
    """List the sources: on or off, where they are read from, and how their last read went; or what one of them holds.

    What a source holds is said in the language of the reports.
    """
    from pops.sources import described, source_lines
    from settings.home import Home

    with _readable_errors():
        if source is not None:
            about, streams = described(source, os.environ)
            _terminal.print(shown(about))
            table = Table("stream", "holds", box=None)
            for name, holds in streams:
                table.add_row(name, shown(holds))
            _terminal.print(table)
            return
        table = Table("source", "state", "read from", "last read (UTC)", "outcome", "records", box=None)
        for status in source_lines(Home.from_environment().root, os.environ):
            table.add_row(
                status.source,
                status.state,
                shown(status.place),
                status.last_read,
                status.outcome,
                "" if status.records is None else f"{status.records:,}",
            )
        _terminal.print(table)


@app.command()
def check(
    source: Annotated[str | None, typer.Argument(help="One source; default: all that are on.")] = None,
) -> None:
    """Ask each vendor whether the credentials are good, each place of publication whether it takes the mart, and read the registry."""
    from pops.sources import credentials, targets
    from settings.home import Home

    with _readable_errors():
        if source == "registry":
            _check_registry()
            return
        found = list(credentials(source, os.environ))
        if not found:
            _stop("No source is on: set POPS_<SOURCE>_BASE_URL and its credentials.")
        if source is None:
            found += targets(Home.from_environment().prepare(), os.environ)
        for name, answer in found:
            colour = "green" if answer.state == "ok" else "red"
            state = answer.state.replace("_", " ")
            _terminal.print(f"{name:<10} [{colour}]{state}[/{colour}] {shown(answer.remedy)}")
        if any(answer.state != "ok" for _, answer in found):
            raise typer.Exit(1)


def _check_registry() -> None:
    """Tell all that is wrong with the registry, a line each, and what it leaves unsaid; exits 1 when something is wrong."""
    from pops.onboarding.registry_check import held_against_data, unmatched_beside, unsaid, wrong
    from settings.home import Home

    problems = wrong(os.environ)
    for problem in problems:
        typer.secho(plain(problem), fg=typer.colors.RED, err=True)
    if problems:
        for sentence in unmatched_beside(os.environ, Home.from_environment().root):
            _terminal.print(f"[yellow]{shown(sentence)}[/yellow]")
        raise typer.Exit(1)
    for sentence in [*unsaid(os.environ), *held_against_data(os.environ, Home.from_environment().root)]:
        _terminal.print(f"[yellow]{shown(sentence)}[/yellow]")
    _terminal.print("registry   [green]ok[/green]")


@app.command()
def sweep(source: Annotated[str, typer.Argument(help="The source to sweep.")]) -> None:
    """Look for records that vanished at a vendor which tells of no deletion; a night does it once a week.

    They count as deleted from the next night on, and as before once they come back.
    """
    from pops.sources import sweep as sweep_source
    from settings.home import Home

    with _readable_errors():
        sweep_source(
            source, Home.from_environment().prepare(), os.environ, lambda line: _terminal.print(shown(line))
        )


@app.command()
def health(
    max_age_hours: Annotated[
        float, typer.Option(min=0, max=100_000, help="Older than this is not well.")
    ] = 30.0,
) -> None:
    """Say in JSON how the published mart stands. Exit code 0: last night's; 1: old or withheld; 2: there is none."""
    from orchestration.health import health as health_of
    from settings.home import Home

    with _readable_errors():
        found = health_of(Home.from_environment(), datetime.now(UTC), max_age_hours)
        _terminal.print(plain(found.as_json()), markup=False)
        raise typer.Exit(found.exit_code)


@app.command()
def forget_runs(
    older_than_days: Annotated[
        int | None,
        typer.Option(
            min=7, max=36_500, help="Age from which runs are forgotten; default: as each night does."
        ),
    ] = None,
) -> None:
    """Forget old runs and their logs in Dagster; the one that last made an asset stays."""
    from orchestration.retention import KEPT_FOR, forget_runs_of_home
    from settings.home import Home

    with _readable_errors():
        home = Home.from_environment().prepare()
        age = KEPT_FOR if older_than_days is None else timedelta(days=older_than_days)
        count = forget_runs_of_home(home, datetime.now(UTC), age)
        _terminal.print(f"{count} runs forgotten.")


@app.command()
def rebuild() -> None:
    """Forget what was built of the raw records: the next night builds and computes all of it anew.

    For another pseudonym key, time zone, first day of the week or organisation. The raw records stay, and nothing is asked of a
    vendor again. Readers keep the last published mart until that night; which numbers were revised before is forgotten.
    """
    from orchestration.rebuilding import forget_what_was_built
    from settings.home import Home

    with _readable_errors():
        home = Home.from_environment().prepare()
        if not any((home.root / "raw").glob("*.duckdb")):
            raise ValueError(f"{home.root} holds no record to build anything of: run `pops nightly`.")
        forget_what_was_built(home)
        _terminal.print("What was built is forgotten: run `pops nightly`, or wait for the night.")


@app.command()
def report(
    week: Annotated[
        str | None, typer.Option(help="Week such as 2026-W46; default: the last complete one.")
    ] = None,
) -> None:
    """Write the health report of a week from the published mart."""
    from reports.files import write_report
    from settings.home import Home

    with _readable_errors():
        _terminal.print(shown(write_report(Home.from_environment(), week)))


@app.command()
def digest(
    week: Annotated[
        str | None, typer.Option(help="ISO week such as 2026-W46; default: the last complete one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it, and send nothing.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Send it although data are stale or withheld.")
    ] = False,
) -> None:
    """Send the digest of a week to Slack and by mail, or update what was sent; `--dry-run` prints it."""
    from messages.digest import run_digest

    with _readable_errors():
        _terminal.print(plain_lines(run_digest(week, dry_run, anyway, os.environ)), markup=False)


@app.command()
def query(
    metric: Annotated[
        str | None, typer.Argument(help="Its name; without one, all metrics are listed.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Dimensions, such as product or product,segment; may be repeated."),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="One member of a dimension: product=Studio; may be repeated.")
    ] = None,
    last: Annotated[str, typer.Option(help="How far back: 30d, 8w or 6m, to the last whole period.")] = "8w",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="What was known on this date; default: now.")
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Print a metric from the published mart, also while a night is running."""
    from pops.query_table import members_asked, print_query

    with _readable_errors():
        dimensions = [name.strip() for each in by or [] for name in each.split(",") if name.strip()]
        known = as_of.date() if as_of else None
        print_query(_terminal, metric, dimensions, last, known, members_asked(where or []), file_format)


@app.command()
def mcp() -> None:
    """Answer an agent's questions over the Model Context Protocol, on standard input and output."""
    from pops.mcp_server import number_server
    from settings.home import Home

    with _readable_errors():
        number_server(Home.from_environment()).run("stdio")


@app.command()
def export(
    file_format: Annotated[str, typer.Option("--format", help="parquet or csv.")] = "parquet",
    to: Annotated[
        Path | None, typer.Option(help="Folder for the exports; default: exports in POPS_HOME.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A table, such as mart.dim_team; may be repeated.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="Only what is held of this account, the tools' own records included.")
    ] = None,
) -> None:
    """Write the published tables to files, all of one revision; or what is held of one customer."""
    from pops.operations.customer_export import export_account
    from publication.export import export_tables
    from settings.home import Home

    with _readable_errors():
        home = Home.from_environment()
        if account is not None:
            folder, rows = export_account(home, account, to or home.root / "exports")
            _terminal.print(f"{shown(folder)}: {rows:,} rows")
            return
        _terminal.print(
            shown(export_tables(home.published, file_format, to or home.root / "exports", only or []))
        )
