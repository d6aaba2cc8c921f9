"""The code location: loads in seconds, with no credentials and no network.

Where the registry, the hour of the night or the home is not right, Dagster shows that one sentence.
"""

import dagster as dg

from orchestration.preflight import check_schedule
from orchestration.told import told

with told():
    check_schedule()

from orchestration.alerts import owner_alerts
from orchestration.assets.audit import audit_specs, build_audit
from orchestration.assets.dbt import build_dbt_assets
from orchestration.assets.digest import digest
from orchestration.assets.ingestion import ingestion_assets, vendor_assets
from orchestration.assets.learning import experiments_asset, launches_asset, signals_asset
from orchestration.assets.metrics import metric_values_asset, published_metrics
from orchestration.assets.own_code import own_assets
from orchestration.assets.published import published_mart_asset, served_assets
from orchestration.assets.report import health_report
from orchestration.backfill import backfill_source
from orchestration.dbt_calls import parsed_project
from orchestration.failing_now import build_failing_check, failing_now
from orchestration.guards import guards_of
from orchestration.jobs import build_schedules, nightly, weekly_report
from orchestration.mart_age import build_age_check, mart_age
from orchestration.retention import run_retention
from settings.home import Home

with told():
    project = parsed_project(Home.from_environment())
_models = build_dbt_assets(project)
_own = own_assets(project, _models.specs)
_checks = [*_models.check_specs, *audit_specs(_own)]
_audit = build_audit(_own, guards_of(published_metrics(project), _models, _checks))

defs = dg.Definitions(
    assets=[
        *vendor_assets(),
        *ingestion_assets(),
        _models,
        metric_values_asset(project, _models, _checks),
        launches_asset(_models),
        experiments_asset(_models),
        signals_asset(_models),
        published_mart_asset(_models),
        *served_assets(),
        health_report,
        digest,
    ],
    asset_checks=[_audit, build_age_check(), build_failing_check()],
    jobs=[nightly, weekly_report, backfill_source],
    schedules=build_schedules(),
    sensors=[owner_alerts, mart_age, failing_now, run_retention],
)


def nightly_job() -> dg.JobDefinition:
    """The job `nightly`, for processes that find it by this name."""
    return defs.resolve_job_def("nightly")
