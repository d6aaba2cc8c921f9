"""The folder or bucket: what lies in it, and a file of it as plain UTF-8 on this machine's disk."""

import codecs
import gzip
import hashlib
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from connectors.errors import (
    BadRequest,
    InvalidMapping,
    InvalidSettings,
    NotFound,
    ScopeMissing,
    SourceError,
    Unreachable,
)
from connectors.files.mapping import Mapping, read_mapping

CHUNK_BYTES = 1024 * 1024
# Of a file, unpacked: some millions of rows.
LARGEST_FILE_BYTES = 4 << 30
LARGEST_MAPPING_BYTES = 256 * 1024
# How a text file may begin that says itself how it is written; the longer ones first, for a shorter one begins like them.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BROKEN_ARCHIVE = (gzip.BadGzipFile, EOFError, zlib.error)


class BadFile(Exception):
    """A file is refused whole; the text says why, and quotes nothing of its rows."""


@dataclass(frozen=True)
class Listed:
    """A file below the folder. `modified`: ISO text, empty where the store does not tell; `size` in bytes."""

    path: str
    modified: str
    size: int


class Folder:
    """What `POPS_FILES_URL` names. Raises InvalidSettings, NotFound or Unreachable, without the URL's user and password."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: tuple[AbstractFileSystem, str] | None = None
        # Paths that are shown otherwise than they are written.
        self._unwritable: set[str] = set()

    def mappings(self) -> list[Mapping]:
        """Every mapping of the folder's top level, validated. Raises InvalidMapping."""
        names = [each for each in self._names() if "/" not in each and each.endswith((".yml", ".yaml"))]
        if not names:
            raise InvalidMapping(
                "There is no mapping: no *.yml lies in the folder.",
                remedy="Write one that says which files hold what: see connectors/files/README.md.",
            )
        found: dict[str, Mapping] = {}
        for name in names:
            mapping = read_mapping(name, self._mapping_text(name))
            if mapping.id in found:
                raise InvalidMapping(f"The id `{mapping.id}` is used twice.", place=name)
            found[mapping.id] = mapping
        return list(found.values())

    def files(self, mapping: Mapping) -> list[Listed]:
        """The files of a mapping, the one that was changed last at the end."""
        filesystem, root = self._filesystem()
        found = []
        for name in self._names():
            if mapping.matches(name) and not name.endswith((".yml", ".yaml")):
                full = f"{root}/{name}"
                if name in self._unwritable:
                    found.append(Listed(name, "", 0))
                    continue
                # One that was taken away since it was listed is not there.
                with suppress(NotFound), self._told(name):
                    found.append(Listed(name, *_seen(filesystem, full)))
        return sorted(found, key=lambda each: (each.modified, each.path))

    def copy(self, path: str, mapping: Mapping, target: Path) -> None:
        """The file's content at `target`, unpacked, and as UTF-8 if it is text. Raises BadFile.

        A byte order mark tells the encoding; the mapping's is that of files without one.
        """
        is_text = mapping.format_of(path) != "parquet"
        encoding, decoder = mapping.encoding, None
        line = 1
        with target.open("wb") as file:
            try:
                for chunk in self._chunks(path, unpacked=path.lower().endswith(".gz")):
                    if not is_text:
                        file.write(chunk)
                        continue
                    if decoder is None:
                        encoding = _marked(chunk) or encoding
                        decoder = codecs.getincrementaldecoder(encoding)("strict")
                    text = decoder.decode(chunk)
                    line += text.count("\n")
                    file.write(text.encode())
                if decoder is not None:
                    file.write(decoder.decode(b"", final=True).encode())
            except UnicodeError as error:
                more = (
                    error.object[: error.start].count(b"\n") if isinstance(error, UnicodeDecodeError) else 0
                )
                raise BadFile(
                    f"it is not {encoding.removesuffix('-sig')}: line {line + more} cannot be read; "
                    "say its `encoding` in the mapping, such as cp1252, in which Excel saves plain CSV"
                ) from None
            except _BROKEN_ARCHIVE:
                raise BadFile("it is not a whole gzip file; drop it again") from None

    def digest(self, path: str) -> str:
        """SHA-256 of the file as it lies there."""
        found = hashlib.sha256()
        for chunk in self._chunks(path):
            found.update(chunk)
        return found.hexdigest()

    def _filesystem(self) -> tuple[AbstractFileSystem, str]:
        if self._opened is None:
            with self._told():
                filesystem, root = self._found()
                # Listings are kept from an earlier use of the same store.
                filesystem.invalidate_cache()
                exists = filesystem.isdir(root)
            if not exists:
                raise NotFound(
                    "There is no such folder.", remedy="Set POPS_FILES_URL to the folder with the mappings."
                )
            self._opened = filesystem, root.rstrip("/")
        return self._opened

    def _found(self) -> tuple[AbstractFileSystem, str]:
        try:
            filesystem, root = url_to_fs(self._url)
        except ImportError as error:
            raise InvalidSettings(
                f"POPS_FILES_URL needs a package that is not installed: {str(error).rstrip('.')}.",
                remedy="Install it into the project's environment.",
            ) from None
        except ValueError:
            raise InvalidSettings(
                f"POPS_FILES_URL begins with `{self._url.partition(':')[0]}:`, which no file system answers to.",
                remedy="Give a folder, or a URL such as s3://bucket/prefix.",
            ) from None
        return filesystem, root

    @contextmanager
    def _told(self, file: str = "") -> Iterator[None]:
        """Every store has errors of its own, whose texts may hold what the URL holds."""
        what = f"The file {file}" if file else "The folder of POPS_FILES_URL"
        try:
            yield
        except (SourceError, BadFile, *_BROKEN_ARCHIVE):
            raise
        except FileNotFoundError:
            raise NotFound(f"{what} is not there any more.", remedy="Put it back.") from None
        except PermissionError:
            raise ScopeMissing(
                f"{what} may not be read.",
                remedy="Give the credentials the right to list and to read it.",
            ) from None
        except Exception as error:
            raise Unreachable(
                f"{what} cannot be read ({type(error).__name__}).",
                remedy="Check the URL, the credentials of its store and the network.",
            ) from error

    def _names(self) -> list[str]:
        filesystem, root = self._filesystem()
        with self._told():
            names = sorted(each.removeprefix(root).lstrip("/") for each in filesystem.find(root))
        written = [name.encode(errors="backslashreplace").decode() for name in names]
        self._unwritable = set(written) - set(names)
        return written

    def _mapping_text(self, name: str) -> str:
        content = next(self._chunks(name), b"")
        if len(content) > LARGEST_MAPPING_BYTES:
            raise InvalidMapping(f"The file is larger than {LARGEST_MAPPING_BYTES >> 10} KiB.", place=name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidMapping("The file is not UTF-8.", place=name) from None

    def _chunks(self, path: str, unpacked: bool = False) -> Iterator[bytes]:
        filesystem, root = self._filesystem()
        packed, size = "gzip" if unpacked else None, 0
        if path in self._unwritable:
            raise BadRequest(f"The name of {path} is not UTF-8.", remedy="Give the file another name.")
        with self._told(path):
            if isinstance(filesystem, LocalFileSystem):
                _refuse_no_file(Path(root), path)
            with filesystem.open(f"{root}/{path}", "rb", compression=packed) as file:
                while chunk := file.read(CHUNK_BYTES):
                    size += len(chunk)
                    if size > LARGEST_FILE_BYTES:
                        raise BadRequest(
                            f"The file {path} holds more than {LARGEST_FILE_BYTES >> 30} GiB.",
                            remedy="Drop it in several files.",
                        )
                    yield chunk


def _refuse_no_file(root: Path, path: str) -> None:
    """A pipe or a device may be read for ever, and a link may lead to what only this service may read."""
    place = root / path
    try:
        is_file, leads_to = stat.S_ISREG(place.stat().st_mode), place.resolve()
    except FileNotFoundError:
        raise
    except OSError:
        is_file, leads_to = False, place
    if not is_file:
        raise BadRequest(f"{path} is no file, but a folder, a pipe or a device.", remedy="Take it away.")
    if not leads_to.is_relative_to(root.resolve()):
        raise ScopeMissing(f"{path} is a link that leads out of the folder.", remedy="Drop the file itself.")


def _marked(beginning: bytes) -> str | None:
    """The encoding that a file's byte order mark tells; None when it has none."""
    return next((name for mark, name in BYTE_ORDER_MARKS if beginning.startswith(mark)), None)


def _seen(filesystem: AbstractFileSystem, path: str) -> tuple[str, int]:
    """When a file was changed, and its size; what cannot be looked at says why when it is read."""
    try:
        moment: Any = filesystem.modified(path)
        size = int(filesystem.size(path) or 0)
    except NotImplementedError:
        return "", int(filesystem.size(path) or 0)
    except OSError as error:
        if isinstance(error, FileNotFoundError) or not isinstance(filesystem, LocalFileSystem):
            raise
        return "", 0
    return moment.isoformat() if isinstance(moment, datetime) else str(moment), size
