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
from checks.words import OWN_CODE_MEANING
from connectors import SOURCES, connector_class
from reports import check_words, glossary
from reports.data_status import data_status
from reports.digest import digest_of
from reports.health import render_pages
from reports.language import language
from settings.owners import UNOWNED
from settings.units import Unit
from tests.parsed_project import parsed_target
from tests.reports_fixture import report
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
    assert "lignes : 1 sur 2" in pages["tech.html"]
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
    page = render_pages(given)["tech.html"]
    assert "<td>personne</td>" in page
    assert "unowned" not in "".join(render_pages(given).values())


def test_coverage_of_a_name_in_the_registry_says_the_name() -> None:
    rows = [("companies: plan__c", "plan_named"), ("tickets", "tickets_with_person")]
    coverage = pd.DataFrame(rows, columns=["subject", "check_name"]).assign(
        source="hubspot", counted=0, total=10, coverage_rate=0.0, explanation="No record holds a value."
    )
    [named, plain] = data_status(report(coverage=coverage)).coverage.rows
    assert named[1] == "plan named: companies: plan__c"
    assert plain[1] == "tickets with person"
