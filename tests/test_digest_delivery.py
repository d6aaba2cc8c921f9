"""The digest on its way: to leadership when the data are whole, to the owners when they are not, never twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

import orchestration.assets.digest
from messages.channels import DeliveryFailed
from messages.digest import Delivery, deliver, dry_run
from orchestration.assets.digest import digest as digest_asset
from orchestration.keys import DIGEST
from reports.digest import Correction, Digest, Remark
from sandbox.vendors.slack.credentials import SLACK_FOREIGN_CHANNEL, SLACK_LEADERSHIP, SLACK_OWNERS
from settings.home import Home
from tests.chat_rooms import NOW, Rooms, chat_rooms, impatient, text_of
from tests.test_digest import example, number
from tests.test_mail import Inbox, served

PICTURE = b"\x89PNG\r\n\x1a\n and so on"
WHOLE = example(chart=PICTURE, chart_caption="Adoption by feature")
STALE = "zendesk was last read at 2026-11-13 01:00 UTC: its numbers are older than the report."
WAITING = replace(WHOLE, reasons_to_wait=(STALE,))


@pytest.fixture
def rooms() -> Iterator[Rooms]:
    with chat_rooms() as found:
        yield found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def send(home: Home, digest: Digest, environment: dict[str, str], anyway: bool = False) -> list[Delivery]:
    return deliver(home, digest, environment, NOW, anyway, impatient)


def outcomes(home: Home, digest: Digest, rooms: Rooms, anyway: bool = False) -> list[str]:
    return [each.outcome for each in send(home, digest, rooms.environment, anyway)]


def test_leadership_gets_it_once_with_its_chart(rooms: Rooms, home: Home) -> None:
    assert outcomes(home, WHOLE, rooms) == ["posted"]
    assert outcomes(home, WHOLE, rooms) == ["unchanged"]
    (message,) = rooms.messages()
    assert "*On-time rate* 70%" in text_of(message)
    (chart,) = rooms.thread(message["ts"])
    assert [(file["name"], file["title"]) for file in chart["files"]] == [
        ("digest-2026-W46-1.png", "Adoption by feature")
    ]
    assert rooms.messages(SLACK_OWNERS) == []


def test_other_words_on_the_same_numbers_update_it(rooms: Rooms, home: Home) -> None:
    outcomes(home, WHOLE, rooms)
    assert outcomes(home, replace(WHOLE, findings=(Remark("Something else.", ""),)), rooms) == ["updated"]
    (message,) = rooms.messages()
    assert "Something else." in text_of(message)
    assert len(rooms.thread(message["ts"])) == 1


def test_a_restatement_answers_the_first_and_shows_in_the_channel(rooms: Rooms, home: Home) -> None:
    outcomes(home, WHOLE, rooms)
    later = replace(WHOLE, revision=4, edition=3, corrected=(Correction("On-time rate", "72%", "70%"),))
    assert [outcomes(home, later, rooms), outcomes(home, later, rooms)] == [["posted"], ["unchanged"]]
    first, second = rooms.messages()
    assert (second["thread_ts"], second["subtype"]) == (first["ts"], "thread_broadcast")
    assert "On-time rate was 72%, is 70%" in text_of(second)


def test_what_does_not_fit_goes_into_the_thread_and_leaves_it_again(rooms: Rooms, home: Home) -> None:
    long = replace(WHOLE, numbers=tuple(number(label=f"{place} {'x' * 900}") for place in range(25)))
    assert outcomes(home, long, rooms) == ["posted"]
    (message,) = rooms.messages()
    replies = rooms.thread(message["ts"])
    parts = [text_of(each) for each in (message, *replies) if each.get("blocks")]
    assert len(parts) > 2
    shown = "\n".join(parts)
    assert all(f"*{place} x" in shown for place in range(25))
    assert outcomes(home, WHOLE, rooms) == ["updated"]
    assert [bool(each.get("files")) for each in rooms.thread(message["ts"])] == [True]


def test_stale_data_go_to_the_owners_and_not_to_leadership(rooms: Rooms, home: Home) -> None:
    assert [outcomes(home, WAITING, rooms), outcomes(home, WAITING, rooms)] == [["held"], ["held"]]
    assert rooms.messages() == []
    (told,) = rooms.messages(SLACK_OWNERS)
    assert "The digest of 2026-W46 waits" in text_of(told)
    assert STALE in text_of(told)
    assert outcomes(home, WHOLE, rooms) == ["posted"]
    assert len(rooms.messages()) == 1
    assert [each["text"].split(":")[0] for each in rooms.messages(SLACK_OWNERS)][1:] == ["Over"]


def test_it_can_be_sent_anyway_and_is_not_held_once_it_is_out(rooms: Rooms, home: Home) -> None:
    assert outcomes(home, WAITING, rooms, anyway=True) == ["posted"]
    assert outcomes(home, WAITING, rooms) == ["unchanged"]
    assert rooms.messages(SLACK_OWNERS) == []


def test_one_way_that_fails_keeps_no_other_from_it(rooms: Rooms, home: Home) -> None:
    with served(Inbox(), None) as inbox:
        environment = {
            **rooms.environment,
            "POPS_SMTP_URL": f"smtp://localhost:{inbox.port}",
            "POPS_DIGEST_EMAIL_TO": "cpo@acme.example",
            "POPS_DIGEST_EMAIL_FROM": "product-ops@acme.example",
        }
        with pytest.raises(DeliveryFailed, match="not_in_channel"):
            send(home, WHOLE, {**environment, "POPS_SLACK_CHANNEL": SLACK_FOREIGN_CHANNEL})
        assert send(home, WHOLE, environment) == [Delivery("slack", "posted"), Delivery("mail", "unchanged")]
        later = replace(WHOLE, revision=4, edition=3, corrected=(Correction("On-time rate", "72%", "70%"),))
        assert send(home, later, environment) == [Delivery("slack", "posted"), Delivery("mail", "sent")]
    first, second = inbox.received
    assert second["In-Reply-To"] == first["Message-ID"]
    assert "(restated)" in second["Subject"]


def test_neither_slack_nor_mail_sends_nothing(home: Home) -> None:
    assert deliver(home, WHOLE, {}, NOW) == []


def test_the_asset_says_what_came_of_it(rooms: Rooms, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestration.assets.digest, "read_digest", lambda *_: WHOLE)
    monkeypatch.setenv("POPS_HOME", str(home.root))
    for name in (*rooms.environment, "POPS_SMTP_URL", "POPS_DIGEST_EMAIL_TO", "POPS_DIGEST_EMAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    told = []
    for environment in ({}, rooms.environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        result = dg.materialize([digest_asset], selection=[DIGEST])
        (event,) = result.asset_materializations_for_node("sent__product_ops__digest")
        told.append({name: value.value for name, value in event.metadata.items()})
    assert told == [
        {"outcome": "off: set POPS_SLACK_BOT_TOKEN or POPS_SMTP_URL"},
        {"week": "2026-W46", "revision": 1, "slack": "posted"},
    ]
    assert len(rooms.messages()) == 1


def test_a_dry_run_says_what_where_and_whether_it_would_wait(rooms: Rooms) -> None:
    said = dry_run(WAITING, rooms.environment)
    assert "On-time rate: 70% (−6 points, worse, n = 412, target ≥ 80%)" in said
    assert f"It would go to: Slack channel {SLACK_LEADERSHIP}." in said
    assert f"It would wait, and the owners would be told:\n- {STALE}" in said
    assert "nobody, as neither Slack nor mail is set" in dry_run(WHOLE, {})
    assert rooms.asked("chat.postMessage") == 0
