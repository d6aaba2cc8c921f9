"""What a report says beside its own words: every metric and every note on coverage can be said in French."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from babel.messages.pofile import read_po

from checks.contract import CheckStatus
from checks.dbt_tests import meaning_of
from checks.reconciliation import steps, vendor_step
from checks.suites import all_suites
from checks.words import LAUNCH_METRICS_MEANING, NORTH_STAR_MEANING, OWN_CODE_MEANING, SPLIT_MEANING
from connectors import SOURCES, connector_class
from reports import check_words, coverage_words, glossary, sections
from reports import language as language_module
from reports.data_status import data_status
from reports.digest import digest_of
from reports.health import render_pages
from reports.language import language
from reports.model import Words
from reports.weeks import render_weeks
from settings.owners import UNOWNED
from settings.units import Unit
from tests.parsed_project import parsed_target
from tests.reports_fixture import report, weeks
from tests.test_report_vocabulary import NAMES, WORDS, values_of_every_shape

PROJECT = Path(__file__).parents[1] / "dbt_project"
SAID_OF_A_METRIC = ("known_gaps", "exclusions", "counts")
# A sentence in quotes.
_SENTENCE = re.compile(r"""'([A-Z](?:[^'\n]|'')* (?:[^'\n]|'')*\.)'|"([A-Z][^"\n]* [^"\n]*\.)\"""")


def said_of_metrics() -> dict[str, list[str]]:
    found = {}
    for file in (PROJECT / "models" / "metrics").rglob("sem_*.yml"):
        for metric in yaml.safe_load(file.read_text()).get("metrics", []):
            meta = metric.get("config", {}).get("meta", {})
            if "unit" in meta:
                said = [metric["label"], metric["description"], *map(meta.get, SAID_OF_A_METRIC)]
                found[metric["name"]] = [text for text in said if text]
    return found


def said_of_coverage() -> set[str]:
    """The explanations in the SQL that counts, where they stand as literals."""
    found = set()
    for file in [*(PROJECT / "models").rglob("*.sql"), *(PROJECT / "macros").glob("*.sql")]:
        text = re.sub(r"\{#.*?#\}|--[^\n]*", "", file.read_text(), flags=re.DOTALL)
        if "coverage_rows" in text or "explanation" in text:
            found |= {(one or other).replace("''", "'") for one, other in _SENTENCE.findall(text)}
    return found


@pytest.mark.parametrize("code", ["fr"])
def test_every_metric_and_every_note_on_coverage_is_translated(code: str) -> None:
    say, metrics, notes = language(code), said_of_metrics(), said_of_coverage()
    assert len(metrics) > 80
    assert len(notes) > 100
    unsaid = {name: text for name, texts in metrics.items() for text in texts if not say.knows(text)}
    assert unsaid == {}
    assert {text for text in notes if not say.knows(text)} == set()


def test_every_unit_has_a_word() -> None:
    assert set(glossary._UNITS) == set(Unit)
    assert all(language("fr").knows(word) for word in glossary._UNITS.values())


def test_what_every_check_says_and_finds_is_translated() -> None:
    say = language("fr")
    tests = json.loads((parsed_target() / "manifest.json").read_text())["nodes"].values()
    said = {meaning_of(each) for each in tests if each["resource_type"] == "test"}
    streams = {source: tuple(each.name for each in connector_class(source).streams) for source in SOURCES}
    said |= {rule.meaning for suite in all_suites(streams) for rule in suite.rules}
    said |= {step.meaning for step in steps(streams)} | {
        vendor_step("jira", "issues").meaning,
        OWN_CODE_MEANING,
    }
    said |= {LAUNCH_METRICS_MEANING, NORTH_STAR_MEANING, SPLIT_MEANING}
    assert len(said) > 300
    unsaid = {text for text in said if check_words.meaning(say, _check(meaning=text)) == text}
    assert unsaid == set()
    for observed in ("1 of 2 rows", "3 rows", "4 against 5", "the vendor gives no count"):
        assert check_words.observed(say, _check(observed=observed)) != observed


def _check(**changes: str) -> CheckStatus:
    return replace(CheckStatus("marts/x", "a_check", False, "warn", "team:x", "", ""), **changes)


def test_a_failed_check_is_french_wherever_a_report_and_its_digest_tell_of_it() -> None:
    """English words that would show: of names, meanings, findings; French ones in their stead."""
    broken = _check(
        meaning="Every row of fct_ticket has ticket_id.", observed="1 of 2 rows", check="not_null_ticket_id"
    )
    given = report(say=language("fr"), checks=(replace(broken, asset="marts/support/fct_ticket"),))
    pages = render_pages(given)
    told = [*pages.values(), *(each.text for each in digest_of(given, [], [], "").status)]
    assert "Chaque ligne de fct_ticket a ticket_id." in pages["tech.html"]
    assert "lignes\u202f: 1 sur 2" in pages["tech.html"]
    for english in ("Every row", "of 2 rows", "not null", "tickets tagged with"):
        assert [text[:200] for text in told if english in text] == []


def test_no_english_word_stands_on_a_french_page_but_the_organisations_own() -> None:
    """A word of the English catalogue that no French text has."""
    with (PROJECT.parent / "reports" / "locales" / "fr.po").open("rb") as file:
        messages = [each for each in read_po(file) if each.id]
    english = words_in(*(each.id for each in messages)) - words_in(*(each.string for each in messages))
    given = report(
        say=language("fr"),
        values=values_of_every_shape(),
        words=WORDS,
        names=NAMES,
        checks=(_check(owner=UNOWNED),),
    )
    own = words_in(
        *(each.label for each in given.definitions.values()), *WORDS.stages.values(), *WORDS.segments.values(), *NAMES.values(),
        *given.coverage["explanation"], *given.coverage["check_name"], *given.values["step"].dropna(), *(f"{each.asset} {each.check.replace('_', ' ')}" for each in given.checks), given.organisation,
    )  # fmt: skip
    for name, page in render_pages(given).items():
        shown = re.sub(r"<(style|script).*?</\1>|<span lang=.en.>.*?</span>", " ", page, flags=re.DOTALL)
        said = [*re.findall(r'(?:aria-label|title|alt)="([^"]*)"', shown), re.sub(r"<[^>]+>", " ", shown)]
        assert words_in(*map(html.unescape, said)) & english - own == set(), name


def words_in(*texts: object) -> set[str]:
    """Words of three letters and more, of texts or of the forms of one."""
    return {word.lower() for text in texts for word in re.findall(r"[^\W\d_]{3,}", str(text))}


def test_what_nobody_answers_for_says_so() -> None:
    given = report(say=language("fr"), checks=(_check(owner=UNOWNED),))
    pages = render_pages(given)
    assert "<td>personne</td>" in pages["tech.html"]
    assert "unowned" not in "".join(pages.values())


def coverage(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of (subject, name of the check, sentence)."""
    return pd.DataFrame(list(rows), columns=["subject", "check_name", "explanation"]).assign(
        source="hubspot", counted=1, total=10, coverage_rate=0.1
    )


def test_a_row_of_coverage_says_in_words_what_tells_it_from_others() -> None:
    rows = coverage(
        ("companies: plan__c", "plan_named", "Records."),
        ("tickets", "tickets_with_person", "Tickets."),
        ("tickets", "tickets_not_counted_spam", "Tickets in no metric."),
        ("deals", "created_at_unreadable", "Values."),
        ("build", "epics_reaching_stage", "Epics."),
        ("duplicate", "resolution_is_no_delivery", "Issues."),
        ("survey_responses: `score` is no number.", "records_quarantined", "Records."),
    )
    words = Words(stages={"build": "Réalisation"})
    shown = data_status(report(coverage=rows, say=language("fr"), words=words)).coverage.rows
    notes = [row[1].note for row in shown if not isinstance(row[1], str)]
    assert notes == [
        "formule, plan__c",
        "",
        "indésirable",
        "deals, created_at",
        "Réalisation",
        "non livré, duplicate",
        'survey_responses\u202f: <span lang="en">`score` is no number.</span>',
    ]
    assert [str(row[0]) for row in data_status(report(coverage=rows, source_names={"hubspot": "HubSpot"})).coverage.rows] == ["HubSpot"] * 7  # fmt: skip


# Models that say why a record is in no number, or belongs to nobody, and the columns in which they say it.
_REASONED = (
    "identity/int_identity__accounts", "identity/int_identity__person_keys", "crm/int_crm__company_accounts",
    "support/int_support__tickets", "support/int_support__histories", "support/int_support__source_tickets",
    "support/int_support__sla_instances", "surveys/int_surveys__responses", "surveys/int_surveys__tool_responses",
    "surveys/int_surveys__respondents",
)  # fmt: skip


def reasons() -> set[str]:
    found: set[str] = set()
    for name in _REASONED:
        text = (PROJECT / "models" / "intermediate" / f"{name}.sql").read_text()
        for block in re.findall(r"\bcase\b((?:(?!\bcase\b).)*?)end as \w*reason\w*", text, flags=re.DOTALL):
            found |= set(re.findall(r"(?:then|else) '(\w+)'", block))
    text = (PROJECT / "models" / "intermediate" / "usage" / "int_usage__coverage.sql").read_text()
    return found | set(re.findall(r"'events_quarantined_(\w+)'", text))


def test_every_reason_has_words_in_both_languages() -> None:
    found = reasons()
    assert len(found) > 35
    assert found - set(coverage_words.REASONS) == set()
    say = language("fr")
    for words in (*coverage_words.REASONS.values(), *coverage_words.EFFECTS.values()):
        assert say.knows(words), words


def test_every_part_that_a_section_says_is_missing_has_its_effect() -> None:
    counting = [*(PROJECT / "models").rglob("*coverage.sql")]
    counted = {name for file in counting for name in re.findall(r"\('([a-z_]+)',", file.read_text())}
    asked = {
        name
        for file in Path(sections.__file__).parent.glob("*section*.py")
        for name in re.findall(r'"([a-z]+_[a-z_]+)"', file.read_text())
        if name in counted
    }
    assert asked == set(coverage_words.EFFECTS)


def catalogue() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What is said and how it is said in French: each with its plural, where it has one."""
    with (Path(language_module.__file__).parent / "locales" / "fr.po").open("rb") as file:
        return [
            ((each.id,) if isinstance(each.id, str) else tuple(each.id), language("fr")._messages[key])
            for each in read_po(file)
            if (key := each.id if isinstance(each.id, str) else each.id[0])
        ]


# A mark without its narrow space before it, or with a space that breaks; addresses and times of day apart.
_UNSPACED = re.compile(
    r"(?<!\N{NARROW NO-BREAK SPACE})[;!?%»](?!\w)|(?<!\N{NARROW NO-BREAK SPACE}):(?!//|\d)|«(?!\N{NARROW NO-BREAK SPACE})"
)


def test_french_marks_stand_behind_a_narrow_space() -> None:
    wrong = [
        form for _, forms in catalogue() for form in forms if _UNSPACED.search(re.sub(r"`[^`]*`", "", form))
    ]
    assert wrong == []


def test_what_is_put_together_in_french_has_its_spaces_and_words() -> None:
    given = report(say=language("fr"))
    pages = {**render_pages(given), "weeks.html": render_weeks(given, weeks())}
    for name, page in pages.items():
        text = html.unescape(re.sub(r"<(style|svg|head).*?</\1>|<[^>]+>", "", page, flags=re.DOTALL))
        assert [text[max(0, each.start() - 30) : each.end()] for each in _UNSPACED.finditer(text)] == [], name


# A number and a noun in the plural behind it.
_OF_SEVERAL = re.compile(
    r"\{(?:n|late|shown|values|aside|missed)\}\s(?!cas\b|fois\b|mois\b|sans\b)(?:\w{3,}s|\w{3,}x)\b"
)
# Beginnings of messages whose number is never one: weeks of a trend, the fewest cases that are shown, the oldest age, all
# the numbers that are looked at.
_NEVER_ONE = (
    "Median days in each stage", "Notes, comments in surveys", "Satisfied answers by feature over", "Adoption by customer segment",
    "Features launched in the", "Tickets per 1,000 users", "How many use a feature", "{name}: {value} has been the level",
    "Every feature this week", "{n} days and more", "Customers with more detractors", "Here are the {n}",
    "by chance in {p} of 100",
    "Nothing ",
    "Pale",
)  # fmt: skip


def test_a_message_with_a_number_has_a_form_for_one() -> None:
    for ids, forms in catalogue():
        if len(ids) == 1 and not ids[0].startswith(_NEVER_ONE):
            assert not _OF_SEVERAL.search(forms[0]), ids
            assert not _OF_SEVERAL.search(ids[0]), ids


def test_one_and_two_are_said_in_every_message_that_counts() -> None:
    counted = [(ids, forms) for ids, forms in catalogue() if len(ids) == 2]
    assert len(counted) > 15
    for ids, forms in counted:
        assert len(forms) == 2, ids
        others = {name: "…" for name in re.findall(r"\{(\w+)\}", " ".join(ids)) if name != "n"}
        for code in ("en", "fr"):
            one, two = (language(code).plural(*ids, n, **others) for n in (1, 2))
            assert not re.search(r"\b1 (?!mois|cas|fois)\w{3,}s\b", one), one
            assert "{" not in one + two


def test_a_support_ticket_and_an_issue_are_two_words_in_french() -> None:
    """`ticket` is the tracker's in French, and `demande` the support desk's: one word for both made two numbers one."""
    with (PROJECT.parent / "reports" / "locales" / "fr.po").open("rb") as file:
        messages = [each for each in read_po(file) if each.id]
    mixed = []
    for message in messages:
        english = words_in(message.id)
        french = words_in(message.string)
        is_desk, is_tracker = bool({"ticket", "tickets"} & english), bool({"issue", "issues"} & english)
        if is_desk and not is_tracker and {"ticket", "tickets"} & french:
            mixed.append(message.string)
    assert mixed == []


def test_no_text_in_french_has_a_typewriters_apostrophe() -> None:
    """Neither ours nor the organisation's own: a name of the glossary, a remark, the catalogue."""
    say = language("fr")
    ours = [form for forms in say._messages.values() for form in forms]
    theirs = say.theirs("L'équipe d'accueil n'a rien dit : c'est tout !")
    assert theirs == "L’équipe d’accueil n’a rien dit\u202f: c’est tout\u202f!"
    assert language("en").theirs("It's ours") == "It's ours"
    assert [text for text in (*ours, theirs) if re.search(r"\w'\w", text)] == []
