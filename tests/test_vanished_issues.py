"""Issues that vanish at the tracker without a word leave the numbers: with the sweep, or with their project."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.runner import run_source
from sandbox.company.company import Company
from sandbox.company.work_time import local_date
from sandbox.serving.alterations import Alteration
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.truth.issues import IssueFacts, issue_facts
from tests.compiled_project import build_with_readings
from tests.nights import NIGHTS, night_moment
from tests.part_nights import query, read
from tests.vendor_reading import HISTORY_START, served

BEFORE, AS_OF = NIGHTS[1], NIGHTS[2]
DELETED_AT = night_moment(BEFORE) + timedelta(hours=1)


def late_and_open(issues: list[IssueFacts]) -> list[IssueFacts]:
    return [
        each
        for each in issues
        if each.issue.level == 0
        and each.resolved_at is None
        and (due := each.commitment(each.first_due)) is not None
        and due < AS_OF
    ]


def on_time(issues: list[IssueFacts]) -> tuple[int, int]:
    """How many of how many promised issues, by the issues themselves."""
    promised = [
        (each, due)
        for each in issues
        if each.issue.level == 0
        and not each.is_excluded
        and (due := each.commitment(each.first_due)) is not None
        and (each.resolved_at is not None or due < AS_OF)
    ]
    kept = [
        each for each, due in promised if each.resolved_at is not None and local_date(each.resolved_at) <= due
    ]
    return len(kept), len(promised)


class Story:
    """A company of which one late open issue, and the smallest other project with all of its issues, are deleted."""

    def __init__(self) -> None:
        self.company = Company.create("small")
        self.issues = issue_facts(self.company, AS_OF, night_moment(AS_OF))
        self.late = late_and_open(self.issues)[0]
        projects: dict[str, list[IssueFacts]] = {}
        for each in self.issues:
            if each.issue.project.id != self.late.issue.project.id:
                projects.setdefault(each.issue.project.id, []).append(each)
        self.project = min(projects, key=lambda each: len(projects[each]))
        self.gone = {self.late.issue.id, *(each.issue.id for each in projects[self.project])}

    @property
    def left(self) -> list[IssueFacts]:
        return [each for each in self.issues if each.issue.id not in self.gone]

    def deletions(self) -> list[Alteration]:
        streams = [("projects", self.project), *(("issues", each) for each in sorted(self.gone))]
        return [Alteration("jira", stream, str(key), DELETED_AT, gone=True) for stream, key in streams]


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.fixture(scope="module")
def home(story: Story, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vanished")
    with served(CompanyData(story.company), night_moment(BEFORE)) as vendor:
        variables = environment(vendor.base_url, 1000, ["jira"])
        read(folder, variables, BEFORE, ("jira", "registry"))
        vendor.state.now = night_moment(AS_OF)
        vendor.state.alter(*story.deletions())
        read(folder, variables, AS_OF, ("jira",))
        swept = run_source("jira", folder, night_moment(AS_OF), HISTORY_START, variables, only_sweep=True)
        assert swept.outcome == "ok", swept.error
    build_with_readings(folder, AS_OF, "fct_issue")
    return folder


def test_what_the_tracker_deleted_is_no_issue(home: Path, story: Story) -> None:
    found = {key for (key,) in query(home, "select issue_id from marts.fct_issue where source = 'jira'")}
    assert found == {str(each.issue.id) for each in story.left}
    marked: list[tuple[Any, ...]] = query(
        home, "select issue_id from staging.stg_jira__issues where is_deleted"
    )
    assert {str(key) for key in story.gone} <= {key for (key,) in marked}


def test_a_late_issue_that_was_deleted_is_late_no_more(home: Path, story: Story) -> None:
    counted = query(
        home, "select sum(is_on_time), count(is_on_time) from marts.fct_issue where source = 'jira'"
    )
    assert counted == [on_time(story.left)]
    assert on_time(story.left) != on_time(story.issues)
