"""A browser that looks at pages, and Dagster's UI for it to look at."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright


@contextmanager
def opened_browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


@contextmanager
def served_ui(home: Path) -> Iterator[str]:
    """The address of Dagster's UI on a home, which ends with the context. Raises AssertionError when it does not answer."""
    (home / "dagster").mkdir(exist_ok=True)
    shutil.copy("orchestration/dagster.yaml", home / "dagster")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "POPS_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    command = [
        sys.executable, "-m", "dagster_webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port),
    ]  # fmt: skip
    with (
        (home / "dagster" / "webserver.log").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            yield _answering(f"http://127.0.0.1:{port}", Path(log.name))
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                # It waits for its code location, which a loaded machine may still be starting.
                server.kill()


def _answering(address: str, log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/server_info", timeout=5).status_code == 200:
                return address
        except httpx.TransportError:
            time.sleep(0.3)
    raise AssertionError(log.read_text())
