"""Addresses that an operator types: whether secrets may be sent there, and how they are shown."""

import ipaddress
import re
from urllib.parse import parse_qsl, unquote, urlsplit

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
