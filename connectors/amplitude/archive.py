"""From an export's zip to pages of events."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.contract import Page
from connectors.errors import MalformedResponse, SourceError
from connectors.lines import line_pages, lines_of
from connectors.packed import LARGEST_RATIO, SMALL, Bounded

PLACE = "GET /api/2/export"
EVENT_FILE = ".json.gz"
# The vendor's exports end at 4 GB, packed.
LARGEST_TOTAL = 8 << 30
MOST_MEMBERS = 10_000
# Of so many members with long names. It is read at once, before anybody can ask how many it lists.
LARGEST_DIRECTORY = 4 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1

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
    """Raises MalformedResponse unless `path` is a zip whose members are whole, one of them a file of events.

    Nothing is unpacked before its size is known: the bounds are those of the vendor's largest export, and more.
    """
    with _opened(path) as archive:
        _within_bounds(archive)
        try:
            broken = archive.testzip()
        except Exception as error:
            raise MalformedResponse("A member of the export is damaged.", place=PLACE) from error
        if broken is not None:
            raise MalformedResponse(f"The export's member {broken!r:.80} is damaged.", place=PLACE)
        if not _event_files(archive):
            raise MalformedResponse("The export's archive holds no file of events.", place=PLACE)


def event_pages(path: Path) -> Iterator[Page]:
    """Pages of at most about 16 MB of lines. Raises MalformedResponse for a member that cannot be decompressed."""
    with _opened(path) as archive:
        # By member, not by name: two may have the same.
        members = _event_files(archive)
        yield from line_pages((lines for member in members for lines in _lines(archive, member)), _EVENTS)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    with _InParts(io.FileIO(path)) as file:
        try:
            archive = zipfile.ZipFile(file)
        except SourceError:
            raise
        except Exception as error:
            raise MalformedResponse("The export is not a whole zip archive.", place=PLACE) from error
        with archive:
            yield archive


class _InParts(io.BufferedReader):
    """A file of which nobody reads more than `LARGEST_DIRECTORY` at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if (size or 0) > LARGEST_DIRECTORY:
            raise _refused(f"has a directory of more than {LARGEST_DIRECTORY >> 20} MiB")
        return super().read(size)


def _within_bounds(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise _refused(f"has {len(members):,} members; at most {MOST_MEMBERS:,} are read")
    if sum(each.file_size for each in members) > LARGEST_TOTAL:
        raise _refused(f"is larger than {LARGEST_TOTAL >> 30} GiB when it is unpacked")
    for each in members:
        if each.flag_bits & ENCRYPTED:
            raise _refused(f"has an encrypted member, {each.filename!r:.80}")
        if each.compress_type not in METHODS:
            raise _refused(f"has a member packed by a method that is not read, {each.filename!r:.80}")
        if each.file_size > SMALL and each.file_size > LARGEST_RATIO * each.compress_size:
            raise _swollen(each.filename)


def _event_files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [each for each in archive.infolist() if each.filename.endswith(EVENT_FILE)]


def _lines(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[list[bytes]]:
    name, most = member.filename, max(SMALL, LARGEST_RATIO * member.file_size)
    try:
        with archive.open(member) as packed, gzip.open(packed) as unpacked:
            yield from lines_of(Bounded(unpacked, most, _swollen(name)))
    except SourceError:
        raise
    except Exception as error:
        raise MalformedResponse(f"The export's member {name!r:.80} is damaged.", place=PLACE) from error


def _swollen(name: str) -> MalformedResponse:
    return _refused(f"has a member that unpacks to over {LARGEST_RATIO} times its size, {name!r:.80}")


def _refused(why: str) -> MalformedResponse:
    return MalformedResponse(f"The export's archive {why}.", place=PLACE)
