"""Names and habits that more than one asset shares: keys, pools, the gate, when data are old, how often a step is tried."""

from datetime import timedelta

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from settings.home import OLD_AFTER

# An output that carries this key leaves no materialisation behind, and what is downstream of it runs all the same.
UNCHANGED = SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

METRIC_VALUES = dg.AssetKey(["metrics", "product_ops", "metric_values"])
LAUNCH_KPIS = dg.AssetKey(["learning", "product_ops", "launch_kpis"])
LAUNCHES = dg.AssetKey(["learning", "product_ops", "launches"])
EXPERIMENT_EFFECTS = dg.AssetKey(["learning", "product_ops", "experiment_effects"])
EXPERIMENTS = dg.AssetKey(["learning", "product_ops", "experiments"])
SIGNALS = dg.AssetKey(["learning", "product_ops", "signals"])
PUBLISHED_MART = dg.AssetKey(["published", "product_ops", "mart"])
HEALTH_REPORT = dg.AssetKey(["reports", "product_ops", "health_report"])
DIGEST = dg.AssetKey(["sent", "product_ops", "digest"])

# The check of a raw stream: it was read to the night's end.
ARRIVED = "arrived"
# The check that publication waits for: the audit found nothing that holds the mart back.
GATE = "audit_passed"
# The check of a metric: those of all tables that it is made of hold.
GUARDED = "is_guarded"
# The checks of the published mart that are true or not without a run.
DATA_AGE = "data_is_of_last_night"
FAILING_NOW = "nothing_fails_now"

# The module that the process imports from which steps are forked.
PRELOADED = "orchestration.preloaded"

# One writer of the warehouse file at a time.
WAREHOUSE_POOL = "warehouse"

FRESH = dg.FreshnessPolicy.time_window(fail_window=OLD_AFTER, warn_window=timedelta(hours=26))


def target_key(name: str) -> dg.AssetKey:
    """The asset of a target that the published mart is served from, such as `postgres`."""
    return dg.AssetKey(["published", "product_ops", name])


def retry(delay: int = 5) -> dg.RetryPolicy:
    """Twice more, `delay` seconds and then longer apart: what a crowded disk or a broken connection needs."""
    return dg.RetryPolicy(max_retries=2, delay=delay, backoff=dg.Backoff.EXPONENTIAL)
