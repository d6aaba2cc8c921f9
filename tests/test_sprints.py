"""Sprints from the tracker's histories beside what the company knows of each."""

from datetime import UTC, datetime
from pathlib import Path

from sandbox.company import Company
from sandbox.credentials import environment
from sandbox.running import running_app
from sandbox.server import create_app
from sandbox.serving import SandboxState
from sandbox.truth.sprints import committed_and_kept
from tests.nights import NIGHTS, night_moment
from tests.part_nights import build, query, read


def test_every_sprint_committed_and_kept_what_the_company_knows(tmp_path: Path) -> None:
    company, night = Company.create("small"), NIGHTS[-1]
    state = SandboxState(company, night_moment(night), only=["jira"], pace=100_000)
    with running_app(create_app(state)) as base_url:
        read(tmp_path, environment(base_url, 100_000, ["jira"]), night, ["jira", "registry"])
    build(tmp_path, night, "--select", "+fct_sprint")
    rows = query(
        tmp_path,
        "select sprint_id, state, committed_count, completed_of_committed_count, added_count, removed_count from marts.fct_sprint",
    )
    found = {
        int(sprint): (committed, kept) for sprint, state, committed, kept, *_ in rows if state == "closed"
    }
    midnight = datetime(night.year, night.month, night.day, tzinfo=UTC)
    expected = {
        sprint.id: committed_and_kept(company.delivery.issues, sprint)
        for sprint in company.delivery.sprints
        if sprint.completed_at < midnight
    }
    assert found == expected
    assert {state for _, state, *_ in rows} == {"closed", "active", "future"}
    # The stories that chance could have left out.
    added, removed = (sum(row[place] for row in rows) for place in (4, 5))
    assert min(added, removed, sum(kept for _, kept in found.values())) > 0
