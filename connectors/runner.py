"""Reads a source: per stream its windows, one load a window, and the cursor only once the load is booked.

`POPS_HOME/raw/<source>.duckdb` holds the records and the books, `POPS_HOME/dlt/<source>/` what dlt and a download need
while they work. A kill at any moment loses at most the window in flight, which the next run reads again.
"""

import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx

from connectors import connector_class
from connectors.batch import Batch
from connectors.contract import Connector, Cursor, Page, Stream, Window
from connectors.credentials import explained
from connectors.errors import (
    NOT_ASKED_FOR,
    QuotaSpent,
    Rejected,
    ScopeMissing,
    SourceError,
    StuckCursor,
    Unreachable,
    Unreconciled,
    WindowTooLarge,
)
from connectors.forgotten_records import ForgottenRecords
from connectors.http import Http
from connectors.instances import sources_of
from connectors.loading import Loader
from connectors.names import names_of
from connectors.raw_store import Booking, RawStore, SweepCounts
from connectors.runs import SourceRun, StreamRun
from connectors.scratch import only_run
from connectors.settings import load_settings
from connectors.storage import FileDamaged, is_damage
from connectors.surprises import as_source_error, trace_of
from connectors.sweeping import SWEPT_EVERY, swept
from connectors.waiting import SYSTEM_CLOCK, Clock

__all__ = ["SourceRun", "StreamRun", "prepare_raw", "reread_source", "run_source"]

# The same logger as the one that `connectors.redaction` redacts: a child of it would not be.
_log = logging.getLogger("connectors")
Progress = Callable[[str], None]
# A vendor that has been silent for one stream's whole retry time gets less of it for the streams that follow.
IMPATIENT_RETRY_SECONDS = 30.0


def prepare_raw(home: Path | str, env: Mapping[str, str] = os.environ) -> None:
    """Create every source's raw file, schema and empty tables where they are missing."""
    for source in sources_of(env):
        with RawStore(Path(home), source, connector_class(source).streams):
            pass


def run_source(
    source: str,
    home: Path | str,
    until: datetime,
    history_start: datetime,
    env: Mapping[str, str] = os.environ,
    progress: Progress | None = None,
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Clock = SYSTEM_CLOCK,
    reread_until: datetime | None = None,
    only_sweep: bool = False,
) -> SourceRun:
    """Read every stream of a source from its cursor to `until` (aware; `extracted_at` of what is loaded).

    `history_start` (aware): where event streams begin when they were never read. What goes wrong with a source is in
    the result, not raised, so that one broken source leaves the others alone. `transport`, `clock`: for tests.
    `reread_until`: see `reread_source`. `only_sweep`: read nothing, but look for what vanished, whenever that was last done.
    """
    if until.tzinfo is None or history_start.tzinfo is None:
        raise ValueError("`until` and `history_start` need a time zone.")
    kind = connector_class(source)
    home = Path(home)
    until = until.astimezone(UTC)
    try:
        settings = load_settings(source, kind.Settings, env)
        with only_run(home, source) as folder, RawStore(home, source, kind.streams) as store:
            if settings is None:
                return SourceRun(source, "off")
            with Http.of(settings, transport=transport, clock=clock, scratch=folder / "scratch") as http:
                start = history_start.astimezone(UTC)

                def whole() -> SourceRun:
                    if store.put_aside and progress:
                        kept = store.put_aside.name
                        progress(
                            f"{source}: its damaged raw file is kept as {kept}; its history is read again"
                        )
                    connector = kind(settings, http)
                    connector.known, connector.names = store.known, names_of(kind, env)
                    forgotten = ForgottenRecords(source, home, env, store)
                    run = _Run(
                        connector,
                        http,
                        store,
                        folder,
                        until,
                        start,
                        progress,
                        reread_until,
                        only_sweep,
                        forgotten,
                    )
                    return run.whole()

                try:
                    return whole()
                except Exception as problem:
                    if not is_damage(problem):
                        raise
                    store.begin_anew()
                    return whole()
    except Exception as problem:  # noqa: BLE001 (whatever a source throws costs that source, and not the night)
        _log_surprise(problem, source)
        return SourceRun(source, "failed", error=str(as_source_error(problem).located(source)))


