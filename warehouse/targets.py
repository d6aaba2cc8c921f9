"""Which engine builds, by the environment, and where its files lie."""

import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

TARGET = "POPS_TARGET"
LAKE = "POPS_LAKE_URL"
HOST = "POPS_SPARK_HOST"
PORT = "POPS_SPARK_PORT"
_ENCRYPTED = "POPS_SPARK_TLS"
ACCOUNT = "POPS_SNOWFLAKE_ACCOUNT"
USER = "POPS_SNOWFLAKE_USER"
PASSWORD = "POPS_SNOWFLAKE_PASSWORD"
KEY_FILE = "POPS_SNOWFLAKE_KEY_FILE"
SET_UP = "deploy/SNOWFLAKE.md"
# What a bucket is called by Spark, where fsspec has another name for it.
_OF_SPARK = {"s3": "s3a", "abfs": "abfss", "az": "abfss"}


class Target(StrEnum):
    """A target of dbt's profile."""

    EMBEDDED = "embedded"
    SPARK = "spark"
    SNOWFLAKE = "snowflake"


@dataclass(frozen=True)
class Lake:
    """A folder or bucket that this process and every worker of the engine reach. `fs`: fsspec's file system; `root`: in it."""

    url: str
    fs: Any
    root: str

    def path(self, *parts: str) -> str:
        return "/".join((self.root.rstrip("/"), *parts))

    def url_of(self, *parts: str) -> str:
        """As the engine calls it."""
        scheme, _, rest = self.url.partition("://")
        return "/".join((f"{_OF_SPARK.get(scheme, scheme)}://{rest}", *parts))


def refuse_elsewhere(what: str, env: Mapping[str, str] = os.environ) -> None:
    """Raises ValueError for what only the embedded engine does."""
    if (chosen := chosen_target(env)) is not Target.EMBEDDED:
        raise ValueError(
            f"{what} works on the embedded engine, and {TARGET} is {chosen}: run it without {TARGET} in a home of your own, "
            "such as that of `pops demo`."
        )


@dataclass(frozen=True)
class SparkAddress:
    """A Thrift server of Spark, and as whom it is spoken to."""

    host: str
    port: int
    user: str
    has_tls: bool


def chosen_target(env: Mapping[str, str] = os.environ) -> Target:
    """Raises ValueError for a name of no target."""
    named = env.get(TARGET) or Target.EMBEDDED
    try:
        return Target(named)
    except ValueError:
        raise ValueError(
            f"{TARGET} is {named!r}: set it to {', '.join(list(Target)[:-1])} or {list(Target)[-1]}, or leave it out, which is {Target.EMBEDDED}."
        ) from None


def lake(env: Mapping[str, str] = os.environ) -> Lake:
    """Raises ValueError for an address that is none, holds a secret, or needs a library that is not installed."""
    url = (env.get(LAKE) or "").rstrip("/")
    if not url:
        raise ValueError(
            f"{LAKE} is not set: name a folder or bucket that this machine and the engine's workers reach, such as "
            "s3://company-product-ops/lake or file:///mnt/lake."
        )
    parts = urlsplit(url)
    if not parts.scheme or "://" not in url or parts.query or parts.fragment or "'" in url or "\\" in url:
        raise ValueError(f"{LAKE} is no address of a folder or bucket: write it like s3://bucket/folder.")
    if parts.username or parts.password:
        raise ValueError(f"{LAKE} holds credentials: leave them to the environment of the storage's library.")
    if parts.scheme == "file" and (parts.netloc or not PurePosixPath(parts.path).is_absolute()):
        raise ValueError(f"{LAKE} is no folder of this machine: write it like file:///mnt/lake.")
    # Imported here: the embedded engine needs none of it.
    from fsspec.core import url_to_fs

    try:
        fs, root = url_to_fs(url)
    except (ImportError, ValueError) as problem:
        raise ValueError(f"{LAKE} cannot be opened ({problem}): install what its storage needs.") from None
    return Lake(url, fs, str(root))


