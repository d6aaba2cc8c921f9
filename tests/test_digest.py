"""The digest's content, worked out by hand from the numbers of the fixture, and Slack's limits on any content."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.contract import CheckStatus
from connectors.registry.remarks import Remark as Remark_
from reports.digest import Correction, Digest, Known, Number, Remark, corrections_of, digest_of
from reports.digest_mail import digest_text, mail_of
from reports.digest_slack import slack_post
from reports.health import render
from reports.language import language
from reports.model import SourceStatus
from reports.slack import MOST_TOTAL, Block, escape, link, messages, sections
from settings.shown_text import plain_lines
from tests.reports_fixture import report

MONDAY = date(2026, 11, 16)
ADDRESS = "https://reports.acme.example/2026-W46/index.html"
IDS = {"team:product-ops": "S07PRODUCTOPS", "team:support": "U07SUPPORT1"}


def number(**changes: object) -> Number:
    given = {
        "metric": "on_time_rate", "label": "On-time rate", "value": "70%", "change": "−6 points",
        "judgement": "worse", "sample": "n = 412", "is_small_sample": False, "is_missed": True, "period": "",
        "target": "target ≥ 80%", "owner": "team:product-ops",
    }  # fmt: skip
    return Number(**{**given, **changes})


def example(**changes: object) -> Digest:
    given = {
        "organisation": "Acme Flow", "week": "2026-W46", "span": "9–15 November 2026", "as_of": MONDAY,
        "revision": 1, "edition": 1, "corrected": (), "numbers": (number(),),
        "findings": (Remark("cosmos keeps 40% of its first due dates.", "team:product-ops"),),
        "status": (), "reasons_to_wait": (), "link": ADDRESS, "chart": None, "chart_caption": "",
    }  # fmt: skip
    return Digest(**{**given, **changes})


def texts(blocks: list[Block]) -> list[str]:
    return [
        each["text"]
        for block in blocks
        for each in ([block["text"]] if "text" in block else block.get("elements", []))
    ]


@pytest.fixture(scope="module")
def made() -> Digest:
    return digest_of(report(), [], [], ADDRESS)


def test_it_has_few_numbers_with_change_and_sample(made: Digest) -> None:
    shown = {each.metric: each for each in made.numbers}
    assert len(shown) == 6
    # 900 people after 890; a share of 70% in both weeks, below its target.
    assert (shown["active_users_week"].value, shown["active_users_week"].change) == ("900", "+1.1%")
    # Ten more a week is its trend: no news.
    assert (shown["active_users_week"].judgement, shown["active_users_week"].sample) == ("even", "n = 100")
    assert (shown["on_time_rate"].change, shown["on_time_rate"].target) == (
        "no change",
        "target ≥ 80%, missed",
    )


def test_it_says_what_the_report_finds_and_whom_it_concerns(made: Digest) -> None:
    said = [each.text for each in made.still_open]
    assert any(text.startswith("cosmos keeps 40% of its first due dates, the others 85%") for text in said)
    # Each with how many, when, and held against what; and that nothing moved in the week.
    assert all("n = " in each.basis and "held against" in each.basis for each in made.still_open)
    assert {each.owner for each in made.still_open} == {"team:product-ops"}
    (quiet,) = made.findings
    assert quiet.text.startswith("Nothing moved: ")
    assert made.chart is not None
    assert made.chart.startswith(b"\x89PNG")
    assert made.chart_caption.startswith("Share of the active people who may use the feature")
    assert (made.key, made.reasons_to_wait) == ("digest/2026-W46/1", ())


def test_a_finding_names_who_owns_the_thing_and_each_step_who_takes_it() -> None:
    step = Remark_(
        id="a", finding="on_time_rate/team_id=cosmos/apart", text="Agree on dates.", owner="team:product-ops", due=date(2026, 11, 27)
    )  # fmt: skip
    names = {"cosmos": "Cosmos", "team:connect": "Connect", "team:product-ops": "Product Ops"}
    given = report(owners={"cosmos": "team:connect"}, names=names, remarks=(step,))
    text = digest_text(digest_of(given, [], [], ""))
    what_changed, still_open = text.split("Still open")
    assert "Cosmos keeps" not in what_changed
    assert "of first due dates" not in what_changed
    assert "  Agree on dates. (Product Ops, due 27 Nov 2026)" in still_open
    assert "the others 85%. By the dates as moved it is 90%. (Connect)" in still_open
    # An id is what nobody but a machine calls a thing.
    shown = render(given)
    assert "owner: Connect" in shown
    assert "(Product Ops, due 27 Nov 2026)" in shown
    assert "Cosmos keeps" in shown
    assert "product-ops" not in shown.split('id="changes"')[1].split("</section>")[0]


def test_stale_and_withheld_data_are_reasons_to_wait() -> None:
    stale = SourceStatus("zendesk", "support", "failed", "2026-11-13 01:00", 1200, True)
    check = CheckStatus(
        "marts/core/fct_ticket", "volume", False, "warn", "team:support", "Tickets are few.", ""
    )
    made = digest_of(report(sources=(stale,), checks=(check,), withheld=("x: y.",)), [], [], "")
    assert made.reasons_to_wait == (
        "The newest night was not published: x: y.",
        "zendesk was last read until 2026-11-13 01:00 UTC: numbers made from it are older than the report.",
    )
    assert made.status[-1] == Remark("marts/core/fct_ticket: Tickets are few.", "team:support")
    assert made.link == ""


def test_a_number_that_shows_another_value_is_a_revision() -> None:
    night = [MONDAY + timedelta(days=day) for day in range(4)]
    history = [
        Known("on_time_rate", night[0], 1, 0.72),
        Known("contact_rate", night[0], 1, 90.0),
        # Shown as 72% as before: no reader would see a difference.
        Known("on_time_rate", night[1], 2, 0.7204),
        # New, and so no restatement.
        Known("retention_rate_d7", night[1], 1, 0.3),
        # A night that ran twice counts with what it said last.
        Known("on_time_rate", night[2], 3, 0.9),
        Known("on_time_rate", night[2], 4, 0.70),
        Known("contact_rate", night[3], 2, None),
        Known("of no interest", night[3], 2, 1.0),
    ]
    assert corrections_of(history, report()) == {
        night[2]: (Correction("On time rate", "72%", "70%"),),
        night[3]: (Correction("Contact rate", "90", "–"),),
    }
    # A later night restated what the digest does not show: the report has a revision more, the digest no edition.
    made = digest_of(report(revision=5), history, [*night[1:], MONDAY + timedelta(days=9)], "")
    assert (made.revision, made.edition, made.corrected) == (5, 4, (Correction("Contact rate", "90", "–"),))
    assert made.earlier_keys == ["digest/2026-W46/3", "digest/2026-W46/2", "digest/2026-W46/1"]


def test_it_speaks_the_language_of_the_report() -> None:
    made = digest_of(report(say=language("fr")), [], [], ADDRESS)
    said = digest_text(made)
    assert said.startswith(
        "Synthèse Product Ops · Acme Flow · 9–15 novembre 2026\nSemaine 2026-W46 · au 16 nov. 2026"
    )
    assert "objectif ≥ 80\u202f%" in said
    assert '<html lang="fr">' in mail_of(made).html
    for english in ("this week", "report:", "hardly used", "compared with"):
        assert english not in said


def test_the_message_in_slack() -> None:
    digest = example(
        numbers=(
            number(),
            number(label="Users", judgement="even", change="", value="900", target="", is_missed=False),
        ),
        status=(Remark("Tickets are few.", "team:support"),),
        revision=2,
        corrected=(Correction("On-time rate", "72%", "70%"),),
    )
    (blocks,) = slack_post(digest, IDS).parts
    assert [block["type"] for block in blocks] == [
        "header", "context", "section", "section", "divider", "section", "section", "section",
    ]  # fmt: skip
    assert texts(blocks) == [
        "Product Ops digest · Acme Flow · 9–15 November 2026 (restated)",
        "Week 2026-W46 · as of 16 Nov 2026 · revision 2",
        "*Restated*\n• On-time rate was 72%, is 70%",
        "*On-time rate* 70% (▼ worse −6 points) · n = 412, target ≥ 80% · <!subteam^S07PRODUCTOPS>\n"
        "*Users* 900 · n = 412",
        "*What changed*\n• cosmos keeps 40% of its first due dates. · <!subteam^S07PRODUCTOPS>",
        "*Data status*\n• Tickets are few. · <@U07SUPPORT1>",
        f"<{ADDRESS}|Open the report> for every number, its definition and its limits.",
    ]


def test_the_mail_says_the_same() -> None:
    digest = example(chart=b"png", chart_caption="Who <b> uses what", numbers=(number(is_small_sample=True),))
    mail = mail_of(digest)
    assert mail.subject == "Product Ops digest · Acme Flow · 9–15 November 2026"
    assert "On-time rate: 70% (−6 points, worse, n = 412, small sample, target ≥ 80%)" in mail.text
    assert "- cosmos keeps 40% of its first due dates. (product-ops)" in mail.text
    assert f"The report: {ADDRESS}" in mail.text
    assert 'src="cid:chart" alt="Who &lt;b&gt; uses what"' in mail.html
    assert "<strong>70%</strong>" in mail.html
    assert digest_text(replace(digest, link="")).count("http") == 0


@given(st.text())
def test_no_text_of_others_mentions_or_links(text: str) -> None:
    for said in (text, f"<!here> @channel {text} <https://x|y>", "@HERE"):
        shown = escape(said)
        assert "<" not in shown
        assert ">" not in shown
        for call in ("@here", "@channel", "@everyone", "@group"):
            assert call not in shown.lower()
        assert shown.replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">").replace(
            "&amp;", "&"
        ) == plain_lines(said).replace("\u200b", "")


def test_a_link_keeps_to_its_own_address() -> None:
    assert link("https://x/?a=1&b=<!here>|z", "a > b") == "<https://x/?a=1&amp;b=%3C!here%3E%7Cz|a &gt; b>"


@settings(max_examples=40)
@given(
    st.lists(st.text(max_size=4_000), max_size=12),
    st.lists(st.text(min_size=1, max_size=300), max_size=150),
)
def test_any_digest_keeps_within_the_limits(findings: list[str], labels: list[str]) -> None:
    digest = example(
        organisation="Acme" * 60,
        findings=tuple(Remark(text, "team:support") for text in findings),
        numbers=tuple(number(label=label) for label in labels),
    )
    for blocks in slack_post(digest, IDS).parts:
        assert 0 < len(blocks) <= 50
        assert sum(len(text) for text in texts(blocks)) <= 13_200
        for block in blocks:
            assert all(0 < len(text) <= 3_000 for text in texts([block])), block
            assert block["type"] != "header" or len(block["text"]["text"]) <= 150


def test_what_does_not_fit_follows_in_order() -> None:
    lines = [f"{place} {'x' * 990}" for place in range(60)]
    parts = messages(sections(lines))
    assert len(parts) > 1
    assert "\n".join(text for part in parts for text in texts(part)).splitlines() == lines
    assert all(sum(len(text) for text in texts(part)) <= MOST_TOTAL for part in parts)
    assert len(messages([{"type": "divider"}] * 120)) == 3
    (cut,) = texts(sections(["&amp;" * 700]))
    assert len(cut) <= 3_000
    assert cut.endswith("&amp;…")
