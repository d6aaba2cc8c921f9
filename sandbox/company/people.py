"""What the company's parts share: accounts and people."""

from dataclasses import dataclass, field
from datetime import date, datetime


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
