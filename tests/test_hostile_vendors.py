"""Every source against a server that answers anything but its API: one sentence, whatever it is, and nothing raised."""

import gzip
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors import VENDORS, connector_class
from connectors.credentials import ask_credentials
from connectors.http import Http
from connectors.runner import run_source
from connectors.settings import load_settings
from tests.test_amplitude import Impatient
from tests.vendor_reading import environment

HTTP_SOURCES = [each for each in VENDORS if each != "files"]
BASE_URL = "https://api.vendor.example"
BOMB = gzip.compress(b" " * (70 << 20))
DICE = random.Random(20261129)

HOSTILE: dict[str, Callable[[], httpx.Response]] = {
    "deep JSON": lambda: httpx.Response(200, content=b"[" * 5000),
    "deep refusal": lambda: httpx.Response(400, content=b'{"error":' * 5000),
    "a date beyond time": lambda: httpx.Response(
        200, json={}, headers={"date": "Sun, 29 Nov 99999999999999999999 21:00:00 GMT"}
    ),
    "a bomb": lambda: httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(BOMB)
    ),
    "noise": lambda: httpx.Response(200, content=DICE.randbytes(500)),
    "a list": lambda: httpx.Response(200, json=[[[]]]),
    "a number": lambda: httpx.Response(200, json=5),
    "nothing": lambda: httpx.Response(200, json=None, content=b"null"),
    "texts for objects": lambda: httpx.Response(200, json=dict.fromkeys(("results", "user", "data", "values"), "anna")),
    "a foreign redirect": lambda: httpx.Response(302, headers={"location": "https://evil.example/"}),
    "no status of this world": lambda: httpx.Response(799, content=b"\x00"),
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("source", HTTP_SOURCES)
def test_a_check_of_any_source_says_one_sentence(source: str, hostile: Callable[[], httpx.Response]) -> None:
    kind = connector_class(source)
    settings = load_settings(source, kind.Settings, environment(BASE_URL, 1000, [source]))
    assert settings is not None
    transport = httpx.MockTransport(lambda request: hostile())
    with Http.of(settings, transport=transport, clock=Impatient(), retry_seconds=1) as http:
        answered = ask_credentials(kind(settings, http))
    assert answered.state in ("ok", "rejected", "scope_missing", "unreachable")
    assert "\n" not in answered.remedy
    assert "anna" not in answered.remedy
    assert (answered.remedy == "") == (answered.state == "ok")


@pytest.mark.parametrize("hostile", ["deep JSON", "a date beyond time", "noise"])
def test_a_run_against_it_fails_and_raises_nothing(tmp_path: Path, hostile: str) -> None:
    run = run_source(
        "zendesk",
        tmp_path,
        datetime(2026, 11, 16, 1, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        env=environment(BASE_URL, 1000, ["zendesk"]),
        transport=httpx.MockTransport(lambda request: HOSTILE[hostile]()),
        clock=Impatient(),
    )
    assert run.outcome == "failed"
    assert "zendesk" in (run.error or "")
