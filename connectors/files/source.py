"""Files that people drop in a folder or a bucket (`POPS_FILES_URL`), with a YAML mapping to conformed columns.

CSV, JSON lines and Parquet, on this machine or on any store that fsspec knows. A stream is an entity; a window is a file
that is new, changed or gone. A changed file replaces its rows: those it no longer has become deleted versions, and so do
all rows of a file that was taken away. README.md tells how to write a mapping. Try it: `pops check files`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.contract import PAGE_SCHEMA, Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import NotFound
from connectors.files.conversion import convert
from connectors.files.entities import ENTITIES
from connectors.files.folder import BadFile, Folder
from connectors.files.mapping import Mapping
from connectors.files.reading import load_rows
from connectors.http import Http
from connectors.settings import VendorlessSettings
from connectors.storage import open_duckdb

ROWS_A_PAGE = 50_000
MEMORY_LIMIT = "256MB"


class FilesSettings(VendorlessSettings):
    """A local folder, or a URL of fsspec; the store's own credentials stay with the store's own variables."""

    address = "url"
    url: str


class FilesConnector(Connector):
    """Every mapping is validated before the first file is read; a file whose bytes and mapping are known is not."""

    name = "files"
    title = "files"
    family = "files"
    unread = Words(
        "What was dropped or changed since then is missing; rows of earlier files stay.",
        "Ce qui a été déposé ou modifié depuis lors manque ; les lignes des fichiers précédents restent.",
    )
    access = "the right to list and to read the folder or bucket, and no other."
    Settings = FilesSettings
    streams = tuple(
        Stream(
            entity.name,
            entity.holds,
            entity.personal_data,
            key="mapping, file and the row's key columns",
            cursor="modification time, size and SHA-256 of each file, and its mapping",
            deletes="vanish",
        )
        for entity in ENTITIES.values()
    )

    def __init__(self, settings: FilesSettings, http: Http) -> None:
        super().__init__(settings, http)
        self._folder = Folder(settings.url)
        self._scratch = http.scratch
        self._mappings: list[Mapping] | None = None
        self._refused: set[str] = set()

    def check(self) -> None:
        for mapping in self._folder.mappings():
            self._folder.files(mapping)

    def windows(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Iterator[Window]:
        if self._mappings is None:
            self._mappings = self._folder.mappings()
        read: dict[str, Any] = dict(cursor["files"]) if cursor else {}
        mappings = [each for each in self._mappings if each.entity == stream.name]
        found = {
            f"{each.id}/{file.path}": (each, file) for each in mappings for file in self._folder.files(each)
        }
        _refuse_emptiness(mappings, read, found)
        for place in sorted(read.keys() - found.keys()):
            read = {name: state for name, state in read.items() if name != place}
            yield Window(None, until, {"files": read}, {"place": place})
        for place, (mapping, file) in sorted(found.items(), key=lambda each: (each[1][1].modified, each[0])):
            before = read.get(place)
            state = {
                "modified": file.modified,
                "size": file.size,
                "mapping": _digest(mapping.model_dump_json()),
            }
            if before and file.modified and state.items() <= before.items():
                continue
            state["sha256"] = self._folder.digest(file.path)
            after = {**read, place: state}
            if not before or (before["sha256"], before["mapping"]) != (state["sha256"], state["mapping"]):
                position = {
                    "place": place,
                    "mapping": mapping.id,
                    "path": file.path,
                    "was_read": before is not None,
                }
                yield Window(None, until, {"files": after}, {**position, "before": read})
            # A refused file is looked at again by every run until it is put right.
            read = read if place in self._refused else after

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        position = window.position or {}
        place = str(position["place"])
        held = (each for each in self.known(stream.name) if each.record_id.startswith(f"{place}//"))
        if "path" not in position:
            yield from _deleted(held)
            return
        mapping = next(each for each in self._mappings or [] if each.id == position["mapping"])
        path, copy = str(position["path"]), self._scratch / "file"
        with _workbench(self._scratch) as bench:
            try:
                self._folder.copy(path, mapping, copy)
                load_rows(bench, copy, path, mapping)
            except BadFile as refusal:
                self._refused.add(place)
                told = (
                    f"{path} is refused whole: {refusal}.",
                    json.dumps({"mapping": mapping.id, "file": path}),
                )
                yield Page([], cursor={"files": position["before"]}, quarantined=[told])
                return
            finally:
                copy.unlink(missing_ok=True)
            convert(bench, path, mapping)
            yield from _pages(bench)
            if position["was_read"]:
                # A row that has become bad keeps its last good state.
                shown = {row[0] for row in bench.execute("select record_id from conformed").fetchall()}
                yield from _deleted(each for each in held if each.record_id not in shown)


def _refuse_emptiness(mappings: list[Mapping], read: dict[str, Any], found: dict[str, Any]) -> None:
    """Not one file of a mapping left: rather a folder that was moved than rows that are gone."""
    for mapping in mappings:
        prefix = f"{mapping.id}/"
        lost = sum(place.startswith(prefix) for place in read)
        if lost and not any(place.startswith(prefix) for place in found):
            raise NotFound(
                f"No file is left of the {lost} that the mapping {mapping.id} was read from; their rows stay.",
                remedy="Put them back; should their rows go, take the mapping's file away too.",
                place=mapping.files,
            )


def _workbench(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database of its own for one file, emptied by the next."""
    bench = folder / "bench.duckdb"
    bench.unlink(missing_ok=True)
    connection = open_duckdb(bench, memory_limit=MEMORY_LIMIT)
    return connection


def _pages(bench: duckdb.DuckDBPyConnection) -> Iterator[Page]:
    good = bench.execute("select record_id, record from conformed where problem is null order by line")
    for batch in good.to_arrow_reader(ROWS_A_PAGE):
        count = batch.num_rows
        columns = [batch["record_id"], pa.repeat("", count), pa.repeat(False, count), batch["record"]]
        yield Page(pa.table(columns, schema=PAGE_SCHEMA))
    bad = bench.execute("select problem, raw from conformed where problem is not null order by line")
    while rows := bad.fetchmany(ROWS_A_PAGE):
        yield Page([], quarantined=[(str(problem), str(raw)) for problem, raw in rows])


def _deleted(records: Iterable[RawRecord]) -> Iterator[Page]:
    records = iter(records)
    while gone := [
        each._replace(record_version="", is_deleted=True) for each in islice(records, ROWS_A_PAGE)
    ]:
        yield Page(gone)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
