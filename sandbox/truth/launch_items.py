"""What stood around each launch, from the company's own objects: bugs of its features, tickets, and issues that its work waits for."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.company.catalogue import FEATURE_BY_ID, LAUNCHES, Launch
from sandbox.company.company import Company
from sandbox.company.delivery.model import category
from sandbox.company.work_time import local_date, midnight
from sandbox.truth.issues import IssueFacts, issue_facts
from sandbox.truth.support import TicketFacts, ticket_facts

_DAYS = 30


@dataclass(frozen=True)
class AroundTruth:
    """Bugs that were open at the end of the launch's day and as of a date, and those written in its thirty days; tickets of these days.

    `waits_for`: by key of an issue that the launch's work waits for, whether it was done at the end of the launch's day, and is.
    """

    open_bugs_at_go: int
    open_bugs_now: int
    escaped_defects: int
    tickets: int
    waits_for: dict[str, tuple[bool, bool]]


def around_truth(company: Company, as_of: date, read_at: datetime) -> dict[str, AroundTruth]:
    """By launch, what is true of it as of a date after its thirty days. `read_at`: as for `truth`."""
    issues, tickets = issue_facts(company, as_of, read_at), ticket_facts(company, as_of, read_at)
    return {launch.id: _around(company, launch, as_of, issues, tickets) for launch in LAUNCHES}


def _around(
    company: Company, launch: Launch, as_of: date, issues: list[IssueFacts], tickets: list[TicketFacts]
) -> AroundTruth:
    epics, on = FEATURE_BY_ID[launch.feature].epics, launch.launched_on
    bugs = [
        each
        for each in issues
        if each.issue.type == "Bug"
        and each.issue.parent is not None
        and each.issue.parent.key in epics
        and not each.is_excluded
    ]
    days = {on + timedelta(days=number) for number in range(_DAYS)}
    end_of_day, now = midnight(on + timedelta(days=1)), midnight(as_of)
    return AroundTruth(
        sum(
            each.created_date <= on and (each.resolved_at is None or local_date(each.resolved_at) > on)
            for each in bugs
        ),
        sum(not each.is_done for each in bugs),
        sum(each.created_date in days for each in bugs),
        sum(each.feature_id == launch.feature and local_date(each.created_at) in days for each in tickets),
        {
            blocks.key: (
                category(blocks.at(end_of_day).status) == "done",
                category(blocks.at(now).status) == "done",
            )
            for waiting, blocks in company.delivery.blocking
            if waiting.key in epics
        },
    )
