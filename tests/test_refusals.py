"""What a run does when the vendor refuses: a spent quota pauses it, refused credentials are explained."""

from pathlib import Path

import pytest

from connectors.errors import QuotaSpent, Rejected
from connectors.runner import ask_credentials
from connectors.zendesk.source import ZendeskConnector
from tests.fake_source import FakeHouse, record


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHouse:
    return FakeHouse(tmp_path, monkeypatch)


def test_a_spent_quota_pauses_the_source_and_the_next_run_goes_on(house: FakeHouse) -> None:
    house.offer("things", "others")
    house.vendor.pages = {"things": [[[record(1)]], [QuotaSpent()], [[record(3)]]], "others": [[[record(9)]]]}
    run = house.run()
    assert (run.outcome, [each.outcome for each in run.streams]) == ("paused", ["paused", "paused"])
    assert [each.error for each in run.streams] == [None, None]
    assert "next run goes on" in (run.error or "")
    assert len(house.content()) == 1
    house.vendor.pages["things"][1] = [[record(2)]]
    assert house.run().outcome == "ok"
    assert len(house.content()) == 3
    assert len(house.content("others")) == 1
    assert [row[0] for row in house.rows("select outcome from raw_fake._pops_runs order by started_at")] == [
        "paused",
        "ok",
    ]


def test_a_refusal_names_the_variables_and_the_access_that_is_needed(house: FakeHouse) -> None:
    house.vendor.pages = {"things": [[Rejected(place="GET /things")]]}
    assert "POPS_" not in (house.run().error or "")
    refused = ask_credentials(AlwaysRefused())
    assert refused.state == "rejected"
    assert "Set POPS_ZENDESK_CLIENT_ID, POPS_ZENDESK_CLIENT_SECRET: a key." in refused.remedy


def test_an_answer_of_another_vendor_is_told_and_not_raised() -> None:
    class OfAnotherVendor(AlwaysRefused):
        def check(self) -> None:
            raise KeyError("user")

    answered = ask_credentials(OfAnotherVendor())
    assert answered.state == "unreachable"
    assert "zendesk" in answered.remedy
    assert "'user'" in answered.remedy


class AlwaysRefused(ZendeskConnector):
    access = "a key."

    def __init__(self) -> None:
        pass

    def check(self) -> None:
        raise Rejected(place="GET /me")
