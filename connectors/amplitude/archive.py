"""From an export's zip to pages of events."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from connectors.contract import Page
from connectors.errors import MalformedResponse
from connectors.lines import line_pages, lines_of

PLACE = "GET /api/2/export"
EVENT_FILE = ".json.gz"
BROKEN_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)

_EVENTS = """
with parsed as (
    select
        line,
        try(json_extract_string(line, ['$.uuid', '$.processed_time', '$.server_upload_time'])) as found,
    from lines
)
select
    found[1] as record_id,
    coalesce(found[2], found[3], 'unknown') as record_version,
    false as is_deleted,
    line as record,
    case
        when found is null then 'The line is not JSON.'
        when coalesce(found[1], '') = '' then 'The event has no uuid.'
    end as reason
from parsed
"""


def sound_archive(path: Path) -> None:
    """Raises MalformedResponse unless `path` is a zip whose members are whole, one of them a file of events."""
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            names = _event_files(archive)
    except zipfile.BadZipFile as error:
        raise MalformedResponse("The export is not a whole zip archive.", place=PLACE) from error
    if broken is not None:
        raise MalformedResponse(f"The export's member {broken} is damaged.", place=PLACE)
    if not names:
        raise MalformedResponse("The export's archive holds no file of events.", place=PLACE)


def event_pages(path: Path) -> Iterator[Page]:
    """Pages of at most about 16 MB of lines. Raises MalformedResponse for a member that cannot be decompressed."""
    with zipfile.ZipFile(path) as archive:
        names = _event_files(archive)
        yield from line_pages((lines for name in names for lines in _lines(archive, name)), _EVENTS)


def _event_files(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if name.endswith(EVENT_FILE)]


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[list[bytes]]:
    try:
        with archive.open(name) as packed, gzip.open(packed) as unpacked:
            yield from lines_of(unpacked)
    except BROKEN_GZIP as error:
        raise MalformedResponse(f"The export's member {name} is damaged.", place=PLACE) from error
