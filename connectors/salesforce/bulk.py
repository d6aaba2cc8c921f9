"""Bulk API 2.0 query jobs: made, waited for, and their results read as CSV, chunk by chunk."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connectors.errors import MalformedResponse, SourceError, StuckCursor
from connectors.http import Http
from connectors.jobs import JobWords, done_job
from connectors.salesforce.objects import API

ROWS_A_CHUNK = 10_000
WORDS = JobWords(state="state", done=("JobComplete",), failed=("Failed", "Aborted"), problem="errorMessage")
# A long text area may hold 131,072 characters, and each of them may need four bytes.
csv.field_size_limit(1_000_000)


@dataclass
class Chunk:
    """Rows of a job's results. `torn`: the text of what is no row; `is_cut`: the last row is not whole, the rest is missing."""

    job_count: int
    rows: list[dict[str, str]] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    is_cut: bool = False


def run_job(http: Http, query: str, names: list[str]) -> Iterator[Chunk]:
    """The results of a query, deleted rows included. `names`: the fields it selects, in order.

    Raises MalformedResponse when the counts of the chunks or of the job do not add up, Unreachable when the job fails
    or does not end.
    """
    job = done_job(http, lambda: _started(http, query), WORDS)
    count = int(job.answer["numberRecordsProcessed"])
    results = f"{job.address}/results"
    file = http.scratch / "results.csv"
    locators, seen = {""}, 0
    locator = ""
    try:
        while True:
            params = {"maxRecords": ROWS_A_CHUNK} | ({"locator": locator} if locator else {})
            headers = http.stream_to_file(results, params, file).headers
            chunk = _chunk(file, names, count)
            got, said = len(chunk.rows) + len(chunk.torn), headers.get("sforce-numberofrecords", "")
            if not chunk.is_cut and str(got) != said:
                raise _uncounted(
                    f"A chunk of the results has {got} rows, its header says {said or 'nothing'}.", results
                )
            yield chunk
            seen += got
            locator = headers.get("sforce-locator", "null")
            if chunk.is_cut or locator == "null":
                break
            if locator in locators:
                raise StuckCursor(place=f"GET {results}")
            locators.add(locator)
    finally:
        file.unlink(missing_ok=True)
    if not chunk.is_cut and seen != count:
        raise _uncounted(f"The results have {seen} rows, the job says {count}.", results)


def _started(http: Http, query: str) -> str:
    return (
        f"{API}/jobs/query/{http.post(f'{API}/jobs/query', {'operation': 'queryAll', 'query': query})['id']}"
    )


def _chunk(file: Path, names: list[str], count: int) -> Chunk:
    """A chunk that is parsed. A header row, which not every chunk need have, is told by its content.

    Bytes that are not UTF-8 stay recognisable: the batch quarantines their records.
    """
    text = file.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("\ufeff").replace("\0", "")
    chunk = Chunk(count)
    if not text:
        return chunk
    # Without the line end that every row has, the last one was cut, however many values it seems to have.
    rows = list(csv.reader(io.StringIO(text, newline="")))
    chunk.is_cut = not text.endswith("\n") or text.rstrip("\r\n").count('"') % 2 == 1
    for place, row in enumerate(rows):
        if "Id" in row:
            if set(row) != set(names):
                raise MalformedResponse(
                    "The results have other columns than the query.", place="Bulk API results"
                )
            names = row
        elif len(row) == len(names) and not (chunk.is_cut and place == len(rows) - 1):
            chunk.rows.append(dict(zip(names, row, strict=True)))
        else:
            chunk.torn.append(",".join(row))
    return chunk


def _uncounted(problem: str, results: str) -> SourceError:
    return MalformedResponse(
        problem,
        place=f"GET {results}",
        remedy="Nothing of the window was kept: the next run reads it again.",
    )
