"""Exports of files: begun, waited for, downloaded part by part, and read line by line."""

import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import Page
from connectors.errors import MalformedResponse, SourceError
from connectors.http import Http
from connectors.jobs import JobWords, done_job
from connectors.lines import CHUNK_BYTES, Readable, line_pages, lines_of
from connectors.packed import LARGEST_RATIO, SMALL, Bounded

WORDS = JobWords(
    state="status",
    done=("Completed",),
    failed=("Failed", "Terminated", "Cancelled"),
    failed_for_now=("FailedRetryable", "TimedOut"),
    problem="error",
)
# The vendor exports no more at once.
LONGEST = timedelta(days=7)
LARGEST_PART_MB = 100
# Of a part whose file is not whole.
DOWNLOADS = 3

_LINES = """
with parsed as (
    select line, try(json_extract_string(line, [{paths}])) as found,
    from lines
)
select
    found[1] as record_id,
    {version} as record_version,
    {is_deleted} as is_deleted,
    line as record,
    case
        when not json_valid(line) then 'The line is not JSON.'
        when coalesce(found[1], '') = '' then 'The {thing} has no {key}.'
    end as reason
from parsed
"""
# Rows of one window may be copies, and a later window may have them again: what came in last is the latest.
EVENTS = _LINES.format(
    paths="'$.uuid', '$._inserted_at', '$.created_at'",
    version="coalesce(found[2], found[3], 'unknown')",
    is_deleted="false",
    thing="event",
    key="uuid",
)
# Of several rows of one id the vendor's own versions tell the latest, first that of whose it is.
PERSONS = _LINES.format(
    paths="'$.distinct_id', '$.person_distinct_id_version', '$.person_version', '$.is_deleted'",
    version="lpad(coalesce(found[2], '0'), 20, '0') || '.' || lpad(coalesce(found[3], '0'), 20, '0')",
    is_deleted="coalesce(lower(found[4]) in ('true', '1'), false)",
    thing="person",
    key="distinct_id",
)


class Exports:
    """The exports of a project."""

    def __init__(self, http: Http, project_id: int) -> None:
        self._http = http
        self._root = f"/api/environments/{project_id}/file_download_batch_exports"

    def begun(self, model: str, start: datetime, end: datetime) -> str:
        """Begin the export of what came in from `start` until before `end`, `LONGEST` at most; gives where it tells its state."""
        question: dict[str, Any] = {
            "model": model,
            "file": {"format": "JSONLines", "compression": "gzip", "max_size_mb": LARGEST_PART_MB},
            "data_interval_start": _iso(start),
            "data_interval_end": _iso(end),
        }
        return f"{self._root}/{self._http.post(f'{self._root}/', question)['id']}/"

    def pages(self, model: str, selection: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What came in from `start` until before `end`. `selection`: as `line_pages` wants it.

        Raises Unreachable when the vendor does not come to its end, MalformedResponse for a file that stays damaged.
        """
        while start < end:
            until = min(start + LONGEST, end)
            yield from self._pages_of_one(model, selection, start, until)
            start = until

    def _pages_of_one(self, model: str, selection: str, start: datetime, end: datetime) -> Iterator[Page]:
        job = done_job(self._http, lambda: self.begun(model, start, end), WORDS)
        for part in job.answer.get("files") or []:
            file = self._part(f"{job.address}download/{part}/")
            with gzip.open(file) as unpacked:
                yield from line_pages(lines_of(_bounded(unpacked, file)), selection)
            file.unlink()

    def _part(self, address: str) -> Path:
        """A file of an export, proven whole."""
        file = self._http.scratch / "part.jsonl.gz"
        for attempt in range(1, DOWNLOADS + 1):
            self._http.stream_to_file(address, None, file)
            try:
                _prove_whole(file, address)
                break
            except MalformedResponse:
                if attempt == DOWNLOADS:
                    raise
        return file


def _prove_whole(file: Path, address: str) -> None:
    try:
        with gzip.open(file) as unpacked:
            bounded = _bounded(unpacked, file)
            while bounded.read(CHUNK_BYTES):
                pass
    except SourceError:
        raise
    except Exception as error:
        raise MalformedResponse("A file of the export is damaged.", place=f"GET {address}") from error


def _bounded(unpacked: Readable, file: Path) -> Bounded:
    most = max(SMALL, LARGEST_RATIO * file.stat().st_size)
    swollen = MalformedResponse(
        f"A file of the export unpacks to over {LARGEST_RATIO} times its size.", place="the export's file"
    )
    return Bounded(unpacked, most, swollen)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
