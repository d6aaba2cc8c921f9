"""The weekly digest as a Dagster asset."""

import os
from datetime import UTC, datetime

import dagster as dg

from messages.channels import mail_settings, slack_settings
from messages.digest import deliver, read_digest
from orchestration.keys import DIGEST, HEALTH_REPORT, retry
from settings.home import Home
from settings.owners import owner_of


@dg.asset(
    key=DIGEST,
    deps=[HEALTH_REPORT],
    group_name="sent_product_ops",
    owners=[owner_of("product")],
    kinds={"slack"},
    description=(
        "The weekly digest in Slack and by mail: once for each week and revision of its numbers. It waits while a source "
        "is stale or a night is withheld; then the owners are told. Off while neither Slack nor mail is set."
    ),
    retry_policy=retry(delay=30),
)
def digest() -> dg.MaterializeResult[None]:
    if slack_settings(os.environ) is None and mail_settings(os.environ) is None:
        return dg.MaterializeResult(metadata={"outcome": "off: set POPS_SLACK_BOT_TOKEN or POPS_SMTP_URL"})
    home = Home.from_environment()
    found = read_digest(home, None, os.environ)
    deliveries = deliver(home, found, os.environ, datetime.now(UTC))
    return dg.MaterializeResult(
        metadata={
            "week": found.week,
            "revision": found.revision,
            **{delivery.way: delivery.outcome for delivery in deliveries},
        }
    )
