"""Every incident of the company is in the mart once, with what either tool knows of it and the deployment behind it."""

from datetime import UTC, datetime

import pytest

from sandbox.company.company import Company
from sandbox.company.work_time import midnight
from sandbox.truth.incidents import IncidentTruth, incident_truth
from tests.nights import NIGHTS, three_nights


def in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def test_the_mart_has_each_incident_as_the_company_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = three_nights(tmp_path_factory).house.query(
        "select incident_id, repository, urgency, started_at, acknowledged_at, resolved_at, escalation_count, deployment_id "
        "from mart.fct_incident"
    )
    found = {
        key: IncidentTruth(
            key,
            repository,
            urgency,
            started.replace(tzinfo=UTC),
            in_utc(acknowledged),
            in_utc(resolved),
            escalations,
            None if deployment is None else int(deployment.removeprefix("github:deployment:")),
        )
        for key, repository, urgency, started, acknowledged, resolved, escalations, deployment in rows
    }
    company = Company.create("small")
    assert found == incident_truth(company, NIGHTS[-1])
    # The stories: one that was over between two nights, one of the code host alone, one that woke nobody.
    by_title = {
        page.title: found[f"pagerduty:incident:{page.id}"]
        for page in company.engineering.pages
        if page.incident and page.triggered_at < midnight(NIGHTS[-1])
    }
    assert by_title["Trials cannot be started"].resolved_at is not None
    assert by_title["Trials cannot be started"].deployment_id is not None
    assert {each.incident_id.split(":")[0] for each in found.values()} == {"github", "pagerduty"}
    assert all(each.deployment_id is None for each in found.values() if each.urgency == "low")
