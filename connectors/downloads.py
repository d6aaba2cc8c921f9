"""From an answer's body to a file: whole, or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx

from connectors.errors import MalformedResponse, Unreachable
from connectors.retrying import TryAgain


class Download(NamedTuple):
    """What came into a file: its bytes and the answer's headers."""

    size: int
    headers: Mapping[str, str]


def save(response: httpx.Response, file: Path, place: str) -> Download:
    """Write the body of a 200 as it was sent.

    Raises MalformedResponse when HTML comes instead of a file, TryAgain when the body was cut short.
    """
    if response.headers.get("content-type", "").lower().startswith("text/html"):
        raise MalformedResponse("A page of HTML came instead of a file.", place=place, status=200)
    size = 0
    with file.open("wb") as target:
        for chunk in response.iter_raw():
            size += target.write(chunk)
    expected = response.headers.get("content-length", "").strip()
    if expected and expected != str(size):
        raise TryAgain(
            Unreachable(f"The download was cut short: {size} of {expected:.20} bytes.", place=place)
        )
    return Download(size, response.headers)
