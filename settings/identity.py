"""Whose a home is: what must stay as it is from night to night, or its tables would mix two truths.

It stands in a note, and in the warehouse, whose tables it is about: a note that was damaged is no leave to mix them.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from connectors.forgotten import PSEUDONYM_KEY as PSEUDONYM_KEY
from connectors.registry.files import load_organisation, registry_dir
from connectors.storage import FileDamaged, FileLocked, open_duckdb, write_text
from settings.home import Home

_NAMES = {
    "key_check": f"the key of people's pseudonyms ({PSEUDONYM_KEY})",
    "reporting_time_zone": "the reporting time zone",
    "week_starts_on": "the first day of the week",
    "organisation": "the organisation",
}


@dataclass(frozen=True)
class Identity:
    """`key_check`: tells another key, and not the key."""

    key_check: str
    reporting_time_zone: str
    week_starts_on: str
    organisation: str

    @classmethod
    def present(cls, env: Mapping[str, str] = os.environ) -> "Identity":
        """Of the environment and the registry. Raises InvalidRegistry."""
        organisation = load_organisation(registry_dir(env))
        key = env.get(PSEUDONYM_KEY, "").encode()
        check = hmac.new(key, b"product ops: whose home is this", hashlib.sha256).hexdigest()
        return cls(check[:16], organisation.reporting_time_zone, organisation.week_starts_on, organisation.id)


def refuse_another(home: Home, env: Mapping[str, str] = os.environ) -> None:
    """Raises ValueError, with the remedy, when a home that is known is asked to be another's.

    With another key everybody would be two people; with another time zone or week, days and weeks of two kinds would stand
    side by side in what grows from night to night.
    """
    present, kept = Identity.present(env), kept_identity(home)
    changed = [name for name in _NAMES if kept and getattr(kept, name) != getattr(present, name)]
    if changed:
        told = "; ".join(
            _NAMES[name]
            if name == "key_check"
            else f"{_NAMES[name]}: {getattr(kept, name)} is now {getattr(present, name)}"
            for name in changed
        )
        # A key that is lost leaves no other way than what a changed zone has.
        way = (
            f"`pops rotate-key` with the old one in {PSEUDONYM_KEY}_BEFORE, or where that is lost "
            if "key_check" in changed
            else ""
        )
        raise ValueError(
            f"{home.root} was built with another setting of {told}. Set it back; or, if it is meant, run {way}`pops rebuild`, "
            "and the next night builds everything above the raw records anew."
        )


def take(home: Home, env: Mapping[str, str] = os.environ) -> None:
    """`refuse_another`, and remember whose a new home is: for one process at a time, as building is."""
    refuse_another(home, env)
    if _noted(home) is None:
        remember(home, Identity.present(env))


def remember(home: Home, identity: Identity) -> None:
    write_text(_file(home), _text(identity))


def remember_in_warehouse(home: Home, identity: Identity) -> None:
    """Beside what was built. Raises as `open_duckdb`."""
    with open_duckdb(home.warehouse) as warehouse:
        warehouse.execute("create schema if not exists metrics_state")
        warehouse.execute(
            "create or replace table metrics_state.identity as select ? as note", [_text(identity)]
        )


def kept_identity(home: Home) -> Identity | None:
    """None for a home that was never used, or where neither its note nor its warehouse can be read."""
    return _noted(home) or _built(home)


def _noted(home: Home) -> Identity | None:
    try:
        return _identity(_file(home).read_text())
    except (OSError, ValueError):
        return None


def _built(home: Home) -> Identity | None:
    try:
        with open_duckdb(home.warehouse, read_only=True) as warehouse:
            found = warehouse.execute("select note from metrics_state.identity").fetchall()
    except (OSError, FileLocked, FileDamaged, duckdb.Error):
        return None
    return _identity(found[0][0]) if found else None


def _identity(text: str) -> Identity | None:
    try:
        return Identity(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _text(identity: Identity) -> str:
    return json.dumps(asdict(identity), indent=2) + "\n"


def _file(home: Home) -> Path:
    return home.root / "identity.json"
