"""What the metrics of deals and renewals must be, said in plain Python from the deals and contracts themselves.

Deals are in their stage of the as-of date; whether they are archived, and with whom, is as the CRM has it when the night reads it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.company.company import Company
from sandbox.company.crm.customers import Deal
from sandbox.company.people import Account
from sandbox.company.work_time import local_date, midnight, week_of
from sandbox.truth.rows import Row, ratio_row, row
from sandbox.truth.support import last_weeks

_RENEWAL_DAYS = 90


@dataclass(frozen=True)
class _Decision:
    """A deal that was won or lost. `segment`: that of its account on the day it was created; `amount` in US dollars."""

    week: date
    segment: str
    is_won: bool
    is_renewal: bool
    amount: int


def truth_rows(company: Company, as_of: date, read_at: datetime) -> list[Row]:
    """Rows of deals for the last eight complete weeks; of revenue to be renewed for a week that ended the day before `as_of`.

    A CRM keeps the next day of renewal alone: what it was at the end of an earlier week depends on since when somebody reads it.
    """
    weeks = last_weeks(as_of)
    rows = list(_deal_rows(company, as_of, read_at, weeks))
    if week_of(as_of) == as_of:
        rows += _renewal_rows(company, weeks[-1], read_at)
    return rows


def _deal_rows(company: Company, as_of: date, read_at: datetime, weeks: list[date]) -> Iterator[Row]:
    decisions = list(_decisions(company, as_of, read_at))
    segments: list[str | None] = [None, *sorted({each.segment for each in decisions})]
    for week in weeks:
        for segment in segments:
            of_week = [each for each in decisions if each.week == week and segment in (None, each.segment)]
            amounts = [each.amount for each in of_week if each.is_won]
            # As of every count, what happened is stated, and nothing where nothing did.
            if amounts:
                yield row("deals_won", "week", week, value=len(amounts), segment=segment)
                yield row("deals_won_amount", "week", week, value=sum(amounts), segment=segment)
            renewals = [each.is_won for each in of_week if each.is_renewal]
            if renewals:
                yield ratio_row("renewal_rate", "week", week, sum(renewals), len(renewals), segment=segment)


def _decisions(company: Company, as_of: date, read_at: datetime) -> Iterator[_Decision]:
    cut = midnight(as_of)
    for deal in company.crm.deals:
        if deal.created_at >= cut or (deal.archived_at is not None and deal.archived_at <= read_at):
            continue
        decided_at, stage = [each for each in deal.stages if each[0] < cut][-1]
        account = _account(company, deal, read_at)
        if stage in ("won", "lost") and not (account is not None and account.is_test):
            yield _Decision(
                week_of(local_date(decided_at)),
                company.segment_on(account, local_date(deal.created_at), read_at),
                stage == "won",
                deal.is_renewal,
                deal.amount,
            )


def _account(company: Company, deal: Deal, moment: datetime) -> Account | None:
    """The account that a deal is linked to at a moment."""
    for link in deal.links:
        if link.since <= moment and (link.until is None or link.until > moment):
            return company.account_at(link.account_index, moment)
    return None


def _renewal_rows(company: Company, week: date, read_at: datetime) -> Iterator[Row]:
    week_end = week + timedelta(days=6)
    end = midnight(week_end + timedelta(days=1))
    due: dict[str | None, int] = defaultdict(int)
    for account in company.accounts:
        renews_on = account.renews_on(end)
        is_merged = account.merged_at is not None and account.merged_at <= read_at
        if account.is_test or is_merged or account.created_at >= end or renews_on is None:
            continue
        has_left = account.churned_on is not None and account.churned_on <= week_end
        is_due = week_end < renews_on <= week_end + timedelta(days=_RENEWAL_DAYS)
        for segment in (None, company.segment_on(account, week, read_at)):
            due[segment] += account.arr_usd if is_due and not has_left else 0
    for segment, revenue in due.items():
        yield row("renewals_due_arr", "week", week, value=revenue, segment=segment)
