"""Addresses that an operator types or a vendor names: whether secrets may be sent there, and how they are shown."""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from connectors.errors import ForeignHost, MalformedResponse

# A password may hold a slash: then everything to the last @ is user info, unless no colon stands before the slash.
_USER_INFO = re.compile(r"(?<=://)(?:[^/@:]*:[^?#]*@|[^/@]*@)")


def is_loopback(host: str) -> bool:
    """Is this the machine itself, so that nobody on the way can listen?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def wrong_with(url: str) -> str:
    """Why an API may not be asked at `url`, in words that go on after its name; empty: it may."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "must not hold a user or a password: credentials have variables of their own"
    if parts.query or parts.fragment:
        return "must end before any ? or #"
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        return "must begin with https://: anybody on the way could read the credentials"
    return ""


def wrong_with_store(url: str) -> str:
    """Why a store may not be opened at `url`, as `wrong_with`: its own package sends what the URL holds."""
    parts = urlsplit(url.rpartition("::")[2])
    if parts.scheme in ("http", "ftp") and secrets_in(url) and not is_loopback(parts.hostname or ""):
        return "must not send credentials in clear: use https or sftp, or the store's own variables"
    return ""


def shown(url: str) -> str:
    """`url` as it may be shown: without user info, query and fragment. What is no URL (a folder) stays as it is."""
    if "://" not in url:
        return url.rstrip("/") or url
    return re.split(r"[?#]", _USER_INFO.sub("", url), maxsplit=1)[0].rstrip("/")


def secrets_in(url: str) -> list[str]:
    """User info and values of the query, for redaction."""
    if "://" not in url:
        return []
    user_info = _USER_INFO.search(url)
    written = user_info[0][:-1].split(":", 1) if user_info else []
    query = [value for _, value in parse_qsl(url.partition("?")[2].partition("#")[0])]
    return [each for part in (*written, *query) for each in {part, unquote(part)}]


class Reach:
    """Where a client may go: below its base URL, and to hosts that its connector names.

    `allowed_hosts` are sent our credentials, `file_hosts` (see `connectors.habits`) are not.
    """

    def __init__(self, base_url: str, allowed_hosts: Collection[str], file_hosts: Collection[str]) -> None:
        self.base = httpx.URL(base_url.rstrip("/"))
        self._allowed_hosts = frozenset(allowed_hosts)
        self._file_hosts = tuple(file_hosts)

    def url(self, path: str) -> httpx.URL:
        """The address of a path below the base URL, or of an absolute URL.

        Raises ForeignHost for another host, MalformedResponse for what is no address.
        """
        if "://" not in path and not path.startswith("//"):
            return parsed_url(f"{self.base}/{path.lstrip('/')}")
        url = parsed_url(path, self.base)
        if not (self._is_ours(url) or self.serves_files(url)):
            raise ForeignHost(
                f"An answer points to {url.scheme}://{url.host}, but only {self.base.scheme}://{self.base.host} is allowed.",
                place=f"GET {url.path}",
            )
        return url

    def linked(self, target: str) -> str:
        """What a vendor names as its next page, as a path or URL that may be asked for.

        Some write it from the root of the host, with the base URL's own path at its head.
        """
        if self.base.path != "/" and target.startswith(f"{self.base.path}/"):
            return str(parsed_url(target, self.base))
        return target

    def serves_files(self, url: httpx.URL) -> bool:
        """Is this the pre-signed address of a file, to which no credentials go?"""
        # As with credentials: in clear only where nobody can listen.
        if url.scheme != "https" and not is_loopback(url.host):
            return False
        return any(
            url.host == each or (each[:1] == "." and url.host.endswith(each)) for each in self._file_hosts
        )

    def _is_ours(self, url: httpx.URL) -> bool:
        if (url.scheme, url.host, url.port) == (self.base.scheme, self.base.host, self.base.port):
            return True
        return url.scheme == "https" and url.host in self._allowed_hosts


def parsed_url(target: str, base: httpx.URL | None = None) -> httpx.URL:
    """A URL, read from `base` on if it is relative. Raises MalformedResponse for what is none."""
    try:
        url = base.join(target) if base is not None else httpx.URL(target)
        # Of some hosts it is read here for the first time.
        host = url.host
    except Exception:  # noqa: BLE001 (httpx and idna raise errors of their own for what is no address)
        host = ""
    if not host:
        raise MalformedResponse("An answer points to what is no address.", place="the next page")
    return url
