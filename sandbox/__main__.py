"""`python -m sandbox serve`, `environment`, `files` and `truth`."""

import json
import shlex
import socket
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn

from sandbox.company.company import Company
from sandbox.company.work_time import midnight
from sandbox.serving.data import CompanyData, VendorData
from sandbox.serving.environment import environment
from sandbox.serving.exports import write_exports
from sandbox.serving.replay import Combined, Replay, ReplayError
from sandbox.serving.server import create_app
from sandbox.serving.state import SandboxState
from sandbox.truth import truth as truth_rows
from sandbox.vendors import VENDORS

# What the sandbox shows when nobody sets its clock: the weeks before a Monday.
PRESENT = midnight(date(2026, 11, 16))
HOST, PORT, PACE = "127.0.0.1", 8100, 60.0
NOW_HELP = "The company's present, ISO with time zone. Default: 2026-11-16, 00:00 in Berlin"

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="A make-believe company behind the vendors' real APIs."
)


class Scale(StrEnum):
    """How large the company is: seconds to make for tests, the demo's, or for benchmarks."""

    small = "small"
    demo = "demo"
    large = "large"


ScaleOption = Annotated[Scale, typer.Option(help="Size of the company.")]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same company.")]


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = PORT,
    host: Annotated[str, typer.Option(help="Address to listen on; keep it on loopback.")] = HOST,
    scale: ScaleOption = Scale.demo,
    seed: SeedOption = 7,
    now: Annotated[
        str | None,
        typer.Option(help=f"{NOW_HELP}; the real now in a replay."),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Folder with <vendor>/<stream>.jsonl[.gz] to serve instead.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Vendors to serve, separated by commas; the others are switched off.")
    ] = None,
    pace: Annotated[
        float, typer.Option(help="How many times faster than the vendors' the rate limits run.")
    ] = PACE,
    defect: Annotated[list[str] | None, typer.Option(help="Plant a data defect; may be repeated.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="Folder to keep the company's exports in, as of its present.")
    ] = None,
    max_export_events: Annotated[
        int, typer.Option(help="Amplitude exports with more events are refused.")
    ] = 400_000,
) -> None:
    """Serve the vendors' APIs below http://HOST:PORT/<vendor> until interrupted."""

    chosen = _chosen(only)
    try:
        moment = _moment(now) or (datetime.now(UTC) if replay else PRESENT)
        data = _data(lambda: Company.create(scale.value, seed=seed), replay, chosen)
        sandbox = SandboxState(data, moment, only=chosen, pace=pace, max_export_events=max_export_events)
        sandbox.defects.plant(defect or [], sandbox.now)
        if files is not None:
            sandbox.follow(_exporter(data, files))
        sandbox.warm_up()
        listener = socket.create_server((host, port))
    except (ValueError, ReplayError, OSError) as problem:
        typer.echo(f"sandbox: {problem}", err=True)
        raise typer.Exit(2) from problem
    config = uvicorn.Config(create_app(sandbox), log_level="warning", access_log=False, lifespan="off")
    # Whoever started this process waits for the line, and reads the port from it.
    print(f"sandbox listening on http://{host}:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


@app.command("environment")
def print_environment(
    port: Annotated[int, typer.Option(help="Port on which the sandbox listens.")] = PORT,
    host: Annotated[str, typer.Option(help="Address on which it listens.")] = HOST,
    only: Annotated[
        str | None,
        typer.Option(help="Vendors to point at, separated by commas. Default: one of each family."),
    ] = None,
    pace: Annotated[float, typer.Option(help="The sandbox's own --pace.")] = PACE,
) -> None:
    """Print the variables that point the connectors at a running sandbox, one NAME=value a line, for a shell."""
    chosen = _chosen(only)
    if unknown := sorted(set(chosen or ()) - set(VENDORS)):
        typer.echo(
            f"sandbox: unknown vendor {', '.join(unknown)}: choose from {', '.join(VENDORS)}", err=True
        )
        raise typer.Exit(2)
    for name, value in environment(f"http://{host}:{port}", pace, chosen).items():
        typer.echo(f"{name}={shlex.quote(value)}")


@app.command()
def files(
    to: Annotated[Path, typer.Option(help="Folder for the exports.")],
    now: Annotated[str | None, typer.Option(help=NOW_HELP)] = None,
    scale: ScaleOption = Scale.demo,
    seed: SeedOption = 7,
) -> None:
    """Write what the company exports from tools without an API, with mappings, for POPS_FILES_URL."""
    for file in write_exports(Company.create(scale.value, seed=seed), to, _moment(now) or PRESENT):
        typer.echo(str(file))


@app.command()
def truth(
    as_of: Annotated[str, typer.Option(help="Date: what happened before it counts, as 2026-11-16.")],
    read_at: Annotated[
        str | None,
        typer.Option(
            help="When the vendors are read for it, ISO with time zone. Default: the beginning of the date in Berlin."
        ),
    ] = None,
    scale: ScaleOption = Scale.small,
    seed: SeedOption = 7,
) -> None:
    """Print the right answer for every metric of the last eight complete weeks, one JSON object a line."""
    day = date.fromisoformat(as_of)
    company = Company.create(scale.value, seed=seed)
    for row in truth_rows(company, day, _moment(read_at) or midnight(day)):
        sys.stdout.write(json.dumps(row, default=_iso) + "\n")


def _iso(value: Any) -> str:
    return str(value.isoformat()) if isinstance(value, date) else str(value)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text} has no time zone: write it like 2026-11-16T01:00:00Z")
    return moment.astimezone(UTC)


def _chosen(only: str | None) -> list[str] | None:
    return None if only is None else [name.strip() for name in only.split(",") if name.strip()]


def _data(company: Callable[[], Company], replay: Path | None, only: list[str] | None) -> VendorData:
    """The company is made only when a vendor needs it."""
    if replay is None:
        return CompanyData(company())
    replayed = Replay(replay)
    if set(only or VENDORS) <= set(replayed.vendors):
        return replayed
    return Combined(replayed, CompanyData(company()))


def _exporter(data: VendorData, folder: Path) -> Callable[[datetime], object]:
    if not isinstance(data, CompanyData):
        raise ValueError("--files needs the company: a replay has no exports")
    return lambda now: write_exports(data.company, folder, now)


if __name__ == "__main__":
    app(prog_name="python -m sandbox")
