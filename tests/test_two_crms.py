"""The CRM's part of the mart is the same from HubSpot alone, from Salesforce alone and from both: the company's own."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.company.company import Company
from sandbox.company.work_time import at_local, local_date, midnight
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from tests.compiled_project import build_with_readings
from tests.nights import NIGHTS, night_moment
from tests.part_nights import query, read, with_raw_of
from tests.vendor_reading import served

SOURCES = ("hubspot", "salesforce", "registry")
AS_OF = NIGHTS[-1]
# HubSpot alone is what the three nights read.
CRMS = {"salesforce": ("salesforce",), "both": ("hubspot", "salesforce")}
MODELS = ("dim_account", "fct_deal", "int_crm__coverage", "int_identity__person_keys")


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.create("small")


@pytest.fixture(scope="module")
def homes(company: Company, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A home with the CRM's part of the mart for each set of CRMs, after the three nights."""
    base = tmp_path_factory.mktemp("two_crms")
    with served(CompanyData(company)) as vendor:
        for night in NIGHTS:
            vendor.state.now = night_moment(night)
            read(base / "read", environment(vendor.base_url, 1000, CRMS["both"]), night, SOURCES)
    homes = {
        name: with_raw_of(base / "read", base / name, (*sources, "registry"))
        for name, sources in CRMS.items()
    }
    for home in homes.values():
        build_with_readings(home, AS_OF, *MODELS)
    return homes


@pytest.mark.parametrize("crms", CRMS)
def test_accounts_are_the_companys_own(company: Company, homes: dict[str, Path], crms: str) -> None:
    end = midnight(AS_OF)
    expected = {
        account.app_account_id: (
            company.segment_on(account, AS_OF - timedelta(days=1), night_moment(AS_OF)),
            account.plan,
            float(account.arr_usd),
            account.is_test,
            account.merged_at is not None and account.merged_at < end,
            account.churned_on if account.churned_on and at_local(account.churned_on, 17) < end else None,
            account.renews_on(end - timedelta(seconds=1)),
            account.created_at.replace(microsecond=0),
        )
        for account in company.accounts
        if account.created_at < end
    }
    found = query(
        homes[crms],
        "select app_account_id, segment, plan, last_arr_home, is_test_account, is_merged, churned_on, renews_on, "
        "date_trunc('second', created_at) from marts.dim_account where account_id <> '(unknown)'",
    )
    assert len(found) == len(expected)
    assert {key: (*rest, created.replace(tzinfo=UTC)) for key, *rest, created in found} == expected


@pytest.mark.parametrize("crms", CRMS)
def test_segments_of_a_day_are_the_companys_own(company: Company, homes: dict[str, Path], crms: str) -> None:
    days = [date(2026, 6, 1), *(AS_OF - timedelta(days=back) for back in (4, 3, 2, 1))]
    expected = {
        (account.app_account_id, day): company.segment_on(account, day, night_moment(AS_OF))
        for account in company.accounts
        if account.created_at < midnight(AS_OF)
        and not (account.merged_at and account.merged_at < midnight(AS_OF))
        for day in days
    }
    listed = ", ".join(f"(date '{day}')" for day in days)
    found = query(
        homes[crms],
        f"select app_account_id, day, spells.segment from (values {listed}) as days (day) "
        "join intermediate.int_crm__account_segments as spells on day >= valid_from and day < valid_to "
        "join marts.dim_account using (account_id)",
    )
    assert {(account, day): segment for account, day, segment in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("crms", CRMS)
def test_deals_are_the_companys_own(company: Company, homes: dict[str, Path], crms: str) -> None:
    end = midnight(AS_OF)
    expected: Counter[tuple[Any, ...]] = Counter()
    for deal in company.crm.deals:
        if deal.created_at >= end or (deal.archived_at is not None and deal.archived_at < end):
            continue
        entered, stage = [pair for pair in deal.stages if pair[0] < end][-1]
        is_closed = stage in ("won", "lost")
        links = [link for link in deal.links if link.until is None or link.until > end]
        account = company.account_at(links[0].account_index, end) if links else None
        expected[
            account.app_account_id if account else None,
            float(deal.amount),
            stage == "won",
            is_closed,
            deal.is_renewal,
            local_date(deal.created_at),
            local_date(entered) if is_closed else deal.expected_on,
        ] += 1
    found = query(
        homes[crms],
        "select app_account_id, amount_home, is_won, is_closed, is_renewal, created_date, closed_date "
        "from marts.fct_deal left join marts.dim_account using (account_id)",
    )
    assert Counter(found) == expected


def test_each_customer_of_both_crms_is_one_account_under_two_names(homes: dict[str, Path]) -> None:
    names = query(
        homes["both"],
        "select rule, confidence, count(*), bool_and(starts_with(account_id, 'hubspot:')) "
        "from intermediate.int_identity__accounts where starts_with(account_key, 'salesforce:') group by all order by all",
    )
    assert names == [("app_account_id", 1.0, 38, True), ("company_merge", 1.0, 2, True)]
    duplicates = query(
        homes["both"],
        "select source, counted, total from intermediate.int_crm__coverage "
        "where check_name = 'deals_counted_from_another_crm' order by 1",
    )
    assert duplicates == [("hubspot", 0, 47), ("salesforce", 47, 47)]


def test_each_contact_of_both_crms_is_one_person(company: Company, homes: dict[str, Path]) -> None:
    """But for the lead without an address, of whom nothing tells that the two CRMs mean the same."""
    counts = {
        crms: query(
            home,
            "select count(distinct person_id), count(*) from intermediate.int_identity__person_keys",
        )[0]
        for crms, home in homes.items()
    }
    alone = len(
        CompanyData(company).records("hubspot", "contacts", datetime.combine(AS_OF, datetime.min.time(), UTC))
    )
    assert counts["salesforce"] == (counts["both"][0] - 1, alone)
    assert counts["both"][1] == 2 * alone
