"""What keeps a night from being published: one record, and one wording for terminal, report, alerts and UI."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from checks.contract import CheckStatus
from checks.words import engine_remedy
from connectors.redaction import HIDDEN_VALUE, redact, without_values
from settings.families import sources_counted
from settings.owners import owner_of

MOST_KEYS = 5


@dataclass(frozen=True)
class Blocker:
    """A check that failed or could not be run, or a model or step of the night that failed.

    `asset`: its key with slashes; empty of a step. `sources`: the tools that the asset is made of. `what`: what is
    wrong; of a model or step the engine's message, without values of records. `observed`: short, without personal data.
    `keys`: of rows that broke a check, at most five, redacted. `remedy`: what to do.
    """

    kind: Literal["check", "model", "step"]
    name: str
    what: str
    remedy: str
    owner: str
    asset: str = ""
    sources: tuple[str, ...] = ()
    observed: str = ""
    keys: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """All of it in one line of English."""
        place = f"{self.asset}, {self.kind} {self.name}" if self.asset else f"{self.kind} {self.name}"
        made_of = f" (made of {', '.join(self.sources)})" if self.sources else ""
        observed = f" Observed: {self.observed.rstrip('.')}." if self.observed else ""
        keys = f" Rows, by redacted key: {', '.join(self.keys)}." if self.keys else ""
        text = f"{place}{made_of}: {self.what.rstrip('.')}.{observed}{keys} What to do: {self.remedy}"
        return " ".join(text.split())


def of_check(check: CheckStatus, sources: tuple[str, ...]) -> Blocker:
    """A check of severity `error` that did not pass. `sources`: what its asset is made of."""
    return Blocker(
        "check",
        check.check,
        check.meaning or f"{check.check.replace('_', ' ')} does not hold",
        check.remedy,
        check.owner,
        check.asset,
        sources,
        check.observed,
        check.keys[:MOST_KEYS],
    )


def of_dbt(
    failed: Iterable[tuple[str, str]], manifest: Mapping[str, Any], on: Collection[str]
) -> list[Blocker]:
    """The models that could not be built and the tests that could not be run: pairs of id and message.

    `manifest`: dbt's, with these nodes. `on`: the sources that are switched on. A test that found rows is no such failure.
    """
    sources = sources_counted(manifest)
    found = []
    for unique_id, message in failed:
        node = manifest["nodes"][unique_id]
        is_model = node["resource_type"] == "model"
        model = node if is_model else manifest["nodes"].get(node.get("attached_node") or "", node)
        path, told = model["fqn"][1:], engine_message(message or "dbt says no reason")
        found.append(
            Blocker(
                "model" if is_model else "check",
                node["name"],
                told,
                engine_remedy(model["name"], told),
                owner_of(path[1]),
                "/".join(path),
                _named(sources.get(model["unique_id"], ()), on),
            )
        )
    return found


def engine_message(message: str) -> str:
    """What the engine says in a result of dbt, in one line and without values of records.

    Its first line is dbt's own and names the node: `Runtime Error in model ...`.
    """
    first, _, rest = message.strip().partition("\n")
    told = redact(without_values(rest if rest.strip() else first))
    return re.sub(rf"{HIDDEN_VALUE}+", HIDDEN_VALUE, told)


def sources_of_assets(manifest: Mapping[str, Any], on: Collection[str]) -> dict[str, tuple[str, ...]]:
    """By asset key with slashes of a model, the sources it is made of. `on`: those that are switched on."""
    sources = sources_counted(manifest)
    return {
        "/".join(node["fqn"][1:]): _named(sources[name], on)
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }


def _named(sources: Collection[str], on: Collection[str]) -> tuple[str, ...]:
    """Where to look: sources that are on, and the registry, which is in nearly all, only where it is alone."""
    found = {*sources} & {*on} or {*sources}
    return tuple(sorted(found - {"registry"} or found))