def spark_address(env: Mapping[str, str] = os.environ) -> SparkAddress:
    """Raises ValueError naming the variable and the remedy."""
    host, port, tls = env.get(HOST) or "", env.get(PORT) or "10000", env.get(_ENCRYPTED) or "false"
    if not host or any(sign in host for sign in "/:@ "):
        raise ValueError(f"{HOST} is {host!r}: name the machine of Spark's Thrift server, without its port.")
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{PORT} is {port!r}: set it to the port of Spark's Thrift server, such as 10000.")
    if tls not in ("true", "false"):
        raise ValueError(f"{_ENCRYPTED} is {tls!r}: set it to true or false.")
    return SparkAddress(host, int(port), env.get("POPS_SPARK_USER") or "product_ops", tls == "true")


@dataclass(frozen=True)
class SnowflakeAccount:
    """An account of Snowflake, as whom it is spoken to, and where. One of `password` and `key_file` is None."""

    account: str
    user: str
    password: str | None = field(repr=False)
    key_file: str | None
    key_password: str | None = field(repr=False)
    role: str
    database: str
    warehouse: str


def snowflake_account(env: Mapping[str, str] = os.environ) -> SnowflakeAccount:
    """Raises ValueError naming the variable and the remedy."""
    account, user = env.get(ACCOUNT) or "", env.get(USER) or ""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", account):
        raise ValueError(
            f"{ACCOUNT} is {account!r}: name the account as its address does before .snowflakecomputing.com, "
            "such as organisation-account."
        )
    if not user:
        raise ValueError(f"{USER} is not set: name the user that {SET_UP} makes.")
    password, key_file = env.get(PASSWORD) or None, env.get(KEY_FILE) or None
    if (password is None) == (key_file is None):
        raise ValueError(f"Set one of {PASSWORD} and {KEY_FILE}, the file of the user's private key.")
    if key_file and not os.access(key_file, os.R_OK):
        raise ValueError(f"{KEY_FILE} is no file that can be read: name that of the user's private key.")
    names = {}
    for variable in ("POPS_SNOWFLAKE_ROLE", "POPS_SNOWFLAKE_DATABASE", "POPS_SNOWFLAKE_WAREHOUSE"):
        names[variable] = env.get(variable) or "product_ops"
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", names[variable]):
            raise ValueError(
                f"{variable} is {names[variable]!r}: a name of letters, digits and underscores is needed."
            )
    return SnowflakeAccount(
        account, user, password, key_file, env.get("POPS_SNOWFLAKE_KEY_PASSWORD") or None, *names.values()
    )


def place(env: Mapping[str, str] = os.environ) -> list[str]:
    """Where tables are built: another place has others. Nothing of the home's own."""
    match chosen_target(env):
        case Target.EMBEDDED:
            return []
        case Target.SPARK:
            return [Target.SPARK, env.get(LAKE, "")]
        case Target.SNOWFLAKE:
            return [
                Target.SNOWFLAKE, env.get(ACCOUNT, ""), env.get("POPS_SNOWFLAKE_DATABASE") or "product_ops"
            ]  # fmt: skip


def check_target(env: Mapping[str, str] = os.environ) -> None:
    """What a night needs of its engine's settings. Raises ValueError naming the variable and the remedy; nothing is asked."""
    target = chosen_target(env)
    if target is Target.SPARK:
        lake(env)
        spark_address(env)
        needed = ("dbt.adapters.spark", "pyhive")
    elif target is Target.SNOWFLAKE:
        snowflake_account(env)
        needed = ("dbt.adapters.snowflake", "snowflake.connector")
    else:
        return
    for module in needed:
        try:
            importlib.import_module(module)
        except ImportError:
            raise ValueError(
                f"{TARGET} is {target}, whose adapter is not installed: install requirements-{target}.lock."
            ) from None
