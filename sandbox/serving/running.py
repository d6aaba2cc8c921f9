"""A running sandbox for tests and for the demo: started, steered and stopped from Python."""

import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from sandbox.serving import environment

START_SECONDS = 120.0


@dataclass(frozen=True)
class Sandbox:
    """Where a sandbox listens, and its control routes as methods; a refused command raises ValueError."""

    base_url: str
    pace: float = 60.0
    only: tuple[str, ...] | None = None
    files: Path | None = None

    def environment(self, *vendors: str) -> dict[str, str]:
        """The POPS_* variables that point the connectors of these vendors here; of the usual ones when none is named.

        `files` is the folder of the company's exports, and one of the usual ones.
        """
        has_files = self.files is not None and (not vendors or "files" in vendors)
        folder = {"POPS_FILES_URL": str(self.files)} if has_files else {}
        served = self.only if not vendors else [name for name in vendors if name != "files"]
        return environment.environment(self.base_url, self.pace, served) | folder

    def set_clock(self, now: datetime) -> None:
        """Move the company's present; `now` is aware."""
        self._send("POST", "clock", {"now": now.isoformat()})

    def plan_faults(self, *faults: dict[str, Any]) -> None:
        """Add faults, as {"vendor": ..., "stream": ..., "kind": ..., "nth": ...}."""
        self._send("POST", "faults", list(faults))

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each matched and struck."""
        result: list[dict[str, Any]] = self._send("GET", "faults")["faults"]
        return result

    def clear_faults(self) -> None:
        self._send("DELETE", "faults")

    def defects(self, *names: str) -> None:
        """Make these the planted defects; none heals them all."""
        self._send("POST", "defects", {"names": list(names)})

    def requests(self) -> dict[str, dict[str, int]]:
        """Requests so far by vendor and "METHOD path"."""
        result: dict[str, dict[str, int]] = self._send("GET", "requests")["requests"]
        return result

    def _send(self, method: str, name: str, body: Any = None) -> dict[str, Any]:
        response = httpx.request(method, f"{self.base_url}/_sandbox/{name}", json=body, timeout=60)
        answer: dict[str, Any] = response.json()
        if response.is_error:
            raise ValueError(f"the sandbox refused {method} {name}: {answer.get('error')}")
        return answer


@contextlib.contextmanager
def running_sandbox(
    *,
    port: int = 0,
    scale: str = "small",
    seed: int = 7,
    now: datetime | None = None,
    faults: Sequence[dict[str, Any]] | None = None,
    replay: Path | None = None,
    only: Sequence[str] | None = None,
    pace: float = 600.0,
) -> Iterator[Sandbox]:
    """`python -m sandbox serve` as a process of its own, stopped at the end.

    `only` may name `files`, as if the folder of the company's exports were a vendor; a replay has none.
    RuntimeError with the process's last words when it does not start within START_SECONDS.
    """
    has_files = "files" in only if only is not None else replay is None
    vendors = None if only is None else [name for name in only if name != "files"]
    command = [sys.executable, "-m", "sandbox", "serve", "--port", str(port), "--scale", scale]
    command += ["--seed", str(seed), "--pace", str(pace)]
    command += ["--now", now.isoformat()] if now else []
    command += ["--replay", str(replay)] if replay else []
    command += ["--only", ",".join(vendors)] if vendors is not None else []
    root = Path(__file__).resolve().parents[2]
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryDirectory(prefix="sandbox-files-") as folder:
        command += ["--files", folder] if has_files else []
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            base_url = _announced(process, errors)
            sandbox = Sandbox(
                base_url,
                pace,
                None if vendors is None else tuple(vendors),
                Path(folder) if has_files else None,
            )
            if faults:
                sandbox.plan_faults(*faults)
            yield sandbox
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _announced(process: subprocess.Popen[str], errors: IO[bytes]) -> str:
    """The address from the line that the process prints when it listens."""
    if process.stdout is None:
        raise RuntimeError("the sandbox was started without a pipe for its output")
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        line = process.stdout.readline()
    finally:
        timer.cancel()
    prefix = "sandbox listening on "
    if not line.startswith(prefix):
        process.wait(10)
        errors.seek(0)
        raise RuntimeError(
            f"the sandbox did not start: {errors.read().decode(errors='replace')[-2000:].strip()}"
        )
    return line.removeprefix(prefix).strip()


@contextlib.contextmanager
def running_app(application: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port from a thread of this process; yields its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(application, log_level="critical", access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            if time.monotonic() > deadline:
                raise RuntimeError("the application did not start within 10 seconds")
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
