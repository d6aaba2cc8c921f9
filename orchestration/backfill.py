"""The job `backfill_source`: read a window of one source again, started from the UI."""

import os
from datetime import UTC, date, datetime, time
from pathlib import Path

import dagster as dg
from pydantic import Field

from connectors import connector_class
from connectors.instances import unknown_source, vendors_of
from connectors.raw_facts import stream_facts
from connectors.runner import Progress, SourceRun, reread_source
from connectors.settings import chosen_sources
from orchestration.preflight import check_place
from settings.home import Home
from settings.night import reporting_zone
from settings.weeks import YEARS


class BackfillWindow(dg.Config):
    """What is read again: whole days of the reporting time zone, the last one not included."""

    source: str = Field(description=f"One of {', '.join(vendors_of())}.")
    window_start: str = Field(description="First day, such as 2026-11-01.")
    window_end: str = Field(description="The day after the last one, such as 2026-11-08; not after today.")


@dg.op(
    name="read_window_again",
    description=(
        "Reads the window again and adds to raw what is new to it. Events are those of the window; records that can "
        "change are read as they are now. The next night builds on it."
    ),
    tags={"pops/kind": "backfill"},
)
def read_window_again(context: dg.OpExecutionContext, config: BackfillWindow) -> None:
    home, now = Home.from_environment().root, datetime.now(UTC)
    try:
        run = read_again(config, home, now, context.log.info)
    except ValueError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    streams = tuple(stream.name for stream in connector_class(config.source).streams)
    facts = stream_facts(home, config.source, streams)
    for stream in run.streams:
        what = "Not read again" if stream.error else "Read again"
        context.log_event(
            dg.AssetObservation(
                ["raw", config.source, stream.stream],
                description=f"{what}: {config.window_start} to {config.window_end}. {stream.error or ''}".strip(),
                metadata={
                    "fetched": stream.fetched,
                    "loaded": stream.loaded,
                    "duplicates": stream.duplicates,
                    "quarantined": stream.quarantined,
                    "mended": stream.mended,
                    **({"dagster/row_count": facts[stream.stream].rows} if stream.stream in facts else {}),
                },
            )
        )
    if run.outcome != "ok":
        raise dg.Failure(
            run.error or f"{connector_class(config.source).title} was not read: {run.outcome}.",
            allow_retries=False,
        )
    context.log.info(f"{sum(stream.loaded for stream in run.streams)} records were new to raw.")


def read_again(
    config: BackfillWindow, home: Path, now: datetime, progress: Progress | None = None
) -> SourceRun:
    """Read the window of a config again. Raises ValueError for a source or a window that cannot be, with the remedy."""
    if config.source not in vendors_of():
        raise unknown_source(config.source)
    if config.source not in chosen_sources(os.environ):
        raise ValueError(f"{config.source} is off: set its POPS_ variables (`pops sources` names them).")
    check_place(Home(home))
    start, end = _day("window_start", config.window_start), _day("window_end", config.window_end)
    return reread_source(config.source, home, start, end, now, progress=progress)


def _day(name: str, text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
        if day.year not in YEARS:
            raise ValueError
        return datetime.combine(day, time(), reporting_zone()).astimezone(UTC)
    except ValueError:
        raise ValueError(f"`{name}` is {text!r}: write a day as 2026-11-01.") from None


@dg.job(
    name="backfill_source",
    description=(
        "Reads a window of one source again, for instance after a vendor corrected its past or the credentials were too "
        "narrow. Nothing is lost or doubled: raw takes only what is new to it. Fill in `source`, `window_start` and "
        "`window_end` in the launchpad; the next night (or a run of `nightly`) builds on it."
    ),
    executor_def=dg.in_process_executor,
    # What the launchpad shows to be filled in; left as it is, it is refused with the reason.
    config=dg.RunConfig(
        ops={
            "read_window_again": BackfillWindow(
                source="SOURCE", window_start="FIRST DAY", window_end="DAY AFTER THE LAST"
            )
        }
    ),
)
def backfill_source() -> None:
    read_window_again()
