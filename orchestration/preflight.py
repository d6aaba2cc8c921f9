"""What must be right before the first request of a night, whoever starts it: the command line, the schedule or the UI."""

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime

from connectors.forgotten import Book
from connectors.registry.files import load_registry, registry_dir
from connectors.settings import chosen_sources
from messages.channels import mail_settings, slack_settings
from publication.targets import targets_on
from reports.files import report_language
from settings.home import Home
from settings.identity import PSEUDONYM_KEY, refuse_another
from settings.links import links
from settings.night import kept_from, night_at
from settings.own_code import refuse_wrong_code
from warehouse.targets import check_target

SHORTEST_KEY = 32
FEWEST_CHARACTERS = 8
# Of a small company a night writes about so much; a disk that has less fills in the middle of it.
LEAST_ROOM = 256 << 20


def check_night(home: Home, env: Mapping[str, str] = os.environ) -> None:
    """The whole preflight. Raises ValueError with the place and the remedy; no vendor has been asked by then."""
    check_settings(env)
    refuse_another(home, env)
    Book.of(home.root, env)
    check_place(home)


def check_schedule(env: Mapping[str, str] = os.environ) -> None:
    """What the definitions are made of. Raises ValueError as `check_settings` does, without the way by which it was found."""
    try:
        load_registry(registry_dir(env))
        refuse_wrong_code(env)
        night_at(env)
    except ValueError as problem:
        raise problem.with_traceback(None) from None


def check_place(home: Home) -> None:
    """Raises ValueError for a folder of the home that cannot be written, and for a disk that is nearly full."""
    working = (home.root / name for name in ("raw", "dlt"))
    for folder in (home.root, *working, home.published.parent, home.reports, home.dagster, home.dbt_target):
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise ValueError(
                f"{folder} is no folder that can be written: give this user the right to it, "
                "or set POPS_HOME to a folder of its own."
            )
    free, needed = room(home)
    if free < needed:
        raise ValueError(too_little_room(home, needed))


def room(home: Home) -> tuple[int, int]:
    """Bytes that the disk of a home has free, and that a night needs."""
    free = shutil.disk_usage(next(each for each in (home.root, *home.root.parents) if each.exists())).free
    # What is built is copied once before it takes the place of what is published.
    return free, LEAST_ROOM + (home.published.stat().st_size if home.published.is_file() else 0)


def too_little_room(home: Home, needed: int) -> str:
    return (
        f"The disk of {home.root} has less free than the {needed >> 20} MB that a night needs: free some. "
        "What is published stays."
    )


def check_settings(env: Mapping[str, str]) -> None:
    """Raises ValueError naming the variable or the registry's file and line, and the remedy.

    A source that is set by half stops the night only when there is no other: else its own run fails and says why.
    """
    _check_key(env.get(PSEUDONYM_KEY, ""))
    load_registry(registry_dir(env))
    refuse_wrong_code(env)
    report_language(env)
    targets_on(env)
    check_target(env)
    slack_settings(env), mail_settings(env), links(env)
    kept_from(datetime.now(UTC).date(), env)
    chosen = chosen_sources(env)
    for error in chosen.values():
        if error is not None and not any(each is None for each in chosen.values()):
            raise error
    if not chosen:
        raise ValueError(
            "No source is on: set POPS_<SOURCE>_BASE_URL and its credentials, for example of zendesk."
        )


def _check_key(key: str) -> None:
    """A key that can be guessed gives every person away: with it, any e-mail address can be looked up in the mart."""
    problem = ""
    if not key:
        problem = "is not set: people are known by a keyed hash, so a night needs a key"
    elif len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS:
        problem = f"can be guessed: it needs {SHORTEST_KEY} random characters"
    if problem:
        raise ValueError(
            f"{PSEUDONYM_KEY} {problem}. "
            "Make one once, with `openssl rand -hex 32`, and keep it: another key makes other people."
        )
