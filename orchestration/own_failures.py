"""What of the organisation's own code could not be built or computed in a night: it costs itself, and the audit tells it."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import dagster as dg

from checks.blockers import engine_message
from checks.words import OWN_CODE_CONSEQUENCE, OWN_CODE_MEANING, OWN_CODE_REMEDY
from connectors.storage import write_text
from orchestration.check_words import CheckWords
from orchestration.kept_statements import ModelResult
from settings.home import Home, text_of
from settings.own_code import is_own

CHECK = "own_code_runs"
_FILE = "own_failures.json"


def own_metrics(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The names of the organisation's own metrics."""
    return frozenset(str(each["name"]) for each in manifest["metrics"].values() if is_own(each))


def remember_models(home: Home, tried: Iterable[ModelResult]) -> None:
    """Keep which of the own models that were tried were not built, and why."""
    own = {each.unique_id.rsplit(".", 1)[-1]: each for each in tried if each.is_own}
    failed = {name: each for name, each in own.items() if each.status != "success"}
    told = {name: each.message or "A model that it reads was not built." for name, each in failed.items()}
    remember(home, "models", told, own)


def remember(home: Home, kind: str, messages: Mapping[str, str], tried: Collection[str]) -> None:
    """Keep what failed of those that were tried of a kind (`models`, `tests`, `metrics`), by name; of others, what was known."""
    known = _known(home)
    before = known.get(kind, {})
    now = {name: text for name, text in before.items() if name not in tried}
    now |= {name: engine_message(text) for name, text in messages.items()}
    if now != before:
        write_text(home.dbt_target / _FILE, json.dumps({**known, kind: now}))


def left_out(home: Home) -> frozenset[str]:
    """The names of own models that are not in the warehouse, and of own tests that could not be run."""
    known = _known(home)
    return frozenset({*known.get("models", {}), *known.get("tests", {})})


def specs(assets: Iterable[dg.AssetSpec]) -> Iterator[dg.AssetCheckSpec]:
    """A check of each own asset: was it built or computed?"""
    return (_words(each).spec(CHECK, each.key) for each in assets)


def results(home: Home, assets: Iterable[dg.AssetSpec]) -> Iterator[dg.AssetCheckResult]:
    """How each own asset went when it was last tried."""
    known = _known(home)
    for each in assets:
        failed = known.get("metrics" if each.key.path[0] == "metrics" else "models", {})
        observed = failed.get(each.key.path[-1])
        yield _words(each).result(CHECK, each.key, observed is None, observed, is_red=True)


def test_that_raised(spec: dg.AssetCheckSpec, message: str) -> dg.AssetCheckResult:
    """Of a test of the organisation's own that the engine could not run: it says nothing of the data, and holds nothing.

    It is not red: Dagster would end the step for it.
    """
    owner = str(spec.metadata["owner"])
    words = CheckWords(OWN_CODE_MEANING, owner, OWN_CODE_REMEDY, False, OWN_CODE_CONSEQUENCE)
    return words.result(spec.name, spec.asset_key, False, message)


def _words(asset: dg.AssetSpec) -> CheckWords:
    return CheckWords(OWN_CODE_MEANING, asset.owners[0], OWN_CODE_REMEDY, False, OWN_CODE_CONSEQUENCE)


def _known(home: Home) -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads(text_of(home.dbt_target / _FILE) or "{}")
    except ValueError:
        return {}
    return found
