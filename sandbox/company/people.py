"""What the company's parts share: accounts and people."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sandbox.company.work_time import at_local


@dataclass
class Account:
    """A customer. Moments are aware UTC; `segment` is the segment before the first of `segment_changes`."""

    index: int
    app_account_id: str
    crm_id: str
    name: str
    domain: str
    segment: str
    plan: str
    arr_usd: int
    created_at: datetime
    churned_on: date | None
    is_test: bool
    owner_index: int
    merged_into: int | None
    merged_at: datetime | None
    organization_id: int | None
    org_external_id_missing: bool
    segment_changes: list[tuple[datetime, str]] = field(default_factory=list)

    def renewals(self, now: datetime) -> list[datetime]:
        """When its contract of a year was renewed so far; never after it left."""
        left = at_local(self.churned_on, 17) if self.churned_on is not None else now
        each = (at_local(_anniversary(self.created_at.date(), years), 9) for years in range(1, 20))
        return [moment for moment in each if moment <= min(now, left)]

    def renews_on(self, now: datetime) -> date | None:
        """The day on which its contract ends as the CRM has it; none of who pays nothing, of tests, and where nobody wrote it down."""
        if self.plan == "trial" or self.is_test or self.index % 11 == 7:
            return None
        return _anniversary(self.created_at.date(), len(self.renewals(now)) + 1)


@dataclass
class Person:
    """Someone who may use the app, stand in the CRM and write tickets. Moments are aware UTC, the e-mail is lower case.

    Who has no `devices` never uses the app; who has no `contact_id` or `desk_user_id` is unknown to that tool.
    """

    index: int
    app_user_id: str
    first_name: str
    last_name: str
    email: str
    account_index: int | None
    second_account_index: int | None
    joined_at: datetime
    churned_at: datetime | None
    is_internal: bool
    is_bot: bool
    contact_id: str | None
    contact_has_app_user_id: bool
    desk_user_id: int | None
    desk_has_app_user_id: bool
    devices: list[str] = field(default_factory=list)
    merged_into: int | None = None
    merged_at: datetime | None = None


def _anniversary(day: date, years: int) -> date:
    # Whoever signed on a 29 February renews on the 28th.
    return day.replace(year=day.year + years, day=min(day.day, 28) if day.month == 2 else day.day)
