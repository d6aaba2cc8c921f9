"""What must be right before the first request of a night."""

from collections.abc import Mapping

from connectors.registry.files import load_registry, registry_dir
from connectors.settings import chosen_sources
from publication.targets import targets_on
from reports.files import report_language
from settings.identity import PSEUDONYM_KEY

SHORTEST_KEY = 32
FEWEST_CHARACTERS = 8


def check_settings(env: Mapping[str, str]) -> None:
    """Raises ValueError naming the variable or the registry's file and line, and the remedy.

    A source that is set by half stops the night only when there is no other: else its own run fails and says why.
    """
    _check_key(env.get(PSEUDONYM_KEY, ""))
    load_registry(registry_dir(env))
    report_language(env)
    targets_on(env)
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
