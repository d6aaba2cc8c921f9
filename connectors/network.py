"""The network as the client uses it: what the environment says of it, and an end to answers that never begin."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from connectors.bodies import bounds_of
from connectors.errors import InvalidSettings, Unreachable
from connectors.waiting import Clock

LONGEST_HEADERS_SECONDS = 600.0


class TimelyStream(httpcore.NetworkStream):
    """A connection. From each writing on, headers may take so long; what comes after them, as long as the body's bounds say.

    Between bytes that drip no timeout is ever reached, and httpx knows none for the whole of an answer.
    """

    def __init__(self, stream: httpcore.NetworkStream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self.may_take(LONGEST_HEADERS_SECONDS)

    def may_take(self, seconds: float) -> None:
        """What comes from now on."""
        self._seconds, self._until = seconds, self._clock.monotonic() + seconds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._clock.monotonic() > self._until:
            raise Unreachable(f"The answer did not come within {self._seconds:.0f} seconds.")
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.may_take(LONGEST_HEADERS_SECONDS)
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return TimelyStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class TimelyBackend(httpcore.NetworkBackend):
    """Opens connections as `httpcore.SyncBackend` does."""

    def __init__(self, clock: Clock) -> None:
        self._opens = httpcore.SyncBackend()
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            stream = self._opens.connect_tcp(host, port, timeout, local_address, socket_options)
        except UnicodeError as error:
            raise httpcore.ConnectError("No host can have such a name.") from error
        return TimelyStream(stream, self._clock)

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@contextmanager
def environment_told() -> Iterator[None]:
    """What httpx reads of the environment by itself is held against sense as our own variables are."""
    try:
        yield
    except OSError:
        raise InvalidSettings(
            "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read.",
            remedy="Name a file or folder of PEM certificates, or unset the variable.",
        ) from None
    except (ImportError, ValueError, httpx.InvalidURL):
        raise InvalidSettings(
            "The proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names cannot be used.",
            remedy="Write it as http://HOST:PORT, or unset the variable.",
        ) from None


def make_timely(client: httpx.Client, clock: Clock) -> None:
    """Let all connections of a client, also those by a proxy, be `TimelyStream`s: httpx has no parameter for it."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = TimelyBackend(clock)


def headers_came(response: httpx.Response) -> None:
    """A response hook of the client."""
    stream = response.extensions.get("network_stream")
    if isinstance(stream, TimelyStream):
        stream.may_take(bounds_of(response).most_seconds)
