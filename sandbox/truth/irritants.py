"""What people are vexed by, from their tickets themselves: how often a feature and a theme were written about, and by whom."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scipy.stats import chi2

from sandbox.company.company import Company
from sandbox.company.work_time import local_date
from sandbox.truth.facts import usage_facts
from sandbox.truth.support import TicketFacts, ticket_facts

_DAYS = 28
# What chance alone makes once in twenty.
_FAR = float(chi2.ppf(0.95, 1))


@dataclass(frozen=True)
class IrritantTruth:
    """Tickets of the last 28 days and of the 28 before, the accounts of those of now (None: of none is known), and whether that is a change."""

    tickets: int
    before: int
    accounts: int | None
    trend: str


def irritant_truth(company: Company, as_of: date, read_at: datetime) -> dict[tuple[str, str], IrritantTruth]:
    """By feature and theme, of those of the 56 days to a date. `read_at`: as for `truth`."""
    now, before = as_of - timedelta(days=_DAYS), as_of - timedelta(days=2 * _DAYS)
    found: dict[tuple[str, str], list[TicketFacts]] = {}
    for each in ticket_facts(company, as_of, read_at):
        if local_date(each.created_at) >= before:
            found.setdefault((each.feature_id, each.theme_id), []).append(each)
    return {key: _of(company, tickets, now, read_at) for key, tickets in found.items()}


def _of(company: Company, tickets: list[TicketFacts], now: date, read_at: datetime) -> IrritantTruth:
    newer = [each for each in tickets if local_date(each.created_at) >= now]
    accounts = set()
    for each in newer:
        organization = each.ticket.at(read_at).organization
        if organization is None:
            continue
        account = company.account_at(organization.account_index_at(read_at), read_at)
        if account is not None:
            accounts.add(account.index)
    return IrritantTruth(
        len(newer),
        len(tickets) - len(newer),
        len(accounts) or (None if newer else 0),
        _trend(len(newer), len(tickets) - len(newer)),
    )


def _trend(now: int, before: int) -> str:
    if now >= 3 and not before:
        return "new"
    if (now - before) ** 2 <= _FAR * (now + before):
        return "steady"
    return "rising" if now > before else "fading"


def rage_click_truth(company: Company, as_of: date, read_at: datetime) -> dict[str, tuple[int, int]]:
    """By feature whose page it is: rage clicks of the last 28 days, and the people who made them."""
    found: dict[str, list[int]] = {"timeline": [], "board": []}
    for day, page, person in usage_facts(company, as_of, read_at).rage_clicks:
        if as_of - timedelta(days=_DAYS) <= day < as_of and page != "/w/7/settings":
            found["board" if "boards" in page else "timeline"].append(person)
    return {feature: (len(people), len(set(people))) for feature, people in found.items()}
