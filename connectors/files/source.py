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
from pydantic import field_validator

from connectors.addresses import wrong_with_store
from connectors.contract import PAGE_SCHEMA, Connector, Cursor, Page, RawRecord, Stream, Window, Words
from connectors.errors import NotFound
from connectors.files.conversion import convert
from connectors.files.entities import ENTITIES
from connectors.files.folder import BadFile, Folder, Listed
from connectors.files.mapping import Mapping
from connectors.files.reading import load_rows
from connectors.http import Http
from connectors.settings import VendorlessSettings
from connectors.storage import open_duckdb

ROWS_A_PAGE = 50_000
MEMORY_LIMIT = "256MB"
# Mapping and path -> the mapping and the file.
Found = dict[str, tuple[Mapping, Listed]]


class FilesSettings(VendorlessSettings):
    """A local folder, or a URL of fsspec; the store's own credentials stay with the store's own variables."""

    address = "url"
    url: str

    @field_validator("url")
    @classmethod
    def _bearable_store(cls, url: str) -> str:
        if problem := wrong_with_store(url):
            raise ValueError(problem)
        return url


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
            key_source="The mapping says which columns are a row's key in its file; a file is one of its mapping.",
            cursor="modification time, size and SHA-256 of each file, and its mapping",
            deletes="vanish",
            identifies=tuple(
                each.name for each in entity.columns if each.name in ("email", "app_user_id", "account_key")
            ),
        )
        for entity in ENTITIES.values()
    )

    def __init__(self, settings: FilesSettings, http: Http) -> None:
        super().__init__(settings, http)
        self._folder = Folder(settings.url)
        self._scratch = http.scratch
        self._mappings: list[Mapping] | None = None
        self._listed: dict[str, Found] = {}

    def check(self) -> None:
        for mapping in self._folder.mappings():
            self._folder.files(mapping)

    def next_window(
        self, stream: Stream, cursor: Cursor | None, until: datetime, history_start: datetime
    ) -> Window | None:
        known = cursor or {"files": {}}
        read: dict[str, Any] = dict(known["files"])
        # A refused file is looked at again by every reading until it is put right.
        refused = known.get("refused", {}) if known.get("until") == until.isoformat() else {}
        mappings = [each for each in self._all_mappings() if each.entity == stream.name]
        found = self._found(stream.name, mappings)
        _refuse_emptiness(mappings, read, found)
        parts = self.parts[stream.name]
        # The folder is listed: what is refused of a file is its own.
        parts.is_any_read = True
        for place in sorted(read.keys() - found.keys()):
            left = {name: state for name, state in read.items() if name != place}
            return Window(None, until, _cursor(left, refused, until), {"place": place})
        for place, (mapping, file) in sorted(found.items(), key=lambda each: (each[1][1].modified, each[0])):
            before = read.get(place)
            state = {
                "modified": file.modified,
                "size": file.size,
                "mapping": _digest(mapping.model_dump_json()),
            }
            if before and file.modified and state.items() <= before.items():
                continue
            with parts.reading(file.path):
                state["sha256"] = self._folder.digest(file.path)
            if file.path in parts.refused or refused.get(place) == state:
                continue
            after = {**read, place: state}
            if not before or (before["sha256"], before["mapping"]) != (state["sha256"], state["mapping"]):
                position = {
                    "place": place,
                    "mapping": mapping.id,
                    "path": file.path,
                    "was_read": before is not None,
                    "refusal": _cursor(read, refused | {place: state}, until),
                    "before": _cursor(read, refused, until),
                }
                return Window(None, until, _cursor(after, refused, until), position)
            read = after
        return None

    def _all_mappings(self) -> list[Mapping]:
        """The folder's mappings, validated once a run."""
        if self._mappings is None:
            self._mappings = self._folder.mappings()
        return self._mappings

    def _found(self, entity: str, mappings: list[Mapping]) -> Found:
        """The files of an entity's mappings, listed once a run."""
        if entity not in self._listed:
            self._listed[entity] = {
                f"{each.id}/{file.path}": (each, file)
                for each in mappings
                for file in self._folder.files(each)
            }
        return self._listed[entity]

    def fetch(self, stream: Stream, window: Window) -> Iterator[Page]:
        position = window.position or {}
        place = str(position["place"])
        held = (each for each in self.known(stream.name) if each.record_id.startswith(f"{place}//"))
        if "path" not in position:
            yield from _deleted(held)
            return
        mapping = next(each for each in self._all_mappings() if each.id == position["mapping"])
        path = str(position["path"])
        with self.parts[stream.name].reading(path):
            yield from self._rows(path, mapping, position, held)
        if path in self.parts[stream.name].refused:
            yield Page([], cursor=position["before"])

    def _rows(
        self, path: str, mapping: Mapping, position: Cursor, held: Iterator[RawRecord]
    ) -> Iterator[Page]:
        copy = self._scratch / "file"
        with _workbench(self._scratch) as bench:
            try:
                self._folder.copy(path, mapping, copy)
                mended = load_rows(bench, copy, path, mapping)
            except BadFile as refusal:
                told = (
                    f"{path} is refused whole: {refusal}.",
                    json.dumps({"mapping": mapping.id, "file": path}),
                )
                yield Page([], cursor=position["refusal"], quarantined=[told])
                return
            finally:
                copy.unlink(missing_ok=True)
            convert(bench, path, mapping)
            yield Page([], mended=mended)
            yield from _pages(bench)
            if position["was_read"]:
                # A row that has become bad keeps its last good state.
                shown = {row[0] for row in bench.execute("select record_id from conformed").fetchall()}
                yield from _deleted(each for each in held if each.record_id not in shown)


def _cursor(files: dict[str, Any], refused: dict[str, Any], until: datetime) -> Cursor:
    """What is read, and what the reading to `until` has refused."""
    return {"files": files, "refused": refused, "until": until.isoformat()}


def _refuse_emptiness(mappings: list[Mapping], read: dict[str, Any], found: Found) -> None:
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
