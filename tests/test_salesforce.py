"""Salesforce: REST for few rows and Bulk for many, stamps that records share, the recycle bin, quota, hidden fields."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.credentials import ask_credentials
from connectors.errors import MalformedResponse, QuotaSpent, ScopeMissing, StuckCursor, Unreachable
from connectors.runner import run_source
from connectors.salesforce import bulk, source
from sandbox.company.company import Company
from sandbox.serving.data import CompanyData
from sandbox.serving.environment import environment
from sandbox.vendors.salesforce import objects as salesforce_objects
from sandbox.vendors.salesforce.records import records, salesforce_id, stamp
from tests.vendor_reading import HISTORY_START, NIGHT, HandMade, Reader, Served, served

NEXT_NIGHT = NIGHT + timedelta(days=1)
LONG_AGO = NIGHT - timedelta(days=30)


def put_account(data: HandMade, number: int, at: datetime, *, deleted: bool = False, **fields: Any) -> str:
    body: dict[str, Any] = {
        "Id": salesforce_id("Account", number),
        "Name": f"Customer {number}",
        "Website": None,
        "Is_Test__c": False,
    }
    body |= {
        "ARR_USD__c": 1200.5,
        "CreatedDate": stamp(LONG_AGO),
        "SystemModstamp": stamp(at),
        "IsDeleted": deleted,
    }
    data.put("salesforce", "accounts", body | fields, at, archived=deleted, key=body["Id"])
    return str(body["Id"])


def full_of_accounts(count: int) -> HandMade:
    data = HandMade()
    for number in range(1, count + 1):
        put_account(
            data, number, LONG_AGO, BillingStreet='Main "street" 1,\nback yard' if number % 2 else None
        )
    return data


@pytest.fixture
def vendor() -> Iterator[Served]:
    with served(full_of_accounts(120)) as running:
        yield running


def asked(vendor: Served, part: str) -> int:
    return sum(count for (_, path), count in vendor.state.requests.items() if part in path)


def test_few_records_come_by_rest_and_many_in_bulk_and_look_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_A_CHUNK", 900)
    with served(full_of_accounts(2_050)) as vendor:
        in_bulk = vendor.reader("salesforce").read("accounts")
        assert (asked(vendor, "jobs/query/{job}/results"), asked(vendor, "{locator}")) == (3, 0)
        monkeypatch.setattr(source, "BULK_FROM_ROWS", 10_000)
        by_rest = vendor.reader("salesforce").read("accounts")
        assert asked(vendor, "{locator}") == 1
    assert len(set(in_bulk.ids)) == 2_050
    assert set(in_bulk.vendor_counts) == set(by_rest.vendor_counts) == {2_050}
    assert in_bulk.records == by_rest.records
    record = json.loads(in_bulk.records[0].record)
    assert (record["ARR_USD__c"], record["Is_Test__c"], record["Website"]) == (1200.5, False, None)
    assert record["BillingStreet"] == 'Main "street" 1,\nback yard'
    assert "BillingAddress" not in record


def test_an_organisation_of_several_currencies_says_that_of_each_record() -> None:
    data = HandMade()
    put_account(data, 1, LONG_AGO, CurrencyIsoCode="JPY")
    with served(data) as vendor:
        (record,) = vendor.reader("salesforce").read("accounts").records
    assert json.loads(record.record)["CurrencyIsoCode"] == "JPY"


def test_a_night_without_news_adds_nothing_and_the_same_night_asks_nothing(vendor: Served) -> None:
    reader = vendor.reader("salesforce")
    assert len(reader.read("accounts").ids) == 120
    count = reader.http.request_count
    assert reader.read("accounts").records == []
    assert reader.http.request_count == count
    vendor.state.now = NEXT_NIGHT
    assert reader.read("accounts", NEXT_NIGHT).added == []


def test_records_of_one_stamp_are_read_over_several_windows(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "ROWS_A_WINDOW", 50)
    reader = vendor.reader("salesforce")
    before = reader.read("accounts", windows=1)
    assert (len(before.ids), before.cursor and before.cursor["id"]) == (50, before.ids[-1])
    after = reader.read("accounts")
    assert before.ids + after.ids == [salesforce_id("Account", number) for number in range(1, 121)]


def test_a_record_with_the_stamp_of_the_last_window_is_not_lost(vendor: Served) -> None:
    """The end of a window is the beginning of the next one: >= and not >, and half an hour earlier."""
    reader = vendor.reader("salesforce")
    reader.read("accounts")
    at_the_end = NIGHT - timedelta(minutes=5)
    put_account(vendor.data, 500, at_the_end)
    put_account(vendor.data, 7, NIGHT - timedelta(minutes=30), Name="Committed late")
    vendor.state.now = NEXT_NIGHT
    added = reader.read("accounts", NEXT_NIGHT).added
    assert {each.record_id for each in added} == {salesforce_id("Account", 500), salesforce_id("Account", 7)}


def test_deleted_and_merged_accounts_come_as_deleted(vendor: Served) -> None:
    reader = vendor.reader("salesforce")
    reader.read("accounts")
    later = NIGHT + timedelta(hours=5)
    put_account(vendor.data, 3, later, deleted=True)
    loser = put_account(vendor.data, 4, later, deleted=True, MasterRecordId=salesforce_id("Account", 5))
    put_account(vendor.data, 5, later, Name="Survivor")
    vendor.state.now = NEXT_NIGHT
    added = {each.record_id: each for each in reader.read("accounts", NEXT_NIGHT).added}
    assert [each.is_deleted for each in added.values()] == [True, True, False]
    assert json.loads(added[loser].record)["MasterRecordId"] == salesforce_id("Account", 5)


def test_a_spent_quota_pauses_the_source_and_the_next_night_goes_on(vendor: Served, tmp_path: Path) -> None:
    vendor.fault(vendor="salesforce", stream="query", kind="daily_quota", nth=3, times=100)
    run = vendor.run("salesforce", tmp_path)
    outcomes = {each.stream: (each.outcome, each.loaded) for each in run.streams}
    assert (run.outcome, outcomes["accounts"], outcomes["contacts"]) == ("paused", ("ok", 120), ("paused", 0))
    assert "REQUEST_LIMIT_EXCEEDED" not in str(run.error)
    vendor.state.faults.clear()
    assert vendor.run("salesforce", tmp_path, NEXT_NIGHT).outcome == "ok"
    vendor.fault(vendor="salesforce", stream="limits", kind="429_no_header", times=9)
    with pytest.raises(QuotaSpent):
        vendor.reader("salesforce").connector.check()


def test_a_hidden_field_is_named_and_nothing_is_taken_for_emptied(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = vendor.reader("salesforce")
    reader.names = {"segment": "Segment__c", "plan": "Plan__c", "test": "Is_Tset__c"}
    with pytest.raises(
        ScopeMissing, match=r"Account\.Is_Tset__c is hidden .* Did you mean `Is_Test__c`\?"
    ) as refused:
        reader.read("accounts")
    assert "correct its name in sources.yml" in refused.value.remedy
    reader.names = {"segment": "Segment__c", "plan": "Plan__c", "test": "Is_Test__c"}
    reader.read("accounts")
    monkeypatch.setattr(salesforce_objects, "HIDDEN", {"Account.Segment__c", "Account.Plan__c"})
    vendor.state.now = NEXT_NIGHT
    put_account(vendor.data, 7, NIGHT + timedelta(hours=5))
    reader = vendor.reader("salesforce")
    reader.names = {"segment": "Segment__c", "plan": "Plan__c"}
    with pytest.raises(ScopeMissing, match=r"Account\.Plan__c, Account\.Segment__c are hidden"):
        reader.read("accounts", NEXT_NIGHT)
    assert ask_credentials(reader.connector).state == "scope_missing"


def test_a_field_that_the_organisation_does_without_stops_nothing(
    vendor: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(salesforce_objects, "HIDDEN", {"Account.Plan__c", "Lead"})
    env = environment(vendor.base_url, 1000, ["salesforce"])
    env["POPS_SALESFORCE_FIELDS_DONE_WITHOUT"] = "Account.Plan__c, Account.SystemModstamp"
    run = run_source("salesforce", tmp_path, NIGHT, HISTORY_START, env)
    outcomes = {each.stream: each.outcome for each in run.streams}
    assert (run.outcome, outcomes["accounts"], outcomes["leads"]) == ("ok", "ok", "not_available")
    salesforce_objects.HIDDEN.add("Account.SystemModstamp")
    later = run_source("salesforce", tmp_path, NEXT_NIGHT, HISTORY_START, env)
    assert "Account.SystemModstamp is hidden" in str(later.error)


def test_a_token_that_expires_in_the_middle_is_renewed(vendor: Served) -> None:
    reader = vendor.reader("salesforce")
    vendor.fault(vendor="salesforce", stream="query", kind="401", nth=2)
    assert len(reader.read("accounts").ids) == 120
    assert asked(vendor, "oauth2/token") == 2


def test_a_torn_result_is_quarantined_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_A_CHUNK", 1_000)
    with served(full_of_accounts(2_050)) as vendor:
        vendor.fault(vendor="salesforce", stream="results", kind="torn_line", nth=2)
        run = vendor.run("salesforce", tmp_path)
    accounts = run.streams[0]
    assert (run.outcome, accounts.loaded, accounts.quarantined, accounts.windows) == ("ok", 2_050, 1, 2)


def test_results_that_lack_rows_are_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(full_of_accounts(2_000)) as vendor:
        wrong = {"sforce-numberofrecords": "2001"}
        original = httpx.Headers.get
        monkeypatch.setattr(
            httpx.Headers,
            "get",
            lambda self, key, default=None: wrong.get(key) or original(self, key, default),
        )
        with pytest.raises(MalformedResponse, match="has 2000 rows, its header says 2001"):
            vendor.reader("salesforce").read("accounts")


def test_chunks_with_and_without_a_header_row(tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    file.write_text('"Id","Name"\n"1","a\nb"\n"2",""\n')
    assert bulk._chunk(file, ["Id", "Name"], 2).rows == [{"Id": "1", "Name": "a\nb"}, {"Id": "2", "Name": ""}]
    file.write_text('"3","c"\n"4"\n')
    chunk = bulk._chunk(file, ["Id", "Name"], 2)
    assert (chunk.rows, chunk.torn, chunk.is_cut) == ([{"Id": "3", "Name": "c"}], ["4"], False)
    file.write_text('"3","c"\n"4","d\n')
    assert (bulk._chunk(file, ["Id", "Name"], 2).torn, bulk._chunk(file, ["Id", "Name"], 2).is_cut) == (
        ["4,d\n"],
        True,
    )
    file.write_text('"Id","Other"\n"1","a"\n')
    with pytest.raises(MalformedResponse, match="other columns"):
        bulk._chunk(file, ["Id", "Name"], 1)


def test_jobs_that_fail_and_pages_that_repeat_are_errors(
    vendor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BULK_FROM_ROWS", 1)
    monkeypatch.setattr("sandbox.vendors.salesforce.api.Job.state", property(lambda job: "Failed"))
    with pytest.raises(Unreachable, match="job is Failed"):
        vendor.reader("salesforce").read("accounts")
    monkeypatch.setattr(source, "BULK_FROM_ROWS", 10_000)
    with served(full_of_accounts(4_100)) as larger:
        larger.fault(vendor="salesforce", stream="query", kind="repeated_cursor", nth=3, times=9)
        with pytest.raises(StuckCursor):
            larger.reader("salesforce").read("accounts")


def test_wrong_credentials_and_another_vendors_address(vendor: Served) -> None:
    assert ask_credentials(vendor.reader("salesforce").connector).state == "ok"
    vendor.fault(vendor="salesforce", stream="token", kind="400")
    refused = ask_credentials(vendor.reader("salesforce").connector)
    assert refused.state == "rejected"
    elsewhere = Reader("salesforce", vendor.base_url.replace("127.0.0.1", "localhost") + "/jira")
    assert ask_credentials(elsewhere.connector).state != "ok"


def test_the_company_is_read_to_its_own_objects(tmp_path: Path) -> None:
    company = Company.create("small")
    with served(CompanyData(company)) as vendor:
        run = vendor.run("salesforce", tmp_path)
        again = vendor.run("salesforce", tmp_path, NEXT_NIGHT)
    loaded = {each.stream: each.loaded for each in run.streams}
    assert loaded == {name: len(records(company, name, NIGHT)) for name in loaded}
    # A segment changed, a deal was won; nothing else is new.
    assert {each.stream: each.loaded for each in again.streams if each.loaded} == {
        "accounts": 1, "opportunities": 1, "opportunity_history": 1,
    }  # fmt: skip
