"""The health report as a Dagster asset."""

import os

import dagster as dg

from orchestration.keys import FRESH, HEALTH_REPORT, PUBLISHED_MART, retry
from reports.files import write_report
from reports.reading import last_complete_week
from settings.home import Home
from settings.links import links
from settings.owners import owner_of


@dg.asset(
    key=HEALTH_REPORT,
    deps=[PUBLISHED_MART],
    group_name="reports_product_ops",
    owners=[owner_of("product")],
    kinds={"html"},
    description=(
        "The weekly Product Ops health report of the last complete week: pages that open anywhere, without a network. "
        "Every number in it is a metric of the published mart; a stale source or failed check is named beside it."
    ),
    retry_policy=retry(),
    freshness_policy=FRESH,
)
def health_report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    home = Home.from_environment()
    path = write_report(home)
    week = last_complete_week(home.published)
    address = links(os.environ).report(week)
    link = {"report": dg.MetadataValue.url(address)} if address else {}
    return dg.MaterializeResult(metadata={"week": week, "path": dg.MetadataValue.path(str(path)), **link})
