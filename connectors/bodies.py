"""What comes in is bounded: bytes after decompression, seconds, and levels of JSON."""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.errors import MalformedResponse, Unreachable
from connectors.waiting import Clock

# A page of records is a few megabytes; an archive or a day of events comes as a download.
LARGEST_ANSWER = 64 << 20
LARGEST_DOWNLOAD = 16 << 30
LONGEST_ANSWER_SECONDS = 600.0
LONGEST_DOWNLOAD_SECONDS = 4 * 3600.0
# Of a refusal only the vendor's sentence is wanted.
KEPT_OF_REFUSAL = 1 << 20
DEEPEST_JSON = 200
# Of an answer: a page has some hundred thousand. Empty objects take forty times the room that they take as text.
MOST_VALUES = 4_000_000
UNPACKED_AT_ONCE = 1 << 20
MOST_DIGITS = 4000
_PACKED = ("gzip", "x-gzip", "deflate")
_BOUNDS = "bounds"


@dataclass(frozen=True)
class Bounds:
    """`is_kept_packed`: the bytes are wanted as they were sent."""

    most_bytes: int
    most_seconds: float
    is_kept_packed: bool = False


ANSWER = Bounds(LARGEST_ANSWER, LONGEST_ANSWER_SECONDS)
DOWNLOAD = {_BOUNDS: Bounds(LARGEST_DOWNLOAD, LONGEST_DOWNLOAD_SECONDS, is_kept_packed=True)}


def bounds_of(response: httpx.Response) -> Bounds:
    found: Bounds = response.request.extensions.get(_BOUNDS, ANSWER)
    return found


def bound(response: httpx.Response, clock: Clock) -> None:
    """A response hook of the client: from here on the body keeps to the bounds of its request, unpacked by us.

    httpx would unpack a chunk to whatever it holds. `extensions=DOWNLOAD` in a request stands for a download's bounds.
    """
    bounds = bounds_of(response)
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if not bounds.is_kept_packed:
        response.headers.pop("content-encoding", None)
    if isinstance(response.stream, httpx.SyncByteStream):
        response.stream = _BoundedStream(response, response.stream, bounds, packing, clock)


class _BoundedStream(httpx.SyncByteStream):
    def __init__(
        self,
        response: httpx.Response,
        stream: httpx.SyncByteStream,
        bounds: Bounds,
        packing: str,
        clock: Clock,
    ) -> None:
        self._request = response.request
        self._is_refusal = not response.is_success
        self._stream = stream
        self._bounds = bounds
        self._packing = packing
        self._clock = clock
        self._place = f"{self._request.method} {self._request.url.path}"

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        try:
            for part in self._parts():
                size += len(part)
                if self._is_refusal and size > KEPT_OF_REFUSAL:
                    return
                if size > self._bounds.most_bytes:
                    raise MalformedResponse(
                        f"The answer is larger than {_said(self._bounds.most_bytes)}.",
                        remedy="Nothing of it was kept: ask for less at once, or ask the vendor what it sends.",
                        place=self._place,
                    )
                yield part
        except httpx.DecodingError:
            # What the status says counts, even if the sentence cannot be read.
            if not self._is_refusal:
                raise

    def close(self) -> None:
        self._stream.close()

    def _parts(self) -> Iterator[bytes]:
        if self._bounds.is_kept_packed or self._packing in ("identity", ""):
            yield from self._timely()
        elif self._packing in _PACKED:
            yield from self._unpacked()
        else:
            raise httpx.DecodingError("packed in a way that was not asked for", request=self._request)

    def _timely(self) -> Iterator[bytes]:
        """The chunks as they come. A vendor that sends a byte a minute never runs into a timeout between two of them."""
        started = self._clock.monotonic()
        for chunk in self._stream:
            if self._clock.monotonic() - started > self._bounds.most_seconds:
                raise Unreachable(
                    f"The answer did not end within {self._bounds.most_seconds:.0f} seconds.",
                    place=self._place,
                )
            yield chunk

    def _unpacked(self) -> Iterator[bytes]:
        # 32: gzip or zlib, whichever the first bytes say.
        unpacker = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
        is_empty = True
        try:
            for chunk in self._timely():
                is_empty = is_empty and not chunk
                while chunk and not unpacker.eof:
                    yield unpacker.decompress(chunk, UNPACKED_AT_ONCE)
                    chunk = unpacker.unconsumed_tail
        except zlib.error as error:
            raise httpx.DecodingError("broken compression", request=self._request) from error
        if not (unpacker.eof or is_empty):
            raise httpx.DecodingError("compression cut short", request=self._request)


def parse_json(text: bytes | str) -> Any:
    """Parsed JSON of at most `DEEPEST_JSON` levels and about `MOST_VALUES` values.

    Raises ValueError, in words that quote nothing.
    """
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        is_wide = sum(map(text.count, ",[{")) > MOST_VALUES
        parsed = None if is_wide else _parsed(text)
    except UnicodeDecodeError:
        raise ValueError("text that is not UTF-8") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except ValueError:
        raise ValueError("broken or empty JSON") from None
    if is_wide:
        raise ValueError(f"JSON of more than {MOST_VALUES:,} values")
    level, depth = [parsed], 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        if depth > DEEPEST_JSON:
            raise ValueError(_TOO_DEEP)
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return parsed


def is_too_deep(text: str) -> bool:
    """Is JSON text nested deeper than `DEEPEST_JSON`? Told without parsing it; DuckDB dies of some such texts."""
    # Without escaped quotes, every second piece between quotes is inside a string.
    outside = "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])
    depth = 0
    for bracket in _BRACKET.findall(outside):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST_JSON:
            return True
    return False


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # It has more digits than Python reads. Asked only then: it makes all numbers slow.
        return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | str:
    """One that is too long stays a text: it must not cost the answer."""
    return int(digits) if len(digits) <= MOST_DIGITS else digits


_BRACKET = re.compile(r"[][{}]")
_TOO_DEEP = f"JSON nested deeper than {DEEPEST_JSON} levels"


def _said(size: int) -> str:
    return f"{size >> 30} GiB" if size >= 1 << 30 else f"{size >> 20} MiB"
