"""What a report says beside its own words: every metric and every note on coverage can be said in French."""

import re
from pathlib import Path

import pytest
import yaml

from reports import glossary
from reports.language import language
from settings.units import Unit

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
