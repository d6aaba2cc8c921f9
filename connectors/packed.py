"""Packed files: unpacked bit by bit, and never to more than a vendor's file can hold."""

from connectors.errors import SourceError
from connectors.lines import Readable

# A record has an id of its own, which does not shrink: real exports unpack to ten to thirty times their size.
LARGEST_RATIO = 250
SMALL = 64 << 20


class Bounded:
    """A decompressor that gives at most `most` bytes, and raises `swollen` when there are more."""

    def __init__(self, unpacked: Readable, most: int, swollen: SourceError) -> None:
        self._unpacked = unpacked
        self._left = most
        self._swollen = swollen

    def read(self, size: int, /) -> bytes:
        chunk = self._unpacked.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise self._swollen
        return chunk
