"""Where the mart is served from besides the file: the PostgreSQL of `POPS_PUBLISH_POSTGRES_URL`, a secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

URL_VARIABLE = "POPS_PUBLISH_POSTGRES_URL"
READER_VARIABLE = "POPS_PUBLISH_POSTGRES_READER"
DEFAULT_READER = "pops_reader"
_SHAPE = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
_SECRET_PARAMETERS = ("password", "sslpassword")
_DEFAULTS = {"connect_timeout": "10", "application_name": "product_ops"}


@dataclass(frozen=True)
class PostgresAddress:
    """`place` (host, port and database) and `user` may be shown; `url` and `secrets` hold the password and may not."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    place: str
    user: str
    reader: str

    def without_secrets(self, text: str) -> str:
        """`text` with every spelling of the password blotted out."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def postgres_address(env: Mapping[str, str]) -> PostgresAddress | None:
    """The address that the environment names; None when the variable is not set.

    Raises ValueError naming the variable, what is wrong with it and the remedy, and never its value.
    """
    given = env.get(URL_VARIABLE, "").strip()
    if not given:
        return None
    reader = env.get(READER_VARIABLE, "").strip() or DEFAULT_READER
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}", reader):
        raise ValueError(
            f"{READER_VARIABLE} is no name of a role: use letters, digits and underscores, such as {DEFAULT_READER}."
        )
    return _parsed(given, reader)


def _parsed(given: str, reader: str) -> PostgresAddress:
    scheme, _, _ = given.partition("://")
    if scheme not in ("postgresql", "postgres"):
        raise _wrong("does not begin with postgresql:// (without the name of a driver)")
    try:
        parts = urlsplit(given)
        port = parts.port or 5432
    except ValueError:
        raise _wrong(
            "cannot be read: its port is not a number, or its password holds a character such as / ? # @ : "
            "that must be percent-encoded (/ as %2F)"
        ) from None
    parameters = dict(parse_qsl(parts.query))
    database = unquote(parts.path.lstrip("/")) or parameters.get("dbname", "")
    host = unquote(parts.hostname or "") or parameters.get("host", "")
    if parts.fragment or "@" in parts.path or "@" in parts.query:
        raise _wrong(
            "cannot be read: a character of its password such as / ? # must be percent-encoded (/ as %2F)"
        )
    for name, value in (("host", host), ("database", database)):
        if not value:
            raise _wrong(f"names no {name}")
    # Written anew, so that what this parser understood is what the driver understands.
    password = unquote(parts.password or "")
    user = unquote(parts.username or "")
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "") + "@" if user else ""
    netloc = f"{login}{_bracketed(parts.hostname)}" + (f":{port}" if parts.hostname else "")
    query = urlencode({**_DEFAULTS, **parameters}, quote_via=quote)
    url = f"postgresql://{netloc}/{quote(database, safe='')}?{query}"
    hidden = {password, parts.password or "", quote(password, safe="")} | {
        parameters.get(name, "") for name in _SECRET_PARAMETERS
    }
    secrets = tuple(sorted(hidden - {""}, key=len, reverse=True))
    return PostgresAddress(url, secrets, f"{host}:{port}/{database}", user, reader)


def _bracketed(host: str | None) -> str:
    return f"[{host}]" if host and ":" in host else host or ""


def _wrong(reason: str) -> ValueError:
    return ValueError(f"{URL_VARIABLE} {reason}: set it to {_SHAPE}.")
