"""`python -m sandbox serve`, `python -m sandbox files` and `python -m sandbox truth`."""

import json
import socket
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sandbox.credentials import VENDORS
from sandbox.records import VendorData
from sandbox.replay import Combined, Replay, ReplayError

# 02:00 in Berlin of the demo's last night.
DEMO_NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)

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
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8100,
    host: Annotated[str, typer.Option(help="Address to listen on; keep it on loopback.")] = "127.0.0.1",
    scale: ScaleOption = Scale.demo,
    seed: SeedOption = 7,
    now: Annotated[
        str | None,
        typer.Option(
            help="The company's present, ISO with time zone. Default: the demo's last night; the real now in a replay."
        ),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Folder with <vendor>/<stream>.jsonl[.gz] to serve instead.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Vendors to serve, separated by commas; the others are switched off.")
    ] = None,
    pace: Annotated[
        float, typer.Option(help="How many times faster than the vendors' the rate limits run.")
    ] = 60.0,
    defect: Annotated[list[str] | None, typer.Option(help="Plant a data defect; may be repeated.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="Folder to keep the company's exports in, as of its present.")
    ] = None,
    max_export_events: Annotated[
        int, typer.Option(help="Amplitude exports with more events are refused.")
    ] = 400_000,
) -> None:
    """Serve the vendors' APIs below http://HOST:PORT/<vendor> until interrupted."""
    import uvicorn

    from sandbox.server import create_app
    from sandbox.serving import SandboxState

    chosen = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    try:
        moment = datetime.fromisoformat(now) if now else datetime.now(UTC) if replay else DEMO_NOW
        data = _data(scale, seed, replay, chosen)
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


@app.command()
def files(
    to: Annotated[Path, typer.Option(help="Folder for the exports.")],
    as_of: Annotated[str, typer.Option(help="Date: the exports of its night, as 2026-11-16.")] = "2026-11-16",
    scale: ScaleOption = Scale.demo,
    seed: SeedOption = 7,
) -> None:
    """Write what the company exports from tools without an API, with mappings, for POPS_FILES_URL."""
    from sandbox.company import Company, night_moment
    from sandbox.exports.folder import write_exports

    for file in write_exports(
        Company.create(scale.value, seed=seed), to, night_moment(date.fromisoformat(as_of))
    ):
        typer.echo(str(file))


@app.command()
def truth(
    as_of: Annotated[str, typer.Option(help="Date: what happened before it counts, as 2026-11-16.")],
    scale: ScaleOption = Scale.small,
    seed: SeedOption = 7,
) -> None:
    """Print the right answer for every metric of the last eight complete weeks, one JSON object a line."""
    from sandbox.company import Company
    from sandbox.truth import truth as rows_of

    for row in rows_of(Company.create(scale.value, seed=seed), date.fromisoformat(as_of)):
        sys.stdout.write(json.dumps(row, default=_iso) + "\n")


def _iso(value: Any) -> str:
    return str(value.isoformat()) if isinstance(value, date) else str(value)


def _data(scale: Scale, seed: int, replay: Path | None, only: list[str] | None) -> VendorData:
    """The company is made only when a vendor needs it."""
    if replay is not None:
        replayed = Replay(replay)
        if set(only or VENDORS) <= set(replayed.vendors):
            return replayed
        return Combined(replayed, _company(scale, seed))
    return _company(scale, seed)


def _exporter(data: VendorData, folder: Path) -> Callable[[datetime], object]:
    from sandbox.company import Company
    from sandbox.exports.folder import write_exports

    if not isinstance(data, Company):
        raise ValueError("--files needs the company: a replay has no exports")
    return lambda now: write_exports(data, folder, now)


def _company(scale: Scale, seed: int) -> VendorData:
    from sandbox.company import Company

    company: VendorData = Company.create(scale.value, seed=seed)
    return company


if __name__ == "__main__":
    app(prog_name="python -m sandbox")
