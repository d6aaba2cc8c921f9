"""The served mart as a Dagster asset, there only when `POPS_PUBLISH_POSTGRES_URL` is set."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from checks.dbt_tests import KEY_TESTS
from checks.words import SERVED_REMEDY
from orchestration.check_words import CheckWords
from orchestration.keys import FRESH, PUBLISHED_MART, target_key
from publication.postgres.address import postgres_address
from settings.home import Home
from settings.owners import PLATFORM, owner_of

SERVED_MART = target_key("postgres")
SERVED = "served"
# Tables that no dbt model makes; those of the marts have the keys that dbt tests.
_OTHER_KEYS = {
    "meta.checks": ("asset", "check_name"),
    "meta.metrics": ("metric",),
    "meta.publication": ("as_of",),
    "meta.sources": ("source",),
}


def served_mart_assets(env: Mapping[str, str] = os.environ) -> list[dg.AssetsDefinition]:
    """One asset downstream of the published file; none when the mart is not served from PostgreSQL.

    When PostgreSQL does not take the mart, the check `served` says why and the step fails; the night has published its
    file by then, and goes on.
    """
    if postgres_address(env) is None:
        return []

    @dg.asset(
        key=SERVED_MART,
        deps=[PUBLISHED_MART],
        group_name="published_product_ops",
        owners=[owner_of(PLATFORM)],
        kinds={"postgres"},
        description=(
            "What BI tools query over the network: views `mart.*`, `metrics.*` and `meta.*` in PostgreSQL, with the rows "
            "and the revision of the published file. All views change over in one transaction."
        ),
        check_specs=[_words().spec(SERVED, SERVED_MART)],
        freshness_policy=FRESH,
    )
    def served_mart(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        # The driver is loaded only where the mart is served.
        from publication.postgres.publish import publish_to_postgres
        from publication.postgres.session import PostgresError

        home = Home.from_environment()
        address = postgres_address(os.environ)
        assert address is not None
        try:
            served = publish_to_postgres(
                home.published, address, key_columns(home.dbt_target / "manifest.json")
            )
        except PostgresError as error:
            yield _words().result(SERVED, SERVED_MART, False, str(error))
            raise dg.Failure(str(error), allow_retries=False) from None
        yield dg.MaterializeResult(
            metadata={
                "as_of": served.as_of.isoformat(),
                "revision": served.revision,
                "rows": served.rows,
                "place": address.place,
                "schema": served.version,
                "changed": served.changed,
                "seconds": round(served.seconds, 2),
                "older_schemas_left": "; ".join(served.left),
            },
            check_results=[
                _words().result(
                    SERVED,
                    SERVED_MART,
                    True,
                    f"{served.rows} rows as of {served.as_of}, revision {served.revision}",
                )
            ],
        )

    return [served_mart]


def key_columns(manifest: Path) -> dict[str, tuple[str, ...]]:
    """The columns that name a row, by `schema.table` of the published mart: those whose uniqueness dbt tests.

    `manifest`: dbt's `manifest.json`.
    """
    nodes: dict[str, dict[str, Any]] = json.loads(manifest.read_text())["nodes"]
    keys: dict[str, tuple[str, ...]] = {}
    for test in nodes.values():
        tested = test.get("test_metadata") or {}
        model = nodes.get(test.get("attached_node") or "")
        if model is None or model["schema"] != "marts":
            continue
        table = f"mart.{model['name']}"
        if tested.get("name") in KEY_TESTS:
            key = tested["kwargs"][KEY_TESTS[tested["name"]]]
            keys[table] = (key,) if isinstance(key, str) else tuple(key)
    return {**keys, **_OTHER_KEYS}


def _words() -> CheckWords:
    """It comes after publication, so it holds nothing back."""
    return CheckWords(
        "PostgreSQL serves the rows and the revision of the published file.",
        owner_of(PLATFORM),
        SERVED_REMEDY,
        False,
        "Readers of PostgreSQL keep the publication before; the published file is not touched.",
    )
