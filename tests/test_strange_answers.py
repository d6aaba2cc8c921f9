"""One strange record of a page costs that record alone: connectors read all others, whatever a vendor puts into it.

What a vendor says of its own fields, objects and repositories, and which records a batch was asked for, is no record: an answer
that is wrong there stops its stream, so that nothing is taken for emptied or gone.
"""

import gzip
import io
import json
import random
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from connectors import connector_class
from connectors.runner import run_source
from sandbox.company.company import Company
from sandbox.serving.environment import environment
from sandbox.vendors import VENDORS
from tests.strange_records import MOST_CHANGES, changed, drawn, places, with_change
from tests.test_strange_records import HISTORY_START, MOMENT, Sample
from tests.vendor_reading import Served, served

pytestmark = pytest.mark.slow

# Pages of most are lists of JSON records; events come by the line, those of Amplitude packed in an archive.
SOURCES = VENDORS
SEEDS = (1, 2)
NO_RECORDS = ("/sobjects", "/properties", "/associations", "/batch/read", "/graphql", "/orgs/")
# Streams whose records are asked for by those of another.
PARTS = {
    "github": {"reviews", "pull_request_commits", "deployment_statuses"},
    "hubspot": {"associations"},
    "intercom": {"conversation_parts"},
    "jira": {"changelogs", "sprints"},
    "typeform": {"responses"},
    "zendesk": {"ticket_audits"},
}
_OF_THE_BODY = ("content-length", "content-encoding", "transfer-encoding")

Place = tuple[str | int, ...]


class Spoiling(httpx.BaseTransport):
    """Changes one place in one record of each page that holds several; `count`: how many."""

    def __init__(self, number: int) -> None:
        self._vendor = httpx.HTTPTransport()
        self._dice, self._changes = random.Random(number), drawn(MOST_CHANGES, number)
        self._turns: Counter[tuple[str, Place]] = Counter()
        self.count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._vendor.handle_request(request)
        body = answer.read()
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_BODY}
        path, kind = request.url.path, headers.get("content-type", "")
        is_page = answer.status_code == 200 and "json" in kind
        if is_page and not any(part in path for part in NO_RECORDS):
            body = json.dumps(self._spoiled(path, json.loads(body))).encode()
        elif answer.status_code == 200 and path.endswith("/export"):
            body = self._archive(path, body) if "zip" in kind else self._lines(path, body)
        return httpx.Response(answer.status_code, headers=headers, stream=httpx.ByteStream(body))

    def _archive(self, path: str, body: bytes) -> bytes:
        spoiled = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(body)) as sent, zipfile.ZipFile(spoiled, "w") as archive:
            for name in sent.namelist():
                archive.writestr(name, gzip.compress(self._lines(path, gzip.decompress(sent.read(name)))))
        return spoiled.getvalue()

    def _lines(self, path: str, body: bytes) -> bytes:
        records = self._with_one(path, [json.loads(line) for line in body.splitlines()])
        return b"".join(json.dumps(each).encode() + b"\n" for each in records)

    def _spoiled(self, path: str, body: Any) -> Any:
        if isinstance(body, list):
            return self._with_one(path, body)
        for name, held in body.items() if isinstance(body, dict) else ():
            if isinstance(held, list):
                body[name] = self._with_one(path, held)
        return body

    def _with_one(self, path: str, records: list[Any]) -> list[Any]:
        if len(records) < 2 or not all(isinstance(each, dict) and each for each in records):
            return records
        number = self._dice.randrange(len(records))
        # The place that had its turn least often, whatever the id in the address.
        kind = path.rsplit("/", 1)[-1]
        place = min(places(records[number]), key=lambda each: (self._turns[kind, each], self._dice.random()))
        self._turns[kind, place] += 1
        self.count += 1
        spoiled = with_change(records[number], place, self._dice.choice(self._changes))
        return [*records[:number], spoiled, *records[number + 1 :]]


@pytest.fixture(scope="module")
def vendors() -> Iterator[Served]:
    with served(Sample(Company.create("small")), MOMENT) as running:
        yield running


def _held(home: Path, source: str) -> dict[str, set[str]]:
    """The ids of each stream's records in raw."""
    with duckdb.connect(str(home / "raw" / f"{source}.duckdb"), read_only=True) as raw:
        return {
            stream.name: {
                row[0] for row in raw.execute(f"select record_id from raw_{source}.{stream.name}").fetchall()
            }
            for stream in connector_class(source).streams
        }


@pytest.mark.parametrize("source", SOURCES)
def test_a_strange_record_costs_that_record_alone(source: str, vendors: Served, tmp_path: Path) -> None:
    variables = environment(vendors.base_url, 100_000, VENDORS)
    sound = run_source(source, tmp_path / "sound", MOMENT, HISTORY_START, variables)
    assert sound.outcome == "ok"
    expected = _held(tmp_path / "sound", source)
    for number in SEEDS:
        spoiling, home = Spoiling(number), tmp_path / str(number)
        run = run_source(source, home, MOMENT, HISTORY_START, variables, transport=spoiling)
        assert [(each.stream, each.error) for each in run.streams if each.error] == []
        assert run.outcome == "ok"
        assert spoiling.count > 1
        held = _held(home, source)
        lost = {stream: len(ids - held[stream]) for stream, ids in expected.items() if ids - held[stream]}
        # What belongs to a record whose id is gone goes with it; nothing else does.
        assert sum(len(ids) for ids in held.values()) > 0.7 * sum(len(ids) for ids in expected.values()), lost
        assert {stream for stream, count in lost.items() if count > spoiling.count} <= PARTS.get(
            source, set()
        ), lost


def test_pages_are_spoiled_in_one_place() -> None:
    spoiling = Spoiling(1)
    records: Sequence[dict[str, Any]] = [
        {"id": str(number), "fields": {"a": 1, "b": [1]}} for number in range(5)
    ]
    for _ in range(50):
        found = spoiling._with_one("/issues", list(records))
        assert sum(one != other for one, other in zip(found, records, strict=True)) <= 1
    assert spoiling.count == 50
    assert changed(1, ("negative", None)) == -1