def reread_source(
    source: str,
    home: Path | str,
    start: datetime,
    end: datetime,
    now: datetime,
    env: Mapping[str, str] = os.environ,
    progress: Progress | None = None,
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> SourceRun:
    """Read a source again from `start` to `end` (aware), as of `now`; its cursors stay where they are.

    Events are those of the window. Records that can change are read as they are now: whole, where the vendor does not
    list them by time. Raw takes what is new to it, so reading what it has adds nothing. Raises ValueError for a window that
    is empty, backwards, in the future, or without time zone.
    """
    if start.tzinfo is None or end.tzinfo is None or now.tzinfo is None:
        raise ValueError("The window needs a time zone.")
    if start >= end:
        raise ValueError(f"The window ends ({end:%Y-%m-%d %H:%M}) before it begins ({start:%Y-%m-%d %H:%M}).")
    if end > now:
        raise ValueError(f"The window ends at {end:%Y-%m-%d %H:%M} UTC, which has not come yet.")
    return run_source(
        source, home, now, start, env, progress, transport=transport, clock=clock, reread_until=end
    )


class _Run:
    """One run of one source. `reread_until`: the end of a window that is read again; `only_sweep`: nothing is read but
    what vanished is looked for; neither: a night.
    """

    def __init__(
        self,
        connector: Connector,
        http: Http,
        store: RawStore,
        folder: Path,
        until: datetime,
        history_start: datetime,
        progress: Progress | None,
        reread_until: datetime | None,
        only_sweep: bool,
        forgotten: ForgottenRecords,
    ) -> None:
        self._connector = connector
        self._http = http
        self._store = store
        self._scratch = folder / "scratch"
        self._loader = Loader(store, folder)
        # A night as of an earlier date reads what the vendor says now: dated back, it would count as older than what is known.
        self._until = max(until, store.read_until(http.now()) or until)
        self._history_start = history_start
        self._reread_until = reread_until
        self._only_sweep = only_sweep
        self._forgotten = forgotten
        self._progress: Progress = progress or (lambda message: None)
        # Sorts by time: where all else is equal, the later load holds the later state.
        self._run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{uuid.uuid4().hex[:6]}"
        self._load_count = 0

    def whole(self) -> SourceRun:
        """All streams; one that fails leaves the others alone, except when the credentials themselves are rejected."""
        self._store.start_run(
            self._run_id, self._until, is_night=self._reread_until is None and not self._only_sweep
        )
        result = SourceRun(self._connector.name, "ok")
        last_word: SourceError | None = None
        for stream in self._streams():
            run = StreamRun(stream.name)
            result.streams.append(run)
            started = time.monotonic()
            if last_word is None:
                problem = self._guarded(stream, run)
                last_word = problem if isinstance(problem, Rejected | QuotaSpent) else None
                if isinstance(problem, Unreachable):
                    self._http.be_impatient(IMPATIENT_RETRY_SECONDS)
            elif isinstance(last_word, QuotaSpent):
                run.outcome, run.reason = "paused", f"{NOT_ASKED_FOR}{last_word}"
            else:
                run.outcome, run.error = "failed", f"{NOT_ASKED_FOR}{last_word}"
            run.seconds = time.monotonic() - started
        errors = [run.error for run in result.streams if run.error]
        if errors:
            is_rejected = isinstance(last_word, Rejected)
            result.outcome, result.error = "failed", errors[0] if is_rejected else " · ".join(errors)
        elif isinstance(last_word, QuotaSpent):
            result.outcome, result.error = "paused", str(last_word)
        self._loader.close()
        outcome: Literal["ok", "failed", "paused"] = "ok" if result.outcome == "off" else result.outcome
        self._store.finish_run(self._run_id, outcome, result.error)
        return result

    def _streams(self) -> tuple[Stream, ...]:
        return tuple(each for each in self._connector.streams if each.is_swept or not self._only_sweep)

    def _guarded(self, stream: Stream, run: StreamRun) -> SourceError | None:
        """Read a stream; what goes wrong is booked and returned. Raises FileDamaged, for then nothing can be booked."""
        try:
            if not self._only_sweep:
                self._read_on(stream, run)
            if self._is_sweep_due(stream):
                self._sweep(stream, run)
            self._tell_left_out(stream, run)
        except Exception as problem:
            if is_damage(problem):
                raise FileDamaged(f"The raw file of {self._connector.name} is damaged.") from problem
            _log_surprise(problem, f"{self._connector.name} {stream.name}")
            error = explained(self._connector, problem, stream.name)
            booked: Literal["failed", "not_available", "paused"] = "failed"
            if isinstance(error, ScopeMissing) and stream.optional:
                booked = "not_available"
            elif isinstance(error, QuotaSpent):
                booked = "paused"
            run.outcome = booked
            if booked == "failed":
                run.error = str(error)
            else:
                run.reason = str(error)
            booking = Booking(self._next_load_id(), booked, reason=str(error))
            self._store.book(stream.name, None, booking, self._until)
            self._progress(str(error))
            return error
        return None

    def _read_on(self, stream: Stream, run: StreamRun) -> None:
        """Window after window, each from the cursor that the one before has committed.

        A window of time that is read again begins from no cursor, as if the source had never been read, and commits none.
        """
        again = self._reread_until
        cursor = self._store.cursor(stream.name) if again is None else None
        until = self._until if again is None else min(self._until, again + stream.lag)
        while window := self._connector.next_window(stream, cursor, until, self._history_start):
            refused = len(self._connector.parts[stream.name].refused)
            reached = self._read(stream, window, run)
            if reached == cursor and len(self._connector.parts[stream.name].refused) == refused:
                raise StuckCursor("The window left the cursor where it was.")
            cursor = reached

    def _read(self, stream: Stream, window: Window, run: StreamRun) -> Cursor | None:
        """Fetch, load and book a window, or the beginning of it that the vendor bears; the cursor after that."""
        started = time.monotonic()
        try:
            booking, cursor = self._load(stream, self._connector.fetch(stream, window), window)
        except WindowTooLarge:
            shorter = self._connector.shortened(window)
            if shorter is None:
                raise
            return self._read(stream, shorter, run)
        run.add(booking)
        self._progress(
            f"{self._connector.name} {stream.name}{_span(window)}: {booking.fetched:,} fetched, "
            f"{booking.loaded:,} new, {booking.quarantined:,} quarantined ({time.monotonic() - started:.1f} s)"
        )
        return cursor

    def _tell_left_out(self, stream: Stream, run: StreamRun) -> None:
        """Book each part that the vendor refused. Raises the refusal when it refused them all."""
        for part, problem in self._connector.parts[stream.name].left_out().items():
            error = explained(self._connector, problem, stream.name)
            run.left_out[part] = str(error)
            booking = Booking(self._next_load_id(), "left_out", reason=f"{part}: {error.what}")
            self._store.book(stream.name, None, booking, self._until)
            self._progress(f"{error} Left out: {part}; the next run asks for it again.")

    def _is_sweep_due(self, stream: Stream) -> bool:
        """By the books a week after the last one; at once when it is asked for, or when what its records are part of went."""
        if not stream.is_swept or self._reread_until is not None:
            return False
        last = self._store.last_swept(stream.name)
        if last is None:
            return False
        if self._only_sweep or self._until - last > SWEPT_EVERY:
            return True
        return bool(stream.part_of) and self._store.has_deleted_since(stream.part_of, last)

    def _sweep(self, stream: Stream, run: StreamRun) -> None:
        """Compare the ids that the vendor has with those of raw, in one load."""
        counts = SweepCounts()
        pages = swept(self._connector, stream, self._store, counts)
        booking, _ = self._load(stream, pages, sweep=counts)
        run.add(booking)
        self._progress(
            f"{self._connector.name} {stream.name}: {counts.listed:,} ids listed, {counts.gone:,} gone, "
            f"{counts.returned:,} came back"
        )

    def _load(
        self,
        stream: Stream,
        pages: Iterator[Page],
        window: Window | None = None,
        sweep: SweepCounts | None = None,
    ) -> tuple[Booking, Cursor | None]:
        """The pages of a window, or those of a sweep, in one load."""
        cursor = window.cursor_after if window else None
        load_id = self._next_load_id()
        with Batch(self._store, stream, load_id, self._until, self._scratch, self._forgotten) as batch:
            for page in pages:
                batch.add(page)
                if page.cursor is not None:
                    cursor = page.cursor
            batch.finish()
            if batch.new_count:
                self._loader.load(stream.name, batch)
            loaded = self._reconciled(stream, load_id, batch)
            booking = Booking(
                load_id,
                "loaded" if batch.fetched else "empty",
                fetched=batch.fetched,
                loaded=loaded,
                duplicates=batch.duplicates,
                quarantined=len(batch.quarantined),
                mended=batch.mended,
                forgotten=batch.forgotten,
                forgotten_ids=self._forgotten.hashes(),
                vendor_count=batch.vendor_count,
                reason=None if batch.fetched or sweep else "The vendor has nothing for this window.",
            )
            kept = None if self._reread_until else cursor
            self._store.book(stream.name, window, booking, self._until, kept, batch.quarantined, sweep)
        return booking, cursor

    def _reconciled(self, stream: Stream, load_id: str, batch: Batch) -> int:
        """Rows of this load in raw, which with duplicates, quarantined and forgotten must be what was fetched."""
        loaded = self._store.count_of_load(stream.name, load_id) if batch.new_count else 0
        if batch.fetched != loaded + batch.duplicates + len(batch.quarantined) + batch.forgotten:
            self._store.take_back(stream.name, load_id)
            raise Unreconciled(
                f"Fetched {batch.fetched}, but loaded {loaded}, duplicates {batch.duplicates}, "
                f"quarantined {len(batch.quarantined)}, forgotten {batch.forgotten}: the load was taken back."
            )
        return loaded

    def _next_load_id(self) -> str:
        self._load_count += 1
        return f"{self._run_id}-{self._load_count:05d}"


def _log_surprise(problem: Exception, where: str) -> None:
    """A SourceError says all there is to say; of anything else an engineer needs the traceback."""
    if not isinstance(problem, SourceError):
        _log.error("%s: unexpected\n%s", where, trace_of(problem))


def _span(window: Window) -> str:
    ends = [f"{moment:%Y-%m-%d %H:%M}" for moment in (window.start, window.end) if moment is not None]
    return f" {' to '.join(ends)}" if len(ends) == 2 else ""
